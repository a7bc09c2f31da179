-- Sessions of users over two streams, ad views and ad clicks. A session is a user's activity with no break
-- longer than 30 minutes; advertisers are billed per session.
--
-- Run it in this folder: paths are relative to where tidemill runs.

CREATE TABLE ad_views (
    user_id BIGINT,
    ad_id BIGINT,
    event_time TIMESTAMP(3),
    WATERMARK FOR event_time AS event_time - INTERVAL '10' SECOND
) WITH (
    'connector' = 'filesystem',
    'path' = 'data/ad_views.ndjson',
    'format' = 'json'
);

CREATE TABLE ad_clicks (
    user_id BIGINT,
    ad_id BIGINT,
    event_time TIMESTAMP(3),
    WATERMARK FOR event_time AS event_time - INTERVAL '10' SECOND
) WITH (
    'connector' = 'filesystem',
    'path' = 'data/ad_clicks.ndjson',
    'format' = 'json'
);

CREATE VIEW activity AS
SELECT user_id, ad_id, event_time, FALSE AS is_click FROM ad_views
UNION ALL
SELECT user_id, ad_id, event_time, TRUE AS is_click FROM ad_clicks;

CREATE VIEW sessions AS
SELECT
    user_id,
    window_start AS session_start,
    window_end AS session_end,
    COUNT(*) FILTER (WHERE NOT is_click) AS views,
    COUNT(*) FILTER (WHERE is_click) AS clicks,
    COUNT(DISTINCT ad_id) AS ads
FROM TABLE(SESSION(TABLE activity PARTITION BY user_id, DESCRIPTOR(event_time), INTERVAL '30' MINUTES))
GROUP BY user_id, window_start, window_end;

SELECT
    user_id,
    session_start,
    session_end,
    views,
    clicks,
    ads,
    CAST(100.0 * clicks / NULLIF(views, 0) AS DECIMAL(5, 1)) AS click_percent
FROM sessions
ORDER BY user_id, session_start;
