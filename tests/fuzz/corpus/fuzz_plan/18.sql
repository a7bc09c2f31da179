SELECT count(*) FROM TABLE(SESSION(TABLE ads PARTITION BY user_id, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) WHERE user_id > 3 GROUP BY user_id, window_start, window_end;
