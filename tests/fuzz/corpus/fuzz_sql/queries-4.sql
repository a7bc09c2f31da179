SELECT qualify.a FROM t qualify JOIN u qualify (x, y) ON TRUE;
SELECT qualify FROM t WHERE qualify = 1 AND qualify ORDER BY qualify DESC;
SELECT a FROM t MINUS SELECT b FROM u;
SELECT a FROM t MINUS ALL (SELECT b FROM u);
SELECT minus(1), a AS minus FROM t minus;
SELECT a, count(*) FROM t GROUP BY a EMIT CHANGES;
SELECT a, count(*) FROM t GROUP BY a EMIT ON WINDOW CLOSE;
SELECT count(*) AS Window FROM t ORDER BY 1 DESC EMIT ON WINDOW CLOSE;
