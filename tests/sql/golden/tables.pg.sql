-- The tables of tables.sql in PostgreSQL, filled from the same files.
SET client_min_messages = warning;

CREATE TABLE orders (
    order_id bigint,
    customer text,
    product text,
    amount numeric(10, 2),
    qty int,
    price double precision,
    paid boolean,
    ordered timestamp(3),
    day date
);
\copy orders FROM 'data/orders.csv' CSV HEADER

CREATE TABLE numbers (
    id int,
    tiny smallint,
    small smallint,
    medium int,
    large bigint,
    ratio double precision,
    exact numeric(38, 8)
);
\copy numbers FROM 'data/numbers.csv' CSV HEADER

CREATE TABLE nothing (k text, v bigint, ts timestamp(3));

CREATE TABLE events (user_id bigint, kind text, val int, ts timestamp(3));
CREATE TABLE line (record json);
\copy line FROM 'data/events.ndjson' CSV QUOTE E'\x01' DELIMITER E'\x02'
INSERT INTO events SELECT (json_populate_record(NULL::events, record)).* FROM line;
