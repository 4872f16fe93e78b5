-- What EXPLAIN says of queries of the tables for tools.
CREATE FUNCTION oracle.plan(command text, options text DEFAULT 'COSTS OFF') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    plan text := '';
BEGIN
    FOR line IN EXECUTE format('EXPLAIN (%s) %s', options, replace(command, '@', 'reseller_report')) LOOP
        plan := plan || line || E'\n';
    END LOOP;
    RETURN plan;
END
$$;
CREATE FUNCTION oracle.groups_in_scan(command text) RETURNS boolean LANGUAGE sql AS $$
    SELECT oracle.plan(command) ~ 'Groups in the Scan by'
$$;
-- The summary rows that a query reads.
CREATE FUNCTION oracle.rows_read(command text) RETURNS bigint LANGUAGE sql AS $$
    SELECT sum(m[1]::bigint) FROM regexp_matches(oracle.plan(command, 'ANALYZE'), 'Summary Rows Read: (\d+)', 'g') m
$$;
-- pgTAP tests: the answer is that of SQL over raw rows, whether the scan groups or the executor; and whether the scan does.
CREATE FUNCTION oracle.same_groups(query text, in_scan boolean, label text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    IF in_scan IS NOT NULL THEN
        RETURN NEXT is(oracle.groups_in_scan(query), in_scan,
            format('%s: %s: %s', label, CASE WHEN in_scan THEN 'in the scan' ELSE 'in the executor' END, query));
    END IF;
    RETURN NEXT oracle.same_rows(query, label);
    PERFORM set_config('reseller_report.grouped_scans', 'off', true);
    RETURN NEXT oracle.same_rows(query, label || ', by the executor');
    PERFORM set_config('reseller_report.grouped_scans', 'on', true);
END
$$;
