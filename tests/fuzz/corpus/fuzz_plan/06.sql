SELECT user_id, count(*) FROM ads GROUP BY user_id HAVING user_id > 3;
