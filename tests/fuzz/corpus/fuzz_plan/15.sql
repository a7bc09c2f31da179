CREATE TABLE t (ts TIMESTAMP(3)) WITH ('bounded' = 'true');
SELECT count(*) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end;
