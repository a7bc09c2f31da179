SELECT note, count(*) FROM ads GROUP BY user_id;
