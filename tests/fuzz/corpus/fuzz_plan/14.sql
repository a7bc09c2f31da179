SET 'table.exec.state.ttl' = '1 h';
SELECT n % 3, max(n) FROM (SELECT count(*) AS n FROM ads GROUP BY user_id) GROUP BY n % 3;
