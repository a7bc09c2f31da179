--- UNION ALL keeps duplicates
SELECT customer, product FROM orders UNION ALL SELECT customer, product FROM orders WHERE qty > 2;

--- UNION removes them
SELECT customer, product FROM orders UNION SELECT kind, 'event' FROM events;

--- UNION of three
SELECT id AS x FROM numbers UNION ALL SELECT 3 UNION ALL SELECT NULL;

--- a union of different number types
SELECT id AS x FROM numbers UNION ALL SELECT large FROM numbers;

--- subqueries in FROM
SELECT a.c, a.n + 1 AS m FROM (SELECT customer AS c, n FROM (SELECT customer, qty::BIGINT AS n FROM orders) AS i WHERE n > 1) AS a;

--- WITH
WITH paid AS (SELECT * FROM orders WHERE paid), teas AS (SELECT order_id, amount FROM paid WHERE product = 'tea')
SELECT count(*) AS n, sum(amount) AS s FROM teas;

--- WITH used twice
WITH p AS (SELECT product, count(*) AS n FROM orders GROUP BY product)
SELECT product, n FROM p WHERE n > 3 UNION ALL SELECT product, -n FROM p WHERE n <= 3;

--- a view used twice
CREATE TEMPORARY VIEW big AS SELECT order_id, amount FROM orders WHERE amount > 5;
SELECT 'all' AS what, count(*) AS n FROM big UNION ALL SELECT 'huge', count(*) FROM big WHERE amount > 100;

--- a view of a view
CREATE TEMPORARY VIEW sizes (who, total) AS SELECT customer, sum(qty) FROM orders GROUP BY customer;
CREATE TEMPORARY VIEW many AS SELECT who FROM sizes WHERE total > 4;
SELECT who FROM many;

--- a grouped view in two unions
CREATE TEMPORARY VIEW c AS SELECT kind, count(*) AS n FROM events GROUP BY kind;
SELECT kind, n FROM c UNION ALL SELECT 'total', sum(n) FROM c UNION ALL SELECT kind, n FROM c WHERE n > 5;

--- grouped VALUES
SELECT k, sum(v) AS s, count(*) AS n FROM (VALUES ('a', 1), ('b', 2), ('a', NULL), (NULL, 4)) AS t (k, v) GROUP BY k;

--- ORDER BY with NULL last
SELECT order_id, amount FROM orders ORDER BY amount, order_id;

--- ORDER BY DESC with NULL first
SELECT order_id, amount FROM orders ORDER BY amount DESC, order_id DESC;

--- ORDER BY NULLS FIRST and LAST
SELECT order_id, customer, qty FROM orders ORDER BY customer NULLS FIRST, qty DESC NULLS LAST, order_id;

--- ORDER BY position and expression
SELECT order_id, abs(amount) AS size FROM orders ORDER BY 2 DESC NULLS LAST, order_id % 3, 1;

--- ORDER BY what is not selected
SELECT product, order_id FROM orders ORDER BY ordered NULLS FIRST, order_id;

--- ORDER BY of text with unicode
SELECT DISTINCT customer FROM orders ORDER BY customer;

--- ORDER BY booleans and dates
SELECT paid, day, order_id FROM orders ORDER BY paid DESC, day DESC, order_id;

--- LIMIT and OFFSET
SELECT order_id, qty FROM orders ORDER BY qty DESC, order_id LIMIT 4 OFFSET 3;

--- LIMIT beyond the end
SELECT order_id FROM orders ORDER BY order_id LIMIT 1000 OFFSET 15;

--- OFFSET beyond the end
SELECT order_id FROM orders ORDER BY order_id OFFSET 100;

--- LIMIT nothing
SELECT order_id FROM orders ORDER BY order_id LIMIT 0;

--- LIMIT without an order counts
SELECT count(*) AS n FROM (SELECT order_id FROM orders LIMIT 5) AS l;

--- ORDER BY and LIMIT below
SELECT sum(order_id) AS s FROM (SELECT order_id FROM orders ORDER BY amount DESC NULLS LAST, order_id LIMIT 3) AS top;

--- ORDER BY of groups
SELECT product, count(*) AS n FROM orders GROUP BY product ORDER BY n DESC, product NULLS FIRST;

--- ORDER BY an aggregate that is not selected
SELECT product FROM orders GROUP BY product ORDER BY sum(amount) DESC NULLS LAST, product LIMIT 3;

--- ORDER BY of a union
SELECT order_id AS x, 'o' AS t FROM orders UNION ALL SELECT id, 'n' FROM numbers ORDER BY x DESC, t LIMIT 9;

--- ORDER BY of nothing
SELECT k, v FROM nothing ORDER BY v;

--- INSERT and read back
CREATE TABLE out (order_id BIGINT, customer STRING, amount DECIMAL(10, 2), ordered TIMESTAMP(3), paid BOOLEAN)
WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'csv');
INSERT INTO out SELECT order_id, customer, amount, ordered, paid FROM orders WHERE order_id < 15;
-- then
CREATE TABLE out (order_id BIGINT, customer STRING, amount DECIMAL(10, 2), ordered TIMESTAMP(3), paid BOOLEAN)
WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'csv');
SELECT * FROM out;

--- INSERT as JSON, columns by name, the others NULL
CREATE TABLE out (who STRING, n BIGINT, price DOUBLE, day DATE, missing STRING)
WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'json');
INSERT INTO out (price, who, day) SELECT price, customer, day FROM orders;
-- then
CREATE TABLE out (who STRING, n BIGINT, price DOUBLE, day DATE, missing STRING)
WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'json');
SELECT who, n, price, day, missing FROM out;

--- several INSERTs are one job
CREATE TABLE teas (order_id BIGINT, amount DECIMAL(10, 2)) WITH ('connector' = 'filesystem', 'path' = 'out/tea', 'format' = 'csv');
CREATE TABLE rest (order_id BIGINT, product STRING) WITH ('connector' = 'filesystem', 'path' = 'out/rest', 'format' = 'json');
CREATE TEMPORARY VIEW positive AS SELECT * FROM orders WHERE amount >= 0;
BEGIN STATEMENT SET;
INSERT INTO teas SELECT order_id, amount FROM positive WHERE product = 'tea';
INSERT INTO rest SELECT order_id, product FROM positive WHERE product IS DISTINCT FROM 'tea';
INSERT INTO rest VALUES (1000, NULL);
END;
-- then
CREATE TABLE teas (order_id BIGINT, amount DECIMAL(10, 2)) WITH ('connector' = 'filesystem', 'path' = 'out/tea', 'format' = 'csv');
CREATE TABLE rest (order_id BIGINT, product STRING) WITH ('connector' = 'filesystem', 'path' = 'out/rest', 'format' = 'json');
SELECT order_id, CAST(amount AS STRING) AS what FROM teas UNION ALL SELECT order_id, product FROM rest;
