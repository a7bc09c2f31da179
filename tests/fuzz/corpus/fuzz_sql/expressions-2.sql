SELECT INTERVAL '1 day 2 hours', INTERVAL '1' DAY - INTERVAL '1' HOUR, interval, interval.x FROM interval;
SELECT a == 1, a != 1, a IS JSON, a IS NOT JSON, NOT a IS JSON, a IS DISTINCT FROM b FROM t;
SELECT FLOOR(ts TO HOUR), CEIL(ts TO Month), FLOOR(a), CEILING(b), floor FROM t;
SELECT MAP['a', 1, 'b', 2], MAP['a', 1]['a'], MAP['a', MAP[1, 2]], map FROM t;
SELECT TIMESTAMPDIFF(SECOND, a, b), TIMESTAMPADD(DAY, 1, x), EXTRACT(DAY FROM ts), EXTRACT(Epoch FROM ts), EXTRACT('dow' FROM ts);
SELECT f(x)[1], ARRAY[1, 2][1], f(x).y, (a).b, g(f(x))[1].y[2], s.f(x)[1], (SELECT a)[1] FROM t;
SELECT a.b['c'].d[1], a[1][2:3] FROM a;
SELECT JSON_VALUE(x, '$.a'), JSON_VALUE(NULL, '$.a' RETURNING BIGINT DEFAULT a + 1 ON EMPTY ERROR ON ERROR), JSON_VALUE(x, p NULL ON EMPTY), JSON_VALUE(error, x IS NULL) FROM t;
