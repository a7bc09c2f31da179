CREATE TABLE t (ts BIGINT, WATERMARK FOR ts AS ts - 5) WITH ('connector' = 'x');
