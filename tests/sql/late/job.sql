-- Sessions of users, and hourly windows beside them; the cases say in which order rows come.
CREATE TABLE activity (
    user_id BIGINT,
    ts TIMESTAMP(3),
    WATERMARK FOR ts AS ts
) WITH ('connector' = 'filesystem', 'path' = 'activity.ndjson', 'format' = 'json');

SELECT user_id, window_start, window_end, COUNT(*) AS n
FROM TABLE(SESSION(TABLE activity PARTITION BY user_id, DESCRIPTOR(ts), INTERVAL '30' MINUTE))
GROUP BY user_id, window_start, window_end;
