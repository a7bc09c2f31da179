SELECT sum(count(*)) FROM ads;
