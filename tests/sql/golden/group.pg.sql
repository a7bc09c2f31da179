--- doubles that are equal in value
SELECT z, count(*) AS n FROM (SELECT 0.0::double precision AS z FROM numbers) AS d GROUP BY z;
