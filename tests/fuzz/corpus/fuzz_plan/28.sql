SELECT user_id FROM ads ORDER BY user_id;
