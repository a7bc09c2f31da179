--- columns and star
SELECT * FROM orders;

--- expressions over columns
SELECT order_id, qty::BIGINT * 2 + 1 AS odd, -amount AS turned, amount * 3 AS triple, amount + qty AS more,
    price / 4 AS quarter, qty % 3 AS rest
FROM orders;

--- operators bind as in PostgreSQL
SELECT id, 2 + 3 * id AS a, -id + 10 AS b, NOT id = 3 AND id > 1 AS c, id - 1 - 1 AS d, 2 * id % 3 AS e,
    id > 2 OR id < 2 AND id = 9 AS f, 24 / id / 2 AS g
FROM numbers;

--- integer division and remainder truncate
SELECT id, medium / 7 AS q, medium % 7 AS r, large / 1000 AS lq, large % 1000 AS lr, small / 2 AS sq
FROM numbers;

--- decimals keep their scale
SELECT order_id, amount * amount AS squared, amount * 1.005 AS raised, amount - 0.001 AS less, 1.10 + 2.205 AS fixed,
    CAST(amount AS DECIMAL(12, 4)) AS wider, CAST(amount AS DECIMAL(12, 1)) AS rounded, round(amount, 1) AS round1
FROM orders;

--- decimal division
-- PostgreSQL chooses the digits by the value, the engine by the type: so both are cut to what both have.
SELECT order_id, CAST(amount / 3 AS DECIMAL(20, 8)) AS third, CAST(amount / 0.7 AS DECIMAL(20, 8)) AS more,
    CAST(1 / 3.0 AS DECIMAL(20, 16)) AS fixed
FROM orders WHERE amount IS NOT NULL;

--- exact numbers of 28 digits
SELECT id, exact + exact AS doubled, -exact AS turned, abs(exact) AS size, exact > 0 AS positive,
    round(exact, 3) AS rounded, floor(exact) AS low, ceil(exact) AS high, trunc(exact, 2) AS cut
FROM numbers;

--- CASE with and without operand
SELECT order_id,
    CASE product WHEN 'tea' THEN 1 WHEN 'mate' THEN 2 ELSE -1 END AS kind,
    CASE WHEN amount > 10 THEN 'large' WHEN amount > 0 THEN 'small' END AS size,
    CASE WHEN qty <> 0 THEN 100 / qty ELSE 0 END AS guarded
FROM orders;

--- COALESCE NULLIF GREATEST LEAST
SELECT order_id, COALESCE(customer, product, 'nobody') AS who, NULLIF(product, 'tea') AS not_tea,
    GREATEST(amount, 5.00, NULL) AS big, LEAST(qty, 3) AS little, COALESCE(amount, 0.00) AS zeroed,
    NULLIF(customer, '') AS named
FROM orders;

--- casts between numbers round half away and half to even
SELECT id, CAST(ratio AS INT) AS i, CAST(exact AS DECIMAL(38, 0)) AS d, CAST(CAST(ratio AS DECIMAL(5, 1)) AS INT) AS di,
    CAST(medium AS DOUBLE) AS f, CAST(large AS DECIMAL(20, 0)) AS wide, CAST(tiny AS BIGINT) AS wider
FROM numbers;

--- casts to and from text
SELECT order_id, CAST(amount AS STRING) AS a, CAST(qty AS STRING) AS q, CAST(price AS STRING) AS p,
    CAST(paid AS STRING) AS b, CAST(ordered AS STRING) AS o, CAST(day AS STRING) AS d,
    CAST(' 42 ' AS INT) AS n, CAST('-1.50' AS DECIMAL(5, 1)) AS m, CAST('yes' AS BOOLEAN) AS y,
    CAST('2024-02-29' AS DATE) AS leap
FROM orders;

--- text functions count characters
SELECT order_id, length(customer) AS chars, octet_length(customer) AS bytes, upper(customer) AS up,
    lower(customer) AS low, reverse(customer) AS back, substring(customer FROM 2 FOR 3) AS mid,
    left(customer, 2) AS l, right(customer, 2) AS r, position('a' IN customer) AS pos
FROM orders;

--- text functions that pad, trim, split and replace
SELECT order_id, lpad(product, 8, '*') AS lp, rpad(product, 3, 'x') AS rp, trim(both 'te' from product) AS t,
    replace(product, 'e', 'ee') AS rep, split_part(customer, ' ', 2) AS part, product || '/' || customer AS both,
    concat(product, '-', customer) AS cat, concat_ws('+', product, customer, 'z') AS ws, initcap(customer) AS cap,
    translate(product, 'abcdef', 'ABC') AS tr, repeat(product, 2) AS twice, strpos(product, 'e') AS e
FROM orders;

--- LIKE and ILIKE
SELECT order_id, customer LIKE '%a' AS ends_a, customer LIKE '_____' AS five, customer LIKE '100\%\_%' AS esc,
    customer LIKE 'a!_b' ESCAPE '!' AS esc2, customer ILIKE 'BJÖRN' AS nocase, customer NOT LIKE 'A%' AS not_a,
    customer LIKE '' AS empty, customer LIKE '%' AS anything
FROM orders;

--- regular expressions
SELECT order_id, customer ~ '^[A-Z]' AS upper_first, customer ~* 'RED' AS red, customer !~ 'a' AS no_a,
    regexp_replace(customer, '[aeiou]', '.', 'g') AS dots, regexp_replace(product, '(.)(.)', '\2\1') AS swapped,
    product SIMILAR TO '(tea|mate)' AS leaf, regexp_count(customer, 'a') AS n, regexp_substr(product, '[c-f]+') AS sub
FROM orders;

--- fields of dates and times
SELECT order_id, extract(year FROM ordered) AS y, extract(month FROM ordered) AS mo, extract(day FROM ordered) AS d,
    extract(hour FROM ordered) AS h, extract(minute FROM ordered) AS mi, extract(second FROM ordered) AS s,
    extract(dow FROM ordered) AS dow, extract(doy FROM ordered) AS doy, extract(week FROM ordered) AS w,
    extract(quarter FROM ordered) AS q, extract(epoch FROM ordered) AS e, extract(isoyear FROM day) AS iso
FROM orders;

--- date_trunc before and after 1970
SELECT order_id, date_trunc('second', ordered) AS s, date_trunc('hour', ordered) AS h, date_trunc('day', ordered) AS d,
    date_trunc('week', ordered) AS w, date_trunc('month', ordered) AS m, date_trunc('quarter', ordered) AS q,
    date_trunc('year', ordered) AS y, date_trunc('century', ordered) AS c
FROM orders;

--- moving dates and times
SELECT order_id, ordered + INTERVAL '1 month' AS month_on, ordered - INTERVAL '1 year 2 days 03:04:05' AS back,
    day + 1 AS tomorrow, day - DATE '2024-01-01' AS days, ordered - TIMESTAMP '2024-01-01 00:00:00' AS since,
    age(ordered, TIMESTAMP '2000-01-31 00:00:00') AS age, day + INTERVAL '1 hour' AS one
FROM orders;

--- texts of times
SELECT order_id, to_char(ordered, 'YYYY-MM-DD HH24:MI:SS.MS') AS iso, to_char(ordered, 'Dy DD Mon YY, HH12 AM') AS words,
    to_char(amount, '999999990.99') AS num, to_date('05/12/2023', 'DD/MM/YYYY') AS d,
    date_bin(INTERVAL '15 minutes', ordered, TIMESTAMP '2024-01-01 00:00:00') AS bin
FROM orders;

--- round floor ceil sign abs mod power
SELECT id, round(ratio) AS r, floor(ratio) AS f, ceil(ratio) AS c, trunc(ratio) AS t, sign(ratio) AS s, abs(medium::BIGINT) AS a,
    mod(medium, 5) AS m, power(ratio, 2) AS p, abs(exact) AS x
FROM numbers;

--- bits
SELECT id, medium & 6 AS a, medium | 8 AS o, medium # 5 AS x, ~medium AS n, large >> 3 AS r, id << 2 AS l
FROM numbers;

--- VALUES with names
SELECT a, b FROM (VALUES (1, 'x'), (2, NULL), (NULL, 'z')) AS t (a, b);

--- no table
SELECT 1 AS one, 'text' AS t, NULL::INT AS nothing, TRUE AND NULL AS unknown, 1.50 AS d, DATE '1969-12-31' AS day;
