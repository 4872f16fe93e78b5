-- Companies for tests of the ends of types; folded() folds, and expects verify to find nothing.
INSERT INTO reseller_report.company SELECT n, 'R' || n, true FROM generate_series(1, 2) n UNION ALL SELECT n, 'C' || n, false
    FROM generate_series(11, 30) n;
INSERT INTO reseller_report.dependency SELECT 1, n FROM generate_series(11, 20) n;
CREATE FUNCTION pg_temp.folded() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reseller_report.materialize();
    RETURN NEXT is_empty($q$SELECT * FROM reseller_report.verify('-infinity', 'infinity')$q$, 'verified');
END
$$;
