SET 'table.exec.state.ttl' = '1 d';
SELECT user_id, count(*) FROM ads GROUP BY user_id;
