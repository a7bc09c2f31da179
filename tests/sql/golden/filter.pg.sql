--- everything passes
SELECT id FROM numbers;
