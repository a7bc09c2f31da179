-- What every query of this folder may read.

CREATE TABLE orders (
    order_id BIGINT,
    customer STRING,
    product STRING,
    amount DECIMAL(10, 2),
    qty INT,
    price DOUBLE,
    paid BOOLEAN,
    ordered TIMESTAMP(3),
    day DATE
) WITH ('connector' = 'filesystem', 'path' = 'data/orders.csv', 'format' = 'csv', 'csv.header' = 'true');

CREATE TABLE numbers (
    id INT,
    tiny TINYINT,
    small SMALLINT,
    medium INT,
    large BIGINT,
    ratio DOUBLE,
    exact DECIMAL(38, 8)
) WITH ('connector' = 'filesystem', 'path' = 'data/numbers.csv', 'format' = 'csv', 'csv.header' = 'true');

CREATE TABLE nothing (
    k STRING,
    v BIGINT,
    ts TIMESTAMP(3),
    WATERMARK FOR ts AS ts
) WITH ('connector' = 'filesystem', 'path' = 'data/nothing.csv', 'format' = 'csv', 'csv.header' = 'true');

-- Out of order by less than an hour, so no row is late.
CREATE TABLE events (
    user_id BIGINT,
    kind STRING,
    val INT,
    ts TIMESTAMP(3),
    WATERMARK FOR ts AS ts - INTERVAL '1' HOUR
) WITH ('connector' = 'filesystem', 'path' = 'data/events.ndjson', 'format' = 'json');
