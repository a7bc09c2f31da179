--- TUMBLE of all rows
SELECT window_start, window_end, count(*) AS n, sum(val) AS s, count(val) AS c, min(kind) AS k
FROM (SELECT *, b AS window_start, b + interval '30 min' AS window_end
    FROM events AS src, LATERAL (SELECT date_bin('30 min', ts, timestamp '1970-01-01') AS b) AS bin) AS w GROUP BY window_start, window_end;

--- TUMBLE by key, NULL is one of them
SELECT user_id, window_start, window_end, count(*) AS n, max(val) AS m, count(DISTINCT kind) AS kinds
FROM (SELECT *, b AS window_start, b + interval '1 hour' AS window_end
    FROM events AS src, LATERAL (SELECT date_bin('1 hour', ts, timestamp '1970-01-01') AS b) AS bin) AS w GROUP BY user_id, window_start, window_end;

--- TUMBLE with an offset
SELECT kind, window_start, window_end, count(*) AS n
FROM (SELECT *, b AS window_start, b + interval '1 day' AS window_end
    FROM events AS src, LATERAL (SELECT date_bin('1 day', ts, timestamp '1970-01-01' + interval '10 hours') AS b) AS bin) AS w GROUP BY kind, window_start, window_end;

--- TUMBLE with FILTER and HAVING
SELECT window_start, count(*) FILTER (WHERE kind = 'view') AS views, sum(val) FILTER (WHERE val > 0) AS positive
FROM (SELECT *, b AS window_start, b + interval '1 hour' AS window_end
    FROM events AS src, LATERAL (SELECT date_bin('1 hour', ts, timestamp '1970-01-01') AS b) AS bin) AS w GROUP BY window_start, window_end HAVING count(*) > 1;

--- TUMBLE of a filtered view
SELECT user_id AS u, window_end, count(*) AS n
FROM (SELECT *, b AS window_start, b + interval '15 min' AS window_end
    FROM events AS src, LATERAL (SELECT date_bin('15 min', ts, timestamp '1970-01-01') AS b) AS bin) AS w WHERE kind = 'view' GROUP BY user_id, window_start, window_end;

--- TUMBLE without GROUP BY
SELECT user_id, kind, ts, window_start, window_end, window_end - interval '1 ms' AS window_time
FROM (SELECT *, b AS window_start, b + interval '30 min' AS window_end
    FROM events AS src, LATERAL (SELECT date_bin('30 min', ts, timestamp '1970-01-01') AS b) AS bin) AS w;

--- TUMBLE as a group window
SELECT user_id, window_start AS b, window_end AS e, count(*) AS n
FROM (SELECT *, b AS window_start, b + interval '1 hour' AS window_end
    FROM events AS src, LATERAL (SELECT date_bin('1 hour', ts, timestamp '1970-01-01') AS b) AS bin) AS w GROUP BY user_id, window_start, window_end;

--- TUMBLE in another spelling
SELECT kind, count(*) AS n, window_start, window_end
FROM (SELECT *, b AS window_start, b + interval '1 hour' AS window_end
    FROM events AS src, LATERAL (SELECT date_bin('1 hour', ts, timestamp '1970-01-01') AS b) AS bin) AS w GROUP BY kind, window_start, window_end;

--- HOP
SELECT user_id, window_start, window_end, count(*) AS n, sum(val) AS s, min(val) AS lo, max(val) AS hi
FROM (SELECT *, b AS window_start, b + interval '30 min' AS window_end
    FROM events AS src, LATERAL generate_series(
            date_bin('10 min', ts - interval '30 min', '1970-01-01'), date_bin('10 min', ts, '1970-01-01'), '10 min') AS g (b)
    WHERE b <= ts AND b + interval '30 min' > ts) AS w GROUP BY user_id, window_start, window_end;

--- HOP whose size is no multiple of its slide
SELECT window_start, window_end, count(*) AS n, count(DISTINCT user_id) AS users
FROM (SELECT *, b AS window_start, b + interval '50 min' AS window_end
    FROM events AS src, LATERAL generate_series(
            date_bin('20 min', ts - interval '50 min', '1970-01-01'), date_bin('20 min', ts, '1970-01-01'), '20 min') AS g (b)
    WHERE b <= ts AND b + interval '50 min' > ts) AS w GROUP BY window_start, window_end;

--- HOP as a group window
SELECT kind, window_start AS b, window_end AS e, count(*) AS n
FROM (SELECT *, b AS window_start, b + interval '1 hour' AS window_end
    FROM events AS src, LATERAL generate_series(
            date_bin('30 min', ts - interval '1 hour', '1970-01-01'), date_bin('30 min', ts, '1970-01-01'), '30 min') AS g (b)
    WHERE b <= ts AND b + interval '1 hour' > ts) AS w GROUP BY kind, window_start, window_end;

--- HOP with averages
SELECT window_start, CAST(avg(val) AS DECIMAL(20, 4)) AS mean, count(DISTINCT kind) AS kinds
FROM (SELECT *, b AS window_start, b + interval '1 hour' AS window_end
    FROM events AS src, LATERAL generate_series(
            date_bin('30 min', ts - interval '1 hour', '1970-01-01'), date_bin('30 min', ts, '1970-01-01'), '30 min') AS g (b)
    WHERE b <= ts AND b + interval '1 hour' > ts) AS w GROUP BY window_start, window_end;

--- CUMULATE
SELECT window_start, window_end, count(*) AS n, sum(val) AS s, max(val) AS m
FROM (SELECT *, b AS window_start, e AS window_end FROM events AS src,
        LATERAL (SELECT date_bin('1 hour', ts, '1970-01-01') AS b) AS bin,
        LATERAL generate_series(b + interval '15 min', b + interval '1 hour', '15 min') AS g (e) WHERE ts < e) AS w GROUP BY window_start, window_end;

--- CUMULATE by key
SELECT user_id, window_start, window_end, count(*) AS n, count(DISTINCT kind) AS kinds
FROM (SELECT *, b AS window_start, e AS window_end FROM events AS src,
        LATERAL (SELECT date_bin('2 hours', ts, '1970-01-01') AS b) AS bin,
        LATERAL generate_series(b + interval '30 min', b + interval '2 hours', '30 min') AS g (e) WHERE ts < e) AS w GROUP BY user_id, window_start, window_end;

--- SESSION by key, a gap of exactly 30 minutes joins
SELECT user_id, window_start, window_end, count(*) AS n, sum(val) AS s, count(DISTINCT kind) AS kinds
FROM (SELECT *, min(ts) OVER (PARTITION BY user_id, island) AS window_start, max(ts) OVER (PARTITION BY user_id, island) + interval '30 min' AS window_end
    FROM (SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY user_id ORDER BY ts) AS island
        FROM (SELECT *, ts - lag(ts) OVER (PARTITION BY user_id ORDER BY ts) > interval '30 min' AS begins FROM events AS src) AS a) AS b) AS w GROUP BY user_id, window_start, window_end;

--- SESSION of all rows
SELECT window_start, window_end, count(*) AS n, min(val) AS lo, max(val) AS hi
FROM (SELECT *, min(ts) OVER (PARTITION BY island) AS window_start, max(ts) OVER (PARTITION BY island) + interval '10 min' AS window_end
    FROM (SELECT *, count(*) FILTER (WHERE begins) OVER (ORDER BY ts) AS island
        FROM (SELECT *, ts - lag(ts) OVER (ORDER BY ts) > interval '10 min' AS begins FROM events AS src) AS a) AS b) AS w GROUP BY window_start, window_end;

--- SESSION of two keys
SELECT kind, user_id, window_start, window_end, count(*) AS n
FROM (SELECT *, min(ts) OVER (PARTITION BY user_id, kind, island) AS window_start, max(ts) OVER (PARTITION BY user_id, kind, island) + interval '1 hour' AS window_end
    FROM (SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY user_id, kind ORDER BY ts) AS island
        FROM (SELECT *, ts - lag(ts) OVER (PARTITION BY user_id, kind ORDER BY ts) > interval '1 hour' AS begins FROM events AS src) AS a) AS b) AS w GROUP BY user_id, kind, window_start, window_end;

--- SESSION as a group window
SELECT user_id, window_start AS b, window_end AS e, count(*) AS n
FROM (SELECT *, min(ts) OVER (PARTITION BY user_id, island) AS window_start, max(ts) OVER (PARTITION BY user_id, island) + interval '30 min' AS window_end
    FROM (SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY user_id ORDER BY ts) AS island
        FROM (SELECT *, ts - lag(ts) OVER (PARTITION BY user_id ORDER BY ts) > interval '30 min' AS begins FROM (SELECT * FROM events WHERE kind <> 'buy') AS src) AS a) AS b) AS w GROUP BY user_id, window_start, window_end;

--- SESSION with FILTER and HAVING
SELECT user_id, window_start, count(*) FILTER (WHERE kind = 'click') AS clicks, max(ts) AS last
FROM (SELECT *, min(ts) OVER (PARTITION BY user_id, island) AS window_start, max(ts) OVER (PARTITION BY user_id, island) + interval '30 min' AS window_end
    FROM (SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY user_id ORDER BY ts) AS island
        FROM (SELECT *, ts - lag(ts) OVER (PARTITION BY user_id ORDER BY ts) > interval '30 min' AS begins FROM events AS src) AS a) AS b) AS w GROUP BY user_id, window_start, window_end HAVING count(*) > 2;

--- a second stage over the same windows
SELECT window_start, window_end, max(n) AS most, count(*) AS users
FROM (SELECT user_id, window_start, window_end, count(*) AS n
    FROM (SELECT *, b AS window_start, b + interval '1 hour' AS window_end
    FROM events AS src, LATERAL (SELECT date_bin('1 hour', ts, timestamp '1970-01-01') AS b) AS bin) AS w GROUP BY user_id, window_start, window_end) AS v
GROUP BY window_start, window_end;

--- larger windows over smaller ones
SELECT user_id, window_start, window_end, sum(n) AS n, sum(s) AS s, count(*) AS parts
FROM (SELECT *, b AS window_start, b + interval '2 hours' AS window_end FROM (SELECT user_id, window_start + interval '10 min' - interval '1 ms' AS at, count(*) AS n, sum(val) AS s
    FROM (SELECT *, b AS window_start, b + interval '10 min' AS window_end
    FROM events AS src, LATERAL (SELECT date_bin('10 min', ts, timestamp '1970-01-01') AS b) AS bin) AS w GROUP BY user_id, window_start) AS src, LATERAL (SELECT date_bin('2 hours', at, timestamp '1970-01-01') AS b) AS bin) AS w GROUP BY user_id, window_start, window_end;

--- hopping windows over tumbling ones
SELECT window_start, window_end, count(*) AS n
FROM (SELECT *, b AS window_start, b + interval '1 hour' AS window_end
    FROM events AS src, LATERAL generate_series(
            date_bin('30 min', ts - interval '1 hour', '1970-01-01'), date_bin('30 min', ts, '1970-01-01'), '30 min') AS g (b)
    WHERE b <= ts AND b + interval '1 hour' > ts) AS w GROUP BY window_start, window_end;

--- a group over windows
SELECT n, count(*) AS windows
FROM (SELECT window_start, window_end, count(*) AS n FROM (SELECT *, b AS window_start, b + interval '30 min' AS window_end
    FROM events AS src, LATERAL (SELECT date_bin('30 min', ts, timestamp '1970-01-01') AS b) AS bin) AS w GROUP BY window_start, window_end) AS v GROUP BY n;

--- windows of a union
SELECT user_id, window_start, count(*) AS n
FROM (SELECT *, b AS window_start, b + interval '1 day' AS window_end FROM (SELECT user_id, ts FROM events UNION ALL SELECT user_id * 10, ts FROM events WHERE kind = 'buy') AS src, LATERAL (SELECT date_bin('1 day', ts, timestamp '1970-01-01') AS b) AS bin) AS w GROUP BY user_id, window_start, window_end;

--- two windows in one job
SELECT 'hour' AS w, window_start AS b, window_end AS e, count(*) AS n FROM (SELECT *, b AS window_start, b + interval '1 hour' AS window_end
    FROM events AS src, LATERAL (SELECT date_bin('1 hour', ts, timestamp '1970-01-01') AS b) AS bin) AS w GROUP BY window_start, window_end
UNION ALL
SELECT 'day', window_start, window_end, count(*) FROM (SELECT *, b AS window_start, b + interval '1 day' AS window_end
    FROM events AS src, LATERAL (SELECT date_bin('1 day', ts, timestamp '1970-01-01') AS b) AS bin) AS w GROUP BY window_start, window_end;

--- windows in their order
SELECT kind, window_start, count(*) AS n FROM (SELECT *, b AS window_start, b + interval '1 hour' AS window_end
    FROM events AS src, LATERAL (SELECT date_bin('1 hour', ts, timestamp '1970-01-01') AS b) AS bin) AS w
GROUP BY kind, window_start, window_end ORDER BY window_start, n DESC, kind LIMIT 7;

--- windows of no rows
SELECT k, ts AS window_start, count(*) AS n FROM nothing GROUP BY k, ts;

--- sessions of no rows
SELECT k, ts AS window_start, count(*) AS n FROM nothing GROUP BY k, ts;

--- a second stage over hundreds of windows
SELECT window_start, window_end, max(n) AS most, count(*) AS users
FROM (SELECT user_id, window_start, window_end, count(*) AS n
    FROM (SELECT *, b AS window_start, b + interval '20 min' AS window_end FROM events AS src, LATERAL generate_series(
            date_bin('1 min', ts, '1970-01-01') - interval '19 min', date_bin('1 min', ts, '1970-01-01'), '1 min') AS g (b)) AS w
    GROUP BY user_id, window_start, window_end) AS v
GROUP BY window_start, window_end;
