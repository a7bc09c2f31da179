CREATE TABLE ads (
    user_id BIGINT NOT NULL,
    ad_id INT,
    price DECIMAL(10, 2),
    is_click BOOLEAN,
    ts TIMESTAMP(3),
    WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'x');
CREATE TABLE few (a INT, b STRING) WITH ('bounded' = 'true');

--- un-windowed, unbounded: the result changes
SELECT user_id, count(*) AS n, sum(price) FROM ads GROUP BY user_id;

--- bounded: only final results
SELECT b, count(*), max(a) FROM few GROUP BY b;

--- bounded but streaming: changes
SET 'execution.runtime-mode' = 'streaming';
SELECT b, count(*), max(a) FROM few GROUP BY b;

--- bounded, streaming, sorted: final below the sort
SET 'execution.runtime-mode' = 'streaming';
SELECT b, count(*) FROM few GROUP BY b ORDER BY 2 DESC;

--- no keys: one subtask
SELECT count(*) FROM few;

--- expressions over keys and aggregates, each computed once
SELECT upper(b) AS u, count(*) + 1, sum(a) * count(*) FROM few GROUP BY upper(b) HAVING count(*) > 2 AND upper(b) <> 'X';

--- group by number and alias
SELECT a % 10 AS bucket, b, count(DISTINCT a) FROM few GROUP BY 2, bucket;

--- filter and distinct
SELECT count(*) FILTER (WHERE is_click), count(DISTINCT ad_id), avg(price) FILTER (WHERE ad_id > 3) FROM ads GROUP BY user_id;

--- having on a key moves below
SELECT user_id, count(*) FROM ads GROUP BY user_id HAVING user_id > 3;

--- tumble
SELECT window_start, window_end, user_id, count(*) FROM TABLE(TUMBLE(TABLE ads, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, user_id;

--- hop with a filter and an offset
SELECT window_end, count(*) FROM TABLE(HOP(TABLE ads, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '1' HOUR)) WHERE ad_id > 3 GROUP BY window_start, window_end;

--- session
SELECT user_id, window_start, window_end, count(*) FROM TABLE(SESSION(TABLE ads PARTITION BY user_id, DESCRIPTOR(ts), INTERVAL '30' MINUTES)) GROUP BY user_id, window_start, window_end;

--- session in the older spelling
SELECT user_id, SESSION_START(ts, INTERVAL '30' MINUTE) AS s, SESSION_END(ts, INTERVAL '30' MINUTE), SESSION_ROWTIME(ts, INTERVAL '30' MINUTE), count(*) FROM ads GROUP BY user_id, SESSION(ts, INTERVAL '30' MINUTE);

--- Arroyo's spelling
SELECT tumble(INTERVAL '10 seconds') AS window, count(*) FROM ads GROUP BY window;

--- a window without aggregation
SELECT user_id, window_start FROM TABLE(TUMBLE(TABLE ads, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE user_id > 3 AND window_start > TIMESTAMP '2024-01-01 00:00:00';

--- windows of windows, by the window's columns
SELECT window_start, window_end, max(n) FROM (SELECT window_start, window_end, user_id, count(*) AS n FROM TABLE(TUMBLE(TABLE ads, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, user_id) GROUP BY window_start, window_end;

--- windows of windows, over window_time
SELECT window_start, window_end, sum(n) FROM TABLE(TUMBLE((SELECT window_time AS t, count(*) AS n FROM TABLE(TUMBLE(TABLE ads, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, window_time, user_id), DESCRIPTOR(t), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end;

--- distinct within windows
SELECT DISTINCT window_start, window_end, ad_id FROM TABLE(TUMBLE(TABLE ads, DESCRIPTOR(ts), INTERVAL '10' SECOND));

--- a window read by an aggregate's argument keeps its operator
SELECT window_start, window_end, max(ts - window_start) FROM TABLE(TUMBLE(TABLE ads, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;

--- late rows go to a table
CREATE TABLE late (ts TIMESTAMP(3), user_id BIGINT) WITH ('connector' = 'y');
SET 'late-rows.table' = 'late';
SELECT user_id, count(*) FROM TABLE(SESSION(TABLE ads PARTITION BY user_id, DESCRIPTOR(ts), INTERVAL '30' MINUTES)) GROUP BY user_id, window_start, window_end;

--- state ttl
SET 'table.exec.state.ttl' = '1 d';
SELECT user_id, count(*) FROM ads GROUP BY user_id;

--- aggregates of changing rows
SELECT n, count(*) FROM (SELECT user_id, count(*) AS n FROM ads GROUP BY user_id) GROUP BY n;

--- the same key again needs no exchange
SELECT user_id, max(n) FROM (SELECT window_start, window_end, user_id, count(*) AS n FROM TABLE(TUMBLE(TABLE ads, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, user_id) GROUP BY user_id;

--- distinct and max over changing rows
SELECT DISTINCT n FROM (SELECT count(*) AS n FROM ads GROUP BY user_id);
SELECT max(n) FROM (SELECT count(*) AS n FROM ads GROUP BY user_id);
