-- The sessions of ad-sessions, from Kafka to Kafka. Each session goes out once event time has passed 30
-- minutes beyond its last event. Runs until it is stopped.

CREATE TABLE ad_views (
    user_id BIGINT,
    ad_id BIGINT,
    event_time TIMESTAMP(3),
    WATERMARK FOR event_time AS event_time - INTERVAL '10' SECOND
) WITH (
    'connector' = 'kafka',
    'topic' = 'ad_views',
    'properties.bootstrap.servers' = 'localhost:9092',
    'scan.startup.mode' = 'earliest-offset',
    'format' = 'json'
);

CREATE TABLE ad_clicks (
    user_id BIGINT,
    ad_id BIGINT,
    event_time TIMESTAMP(3),
    WATERMARK FOR event_time AS event_time - INTERVAL '10' SECOND
) WITH (
    'connector' = 'kafka',
    'topic' = 'ad_clicks',
    'properties.bootstrap.servers' = 'localhost:9092',
    'scan.startup.mode' = 'earliest-offset',
    'format' = 'json'
);

CREATE TABLE ad_sessions (
    user_id BIGINT,
    session_start TIMESTAMP(3),
    session_end TIMESTAMP(3),
    views BIGINT,
    clicks BIGINT,
    ads BIGINT
) WITH (
    'connector' = 'kafka',
    'topic' = 'ad_sessions',
    'properties.bootstrap.servers' = 'localhost:9092',
    'format' = 'json'
);

-- A partition that is read to its end and stays silent must not hold the others back.
SET 'source.idle-timeout' = '5 s';

CREATE VIEW activity AS
SELECT user_id, ad_id, event_time, FALSE AS is_click FROM ad_views
UNION ALL
SELECT user_id, ad_id, event_time, TRUE AS is_click FROM ad_clicks;

INSERT INTO ad_sessions
SELECT
    user_id,
    window_start,
    window_end,
    COUNT(*) FILTER (WHERE NOT is_click),
    COUNT(*) FILTER (WHERE is_click),
    COUNT(DISTINCT ad_id)
FROM TABLE(SESSION(TABLE activity PARTITION BY user_id, DESCRIPTOR(event_time), INTERVAL '30' MINUTES))
GROUP BY user_id, window_start, window_end;
