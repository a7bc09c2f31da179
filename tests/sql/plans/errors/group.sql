CREATE TABLE ads (user_id BIGINT, ad_id INT, note STRING, ts TIMESTAMP(3), other TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector' = 'x');
CREATE TABLE few (a INT, b STRING NOT NULL) WITH ('bounded' = 'true');
CREATE TABLE out1 (n BIGINT) WITH ('connector' = 'y');
CREATE TABLE out2 (n BIGINT) WITH ('connector' = 'z', 'changes' = 'true');

--- neither grouped nor aggregated
SELECT note, count(*) FROM ads GROUP BY user_id;

--- having without it
SELECT count(*) FROM ads GROUP BY user_id HAVING note = 'x';

--- aggregate in WHERE
SELECT 1 FROM ads WHERE count(*) > 3;

--- aggregate in GROUP BY
SELECT 1 FROM ads GROUP BY count(*);

--- aggregate in an aggregate
SELECT sum(count(*)) FROM ads;

--- sum of text
SELECT sum(note) FROM ads;

--- sum(*)
SELECT sum(*) FROM ads;

--- two arguments
SELECT count(user_id, ad_id) FROM ads;

--- count()
SELECT count() FROM ads;

--- FILTER on a function
SELECT upper(note) FILTER (WHERE TRUE) FROM ads;

--- group by position
SELECT note FROM ads GROUP BY 2;

--- a sink that takes no changes
INSERT INTO out1 SELECT count(*) FROM ads;

--- a sink that takes changes
INSERT INTO out2 SELECT count(*) FROM ads;

--- in batch nothing changes
INSERT INTO out1 SELECT count(*) FROM few;

--- but streaming it does
SET 'execution.runtime-mode' = 'streaming';
INSERT INTO out1 SELECT count(*) FROM few;

--- distinct values are not forgotten one by one
SET 'table.exec.state.ttl' = '1 h';
SELECT count(DISTINCT note) FROM ads GROUP BY user_id;

--- nor is the maximum of rows that change
SET 'table.exec.state.ttl' = '1 h';
SELECT n % 3, max(n) FROM (SELECT count(*) AS n FROM ads GROUP BY user_id) GROUP BY n % 3;

--- window on another column
SELECT count(*) FROM TABLE(TUMBLE(TABLE ads, DESCRIPTOR(other), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end;

--- window on a number
SELECT count(*) FROM TABLE(TUMBLE(TABLE ads, DESCRIPTOR(user_id), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end;

--- window on a computed time
SELECT count(*) FROM TABLE(TUMBLE((SELECT ts + INTERVAL '1' DAY AS ts FROM ads), DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end;

--- window on a table without watermark
CREATE TABLE t (ts TIMESTAMP(3)) WITH ('bounded' = 'true');
SELECT count(*) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end;

--- window on a number without watermark
CREATE TABLE t (ts BIGINT) WITH ('bounded' = 'true');
SELECT count(*) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end;

--- window over changing rows
SELECT count(*) FROM TABLE(TUMBLE((SELECT max(ts) AS ts FROM ads GROUP BY user_id), DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end;

--- only one end of the window
SELECT count(*) FROM TABLE(TUMBLE(TABLE ads, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start;

--- only the window's time
SELECT count(*) FROM TABLE(TUMBLE(TABLE ads, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_time;

--- size in months
SELECT count(*) FROM TABLE(TUMBLE(TABLE ads, DESCRIPTOR(ts), INTERVAL '1' MONTH)) GROUP BY window_start, window_end;

--- size 0
SELECT count(*) FROM TABLE(TUMBLE(TABLE ads, DESCRIPTOR(ts), INTERVAL '0' MINUTE)) GROUP BY window_start, window_end;

--- slide longer than size
SELECT count(*) FROM TABLE(HOP(TABLE ads, DESCRIPTOR(ts), INTERVAL '1' HOUR, INTERVAL '1' MINUTE)) GROUP BY window_start, window_end;

--- step no part of size
SELECT count(*) FROM TABLE(CUMULATE(TABLE ads, DESCRIPTOR(ts), INTERVAL '7' MINUTE, INTERVAL '1' HOUR)) GROUP BY window_start, window_end;

--- too many windows
SELECT count(*) FROM TABLE(HOP(TABLE ads, DESCRIPTOR(ts), INTERVAL '0.001' SECOND, INTERVAL '1' HOUR)) GROUP BY window_start, window_end;

--- session without aggregation
SELECT * FROM TABLE(SESSION(TABLE ads PARTITION BY user_id, DESCRIPTOR(ts), INTERVAL '1' MINUTE));

--- session by other keys
SELECT count(*) FROM TABLE(SESSION(TABLE ads PARTITION BY user_id, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY ad_id, window_start, window_end;

--- session with a filter above
SELECT count(*) FROM TABLE(SESSION(TABLE ads PARTITION BY user_id, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) WHERE ad_id > 3 GROUP BY user_id, window_start, window_end;

--- session with a filter on its key is fine
SELECT count(*) FROM TABLE(SESSION(TABLE ads PARTITION BY user_id, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) WHERE user_id > 3 GROUP BY user_id, window_start, window_end;

--- partition by of a tumbling window
SELECT count(*) FROM TABLE(TUMBLE(TABLE ads PARTITION BY user_id, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end;

--- TUMBLE_START without TUMBLE
SELECT TUMBLE_START(ts, INTERVAL '1' MINUTE) FROM ads GROUP BY user_id;

--- TUMBLE_START of another window
SELECT TUMBLE_START(ts, INTERVAL '1' MINUTE) FROM ads GROUP BY TUMBLE(ts, INTERVAL '2' MINUTE);

--- two windows
SELECT 1 FROM ads GROUP BY TUMBLE(ts, INTERVAL '1' MINUTE), HOP(ts, INTERVAL '1' MINUTE, INTERVAL '2' MINUTE);

--- TUMBLE with too few arguments
SELECT 1 FROM ads GROUP BY TUMBLE(ts);

--- late rows: unknown table
SET 'late-rows.table' = 'lates';
SELECT count(*) FROM ads GROUP BY TUMBLE(ts, INTERVAL '1' MINUTE);

--- late rows: a column that is not there
SET 'late-rows.table' = 'out1';
SELECT count(*) FROM ads GROUP BY TUMBLE(ts, INTERVAL '1' MINUTE);

--- emit on window close without window
SELECT count(*) FROM ads GROUP BY user_id EMIT ON WINDOW CLOSE;
