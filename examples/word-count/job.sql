-- How often does each word occur? An un-windowed GROUP BY is an updating result: while rows come, each change
-- retracts the count before it (see it with --changelog and without ORDER BY); of bounded input the final
-- rows are printed.

CREATE TABLE words (
    word STRING
) WITH (
    'connector' = 'filesystem',
    'path' = 'data/words.csv',
    'format' = 'csv'
);

SELECT LOWER(word) AS word, COUNT(*) AS n
FROM words
GROUP BY LOWER(word)
ORDER BY n DESC, word
LIMIT 12;
