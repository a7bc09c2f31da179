--- a comparison with NULL is not true
SELECT order_id FROM orders WHERE amount > 0;

--- NOT of unknown is unknown
SELECT order_id FROM orders WHERE NOT (amount > 0);

--- the truth tables of AND and OR
SELECT order_id, paid AND qty > 1 AS a, paid OR qty > 1 AS o, paid AND NULL AS an, paid OR NULL AS onl, NOT paid AS n
FROM orders;

--- IS TRUE, IS NOT FALSE, IS UNKNOWN
SELECT order_id, paid IS TRUE AS t, paid IS NOT TRUE AS nt, paid IS FALSE AS f, paid IS NOT FALSE AS nf,
    paid IS UNKNOWN AS u, paid IS NOT UNKNOWN AS nu
FROM orders;

--- IN with and without NULL in the list
SELECT order_id, product IN ('tea', 'mate') AS i, product NOT IN ('tea', 'mate') AS n,
    product IN ('tea', NULL) AS inull, product NOT IN ('tea', NULL) AS nnull
FROM orders;

--- IN filters
SELECT order_id FROM orders WHERE product NOT IN ('tea', 'mate') AND qty IN (1, 3, 7, -5);

--- NOT IN with NULL keeps nothing
SELECT order_id FROM orders WHERE product NOT IN ('tea', NULL);

--- BETWEEN
SELECT order_id, qty BETWEEN 2 AND 5 AS b, qty NOT BETWEEN 2 AND 5 AS n, qty BETWEEN 5 AND 2 AS none,
    qty BETWEEN SYMMETRIC 5 AND 2 AS s, amount BETWEEN NULL AND 5 AS half
FROM orders;

--- IS DISTINCT FROM
SELECT order_id FROM orders WHERE product IS DISTINCT FROM 'tea';

--- IS NOT DISTINCT FROM NULL
SELECT order_id FROM orders WHERE customer IS NOT DISTINCT FROM NULL;

--- empty text is not NULL
SELECT order_id, customer IS NULL AS n, customer = '' AS e FROM orders WHERE customer IS NULL OR customer = '';

--- times are compared with texts
SELECT order_id, ordered FROM orders WHERE ordered >= '2024-02-29' AND ordered < '2024-03-01 12:30:45.126';

--- times before 1970
SELECT order_id, ordered FROM orders WHERE ordered < TIMESTAMP '1970-01-01 00:00:00';

--- dates
SELECT order_id FROM orders WHERE day BETWEEN '1969-01-01' AND DATE '2000-02-29';

--- numbers of different types
SELECT id FROM numbers WHERE medium = exact OR ratio > exact OR large < tiny;

--- text compares by bytes
SELECT order_id, customer FROM orders WHERE customer > 'Z';

--- a condition on an expression of a subquery
SELECT o, t FROM (SELECT order_id AS o, amount * 2 AS t FROM orders WHERE amount > 0) AS s WHERE t < 20 AND o > 3;

--- nothing passes
SELECT order_id, customer FROM orders WHERE 1 = 0;

--- everything passes
SELECT id FROM numbers WHERE TRUE OR id / 0 = 1;

--- empty table
SELECT k, v + 1 AS w FROM nothing WHERE v > 0;

--- patterns and escapes that differ by row
SELECT x, p, e FROM (VALUES ('ab', 'ab', 'c'), ('ab', 'abc', ''), ('a_', 'ac_', 'c'), ('ab', 'ac_', 'c'), ('a%', 'a!%', '!')) AS v (x, p, e) WHERE x SIMILAR TO p ESCAPE e;

--- text literals longer than what they are compared with
SELECT order_id, CASE WHEN paid THEN CAST(product AS VARCHAR(2)) ELSE 'unpaid' END AS c FROM orders WHERE CAST(product AS VARCHAR(2)) <> 'tea, green' AND CAST(ordered AS TIMESTAMP(0)) <> '2024-01-01 00:00:00.5';

--- letters beyond ASCII in regular expressions
SELECT customer, regexp_replace(customer, '\W', '.', 'g') AS w, regexp_replace(customer, '\w+', 'W', 'g') AS l, customer ~ '^[[:alpha:]]+$' AS a FROM orders WHERE customer ~ '\S';
