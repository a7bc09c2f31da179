SELECT `it's`, `a``b`, `x"y`, "q""r", '`', "`" FROM `1a`;
SELECT COUNT(*), Count(DISTINCT userId), s.MyFunc(a) FROM Kafka.Topic AS K;
SELECT value, Value, "Value", t.Value, x AS Name, y Name2 FROM t;
SELECT end, user, offset, limit, desc, check FROM t WHERE end > 1 AND t.order = 3 ORDER BY limit;
SELECT end, CASE WHEN end THEN end END FROM t;
SELECT Ab.Value AS "x y", F(Cd) e FROM `T t` AS Zz;
SELECT count(*), hop(interval '2 seconds', interval '10 seconds') as window, window.start FROM t GROUP BY window, k;
SELECT `window`.start, Window.end FROM t;
