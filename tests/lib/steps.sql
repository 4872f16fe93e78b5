-- Random usage, folded; and steps of DDL, after each of which the reasons for un-built days and the reports are looked at.
SELECT setseed(0.13) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(60); PERFORM reseller_report.materialize(); END $$;
CREATE FUNCTION pg_temp.step(command text, reason text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RETURN NEXT matches(coalesce(oracle.why(), 'nothing'), coalesce(reason, 'nothing'), command);
    RETURN NEXT oracle.agrees(command);
END
$$;
