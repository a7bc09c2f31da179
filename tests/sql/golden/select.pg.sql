--- casts to and from text
SELECT order_id, amount::text AS a, qty::text AS q, price::text AS p,
    paid::text AS b, ordered::text AS o, day::text AS d,
    CAST(' 42 ' AS INT) AS n, CAST('-1.50' AS DECIMAL(5, 1)) AS m, CAST('yes' AS BOOLEAN) AS y,
    CAST('2024-02-29' AS DATE) AS leap
FROM orders;

--- casts between numbers round half away and half to even
SELECT id, CAST(ratio AS INT) AS i, CAST(exact AS DECIMAL(38, 0)) AS d, CAST(CAST(ratio AS DECIMAL(5, 1)) AS INT) AS di,
    CAST(medium AS double precision) AS f, CAST(large AS DECIMAL(20, 0)) AS wide, CAST(tiny AS BIGINT) AS wider
FROM numbers;
