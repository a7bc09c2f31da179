-- Hourly windows of keys before and after 1970; what comes too late goes to a table of its own.
CREATE TABLE activity (
    k STRING,
    v INT,
    ts TIMESTAMP(3),
    WATERMARK FOR ts AS ts - INTERVAL '5' MINUTE
) WITH ('connector' = 'filesystem', 'path' = 'activity.ndjson', 'format' = 'json');
CREATE TABLE too_late (ts TIMESTAMP(3), v INT, k STRING)
WITH ('connector' = 'filesystem', 'path' = 'too_late', 'format' = 'json');

SET 'late-rows.table' = 'too_late';
SELECT k, window_start, COUNT(*) AS n, SUM(v) AS s
FROM TABLE(TUMBLE(TABLE activity, DESCRIPTOR(ts), INTERVAL '1' HOUR))
GROUP BY k, window_start, window_end;
