-- Sessions of users; what comes too late for them goes to a table of its own.
CREATE TABLE activity (
    user_id BIGINT,
    page STRING,
    ts TIMESTAMP(3),
    WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE
) WITH ('connector' = 'filesystem', 'path' = 'activity.ndjson', 'format' = 'json');
CREATE TABLE too_late (page STRING, ts TIMESTAMP(3))
WITH ('connector' = 'filesystem', 'path' = 'too_late', 'format' = 'json');

SET 'late-rows.table' = 'too_late';
SELECT user_id, window_start, window_end, COUNT(*) AS n, MIN(page) AS page
FROM TABLE(SESSION(TABLE activity PARTITION BY user_id, DESCRIPTOR(ts), INTERVAL '30' MINUTE))
GROUP BY user_id, window_start, window_end;
