-- Pass through, all columns.
CREATE TABLE result (
    auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING, date_time TIMESTAMP(3), extra STRING
) WITH ('connector' = 'blackhole');

INSERT INTO result
SELECT auction, bidder, price, channel, url, date_time, extra FROM bid;
