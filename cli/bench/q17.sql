-- Auction statistics of each day: an updating result.
CREATE TABLE result (
    auction BIGINT, day STRING,
    total_bids BIGINT, rank1_bids BIGINT, rank2_bids BIGINT, rank3_bids BIGINT,
    min_price BIGINT, max_price BIGINT, avg_price DECIMAL(38, 6), sum_price DECIMAL(38, 0)
) WITH ('connector' = 'blackhole');

INSERT INTO result
SELECT
    auction,
    DATE_FORMAT(date_time, 'yyyy-MM-dd') AS day,
    COUNT(*),
    COUNT(*) FILTER (WHERE price < 10000),
    COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000),
    COUNT(*) FILTER (WHERE price >= 1000000),
    MIN(price),
    MAX(price),
    AVG(price),
    SUM(price)
FROM bid
GROUP BY auction, DATE_FORMAT(date_time, 'yyyy-MM-dd');
