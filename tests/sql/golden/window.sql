--- TUMBLE of all rows
SELECT window_start, window_end, count(*) AS n, sum(val) AS s, count(val) AS c, min(kind) AS k
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '30' MINUTE)) GROUP BY window_start, window_end;

--- TUMBLE by key, NULL is one of them
SELECT user_id, window_start, window_end, count(*) AS n, max(val) AS m, count(DISTINCT kind) AS kinds
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY user_id, window_start, window_end;

--- TUMBLE with an offset
SELECT kind, window_start, window_end, count(*) AS n
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '1' DAY, INTERVAL '10' HOUR)) GROUP BY kind, window_start, window_end;

--- TUMBLE with FILTER and HAVING
SELECT window_start, count(*) FILTER (WHERE kind = 'view') AS views, sum(val) FILTER (WHERE val > 0) AS positive
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY window_start, window_end HAVING count(*) > 1;

--- TUMBLE of a filtered view
CREATE TEMPORARY VIEW views AS SELECT user_id AS u, ts AS at FROM events WHERE kind = 'view';
SELECT u, window_end, count(*) AS n FROM TABLE(TUMBLE(TABLE views, DESCRIPTOR(at), INTERVAL '15' MINUTE))
GROUP BY u, window_start, window_end;

--- TUMBLE without GROUP BY
SELECT user_id, kind, ts, window_start, window_end, window_time
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '30' MINUTE));

--- TUMBLE as a group window
SELECT user_id, TUMBLE_START(ts, INTERVAL '1' HOUR) AS b, TUMBLE_END(ts, INTERVAL '1' HOUR) AS e, count(*) AS n
FROM events GROUP BY user_id, TUMBLE(ts, INTERVAL '1' HOUR);

--- TUMBLE in another spelling
SELECT kind, count(*) AS n, tumble(INTERVAL '1 hour') AS window FROM events GROUP BY kind, window;

--- HOP
SELECT user_id, window_start, window_end, count(*) AS n, sum(val) AS s, min(val) AS lo, max(val) AS hi
FROM TABLE(HOP(TABLE events, DESCRIPTOR(ts), INTERVAL '10' MINUTE, INTERVAL '30' MINUTE))
GROUP BY user_id, window_start, window_end;

--- HOP whose size is no multiple of its slide
SELECT window_start, window_end, count(*) AS n, count(DISTINCT user_id) AS users
FROM TABLE(HOP(TABLE events, DESCRIPTOR(ts), INTERVAL '20' MINUTE, INTERVAL '50' MINUTE)) GROUP BY window_start, window_end;

--- HOP as a group window
SELECT kind, HOP_START(ts, INTERVAL '30' MINUTE, INTERVAL '1' HOUR) AS b, HOP_END(ts, INTERVAL '30' MINUTE, INTERVAL '1' HOUR) AS e,
    count(*) AS n
FROM events GROUP BY kind, HOP(ts, INTERVAL '30' MINUTE, INTERVAL '1' HOUR);

--- HOP with averages
SELECT window_start, CAST(avg(val) AS DECIMAL(20, 4)) AS mean, count(DISTINCT kind) AS kinds
FROM TABLE(HOP(TABLE events, DESCRIPTOR(ts), INTERVAL '30' MINUTE, INTERVAL '1' HOUR)) GROUP BY window_start, window_end;

--- CUMULATE
SELECT window_start, window_end, count(*) AS n, sum(val) AS s, max(val) AS m
FROM TABLE(CUMULATE(TABLE events, DESCRIPTOR(ts), INTERVAL '15' MINUTE, INTERVAL '1' HOUR)) GROUP BY window_start, window_end;

--- CUMULATE by key
SELECT user_id, window_start, window_end, count(*) AS n, count(DISTINCT kind) AS kinds
FROM TABLE(CUMULATE(TABLE events, DESCRIPTOR(ts), INTERVAL '30' MINUTE, INTERVAL '2' HOUR))
GROUP BY user_id, window_start, window_end;

--- SESSION by key, a gap of exactly 30 minutes joins
SELECT user_id, window_start, window_end, count(*) AS n, sum(val) AS s, count(DISTINCT kind) AS kinds
FROM TABLE(SESSION(TABLE events PARTITION BY user_id, DESCRIPTOR(ts), INTERVAL '30' MINUTE))
GROUP BY user_id, window_start, window_end;

--- SESSION of all rows
SELECT window_start, window_end, count(*) AS n, min(val) AS lo, max(val) AS hi
FROM TABLE(SESSION(TABLE events, DESCRIPTOR(ts), INTERVAL '10' MINUTE)) GROUP BY window_start, window_end;

--- SESSION of two keys
SELECT kind, user_id, window_start, window_end, count(*) AS n
FROM TABLE(SESSION(TABLE events PARTITION BY (user_id, kind), DESCRIPTOR(ts), INTERVAL '1' HOUR))
GROUP BY user_id, kind, window_start, window_end;

--- SESSION as a group window
SELECT user_id, SESSION_START(ts, INTERVAL '30' MINUTE) AS b, SESSION_END(ts, INTERVAL '30' MINUTE) AS e, count(*) AS n
FROM events WHERE kind <> 'buy' GROUP BY user_id, SESSION(ts, INTERVAL '30' MINUTE);

--- SESSION with FILTER and HAVING
SELECT user_id, window_start, count(*) FILTER (WHERE kind = 'click') AS clicks, max(ts) AS last
FROM TABLE(SESSION(TABLE events PARTITION BY user_id, DESCRIPTOR(ts), INTERVAL '30' MINUTE))
GROUP BY user_id, window_start, window_end HAVING count(*) > 2;

--- a second stage over the same windows
SELECT window_start, window_end, max(n) AS most, count(*) AS users
FROM (SELECT user_id, window_start, window_end, count(*) AS n
      FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY user_id, window_start, window_end) AS w
GROUP BY window_start, window_end;

--- larger windows over smaller ones
CREATE TEMPORARY VIEW small AS
SELECT user_id, window_time AS at, count(*) AS n, sum(val) AS s
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '10' MINUTE)) GROUP BY user_id, window_start, window_end, window_time;
SELECT user_id, window_start, window_end, sum(n) AS n, sum(s) AS s, count(*) AS parts
FROM TABLE(TUMBLE(TABLE small, DESCRIPTOR(at), INTERVAL '2' HOUR)) GROUP BY user_id, window_start, window_end;

--- hopping windows over tumbling ones
CREATE TEMPORARY VIEW small AS
SELECT window_time AS at, count(*) AS n
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '10' MINUTE)) GROUP BY window_start, window_end, window_time;
SELECT window_start, window_end, sum(n) AS n
FROM TABLE(HOP(TABLE small, DESCRIPTOR(at), INTERVAL '30' MINUTE, INTERVAL '1' HOUR)) GROUP BY window_start, window_end;

--- a group over windows
SELECT n, count(*) AS windows
FROM (SELECT window_start, window_end, count(*) AS n
      FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '30' MINUTE)) GROUP BY window_start, window_end) AS w
GROUP BY n;

--- windows of a union
CREATE TEMPORARY VIEW twice AS SELECT user_id, ts FROM events UNION ALL SELECT user_id * 10, ts FROM events WHERE kind = 'buy';
SELECT user_id, window_start, count(*) AS n FROM TABLE(TUMBLE(TABLE twice, DESCRIPTOR(ts), INTERVAL '1' DAY))
GROUP BY user_id, window_start, window_end;

--- two windows in one job
CREATE TEMPORARY VIEW h AS SELECT window_start AS b, window_end AS e, count(*) AS n
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY window_start, window_end;
CREATE TEMPORARY VIEW d AS SELECT window_start AS b, window_end AS e, count(*) AS n
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '1' DAY)) GROUP BY window_start, window_end;
SELECT 'hour' AS w, b, e, n FROM h UNION ALL SELECT 'day', b, e, n FROM d;

--- windows in their order
SELECT kind, window_start, count(*) AS n FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '1' HOUR))
GROUP BY kind, window_start, window_end ORDER BY window_start, n DESC, kind LIMIT 7;

--- windows of no rows
SELECT k, window_start, count(*) AS n FROM TABLE(TUMBLE(TABLE nothing, DESCRIPTOR(ts), INTERVAL '1' HOUR))
GROUP BY k, window_start, window_end;

--- sessions of no rows
SELECT k, window_start, count(*) AS n FROM TABLE(SESSION(TABLE nothing PARTITION BY k, DESCRIPTOR(ts), INTERVAL '1' HOUR))
GROUP BY k, window_start, window_end;

--- a second stage over hundreds of windows
SELECT window_start, window_end, max(n) AS most, count(*) AS users
FROM (SELECT user_id, window_start, window_end, count(*) AS n FROM TABLE(HOP(TABLE events, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '20' MINUTE)) GROUP BY user_id, window_start, window_end) AS v
GROUP BY window_start, window_end;
