--- aggregates of all rows
SELECT count(*) AS n, count(customer) AS c, count(DISTINCT customer) AS d, sum(amount) AS s, min(amount) AS lo,
    max(amount) AS hi, sum(qty) AS q, min(customer) AS first, max(customer) AS last, min(ordered) AS t0, max(day) AS d1,
    CAST(avg(amount) AS DECIMAL(20, 4)) AS mean
FROM orders;

--- one group per key, NULL is one of them
SELECT customer, count(*) AS n, count(amount) AS amounts, sum(amount) AS s, min(qty) AS lo, max(qty) AS hi
FROM orders GROUP BY customer;

--- keys of several columns
SELECT product, paid, count(*) AS n, sum(qty) AS q FROM orders GROUP BY product, paid;

--- key expressions, positions and aliases
SELECT extract(year FROM ordered) AS y, upper(product) AS p, count(*) AS n FROM orders GROUP BY 1, upper(product);

--- a key of decimals, dates and booleans
SELECT amount, day, paid, count(*) AS n FROM orders GROUP BY amount, day, paid;

--- averages
SELECT product, CAST(avg(qty) AS DECIMAL(20, 4)) AS q, CAST(avg(amount) AS DECIMAL(20, 4)) AS a,
    round(CAST(avg(price) AS DECIMAL(20, 4)), 4) AS p
FROM orders GROUP BY product;

--- sums of whole numbers become wider
SELECT sum(large) AS l, sum(medium) AS m, sum(small) AS s, sum(tiny) AS t, sum(exact) AS e, sum(ratio) AS r,
    avg(ratio) AS ar, min(large) AS lo, max(large) AS hi
FROM numbers;

--- DISTINCT aggregates
SELECT product, count(DISTINCT customer) AS c, sum(DISTINCT qty) AS q, count(DISTINCT amount) AS a,
    count(DISTINCT paid) AS p, CAST(avg(DISTINCT qty) AS DECIMAL(20, 4)) AS m, min(DISTINCT amount) AS lo
FROM orders GROUP BY product;

--- FILTER
SELECT product, count(*) FILTER (WHERE paid) AS paid, count(*) FILTER (WHERE NOT paid) AS unpaid,
    sum(amount) FILTER (WHERE amount > 5) AS large, max(customer) FILTER (WHERE qty = 1) AS who,
    count(DISTINCT customer) FILTER (WHERE qty > 1) AS several, min(qty) FILTER (WHERE FALSE) AS none
FROM orders GROUP BY product;

--- HAVING
SELECT product, count(*) AS n FROM orders GROUP BY product HAVING count(*) > 2 AND sum(amount) > 20;

--- HAVING on what is not selected
SELECT customer FROM orders GROUP BY customer HAVING max(qty) < 3;

--- aggregates in expressions
SELECT product, max(qty)::BIGINT - min(qty) AS spread, sum(amount) * 2 + count(*) AS mix,
    CASE WHEN count(*) > 3 THEN 'many' ELSE 'few' END AS how
FROM orders GROUP BY product;

--- aggregates of expressions
SELECT product, sum(amount * qty) AS turnover, sum(CASE WHEN paid THEN 1 ELSE 0 END) AS paid,
    max(length(customer)) AS longest, min(ordered + INTERVAL '1 day') AS next
FROM orders GROUP BY product;

--- no rows give one row
SELECT count(*) AS n, count(v) AS c, sum(v) AS s, min(k) AS lo, avg(v) AS a FROM nothing;

--- no rows give no groups
SELECT k, count(*) AS n FROM nothing GROUP BY k;

--- a filter that nothing passes gives one row
SELECT count(*) AS n, max(qty) AS m, count(DISTINCT customer) AS d FROM orders WHERE qty = 12345;

--- HAVING without groups
SELECT count(*) AS n FROM orders HAVING count(*) > 1000;

--- all values NULL
SELECT customer, sum(amount) AS s, max(amount) AS m, count(amount) AS c FROM orders WHERE amount IS NULL GROUP BY customer;

--- groups of groups
SELECT n, count(*) AS customers, sum(s) AS s
FROM (SELECT customer, count(*) AS n, sum(qty::BIGINT) AS s FROM orders GROUP BY customer) AS c GROUP BY n;

--- minimum and maximum over groups that change
SELECT min(n) AS lo, max(n) AS hi, min(s) AS slo, max(s) AS shi, count(DISTINCT n) AS sizes
FROM (SELECT product, count(*) AS n, sum(amount) AS s FROM orders GROUP BY product) AS p;

--- only keys
SELECT product FROM orders GROUP BY product;

--- DISTINCT
SELECT DISTINCT customer, product FROM orders;

--- DISTINCT of one column with NULL
SELECT DISTINCT paid FROM orders;

--- DISTINCT over groups
SELECT DISTINCT n FROM (SELECT customer, count(*) AS n FROM orders GROUP BY customer) AS c;

--- grouping a union
SELECT k, count(*) AS n, sum(v) AS s
FROM (SELECT product AS k, qty::BIGINT AS v FROM orders UNION ALL SELECT kind, val FROM events) AS u GROUP BY k;

--- texts that are equal but for their case or marks
SELECT customer, count(*) AS n FROM orders WHERE lower(customer) LIKE 'b%' GROUP BY customer;

--- doubles that are equal in value
SELECT z, count(*) AS n FROM (SELECT CASE WHEN id > 3 THEN 0.0::DOUBLE ELSE -0.0::DOUBLE END * 1 + 0 AS z FROM numbers) AS d
GROUP BY z;
