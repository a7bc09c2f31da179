CREATE TABLE ads (
    user_id BIGINT NOT NULL,
    ad_id INT,
    Price DECIMAL(10, 2),
    note STRING,
    ts TIMESTAMP(3),
    WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'x');
CREATE TABLE few (a INT, b STRING) WITH ('bounded' = 'true');
CREATE TABLE out1 (user_id BIGINT, price DOUBLE) WITH ('connector' = 'y');

--- only the columns that are read are scanned, the filter moves into the scan
SELECT user_id, price FROM ads WHERE ad_id > 3;

--- star
SELECT * FROM ads;

--- star except
SELECT * EXCEPT (note, ts), a.user_id + 1 AS next FROM ads AS a;

--- a filter moves through a projection of plain columns, two filters become one
SELECT u FROM (SELECT user_id AS u, ad_id AS a, note FROM ads WHERE note = 'x') WHERE a > 3;

--- a filter over a computed column stays above it
SELECT n FROM (SELECT upper(note) AS n FROM ads) WHERE n = 'X';

--- insert casts to the table's types
INSERT INTO out1 SELECT user_id, price FROM ads;

--- insert with a column list
INSERT INTO out1 (price) SELECT 3;

--- constants need no source
SELECT 1, 'a' AS b, NULL;

--- values
INSERT INTO out1 VALUES (1, 2.5), (2, NULL);

--- a filter moves through a union
SELECT user_id FROM (SELECT user_id, ad_id FROM ads UNION ALL SELECT a, a FROM few) WHERE user_id > 7;

--- union is distinct
SELECT a FROM few UNION SELECT a + 1 FROM few;

--- order by a name, a number, an expression that is not selected
SELECT b, a AS x FROM few ORDER BY x DESC, 1, length(b) NULLS FIRST LIMIT 10 OFFSET 2;

--- a view that is used twice is one node
CREATE VIEW v AS SELECT user_id, upper(note) AS note FROM ads WHERE ad_id > 3;
SELECT note FROM v WHERE user_id > 1;
SELECT user_id FROM v;

--- with
WITH x AS (SELECT a, b FROM few), y (q) AS (SELECT a + 1 FROM x) SELECT q FROM y UNION ALL SELECT a FROM x;

--- distinct
SELECT DISTINCT a FROM few;
