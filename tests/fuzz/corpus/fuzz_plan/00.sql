SELECT user_id, price FROM ads WHERE ad_id > 3;
