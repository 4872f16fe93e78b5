-- create_partitions for one table says why it leaves that table alone; for all tables it says nothing. The NOTICE reaches only a
-- client, so a second psql shows it.
SELECT no_plan();
SET client_min_messages = error;
CREATE FUNCTION pg_temp.connected(name text, columns text, tail text, more text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I (company_id bigint, price_twin numeric(9,2), price_reseller numeric(9,2), billable boolean, '
        '%s) %s', name, columns, tail);
    EXECUTE more;
    EXECUTE format('SELECT reseller_report.attach_source(''bot'', %L, %L)', quote_ident(name),
        CASE WHEN columns LIKE '%timestamp without time zone%'
            THEN '{"occurred_at": {"column": "occurred_at", "time_zone": "UTC"}}' ELSE '{}' END);
END
$$;
SELECT pg_temp.connected(name, columns, tail, more) FROM (VALUES
    ('flat', 'occurred_at timestamptz', '', ''),
    ('listed', 'occurred_at timestamptz, kind text', 'PARTITION BY LIST (kind)',
        'CREATE TABLE listed_a PARTITION OF listed DEFAULT'),
    ('clocks', 'occurred_at timestamp without time zone', 'PARTITION BY RANGE (occurred_at)',
        'CREATE TABLE clocks_default PARTITION OF clocks DEFAULT'),
    ('nodefault', 'occurred_at timestamptz', 'PARTITION BY RANGE (occurred_at)',
        $$CREATE TABLE nodef_2024_01 PARTITION OF nodefault FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00')$$),
    ('weekly', 'occurred_at timestamptz', 'PARTITION BY RANGE (occurred_at)',
        $$CREATE TABLE weekly_default PARTITION OF weekly DEFAULT;
        CREATE TABLE weekly_2024_01 PARTITION OF weekly FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-01-08 00:00+00')$$),
    ('misnamed', 'occurred_at timestamptz', 'PARTITION BY RANGE (occurred_at)',
        $$CREATE TABLE misnamed_default PARTITION OF misnamed DEFAULT;
        CREATE TABLE misnamed_january PARTITION OF misnamed
            FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00')$$)) AS t (name, columns, tail, more) \g /dev/null
\set psql 'psql -X -q -A -t -d ' :DBNAME
\set call ' -c "SET client_min_messages = notice; SET datestyle = ''German, DMY''"'
\set call :call ' -c "SELECT reseller_report.create_partitions(''1 month'''
\set of :psql :call ', ''flat'')" 2>&1'
\set said `:of`
SELECT is(:'said'::text, E'NOTICE:  table public.flat was left alone: it is not partitioned\n'
    'HINT:  Partitions are made for tables partitioned by month UTC with a default partition, '
    'as reseller_report.create_usage_tables makes them.', 'not partitioned');
\set of :psql :call ', ''listed'')" 2>&1'
\set said `:of`
SELECT matches(:'said'::text, 'left alone: it is partitioned by LIST \(kind\), not by RANGE \(occurred_at\)', 'by another column');
\set of :psql :call ', ''clocks'')" 2>&1'
\set said `:of`
SELECT matches(:'said'::text, 'left alone: its column "occurred_at" has no time zone', 'by local time');
\set of :psql :call ', ''nodefault'')" 2>&1'
\set said `:of`
SELECT matches(:'said'::text, 'table public.nodefault was left alone: it has no default partition that is an ordinary table',
    'without a default partition');
\set of :psql :call ', ''weekly'')" 2>&1'
\set said `:of`
SELECT matches(:'said'::text,
    'left alone: partition "weekly_2024_01", from 2024-01-01 00:00:00\+00 to 2024-01-08 00:00:00\+00, is no month UTC', 'by week');
\set of :psql :call ', ''misnamed'')" 2>&1'
\set said `:of`
SELECT matches(:'said'::text, 'left alone: the name of partition "misnamed_january" does not end in its month, as _2024_01 does',
    'by month, with names of its own');
\set of :psql :call ', ''usage.bot_message'')" 2>&1'
\set said `:of`
SELECT is(:'said'::text, '', 'a table that has all it needs is not left alone');
\set of :psql :call ')" 2>&1'
\set said `:of`
SELECT is(:'said'::text, '', 'of all tables at once nothing is said');
SELECT * FROM finish();
