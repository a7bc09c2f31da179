SELECT count() FROM ads;
