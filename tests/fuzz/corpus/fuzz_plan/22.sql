INSERT INTO few (a, bb) SELECT 1, 'x';
