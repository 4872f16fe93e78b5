-- Whatever a schema, table, partition, column, enum, label, condition or role is called, it is attached, read, folded, followed,
-- rebuilt, pruned and detached like any other, and no name is run as SQL.
SELECT no_plan();
SELECT setseed(0.41) \g /dev/null
SELECT random_usage.companies() \g /dev/null
CREATE SCHEMA names;
CREATE TABLE names.name (n int PRIMARY KEY, name text UNIQUE);
INSERT INTO names.name SELECT row_number() OVER () - 1, name FROM (VALUES
    ('it''s'), ('say "hi"'), ('a;b -- c'), (E'new\nline'), (E'tab\there'), ('back\slash\'), ('$$'), ('%s%I%L%%'), ('{"a": 1}'),
    (repeat('n', 63)), (repeat('n', 62) || 'm'), (repeat('я', 31) || 'x'), (repeat('e', 59) || '😀'), ('select'), ('source'),
    ('usage_day'), ('USER'), ('occurred_at '),
    (' company_id'), ('a.b'), ('null'), ('$1'), ('''); DROP TABLE names.name; --'), ('"); DROP TABLE names.name; --')) AS v (name);
CREATE FUNCTION names.at(n int) RETURNS name LANGUAGE sql AS $$
    SELECT name FROM names.name x WHERE x.n = at.n % (SELECT count(*) FROM names.name)
$$;
CREATE VIEW names.source AS SELECT n, format('%I.%I', names.at(n), names.at(n + 1)) AS relation FROM names.name;

-- A partitioned table for each name, with names all over it; the view says in plain SQL what its mapping means.
CREATE FUNCTION names.make(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    relation CONSTANT text := format('%I.%I', names.at(n), names.at(n + 1));
    type CONSTANT text := format('%I.%I', names.at(n), names.at(n + 3));
BEGIN
    EXECUTE format('CREATE SCHEMA %I', names.at(n));
    EXECUTE format('CREATE TYPE %s AS ENUM (%L, %L)', type, names.at(n + 4), names.at(n + 5));
    EXECUTE format('CREATE TABLE %s (%I bigint, %I timestamptz, %I %s, %I text, %I numeric(15,6), %I int) '
        'PARTITION BY RANGE (%3$I)', relation,
        names.at(n + 2), names.at(n + 3), names.at(n + 4), type, names.at(n + 5), names.at(n + 6), names.at(n + 7));
    EXECUTE format('CREATE TABLE %I.%I PARTITION OF %s DEFAULT', names.at(n), names.at(n + 2), relation);
    PERFORM reseller_report.attach_source('bot', relation, jsonb_build_object(
        'company_id', names.at(n + 2), 'occurred_at', jsonb_build_object('column', names.at(n + 3)),
        'billable', jsonb_build_object('column', names.at(n + 4), 'values',
            jsonb_build_object(names.at(n + 4), true, names.at(n + 5), false)),
        'price_twin', names.at(n + 6), 'price_reseller', jsonb_build_object('column', names.at(n + 7), 'unit', '0.01'),
        'only', jsonb_build_object(names.at(n + 5), jsonb_build_array(names.at(n + 8), names.at(n + 9), NULL))));
    RETURN format('SELECT %I AS company_id, %I AS occurred_at, %I = %L AS billable, coalesce(%I, 0) AS price_twin, coalesce(%I, '
        '0) * 0.01 AS price_reseller FROM %s WHERE %I IS NULL OR %8$I IN (%L, %L)',
        names.at(n + 2), names.at(n + 3), names.at(n + 4), names.at(n + 4), names.at(n + 6), names.at(n + 7), relation,
            names.at(n + 5), names.at(n + 8), names.at(n + 9));
END
$$;
CREATE FUNCTION names.differences() RETURNS TABLE (reseller bigint, period_from timestamptz, figures record) LANGUAGE plpgsql AS $$
DECLARE
    p record;
BEGIN
    FOR p IN SELECT r, v.* FROM generate_series(1, 3) r,
        (VALUES ('-infinity'::timestamptz, 'infinity'::timestamptz), ('2024-02-01 03:00+00', '2024-03-01 23:59:59+00'),
            ('2024-03-02 10:17+00', 'infinity')) AS v (f, t) LOOP
        RETURN QUERY WITH report AS MATERIALIZED (SELECT * FROM reseller_report.bot(p.r, p.f, p.t)),
            truth AS MATERIALIZED (SELECT * FROM oracle.bot(p.r, p.f, p.t, false) AS t (id bigint, n text, a bigint, b numeric,
                c numeric))
            SELECT p.r::bigint, p.f, x FROM (TABLE report EXCEPT ALL TABLE truth) AS x UNION ALL SELECT p.r::bigint, p.f, x
                FROM (TABLE truth EXCEPT ALL TABLE report) AS x;
    END LOOP;
END
$$;
CREATE FUNCTION names.agrees(label text) RETURNS text LANGUAGE sql AS $$
    SELECT is_empty('SELECT * FROM names.differences()', label)
$$;
CREATE FUNCTION names.write(rows int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    s record;
BEGIN
    FOR s IN SELECT * FROM names.source LOOP
        EXECUTE format('INSERT INTO %s SELECT 11 + random() * 29, random_usage.moment(), (ARRAY[%L, '
            '%L])[1 + floor(random() * 2)]::%I.%I, (ARRAY[%L, %L, %L, NULL])[1 + floor(random() * 4)],
            random_usage.price(), random() * 1000 FROM generate_series(1, $1)', s.relation, names.at(s.n + 4), names.at(s.n + 5),
            names.at(s.n), names.at(s.n + 3),
            names.at(s.n + 8), names.at(s.n + 9), names.at(s.n + 10)) USING rows;
    END LOOP;
END
$$;
SELECT reseller_report.detach_source('usage.bot_message') \g /dev/null
DROP TABLE usage.bot_message;
SELECT 'CREATE VIEW usage.bot_message AS ' || string_agg(names.make(n), ' UNION ALL ') FROM names.name \gexec
SELECT is((SELECT count(*) FROM reseller_report.sources()), 3 + (SELECT count(*) FROM names.name), 'every table is attached');
SELECT names.write(6) \g /dev/null
SELECT names.agrees('written');
CREATE FUNCTION pg_temp.fold_and_compare(label text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reseller_report.materialize();
    RETURN NEXT names.agrees(label || ', folded');
    RETURN NEXT is_empty($q$SELECT * FROM reseller_report.verify('-infinity', 'infinity')$q$, label || ', verified');
    RETURN NEXT is((SELECT unbuilt_sources FROM reseller_report.materializer_state), '{}', label || ', nothing un-built');
END
$$;
SELECT pg_temp.fold_and_compare('written');

-- Partitions, whose names are made from these.
SELECT is((SELECT count(DISTINCT source) FROM reseller_report.create_partitions('1 month') p
    JOIN names.source s ON s.relation::regclass = p.source), (SELECT count(*) FROM names.name), 'every table gets partitions');
SELECT is_empty('SELECT s.relation, c.relname FROM names.source s JOIN pg_inherits i ON i.inhparent = s.relation::regclass '
    'JOIN pg_class c ON c.oid = i.inhrelid
    WHERE c.relname <> names.at(s.n + 2) AND c.relname !~ ''_\d{4}_\d\d$''',
        'and each is named by its month, however long the table''s name');
SELECT names.write(4) \g /dev/null
SELECT pg_temp.fold_and_compare('partitions made');

-- Renames: labels, columns, partitions, tables and schemas, each to the next name but one that is free there.
SELECT format('ALTER TYPE %I.%I RENAME VALUE %L TO %L', names.at(n), names.at(n + 3), names.at(n + 5), names.at(n + 11))
    FROM names.name \gexec
SELECT is((SELECT count(*) FROM reseller_report.sources() WHERE NOT is_built), (SELECT count(*) FROM names.name),
    'renamed labels un-build every table');
SELECT format('ALTER TYPE %I.%I RENAME VALUE %L TO %L', names.at(n), names.at(n + 3), names.at(n + 11), names.at(n + 5))
    FROM names.name \gexec
SELECT format('CALL reseller_report.rebuild(%L)', relation) FROM names.source \gexec
SELECT format('ALTER TABLE %I.%I RENAME COLUMN %I TO %I', names.at(n), names.at(n + 1), names.at(n + k), names.at(n + k + 20))
    FROM names.name, unnest(ARRAY[3, 5]) AS k \gexec
SELECT format('ALTER TABLE %I.%I RENAME TO %I', names.at(n), names.at(n + 2), names.at(n + 12)) FROM names.name \gexec
SELECT names.write(4) \g /dev/null
SELECT pg_temp.fold_and_compare('columns and partitions renamed');
SELECT format('ALTER TABLE %I.%I RENAME TO %I', names.at(n), names.at(n + 1), names.at(n + 14)) FROM names.name \gexec
SELECT format('ALTER SCHEMA %I RENAME TO %I', names.at(n), 's' || n) FROM names.name \gexec
SELECT format('ALTER SCHEMA %I RENAME TO %I', 's' || n, names.at(n + 21)) FROM names.name \gexec
CREATE OR REPLACE VIEW names.source AS SELECT n, format('%I.%I', names.at(n + 21), names.at(n + 14)) AS relation FROM names.name;
SELECT pg_temp.fold_and_compare('tables and schemas renamed');

-- What DDL un-builds is named, and built again.
SELECT format('TRUNCATE %I.%I', names.at(n + 21), names.at(n + 12)) FROM names.name \gexec
SELECT set_eq('SELECT unbuilt_reasons FROM reseller_report.sources() WHERE NOT is_built',
    'SELECT format(''TRUNCATE of %I.%I'', names.at(n + 21), names.at(n + 12)) FROM names.name', 'truncated partitions are named');
SELECT format('CALL reseller_report.rebuild(%L)', relation) FROM names.source \gexec
SELECT pg_temp.fold_and_compare('rebuilt');
SELECT throws_ok(format('SELECT reseller_report.attach_source(''bot'', %L)', relation), '42703',
    format('table "%s.%s" has no column "company_id"', names.at(n + 21), names.at(n + 14)), 'refuse ' || relation)
        FROM names.source;

-- Pruned usage stays as it was.
CREATE TABLE names.before AS SELECT r.id, r.total_price_to_twin
    FROM reseller_report.bot(1, '2024-02-01 00:00+00', '2024-03-01 00:00+00') r;
SELECT is((SELECT count(DISTINCT p.source) FROM names.source s, reseller_report.prune(s.relation, '2024-03-01 00:00+00') p),
    (SELECT count(*) FROM names.name), 'every table is pruned');
SELECT bag_eq('SELECT id, total_price_to_twin FROM reseller_report.bot(1, ''2024-02-01 00:00+00'', ''2024-03-01 00:00+00'')',
    'TABLE names.before', 'and counts as it was');
SELECT lives_ok(format('SELECT reseller_report.detach_source(%L)', relation), 'detach ' || relation) FROM names.source;
SELECT is((SELECT sum(total_price_to_twin) FROM reseller_report.bot(1, '-infinity', 'infinity')), 0.0, 'nothing is left of them');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'reseller_report%'
    AND tgrelid::regclass::text !~ '^(usage|reseller_report)\.'), 0::bigint, 'no trigger either');

-- Roles.
CREATE FUNCTION pg_temp.answer(role name) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    BEGIN
        result := (SELECT count(*) FROM reseller_report.chat(1, '-infinity', 'infinity'));
    EXCEPTION WHEN insufficient_privilege THEN
        result := SQLERRM;
    END;
    RESET ROLE;
    RETURN result;
END
$$;
-- PostgreSQL 19 refuses a role whose name has a newline.
CREATE VIEW names.role AS
    SELECT * FROM names.name WHERE current_setting('server_version_num')::int < 190000 OR name !~ '[\n\r]';
SELECT format('CREATE ROLE %I', name) FROM names.role \gexec
SELECT reseller_report.grant_access(quote_ident(name)::regrole, 1) FROM names.role WHERE n % 2 = 0 \g /dev/null
SELECT is(pg_temp.answer(name::name), CASE n % 2 WHEN 0
    THEN (SELECT count(*)::text FROM oracle.companies(1, '-infinity', 'infinity')) ELSE 'permission denied for reseller 1' END,
        'role ' || name) FROM names.role;
SELECT reseller_report.revoke_access(quote_ident(name)::regrole, 1) FROM names.role \g /dev/null
SELECT is_empty('SELECT * FROM names.role WHERE pg_temp.answer(name::name) <> ''permission denied for reseller 1''',
    'and none after the revoke');
SELECT format('DROP ROLE %I', name) FROM names.role \gexec

-- Companies, and the schema of usage tables.
UPDATE reseller_report.company SET name = n.name FROM names.name n WHERE company_id = 12 + n.n;
UPDATE reseller_report.company SET name = repeat('я', 500000) WHERE company_id = 11;
SELECT bag_eq('SELECT id, name FROM reseller_report.chat(1, ''-infinity'', ''infinity'')',
    'SELECT * FROM oracle.companies(1, ''-infinity'', ''infinity'')', 'names of companies');
SELECT lives_ok(format('SELECT reseller_report.create_usage_tables(%L)', 'u' || left(name, 30)), 'usage tables in u'
    || left(name, 30)) FROM names.name WHERE n IN (0, 1, 3, 5, 7, 21);
SELECT lives_ok($$SELECT reseller_report.create_usage_tables(repeat('ё', 31))$$, 'usage tables in a schema of 62 bytes');
DROP VIEW usage.bot_message;

-- Texts that are cut end with a whole character, and a hint can be run as it is.
CREATE FUNCTION pg_temp.hint_of(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    EXECUTE command;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN convert_from(textsend(hint), 'UTF8');
END
$$;
CREATE TABLE labels (company_id int, occurred_at timestamptz, billable text, price_twin int, price_reseller int);
SELECT reseller_report.attach_source('bot', 'labels',
    jsonb_build_object('billable',
        jsonb_build_object('column', 'billable', 'values', jsonb_build_object(repeat('a', n) || repeat('😀', 250000), true)))),
    is(octet_length(pg_temp.hint_of('INSERT INTO labels VALUES (11, now(), ''x'', 1, 1)')) > 500, true,
        'a label of a megabyte, cut at a whole character'),
    reseller_report.detach_source('labels') FROM generate_series(0, 3) AS n \g |cut -s -d'|' -f2
CREATE TABLE "'); DROP SCHEMA names CASCADE; --" (LIKE labels) PARTITION BY RANGE (occurred_at);
CREATE TABLE names.part PARTITION OF "'); DROP SCHEMA names CASCADE; --"
    FOR VALUES FROM ('2020-01-01 00:00+00') TO ('2020-02-01 00:00+00');
INSERT INTO "'); DROP SCHEMA names CASCADE; --" VALUES (11, '2020-01-05', 'x', 1, 1);
SELECT reseller_report.attach_source('bot', '"''); DROP SCHEMA names CASCADE; --"', '{"billable": {"value": true}}') \g /dev/null
SELECT is(pg_temp.hint_of($$SELECT * FROM reseller_report.prune('"''); DROP SCHEMA names CASCADE; --"', '2020-02-01 00:00+00')$$),
    $$CALL reseller_report.rebuild('public."''); DROP SCHEMA names CASCADE; --"') first.$$, 'a name in a hint is quoted as in SQL');
SELECT * FROM finish();
