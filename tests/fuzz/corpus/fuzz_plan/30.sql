SELECT row_number() OVER (PARTITION BY user_id ORDER BY ts) FROM ads;
