SELECT n FROM (SELECT upper(note) AS n FROM ads) WHERE n = 'X';
