SELECT user_id, count(*) AS n, sum(price) FROM ads GROUP BY user_id;
