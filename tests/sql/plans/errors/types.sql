CREATE TABLE ads (user_id BIGINT, ad_id INT, note STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector' = 'x');
CREATE TABLE few (a INT, b STRING NOT NULL, d AS a + 1, o BIGINT METADATA VIRTUAL) WITH ('bounded' = 'true');

--- where is no condition
SELECT 1 FROM ads WHERE user_id;

--- no such operator
SELECT note + 1 FROM ads;

--- insert: number of columns
INSERT INTO few SELECT 1;

--- insert: type
INSERT INTO few SELECT note, note FROM ads;

--- insert: unknown column
INSERT INTO few (a, bb) SELECT 1, 'x';

--- insert: computed column
INSERT INTO few (b, d) SELECT 'x', 1;

--- insert: virtual column
INSERT INTO few (b, o) SELECT 'x', 1;

--- insert: column twice
INSERT INTO few (a, a) SELECT 1, 2;

--- insert: NOT NULL without value
INSERT INTO few (a) SELECT 1;

--- insert: NOT NULL gets NULL
INSERT INTO few SELECT 1, NULL;

--- insert into a view
CREATE VIEW v AS SELECT 1 AS one;
INSERT INTO v SELECT 1;

--- insert: unknown table
INSERT INTO fewer SELECT 1, 'x';

--- union: number of columns
SELECT 1 UNION ALL SELECT 1, 2;

--- union: types
SELECT 1 UNION ALL SELECT note FROM ads;

--- values
VALUES (1, 2), (3);

--- interval
SELECT INTERVAL 'soon';

--- date literal
SELECT DATE '2024-13-01';

--- cast
SELECT CAST(ts AS BOOLEAN) FROM ads;

--- type name
SELECT CAST(1 AS BIGIN);

--- timestamp precision
CREATE TABLE t (ts TIMESTAMP(9)) WITH ('connector' = 'x');

--- watermark on a number
CREATE TABLE t (ts BIGINT, WATERMARK FOR ts AS ts - 5) WITH ('connector' = 'x');

--- watermark of another type
CREATE TABLE t (ts TIMESTAMP(3), WATERMARK FOR ts AS 5) WITH ('connector' = 'x');

--- watermark on nothing
CREATE TABLE t (ts TIMESTAMP(3), WATERMARK FOR tss AS tss) WITH ('connector' = 'x');

--- primary key on nothing
CREATE TABLE t (id INT, PRIMARY KEY (idd) NOT ENFORCED) WITH ('connector' = 'x');

--- computed from a later column
CREATE TABLE t (a AS b + 1, b AS 1) WITH ('connector' = 'x');

--- limit
SELECT a FROM few LIMIT -1;

--- order by position
SELECT a FROM few ORDER BY 2;

--- order by with distinct
SELECT DISTINCT a FROM few ORDER BY b;

--- order by over unbounded
SELECT user_id FROM ads ORDER BY user_id;

--- limit over unbounded
SELECT user_id FROM ads LIMIT 5;

--- batch over unbounded
SET 'execution.runtime-mode' = 'batch';
SELECT user_id FROM ads;
