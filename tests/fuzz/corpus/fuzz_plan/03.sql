CREATE VIEW v AS SELECT user_id, upper(note) AS note FROM ads WHERE ad_id > 3;
SELECT note FROM v WHERE user_id > 1;
SELECT user_id FROM v;
