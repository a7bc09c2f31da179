INSERT INTO out2 SELECT count(*) FROM ads;
