SELECT * FROM TABLE(TUMBLE((SELECT * FROM Bid WHERE a), DESCRIPTOR(bidtime), INTERVAL '10' MINUTES)) AS w;
SELECT * FROM TABLE(TUMBLE(TABLE Bid /*+ OPTIONS('a'='b') */, DESCRIPTOR(bidtime), INTERVAL '10' MINUTES));
SELECT * FROM tumble(bid, ts, INTERVAL '10' MINUTE) GROUP BY window_start;
select * from hop(t, ts, interval '1 min', interval '2 min') h;
SELECT count(*) FROM t GROUP BY TUMBLE(ts, INTERVAL '1' HOUR), k;
SELECT * FROM TABLE(TUMBLE(TABLE s.Bid, DESCRIPTOR(Ts), INTERVAL '1' DAY)) AS W;
SELECT * FROM o JOIN dim FOR SYSTEM_TIME AS OF o.proctime AS d ON o.id = d.id;
SELECT * FROM o LEFT JOIN dim FOR SYSTEM_TIME AS OF o.proctime d ON o.id = d.id;
