CREATE TABLE ads (user_id BIGINT, ad_id INT, note STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector' = 'x');
CREATE TABLE few (a INT, b STRING) WITH ('bounded' = 'true');

--- join
SELECT * FROM ads JOIN few ON ads.ad_id = few.a;

--- comma join
SELECT * FROM ads, few;

--- scalar subquery
SELECT (SELECT max(a) FROM few) FROM ads;

--- in subquery
SELECT 1 FROM ads WHERE ad_id IN (SELECT a FROM few);

--- over
SELECT row_number() OVER (PARTITION BY user_id ORDER BY ts) FROM ads;

--- grouping sets
SELECT user_id, count(*) FROM ads GROUP BY ROLLUP (user_id, ad_id);

--- intersect
SELECT a FROM few INTERSECT SELECT a FROM few;

--- except
SELECT a FROM few EXCEPT SELECT a FROM few;

--- recursive
WITH RECURSIVE r AS (SELECT 1 AS n) SELECT n FROM r;

--- distinct on
SELECT DISTINCT ON (a) a, b FROM few;

--- array
SELECT ARRAY[1, 2];

--- unnest
SELECT * FROM UNNEST(ARRAY[1, 2]);

--- system time
SELECT * FROM ads FOR SYSTEM_TIME AS OF ts;

--- partitioned by
CREATE TABLE t (a INT) PARTITIONED BY (a) WITH ('connector' = 'x');

--- overwrite
INSERT OVERWRITE few SELECT 1, 'x';

--- named argument
SELECT upper(x => 'a');

--- explain and run
EXPLAIN SELECT a FROM few;
SELECT a FROM few;

--- qualify
SELECT a FROM few QUALIFY a > 1;

--- string_agg with order
SELECT count(a ORDER BY b) FROM few;
