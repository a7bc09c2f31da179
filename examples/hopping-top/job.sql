-- The ten busiest quarter-hours of any page, looked at every five minutes: hopping windows overlap, so each
-- request counts in three of them.

CREATE TABLE requests (
    path STRING,
    status INT,
    millis INT,
    request_time TIMESTAMP(3),
    WATERMARK FOR request_time AS request_time - INTERVAL '5' SECOND
) WITH (
    'connector' = 'filesystem',
    'path' = 'data/requests.csv',
    'format' = 'csv'
);

SELECT
    window_start,
    window_end,
    path,
    COUNT(*) AS hits,
    MAX(millis) AS slowest_ms
FROM TABLE(HOP(TABLE requests, DESCRIPTOR(request_time), INTERVAL '5' MINUTES, INTERVAL '15' MINUTES))
WHERE status < 400
GROUP BY path, window_start, window_end
ORDER BY hits DESC, window_start, path
LIMIT 10;
