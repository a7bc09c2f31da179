--- LIKE with escapes, underscores and case
SELECT customer LIKE '%\\_%' AS a, customer LIKE '%O_H%' AS b, product LIKE 't_a%' AS c FROM orders;

--- CASE never matches NULL
SELECT CASE WHEN NULL THEN 1 WHEN amount IS NULL THEN 2 ELSE NULL END AS a, CASE amount WHEN NULL THEN 1 ELSE 0 END AS b, COALESCE(NULL, NULL, qty) AS c FROM orders;

--- NOT BETWEEN is false where one bound decides
SELECT order_id, amount NOT BETWEEN 1 AND NULL AS a, amount NOT BETWEEN NULL AND 1 AS b FROM orders;

--- OR of unknowns
SELECT order_id FROM orders WHERE paid OR amount > 100 OR customer LIKE 'B%';

--- NOT of OR of unknowns
SELECT order_id FROM orders WHERE NOT (paid OR amount > 100 OR customer LIKE 'B%');

--- IN compares decimals by value
SELECT order_id FROM orders WHERE amount IN (12.5, -3.2, 5, 0.050);

--- IN of times and dates
SELECT order_id FROM orders WHERE ordered IN ('2024-02-29 08:15:00', TIMESTAMP '1970-01-01 00:00:00') OR day IN ('2000-02-29', NULL);

--- IN compares doubles with whole numbers
SELECT order_id FROM orders WHERE price IN (1, 2.5, 15000000000, 1.1);

--- keys that are doubles
SELECT price, count(*) AS n FROM orders GROUP BY price;

--- a key that is a CASE
SELECT CASE WHEN qty > 2 THEN 'many' WHEN qty > 0 THEN 'few' END AS c, count(*) AS n, sum(amount) AS s FROM orders GROUP BY CASE WHEN qty > 2 THEN 'many' WHEN qty > 0 THEN 'few' END;

--- several DISTINCT aggregates
SELECT count(DISTINCT product) AS a, count(DISTINCT customer) AS b, sum(DISTINCT amount) AS s, count(DISTINCT ordered) AS o, count(DISTINCT price) AS p FROM orders;

--- DISTINCT and FILTER on the same column
SELECT product, sum(DISTINCT qty) FILTER (WHERE qty < 100) AS a, sum(DISTINCT qty) AS b, count(DISTINCT qty) FILTER (WHERE paid) AS c FROM orders GROUP BY product;

--- aggregates over groups that change
SELECT max(n) AS m, min(c) AS c, avg(n) AS a FROM (SELECT customer AS c, count(*) AS n FROM orders GROUP BY customer) AS t;

--- three stages of groups
SELECT m, count(*) AS k FROM (SELECT n, min(c) AS m FROM (SELECT customer AS c, count(*) AS n FROM orders GROUP BY customer) AS t GROUP BY n) AS u GROUP BY m;

--- UNION of groups
SELECT product AS p, count(*) AS n FROM orders GROUP BY product UNION SELECT kind, count(*) FROM events GROUP BY kind;

--- groups of groups that HAVING lets go
SELECT n, count(*) AS c FROM (SELECT customer, count(*) AS n FROM orders GROUP BY customer HAVING count(*) > 1) AS t GROUP BY n;

--- a filter over groups that change
SELECT c, n FROM (SELECT customer AS c, count(*) AS n, sum(qty::bigint) AS q FROM orders GROUP BY customer) AS t WHERE n BETWEEN 1 AND 2 AND q > 0;

--- FILTER over groups that change
SELECT sum(n) FILTER (WHERE n > 1) AS s, count(*) FILTER (WHERE c IS NULL) AS nulls, max(n) FILTER (WHERE c LIKE 'Z%') AS z FROM (SELECT customer AS c, count(*) AS n FROM orders GROUP BY customer) AS t;

--- count over DISTINCT
SELECT count(*) AS n, count(customer) AS c FROM (SELECT DISTINCT customer, product FROM orders) AS d;

--- LIMIT over groups
SELECT count(*) AS n, sum(c) AS s FROM (SELECT product, count(*) AS c FROM orders GROUP BY product ORDER BY c DESC, product LIMIT 2) AS t;

--- DISTINCT in order
SELECT DISTINCT product, paid FROM orders ORDER BY product DESC, paid;

--- sums by type
SELECT sum(small) AS a, sum(tiny) AS b, avg(tiny) AS c, sum(ratio) AS r, count(ratio) AS n, max(exact) AS m, min(exact) AS l FROM numbers WHERE id > 2;

--- smallest and largest text
SELECT min(customer) AS a, max(customer) AS b, min(product) AS c, max(product) AS d FROM orders;

--- smallest and largest times
SELECT product, min(day) AS a, max(day) AS b, min(ordered) AS c, max(ordered) AS d FROM orders GROUP BY product;

--- sums of intervals
SELECT sum(ordered - TIMESTAMP '2024-01-01 00:00:00') AS s, max(ordered - TIMESTAMP '2024-01-01 00:00:00') AS m FROM orders WHERE order_id IN (1, 3, 5);

--- a constant beside a key
SELECT 'x' AS x, count(*) AS n FROM orders GROUP BY 'x' || product;

--- keys that are expressions
SELECT qty % 2 AS odd, length(product) AS l, count(*) AS n FROM orders GROUP BY qty % 2, length(product);

--- an expression over a key's expression
SELECT upper(product) || '!' AS p, count(*) + 1 AS n FROM orders GROUP BY upper(product);

--- ORDER BY expressions of aggregates and keys
SELECT product, count(*) AS n FROM orders GROUP BY product ORDER BY count(*) * -1, upper(product);

--- OFFSET before LIMIT
SELECT order_id FROM orders ORDER BY customer DESC NULLS LAST, order_id DESC OFFSET 2 LIMIT 5;

--- LIMIT of LIMIT
SELECT order_id FROM (SELECT order_id FROM orders ORDER BY order_id LIMIT 10) AS a ORDER BY order_id DESC LIMIT 3;

--- LIMIT in the parts of a UNION
(SELECT order_id AS x FROM orders ORDER BY order_id LIMIT 2) UNION ALL (SELECT id FROM numbers ORDER BY id DESC LIMIT 2) ORDER BY x;

--- a condition over a UNION
SELECT x FROM (SELECT order_id AS x, product AS p FROM orders UNION ALL SELECT id, 'n' FROM numbers) AS u WHERE p = 'n' OR x > 15;

--- a condition does not move below LIMIT
SELECT order_id FROM (SELECT order_id, qty FROM orders ORDER BY order_id LIMIT 5) AS t WHERE qty > 2;

--- a condition on a group's key
SELECT product, n FROM (SELECT product, count(*) AS n FROM orders GROUP BY product) AS t WHERE product LIKE 't%';

--- a condition on a constant beside an aggregate of all rows
SELECT n FROM (SELECT count(*) AS n, 'a' AS k FROM orders) AS t WHERE k = 'b';

--- a condition on an aggregate of no rows
SELECT n FROM (SELECT count(*) AS n FROM orders WHERE FALSE) AS t WHERE n = 0;

--- a condition over DISTINCT
SELECT p FROM (SELECT DISTINCT product AS p, paid FROM orders) AS d WHERE paid;

--- a key that is always NULL
SELECT NULL AS x, count(*) AS n FROM orders GROUP BY NULL::int;

--- CASE guards a division
SELECT id, CASE WHEN medium = 0 THEN NULL ELSE 100 / medium END AS x FROM numbers;

--- CASE guards a division in WHERE
SELECT id FROM numbers WHERE CASE WHEN medium <> 0 THEN 100 / medium > 10 ELSE FALSE END;

--- COALESCE does not compute what it does not need
SELECT id, COALESCE(medium, 1 / (id - 4)) AS x FROM numbers WHERE id <> 4;

--- products of exact numbers
SELECT id, exact * 2 AS a, exact * 0.5 AS b, exact % 7 AS c, -exact - 1 AS d FROM numbers;

--- the bounds of BIGINT
SELECT id, large::DECIMAL(20,0) + 1 AS a, large / -2 AS b, large % -10 AS c, abs(large % 1000) AS d FROM numbers;

--- substring counts characters
SELECT substring(customer, 1, 1) AS a, substring(customer, 3) AS b, substr(customer, -1, 3) AS c, lpad(customer, 3) AS d, overlay(customer placing 'ZZ' from 2) AS o FROM orders;

--- split_part from both ends
SELECT split_part('a,b,,c', ',', id) AS a, split_part('a,b,,c', ',', -id) AS b FROM numbers;

--- parts of times before 1970
SELECT order_id, extract(milliseconds FROM ordered) AS a, extract(microseconds FROM ordered) AS b, extract(isodow FROM ordered) AS c, extract(decade FROM ordered) AS e, extract(century FROM ordered) AS f FROM orders;

--- casts of times
SELECT order_id, CAST(ordered AS DATE) AS d, CAST(ordered AS TIME) AS t, CAST(day AS TIMESTAMP) AS ts, CAST(ordered AS TIMESTAMP(0)) AS t0 FROM orders;

--- arithmetic of intervals
SELECT INTERVAL '1 day 25:00:00' AS a, INTERVAL '-1 month' * 2 AS b, INTERVAL '1 hour' / 3 AS c, -INTERVAL '1 year 2 mons' AS d, INTERVAL '90 minutes' > INTERVAL '1 hour' AS e;

--- months end on different days
SELECT DATE '2024-01-31' + INTERVAL '1 month' AS a, DATE '2024-03-31' - INTERVAL '1 month' AS b, TIMESTAMP '2024-02-29 00:00:00' + INTERVAL '1 year' AS c, age(TIMESTAMP '2024-03-01 00:00:00', TIMESTAMP '2024-01-31 12:00:00') AS d;

--- intervals of equal length are one group
SELECT i, count(*) AS n FROM (SELECT CASE WHEN qty > 2 THEN INTERVAL '1 day' ELSE INTERVAL '24 hours' END AS i FROM orders) AS t GROUP BY i HAVING count(*) > 100;

--- text ranges
SELECT order_id FROM orders WHERE customer < 'a' AND customer >= 'A';

--- rounding by type
SELECT round(2.5) AS a, round(-2.5) AS b, round(2.5::float8) AS c, round(3.5::float8) AS d, round(1234.567, -2) AS e, trunc(-1.999, 2) AS f, round(0.5::float8) AS g, (2.5::float8)::int AS h, 2.5::int AS i, (-2.5)::int AS j;

--- boolean keys
SELECT paid, min(paid::text) AS m, count(*) AS n FROM orders GROUP BY paid;

--- a column twice
SELECT customer, customer AS again, qty, qty + 0 AS qty2 FROM orders ORDER BY order_id;

--- WITH hides a table
WITH orders AS (SELECT order_id FROM orders WHERE order_id < 3) SELECT order_id FROM orders;

--- WITH upon WITH
WITH a AS (SELECT order_id AS x FROM orders), b AS (SELECT x + 1 AS x FROM a), c AS (SELECT x FROM a UNION ALL SELECT x FROM b) SELECT x, count(*) AS n FROM c GROUP BY x;
