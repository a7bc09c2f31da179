SELECT 1 FROM ads WHERE user_id;
