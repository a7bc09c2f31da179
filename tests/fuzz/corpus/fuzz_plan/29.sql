SELECT * FROM ads JOIN few ON ads.ad_id = few.a;
