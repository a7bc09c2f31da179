-- Currency conversion, all columns.
CREATE TABLE result (
    auction BIGINT, bidder BIGINT, price DECIMAL(23, 3), channel STRING, url STRING, date_time TIMESTAMP(3),
    extra STRING
) WITH ('connector' = 'blackhole');

INSERT INTO result
SELECT auction, bidder, 0.908 * price, channel, url, date_time, extra FROM bid;
