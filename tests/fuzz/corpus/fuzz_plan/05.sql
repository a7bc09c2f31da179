SELECT count(*) FROM few;
