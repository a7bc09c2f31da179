SELECT count(*) FROM TABLE(TUMBLE(TABLE ads, DESCRIPTOR(ts), INTERVAL '1' MONTH)) GROUP BY window_start, window_end;
