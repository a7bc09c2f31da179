CREATE TABLE raw (
    id BIGINT,
    millis BIGINT,
    seen AS TO_TIMESTAMP_LTZ(millis, 3),
    day_seen AS CAST(seen AS DATE),
    part INT METADATA FROM 'partition' VIRTUAL,
    stamp TIMESTAMP_LTZ(3) METADATA FROM 'timestamp',
    PRIMARY KEY (id) NOT ENFORCED,
    WATERMARK FOR seen AS seen - INTERVAL '1' MINUTE
) WITH ('connector' = 'x', 'topic' = 'a');
CREATE TABLE other (id BIGINT, millis BIGINT, seen AS TO_TIMESTAMP_LTZ(millis, 3), WATERMARK FOR seen AS seen) WITH ('connector' = 'x');

--- computed columns stand for their expression, metadata is read, both only when used
SELECT id, day_seen, part FROM raw;

--- a sink gets physical and writable metadata columns
INSERT INTO raw SELECT id, millis, seen FROM other;

--- like
CREATE TABLE copy (extra STRING) WITH ('topic' = 'b') LIKE raw (INCLUDING ALL);
SELECT extra, seen FROM copy WHERE part = 3;

--- create table as
CREATE TABLE made WITH ('connector' = 'y') AS SELECT id, count(*) AS n FROM raw GROUP BY id, TUMBLE(seen, INTERVAL '1' HOUR);

--- hints make another table
SELECT id FROM raw /*+ OPTIONS('topic' = 'c') */ UNION ALL SELECT id FROM raw UNION ALL SELECT id FROM raw;

--- statement set
BEGIN STATEMENT SET;
INSERT INTO raw (id) SELECT id FROM other WHERE id > 3;
INSERT INTO raw (id, millis) SELECT id, 3 FROM other;
END;

--- explain
EXPLAIN SELECT id FROM raw;

--- the event time survives a union, an alias and a view; sessions over two streams
CREATE VIEW both_streams AS SELECT id, seen, TRUE AS is_raw FROM raw UNION ALL SELECT id, seen, FALSE FROM other;
WITH named AS (SELECT id AS who, seen AS at, is_raw FROM both_streams)
SELECT who, window_start, count(*) FILTER (WHERE is_raw) AS n FROM TABLE(SESSION(TABLE named PARTITION BY who, DESCRIPTOR(at), INTERVAL '30' MINUTES)) GROUP BY who, window_start, window_end;

--- two windows over one source share it
SELECT window_end, count(*) FROM TABLE(TUMBLE(TABLE raw, DESCRIPTOR(seen), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end;
SELECT window_end, count(*) FROM TABLE(CUMULATE(TABLE raw, DESCRIPTOR(seen), INTERVAL '1' HOUR, INTERVAL '1' DAY)) WHERE id > 3 GROUP BY window_start, window_end;

--- names keep their case, quoted or not
CREATE VIEW v AS SELECT id AS "userId", millis AS `a b` FROM raw;
SELECT userId, "a b", USERID + 1 FROM v;

--- view with column names, replaced
CREATE VIEW v (x, y) AS SELECT id, millis FROM raw;
CREATE OR REPLACE VIEW v AS SELECT y, x FROM v WHERE x > 3;
SELECT * FROM v;

--- settings choose the parallelism
SET 'parallelism.default' = '1';
SELECT id, count(*) FROM raw GROUP BY id, TUMBLE(seen, INTERVAL '1' HOUR);

--- constants in conditions
SELECT id FROM raw WHERE 1 = 1 AND id > 2 + 3;

--- case, in, between, casts
SELECT CASE WHEN id IN (1, 2) THEN 'few' WHEN id BETWEEN 3 AND 5 THEN 'some' ELSE 'many' END, CASE id WHEN 1 THEN 1.5 ELSE 2 END, CAST(id AS STRING) || '!' FROM raw;
