CREATE TABLE t (a AS b + 1, b AS 1) WITH ('connector' = 'x');
