--- INSERT and read back
SELECT order_id, customer, amount, ordered, paid FROM orders WHERE order_id < 15;

--- INSERT as JSON, columns by name, the others NULL
SELECT customer AS who, NULL AS n, price, day, NULL AS missing FROM orders;

--- several INSERTs are one job
SELECT order_id, CASE WHEN product = 'tea' THEN amount::text ELSE product END AS what FROM orders WHERE amount >= 0
UNION ALL SELECT 1000, NULL;
