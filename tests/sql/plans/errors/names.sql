CREATE TABLE ads (user_id BIGINT, ad_id INT, note STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector' = 'x');
CREATE TABLE few (a INT, A STRING, b STRING NOT NULL) WITH ('bounded' = 'true');

--- unknown column
SELECT user_idd FROM ads;

--- unknown column of an alias
SELECT x.ad_ FROM ads AS x;

--- unknown qualifier
SELECT y.ad_id FROM ads AS x;

--- any case finds a column, exactly wins
SELECT USER_ID, a FROM ads, few;
SELECT A, a FROM few;

--- ambiguous by case
CREATE TABLE t (Aa INT, aA INT) WITH ('bounded' = 'true');
SELECT AA FROM t;

--- ambiguous in a subquery
SELECT a FROM (SELECT 1 AS a, 2 AS a);

--- unknown table
SELECT * FROM adds;

--- unknown function
SELECT uper(note) FROM ads;

--- unknown aggregate
SELECT coutn(*) FROM ads;

--- several errors in one script, and none that follows from another
SELECT nope FROM ads;
CREATE TABLE broken (a NOTYPE) WITH ('connector' = 'x');
SELECT a FROM broken;
INSERT INTO broken SELECT 1;
SELECT 1 + TRUE;
SELECT nope2 FROM ads;

--- no FROM
SELECT a;

--- star without FROM
SELECT *;

--- table twice
CREATE TABLE ads (a INT) WITH ('connector' = 'x');

--- table twice, but that is fine
CREATE TABLE IF NOT EXISTS ads (a INT) WITH ('connector' = 'x');
SELECT user_id FROM ads;

--- column twice
CREATE TABLE t (a INT, b INT, a STRING) WITH ('connector' = 'x');

--- option twice
CREATE TABLE t (a INT) WITH ('connector' = 'x', 'Connector' = 'y');

--- a refused option
CREATE TABLE t (a INT) WITH ('connector' = 'x', 'bad' = '1');
SELECT a FROM t;

--- drop
DROP TABLE nope;

--- drop a view as a table
CREATE VIEW v AS SELECT 1 AS one;
DROP TABLE v;

--- dropped is gone
DROP TABLE IF EXISTS nope;
DROP TABLE few;
SELECT * FROM few;

--- view columns
CREATE VIEW v (a, b, c) AS SELECT 1, 2;

--- too many names
SELECT * FROM few AS f (p, q, r, s);

--- unknown setting
SET 'paralelism.default' = '2';

--- bad setting
SET 'parallelism.default' = 'many';

--- bad duration
SET 'table.exec.state.ttl' = 'a while';

--- catalogs
SELECT * FROM other.ads;
