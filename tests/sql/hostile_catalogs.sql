-- Found by attack, one session: what a table is to the catalogs (a partition of a greater table, a child, of a type, frozen when it was
-- loaded, under triggers that are nearly ours), what a column is by its type, and DDL behind the horizon. Each case has a table of its own.
SELECT no_plan();
SET client_min_messages = error;
CREATE EXTENSION dblink;
SELECT format('host=%s port=%s dbname=%s user=%s', current_setting('unix_socket_directories'), current_setting('port'), current_database(), current_user)
    AS here \gset
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'R1', true), (2, 'R2', true), (11, 'C11', false), (12, 'C12', false);
INSERT INTO reseller_report.dependency VALUES (1, 11), (1, 12);

-- How a statement ends here; one that must end its transaction goes to a session of its own, below.
CREATE FUNCTION pg_temp.state(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RETURN '00000';
EXCEPTION WHEN query_canceled OR OTHERS THEN
    RETURN SQLSTATE;
END
$$;

\ir ../lib/bots.sql
CREATE FUNCTION pg_temp.rebuild(source regclass) RETURNS void LANGUAGE sql AS $$ SELECT reseller_report.rebuild_slice(source, '-infinity', 'infinity') $$;

-- A connected table, plain or with a partition for each month of early 2024 and a default one.
CREATE FUNCTION pg_temp.plain(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I (company_id bigint, occurred_at timestamptz NOT NULL, billable boolean DEFAULT true, price_twin numeric(15,6) DEFAULT 0,'
        ' price_reseller numeric(15,6) DEFAULT 0)', name);
    PERFORM reseller_report.attach_source('bot', name::regclass);
END
$$;
CREATE FUNCTION pg_temp.parted(name text, months text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month text;
BEGIN
    EXECUTE format('CREATE TABLE %I (company_id bigint, occurred_at timestamptz NOT NULL, billable boolean DEFAULT true, price_twin numeric(15,6) DEFAULT 0,'
        ' price_reseller numeric(15,6) DEFAULT 0) PARTITION BY RANGE (occurred_at)', name);
    EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', name || '_rest', name);
    FOREACH month IN ARRAY months LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', name || '_' || replace(month, '-', '_'), name,
            (month || '-01 00:00+00')::timestamptz, (month || '-01 00:00+00')::timestamptz + interval '1 month');
    END LOOP;
    PERFORM reseller_report.attach_source('bot', name::regclass);
END
$$;
CREATE FUNCTION pg_temp.gone(tables text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'DROP TABLE ' || tables || ' CASCADE';
    PERFORM reseller_report.materialize();
    UPDATE reseller_report.dependency SET reseller_id = 1 WHERE reseller_id <> 1;
END
$$;

-- A table of one's own becomes the first partition of a greater one: it is still what is connected.
SELECT pg_temp.plain('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
BEGIN;
CREATE TABLE bots_all (LIKE bots) PARTITION BY RANGE (occurred_at);
ALTER TABLE bots_all ATTACH PARTITION bots FOR VALUES FROM (MINVALUE) TO ('2024-04-01 00:00+00');
CREATE TABLE bots_later PARTITION OF bots_all DEFAULT;
INSERT INTO bots VALUES (12, '2024-03-05 10:07+00', true, 1, 2);
SELECT pg_temp.report('a connected table in the transaction that makes it a partition', 'bots');
COMMIT;
SELECT pg_temp.right('a connected table that became a partition', 'bots');
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
INSERT INTO bots_all VALUES (11, '2024-03-05 10:22+00', true, 100, 30), (11, '2024-05-05', true, 1000, 1000);
SELECT pg_temp.right('written to by its name and by the greater one''s', 'bots');
UPDATE bots_all SET occurred_at = '2024-06-01' WHERE price_twin = 100;
UPDATE bots_all SET occurred_at = '2024-03-05 10:22+00' WHERE price_twin = 1000;
SELECT pg_temp.right('rows that move out of it and into it', 'bots');
ALTER TABLE bots RENAME TO robots;
INSERT INTO robots VALUES (11, '2024-03-05 10:07+00', true, 7, 3);
SELECT is((SELECT array_agg(source) FROM reseller_report.sources() WHERE source = 'robots'::regclass), ARRAY['robots'::regclass], 'renamed, it is followed');
SELECT pg_temp.right('renamed', 'robots');
ALTER TABLE bots_all RENAME COLUMN price_twin TO cost;
INSERT INTO robots VALUES (11, '2024-03-05 10:07+00', true, 5, 3);
SELECT pg_temp.right('a column renamed through the greater table',
    '(SELECT company_id, occurred_at, billable, cost AS price_twin, price_reseller FROM robots)');
ALTER TABLE bots_all RENAME COLUMN price_reseller TO price_twin;
ALTER TABLE bots_all RENAME COLUMN cost TO price_reseller;
INSERT INTO robots VALUES (11, '2024-03-05 10:07+00', true, 5, 3);
SELECT pg_temp.right('two columns that swap names through it',
    '(SELECT company_id, occurred_at, billable, price_reseller AS price_twin, price_twin AS price_reseller FROM robots)');
ALTER TABLE bots_all RENAME COLUMN price_twin TO cost;
ALTER TABLE bots_all RENAME COLUMN price_reseller TO price_twin;
ALTER TABLE bots_all RENAME COLUMN cost TO price_reseller;
ALTER TABLE robots DISABLE TRIGGER reseller_report_capture;
INSERT INTO robots VALUES (11, '2024-03-05 10:07+00', true, 17, 3);
SELECT is(pg_temp.is_built('robots'), false, 'its capture off un-builds');
SELECT pg_temp.right('written while capture is off', 'robots');
ALTER TABLE robots ENABLE TRIGGER ALL;
SELECT pg_temp.rebuild('robots') \g /dev/null
SELECT is(pg_temp.is_built('robots'), true, 'and on again it is built');
INSERT INTO robots VALUES (11, '2024-03-05 10:07+00', true, 19, 3);
SELECT pg_temp.right('capture is on again, rebuilt', 'robots');
TRUNCATE bots_all;
SELECT is(pg_temp.is_built('robots'), false, 'TRUNCATE of the greater table un-builds');
SELECT pg_temp.right('TRUNCATE of the greater table', 'robots');
INSERT INTO robots VALUES (11, '2024-03-05 10:07+00', true, 19, 3);
SELECT pg_temp.rebuild('robots') \g /dev/null
ALTER TABLE bots_all ALTER COLUMN price_twin TYPE numeric(14,6) USING price_twin * 2;
SELECT pg_temp.right('rewritten through the greater table', 'robots');
SELECT pg_temp.rebuild('robots') \g /dev/null
ALTER TABLE robots DISABLE TRIGGER ALL;
ALTER TABLE robots RENAME TO bots;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 23, 3);
ALTER TABLE bots_all DETACH PARTITION bots;
SELECT is(pg_temp.is_built('bots'), false, 'renamed and detached with its triggers off it is un-built');
SELECT pg_temp.right('renamed and detached with its triggers off', 'bots');
SELECT is(pg_temp.state('SELECT reseller_report.detach_source(''bots'')'), '00000', 'and can be disconnected');
SELECT pg_temp.gone('bots, bots_all') \g /dev/null

-- A connected table with partitions becomes a partition of a greater one.
SELECT pg_temp.parted('bots', '{2024-03}') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3), (11, '2024-02-05', true, 1, 1);
BEGIN;
CREATE TABLE bots_all (LIKE bots) PARTITION BY LIST (billable);
ALTER TABLE bots_all ATTACH PARTITION bots FOR VALUES IN (true);
COMMIT;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 5, 3);
INSERT INTO bots_all VALUES (12, '2024-03-05 10:07+00', true, 6, 3);
SELECT pg_temp.right('a partitioned table that became a partition', 'bots');
CREATE TABLE bots_2024_01 PARTITION OF bots FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00');
INSERT INTO bots VALUES (11, '2024-01-05', true, 50, 30);
SELECT pg_temp.right('a partition made in it', 'bots');
SELECT is(pg_temp.is_built('bots'), true, 'un-builds nothing');
TRUNCATE bots_2024_01;
SELECT is(pg_temp.is_built('bots'), false, 'but is watched');
SELECT pg_temp.right('and truncated', 'bots');
SELECT pg_temp.rebuild('bots') \g /dev/null
ALTER TABLE bots_all RENAME COLUMN price_twin TO cost;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 5, 3);
SELECT pg_temp.right('a column of it renamed through the greater table',
    '(SELECT company_id, occurred_at, billable, cost AS price_twin, price_reseller FROM bots)');
ALTER TABLE bots_all RENAME COLUMN cost TO price_twin;
ALTER TABLE bots_all DETACH PARTITION bots;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 5, 3);
DROP TABLE bots_2024_03;
SELECT pg_temp.right('detached, and a partition dropped', 'bots');
SELECT pg_temp.gone('bots, bots_all') \g /dev/null

-- A parent by inheritance renames its children's columns, and swaps them.
SELECT pg_temp.plain('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right('before it has a parent', 'bots');
CREATE TABLE anything (price_twin numeric(15,6), price_reseller numeric(15,6));
ALTER TABLE bots INHERIT anything;
ALTER TABLE anything RENAME COLUMN price_twin TO cost;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right('a column renamed through a parent', '(SELECT company_id, occurred_at, billable, cost AS price_twin, price_reseller FROM bots)');
ALTER TABLE anything RENAME COLUMN price_reseller TO price_twin;
ALTER TABLE anything RENAME COLUMN cost TO price_reseller;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 1, 2);
SELECT pg_temp.right('and swapped', '(SELECT company_id, occurred_at, billable, price_reseller AS price_twin, price_twin AS price_reseller FROM bots)');
SELECT pg_temp.gone('anything, bots') \g /dev/null

-- A table of a type is renamed with its own type's attributes, and with no other's.
CREATE TYPE row_of_bots AS (company_id bigint, occurred_at timestamptz, billable boolean, price_twin numeric(15,6), price_reseller numeric(15,6));
CREATE TYPE unrelated AS (price_twin numeric(15,6));
CREATE TABLE bots OF row_of_bots;
SELECT reseller_report.attach_source('bot', 'bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
CREATE TEMP TABLE rules AS SELECT rules FROM reseller_report.source WHERE table_name = 'bots';
ALTER TYPE unrelated RENAME ATTRIBUTE price_twin TO price_reseller;
SELECT is((SELECT rules FROM reseller_report.source WHERE table_name = 'bots'), (SELECT rules FROM rules), 'an attribute of an unrelated type changes no rule');
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right('an attribute of an unrelated type', 'bots');
ALTER TYPE row_of_bots RENAME ATTRIBUTE price_twin TO cost CASCADE;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right('an attribute of its own type', '(SELECT company_id, occurred_at, billable, cost AS price_twin, price_reseller FROM bots)');
SELECT pg_temp.gone('bots') \g /dev/null
DROP TYPE row_of_bots, unrelated;

-- COPY ... FREEZE writes rows that every snapshot sees, and that do not say who wrote them.
SELECT pg_temp.parted('bots', '{}') \g /dev/null
BEGIN;
CREATE TABLE bots_2024_03 PARTITION OF bots FOR VALUES FROM ('2024-03-01 00:00+00') TO ('2024-04-01 00:00+00');
COPY bots_2024_03 FROM PROGRAM 'echo 11,2024-03-05 10:07+00,t,10,3' WITH (FREEZE, FORMAT csv);
SELECT pg_temp.report('rows frozen by this transaction', 'bots');
UPDATE reseller_report.dependency SET reseller_id = 2 WHERE company_id = 11;
SELECT pg_temp.report('rows frozen by this transaction, then a company moved', 'bots');
COMMIT;
SELECT pg_temp.right('rows frozen, then a company moved', 'bots');
BEGIN;
TRUNCATE bots_2024_03;
COPY bots_2024_03 FROM PROGRAM 'echo 11,2024-03-05 10:22+00,t,100,30' WITH (FREEZE, FORMAT csv);
UPDATE reseller_report.dependency SET reseller_id = 1 WHERE company_id = 11;
COMMIT;
SELECT pg_temp.right('truncated, rows frozen, then a company moved', 'bots');
SELECT dblink_connect('own', :'here') \g /dev/null
SELECT dblink_exec('own', 'BEGIN') \g /dev/null
SELECT dblink_exec('own', 'CREATE TABLE bots_2024_02 PARTITION OF bots FOR VALUES FROM (''2024-02-01 00:00+00'') TO (''2024-03-01 00:00+00'')') \g /dev/null
SELECT dblink_exec('own', 'COPY bots_2024_02 FROM PROGRAM ''echo 11,2024-02-05 10:07+00,t,10,3'' WITH (FREEZE, FORMAT csv)') \g /dev/null
SELECT ok(pg_temp.state('own', 'DO $x$ BEGIN PERFORM reseller_report.rebuild_slice(''bots'', ''2024-02-01 00:00+00'', ''2024-03-01 00:00+00''); END $x$')
    IN ('00000', '55000'), 'a rebuild of rows frozen by its transaction is exact or refused');
SELECT dblink_exec('own', 'COMMIT') \g /dev/null
SELECT pg_temp.right('a rebuild of rows frozen by its transaction', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null

-- Days that a transaction un-built itself are not rebuilt in it, whatever else it rebuilds.
SELECT pg_temp.parted('bots', '{2024-02}') \g /dev/null
INSERT INTO bots VALUES (11, '2024-02-05 10:07+00', true, 1, 0);
CREATE TABLE bots_2024_01 (LIKE bots INCLUDING DEFAULTS);
INSERT INTO bots_2024_01 VALUES (11, '2024-01-05 10:07+00', true, 1, 0);
ALTER TABLE bots ATTACH PARTITION bots_2024_01 FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00');
SELECT is(pg_temp.is_built('bots'), false, 'a month that came with rows');
CREATE TABLE bots_2024_03 (LIKE bots INCLUDING DEFAULTS);
INSERT INTO bots_2024_03 VALUES (11, '2024-03-05 10:07+00', true, 10, 0);
SELECT dblink_exec('own', 'BEGIN') \g /dev/null
SELECT dblink_exec('own', 'INSERT INTO bots_2024_03 VALUES (11, ''2024-03-05 10:22+00'', true, 100, 0)') \g /dev/null
SELECT dblink_exec('own', 'ALTER TABLE bots ATTACH PARTITION bots_2024_03 FOR VALUES FROM (''2024-03-01 00:00+00'') TO (''2024-04-01 00:00+00'')') \g /dev/null
SELECT is(pg_temp.state('own', 'DO $x$ BEGIN PERFORM reseller_report.rebuild_slice(''bots'', ''2024-01-01 00:00+00'', ''2024-02-01 00:00+00''); END $x$'),
    '00000', 'is rebuilt in a transaction that un-built another');
SELECT is(pg_temp.state('own', 'DO $x$ BEGIN PERFORM reseller_report.rebuild_slice(''bots'', ''2024-03-01 00:00+00'', ''2024-04-01 00:00+00''); END $x$'),
    '55000', 'which is refused there');
SELECT dblink_exec('own', 'ROLLBACK') \g /dev/null
SELECT pg_temp.right('after the refusal', 'bots');
BEGIN;
ALTER TABLE bots ATTACH PARTITION bots_2024_03 FOR VALUES FROM ('2024-03-01 00:00+00') TO ('2024-04-01 00:00+00');
SELECT reseller_report.rebuild_slice('bots', '2024-01-01 00:00+00', '2024-02-01 00:00+00') \g /dev/null
SELECT pg_temp.report('one month rebuilt while another is un-built', 'bots');
COMMIT;
SELECT pg_temp.right('one month rebuilt, another un-built', 'bots');
SELECT pg_temp.rebuild('bots') \g /dev/null
SELECT is(pg_temp.is_built('bots'), true, 'both are rebuilt in the end');
SELECT pg_temp.right('both rebuilt', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null

-- A session whose strings know escapes: its backslashes are not ours. The session is new, as plans outlive the setting.
SELECT pg_temp.parted('bots', '{2024-03}') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT reseller_report.materialize() \g /dev/null
CREATE FUNCTION pg_temp.escaping(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text;
BEGIN
    PERFORM dblink_connect('escaping', format('host=%s port=%s dbname=%s user=%s'
        ' options=''-c standard_conforming_strings=off -c escape_string_warning=off -c client_min_messages=error''',
        current_setting('unix_socket_directories'), current_setting('port'), current_database(), current_user));
    state := pg_temp.state('escaping', command);
    PERFORM dblink_disconnect('escaping');
    RETURN state;
END
$$;
SELECT is(pg_temp.escaping('CREATE TABLE bots_2024_04 PARTITION OF bots FOR VALUES FROM (''2024-04-01 00:00+00'') TO (''2024-05-01 00:00+00'')'), '00000',
    'with escapes in strings, CREATE TABLE ... PARTITION OF');
INSERT INTO bots VALUES (11, '2024-04-05', true, 10, 3);
SELECT pg_temp.right('a partition made with escapes in strings', 'bots');
SELECT is((SELECT array_agg(leaf_from ORDER BY leaf_from) FROM reseller_report.source_leaf WHERE table_name IN ('bots_2024_03', 'bots_2024_04')),
    ARRAY['2024-03-01 00:00+00', '2024-04-01 00:00+00']::timestamptz[], 'is known by its days');
SELECT is(pg_temp.escaping('ALTER TABLE bots DETACH PARTITION bots_2024_04'), '00000', 'DETACH');
SELECT pg_temp.right('a partition detached with escapes in strings', 'bots');
SELECT is(pg_temp.escaping('TRUNCATE bots_2024_03'), '00000', 'TRUNCATE');
SELECT is(pg_temp.is_built('bots'), false, 'is noticed');
SELECT pg_temp.right('a partition truncated with escapes in strings', 'bots');
SELECT is((SELECT array_agg(DISTINCT unbuilt_from) FROM reseller_report.source_unbuilt WHERE reason LIKE 'TRUNCATE%'), ARRAY['2024-03-01 00:00+00'::timestamptz],
    'and un-builds the days of the partition alone');
SELECT is(pg_temp.escaping('ALTER TABLE bots ADD COLUMN note text; ALTER TABLE bots RENAME COLUMN price_twin TO cost; ALTER TABLE bots RENAME TO robots'),
    '00000', 'ALTER TABLE');
INSERT INTO robots VALUES (11, '2024-03-05 10:07+00', true, 10, 3, 'x');
SELECT pg_temp.right('columns and a table renamed with escapes in strings',
    '(SELECT company_id, occurred_at, billable, cost AS price_twin, price_reseller FROM robots)');
SELECT pg_temp.gone('robots, bots_2024_04') \g /dev/null
CREATE TABLE "b\o'ts" (company_id bigint, occurred_at timestamp, kind text, cents integer);
SELECT is(pg_temp.escaping($y$DO $x$ BEGIN PERFORM reseller_report.attach_source('bot', '"b\\o''ts"',
    '{"occurred_at": {"column": "occurred_at", "time_zone": "+03:00"},
    "billable": {"column": "kind", "values": {"paid": true, "fr\\\\ee": false}}, "price_twin": {"column": "cents", "unit": "0.01"},
    "price_reseller": {"value": -1.5}}'); END $x$$y$), '00000', 'attach_source, with a backslash in the table''s name and in a value');
INSERT INTO "b\o'ts" VALUES (11, '2024-03-05 13:07', 'paid', 250), (11, '2024-03-05 13:22', 'fr\ee', 100);
SELECT $$(SELECT company_id, occurred_at AT TIME ZONE interval '03:00' AS occurred_at, kind = 'paid' AS billable, cents / 100.0 AS price_twin, -1.5 AS price_reseller
    FROM "b\o'ts")$$ AS backslashes \gset
SELECT pg_temp.right('a table connected with escapes in strings', :'backslashes');
SELECT is(pg_temp.escaping($$INSERT INTO "b\o'ts" VALUES (11, '2024-03-05 13:22', 'fr\\ee', 100);
    UPDATE reseller_report.dependency SET reseller_id = 2 WHERE company_id = 11$$), '00000', 'a company moved');
SELECT pg_temp.right('a company moved with escapes in strings', :'backslashes');
SELECT is(pg_temp.escaping($$TRUNCATE "b\o'ts"$$), '00000', 'its TRUNCATE');
SELECT pg_temp.right('its TRUNCATE with escapes in strings', :'backslashes');
SELECT pg_temp.gone('"b\o''ts"') \g /dev/null
SELECT is(pg_temp.escaping('DO $x$ BEGIN PERFORM reseller_report.create_usage_tables(''escaped''); END $x$'), '00000', 'create_usage_tables');
INSERT INTO escaped.bot_message (company_id, occurred_at, price_twin) VALUES (11, now(), 10);
SELECT pg_temp.right('tables made with escapes in strings', 'escaped.bot_message');
SELECT format('escaped.bot_message_%s', to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')) AS month \gset
DROP TABLE :month;
SELECT pg_temp.right('a month of theirs dropped', 'escaped.bot_message');
SELECT is((SELECT array_agg(DISTINCT unbuilt_from) FROM reseller_report.source_unbuilt WHERE reason LIKE '%dropped'),
    ARRAY[date_trunc('month', now(), 'UTC')], 'un-builds its days alone');
DROP SCHEMA escaped CASCADE;
SELECT reseller_report.materialize() \g /dev/null

-- A trigger that came with the table from another database speaks of another source.
CREATE TABLE bots (company_id bigint, occurred_at timestamptz, billable boolean, price_twin numeric(15,6), price_reseller numeric(15,6));
CREATE TRIGGER reseller_report_truncated BEFORE TRUNCATE ON bots FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._truncated('123');
ALTER TABLE bots ENABLE ALWAYS TRIGGER reseller_report_truncated;
SELECT is(pg_temp.state('SELECT reseller_report.attach_source(''bot'', ''bots'')'), '00000', 'a table with a TRUNCATE trigger of another database is connected');
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right('with a TRUNCATE trigger of another database', 'bots');
TRUNCATE bots;
SELECT is(pg_temp.is_built('bots'), false, 'its TRUNCATE is noticed');
SELECT pg_temp.right('truncated with a TRUNCATE trigger of another database', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null
SELECT pg_temp.parted('bots', '{}') \g /dev/null
CREATE TABLE bots_2024_03 (LIKE bots INCLUDING DEFAULTS);
CREATE TRIGGER reseller_report_truncated BEFORE TRUNCATE ON bots_2024_03 FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._truncated('123');
ALTER TABLE bots ATTACH PARTITION bots_2024_03 FOR VALUES FROM ('2024-03-01 00:00+00') TO ('2024-04-01 00:00+00');
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right('a partition with such a trigger', 'bots');
TRUNCATE bots_2024_03;
SELECT pg_temp.right('such a partition truncated', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null

-- A trigger of ours goes with an extension that it was made to depend on.
SELECT pg_temp.parted('bots', '{2024-03}') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT reseller_report.materialize() \g /dev/null
CREATE EXTENSION btree_gin;
ALTER TRIGGER reseller_report_truncated ON bots_2024_03 DEPENDS ON EXTENSION btree_gin;
DROP EXTENSION btree_gin;
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgrelid = 'bots_2024_03'::regclass AND tgname = 'reseller_report_truncated'),
    0::bigint, 'a trigger dropped with an extension');
SELECT is(pg_temp.is_built('bots'), false, 'un-builds');
TRUNCATE bots_2024_03;
SELECT pg_temp.right('truncated without a trigger', 'bots');
SELECT reseller_report.post_restore() \g /dev/null
SELECT pg_temp.rebuild('bots') \g /dev/null
CREATE EXTENSION btree_gin;
ALTER TRIGGER reseller_report_capture ON bots DEPENDS ON EXTENSION btree_gin;
DROP EXTENSION btree_gin;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT is(pg_temp.is_built('bots'), false, 'capture dropped with an extension un-builds');
SELECT pg_temp.right('written without capture', 'bots');
SELECT reseller_report.post_restore() \g /dev/null
SELECT pg_temp.rebuild('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT is(pg_temp.is_built('bots'), true, 'until post_restore brings it back');
SELECT pg_temp.right('captured again', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null

-- Capture that is put off to the end of the transaction is not capture: reports inside it would not know.
SELECT pg_temp.plain('bots') \g /dev/null
SELECT id FROM reseller_report.source WHERE table_name = 'bots' \gset
DROP TRIGGER reseller_report_capture ON bots;
CREATE CONSTRAINT TRIGGER reseller_report_capture AFTER INSERT OR UPDATE OR DELETE ON bots DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION reseller_report._capture(:'id');
ALTER TABLE bots ENABLE ALWAYS TRIGGER reseller_report_capture;
SELECT is(pg_temp.state('SELECT reseller_report.rebuild_slice(''bots'', ''-infinity'', ''infinity'')'), '55000', 'a deferrable capture trigger is not trusted');
SELECT is(pg_temp.is_built('bots'), false, 'the table stays un-built');
BEGIN;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.report('inside a transaction whose capture is deferred', 'bots');
COMMIT;
SELECT pg_temp.right('after a transaction whose capture was deferred', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null

-- A fold sets a key aside, as its sum leaves 64 bits, and the company moves in the same transaction.
CREATE TABLE calls (id bigint, company_id bigint, occurred_at timestamptz, direction text, duration_seconds bigint,
    price_twin numeric(15,6), price_reseller numeric(15,6));
SELECT reseller_report.attach_source('telephony', 'calls') \g /dev/null
INSERT INTO calls SELECT n, 11, '2024-03-05 10:00+00'::timestamptz + n * interval '1 minute', 'outgoing', 999999999999999, 1, 0 FROM generate_series(1, 9000) n;
SELECT reseller_report.materialize(1000000) \g /dev/null
INSERT INTO calls SELECT n, 11, '2024-03-05 10:00+00'::timestamptz + n * interval '1 minute', 'outgoing', 999999999999999, 1, 0 FROM generate_series(1, 900) n;
BEGIN;
SELECT reseller_report.materialize(1000000) \g /dev/null
SELECT is((SELECT count(*) > 0 FROM reseller_report.usage_delta WHERE set_aside), true, 'a key is set aside');
UPDATE reseller_report.dependency SET reseller_id = 2 WHERE company_id = 11;
COMMIT;
CREATE FUNCTION pg_temp.calls(label text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT is((SELECT array_agg((r, t.id, t.calls, t.total_duration_seconds, t.total_price_to_twin)::text ORDER BY r, t.id)
        FROM (VALUES (1), (2)) AS reseller (r), reseller_report.telephony_outgoing(r, '-infinity', 'infinity') t WHERE t.calls <> 0),
        (SELECT array_agg((r, id, n, seconds, price)::text) FROM (SELECT d.reseller_id, c.company_id, count(*), sum(duration_seconds)::bigint, sum(price_twin)
            FROM calls c JOIN reseller_report.dependency d USING (company_id) GROUP BY 1, 2) AS s (r, id, n, seconds, price)), label)
    UNION ALL SELECT pg_temp.clean(label)
$$;
SELECT is(pg_temp.state('SELECT reseller_report.telephony_outgoing(2, ''-infinity'', ''infinity'')'),
    '22003', 'its company moved, the sum is too much for its new reseller');
SELECT is((SELECT sum(calls) FROM reseller_report.telephony_outgoing(1, '-infinity', 'infinity')), 0::numeric, 'and nothing of it is left with the old one');
DELETE FROM calls WHERE id > 500;
SELECT pg_temp.calls('a key that was set aside, and moved');
SELECT reseller_report.materialize(1000000) \g /dev/null
SELECT pg_temp.calls('and folded');
UPDATE reseller_report.dependency SET reseller_id = 1 WHERE company_id = 11;
SELECT pg_temp.calls('and moved back');
SELECT pg_temp.gone('calls') \g /dev/null

-- What a transaction captured of a source that it disconnects is nobody's.
SELECT pg_temp.plain('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT reseller_report.materialize() \g /dev/null
BEGIN;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT reseller_report.detach_source('bots') \g /dev/null
SELECT pg_temp.report('disconnected after a write', '(TABLE usage.bot_message)');
COMMIT;
SELECT pg_temp.right('disconnected in the transaction of a write', '(TABLE usage.bot_message)');
SELECT is_empty('SELECT * FROM reseller_report.usage_delta d WHERE NOT EXISTS (SELECT FROM reseller_report.source s WHERE s.id = d.source)',
    'no change of an unknown source is left after a fold');
BEGIN;
SELECT reseller_report.attach_source('bot', 'bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT reseller_report.detach_source('bots') \g /dev/null
SELECT reseller_report.attach_source('bot', 'bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
COMMIT;
SELECT pg_temp.right('connected, disconnected and connected again in one transaction of writes', 'bots');
SELECT is_empty('SELECT * FROM reseller_report.usage_delta d WHERE NOT EXISTS (SELECT FROM reseller_report.source s WHERE s.id = d.source)', 'nor then');
SELECT pg_temp.gone('bots') \g /dev/null

-- What attach_source takes and refuses.
CREATE TABLE raw (id bigint, company_id bigint, occurred_at timestamptz, flag boolean, small smallint, n integer, big bigint, word text,
    price_twin numeric(15,6), price_reseller numeric(15,6));
CREATE FUNCTION pg_temp.refused(service text, columns text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    PERFORM reseller_report.attach_source(service, 'raw', columns::jsonb);
    PERFORM reseller_report.detach_source('raw');
    RETURN 'attached';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || CASE WHEN hint IN ('', 'It can hold .') THEN ' without a hint' ELSE '' END;
END
$$;
SELECT is(pg_temp.refused(service, columns), state, service || ' ' || columns) FROM (VALUES
    ('text_messaging', '{"channel": "flag", "delivered": "flag"}', '42804'),
    ('text_messaging', '{"channel": {"column": "flag"}, "delivered": "flag"}', '42804'),
    ('text_messaging', '{"channel": "n", "delivered": "flag"}', '42804'),
    ('text_messaging', '{"channel": "small", "delivered": "flag"}', '42804'),
    ('text_messaging', '{"channel": "big", "delivered": "flag"}', '42804'),
    ('text_messaging', '{"channel": "word", "delivered": "flag"}', 'attached'),
    ('text_messaging', '{"channel": {"column": "flag", "values": {"true": "sms", "false": "email"}}, "delivered": "flag"}', 'attached'),
    ('text_messaging', '{"channel": {"column": "n", "values": {"1": "sms", "-2147483648": "email"}}, "delivered": "flag"}', 'attached'),
    ('text_messaging', '{"channel": {"column": "n", "values": {"2147483648": "sms"}}, "delivered": "flag"}', '22023'),
    ('text_messaging', '{"channel": {"column": "small", "values": {"32767": "sms"}}, "delivered": "flag"}', 'attached'),
    ('text_messaging', '{"channel": {"column": "small", "values": {"32768": "sms"}}, "delivered": "flag"}', '22023'),
    ('text_messaging', '{"channel": {"column": "big", "values": {"1000000000000000000": "sms", "-9223372036854775808": "email"}}, "delivered": "flag"}', 'attached'),
    ('text_messaging', '{"channel": {"column": "big", "values": {"9223372036854775808": "sms"}}, "delivered": "flag"}', '22023'),
    ('text_messaging', '{"channel": {"column": "flag", "values": {"yes": "sms"}}, "delivered": "flag"}', '22023'),
    ('chat', '{"sender": "flag", "via_alice": "flag"}', '42804'),
    ('chat', '{"sender": "n", "via_alice": "flag"}', '42804'),
    ('chat', '{"sender": {"column": "n", "values": {"1": "bot"}}, "via_alice": "flag"}', 'attached'),
    ('telephony', '{"direction": "flag", "duration_seconds": "n"}', '42804'),
    ('telephony', '{"direction": "n", "duration_seconds": "n"}', '42804'),
    ('telephony', '{"direction": {"column": "flag", "values": {"true": "outgoing", "false": "incoming"}}, "duration_seconds": "n"}', 'attached'),
    ('bot', '{"billable": "flag"}', 'attached'),
    ('bot', '{"billable": "flag", "id": "id"}', 'attached'),
    ('bot', '{"billable": "flag", "id": "key"}', '42703')) AS bad (service, columns, state);
SELECT reseller_report.attach_source('text_messaging', 'raw',
    '{"id": "id", "channel": {"column": "big", "values": {"1000000000000000000": "sms", "-9223372036854775808": "email"}}, "delivered": "flag"}') \g /dev/null
INSERT INTO raw (company_id, occurred_at, flag, big, price_twin)
    VALUES (11, '2024-03-05 10:07+00', true, 1000000000000000000, 5), (11, '2024-03-05 10:07+00', true, -9223372036854775808, 7);
SELECT results_eq('SELECT delivered_sms, price_sms, sent_email, price_email FROM reseller_report.text_messaging(1, ''-infinity'', ''infinity'') WHERE id = 11',
    'VALUES (1::bigint, 5.0, 1::bigint, 7.0)', 'labels of 19 digits count as they say');
SELECT pg_temp.clean('labels of 19 digits');
SELECT pg_temp.gone('raw') \g /dev/null
SELECT throws_ok(call, '22004', NULL, call) FROM (VALUES ('CALL reseller_report.rebuild(NULL)'), ('SELECT * FROM reseller_report.rebuild_slices(NULL)'),
    ('SELECT * FROM reseller_report.prunable(NULL, now())')) AS v (call);

-- What an index merely carries along does not serve. The WARNING reaches only a client: a second psql tells.
CREATE TABLE indexed (company_id bigint, occurred_at timestamptz, billable boolean, price_twin numeric(15,6), price_reseller numeric(15,6));
CREATE INDEX ON indexed (occurred_at);
CREATE INDEX indexed_included ON indexed (company_id) INCLUDE (occurred_at);
\set attach 'psql -X -q -A -t -d ' :DBNAME ' -c "SET client_min_messages = warning; SELECT reseller_report.attach_source(''bot'', ''indexed'')" 2>&1'
\set warning `:attach`
SELECT matches(:'warning'::text, 'has no index that serves \(company_id, occurred_at\)', 'a column in INCLUDE does not make an index of it');
SELECT reseller_report.detach_source('indexed') \g /dev/null
DROP INDEX indexed_included;
CREATE INDEX ON indexed (company_id, occurred_at) INCLUDE (billable);
\set warning `:attach`
SELECT is(:'warning'::text, '', 'one that carries a third along does serve');
SELECT pg_temp.gone('indexed') \g /dev/null

-- Columns that get another type. A clock's times that become moments stay the moments they were, and new rows need no zone any more.
CREATE TABLE bots (company_id integer, at timestamp, billable boolean, price_twin integer, price_reseller integer);
SELECT reseller_report.attach_source('bot', 'bots', '{"occurred_at": {"column": "at", "time_zone": "+03:00"}}') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 13:07', true, 1, 2);
\set clock '(SELECT company_id, at AT TIME ZONE interval \'03:00\' AS occurred_at, billable, price_twin, price_reseller FROM bots)'
\set moments '(SELECT company_id, at AS occurred_at, billable, price_twin, price_reseller FROM bots)'
SELECT pg_temp.right('times of a clock', :'clock');
ALTER TABLE bots ALTER at TYPE timestamptz USING at AT TIME ZONE interval '+03:00';
SELECT pg_temp.right('times of a clock that became moments', :'moments');
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 20);
SELECT pg_temp.right('and a new row', :'moments');
SELECT pg_temp.rebuild('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:22+00', true, 100, 200);
UPDATE bots SET price_twin = price_twin + 1;
SELECT pg_temp.right('and rebuilt', :'moments');
SELECT pg_temp.gone('bots') \g /dev/null
-- Moments that become times of a clock say no more which.
SELECT pg_temp.plain('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 1, 2);
SELECT reseller_report.materialize() \g /dev/null
SET timezone = 'Europe/Moscow';
ALTER TABLE bots ALTER occurred_at TYPE timestamp;
RESET timezone;
SELECT is(pg_temp.state('SELECT reseller_report.bot(1, ''2024-03-01'', ''2024-04-01'')'), '55000', 'moments that became times of a clock: no report');
SELECT is(pg_temp.state('INSERT INTO bots VALUES (11, ''2024-03-05 13:07'', true, 10, 20)'), '00000', 'but writes go on');
SELECT is(pg_temp.state('SELECT reseller_report.bot(1, ''2024-03-01'', ''2024-04-01'')'), '55000', 'nor with what was written since');
SELECT isnt(pg_temp.state('SELECT reseller_report.rebuild_slice(''bots'', ''-infinity'', ''infinity'')'), '00000', 'nor is it rebuilt');
ALTER TABLE bots ALTER occurred_at TYPE timestamptz USING occurred_at AT TIME ZONE interval '03:00';
SELECT pg_temp.right('until they are moments again', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null
-- The words of delivery mean nothing in a boolean.
CREATE TABLE texts (company_id integer, occurred_at timestamptz, channel text, status text, price_twin integer, price_reseller integer);
SELECT reseller_report.attach_source('text_messaging', 'texts', '{"delivered": "status", "delivered_values": ["delivered"]}') \g /dev/null
INSERT INTO texts VALUES (11, '2024-03-05 10:07+00', 'sms', 'delivered', 1, 0), (11, '2024-03-05 10:07+00', 'sms', 'sent', 1, 0),
    (11, '2024-03-05 10:07+00', 'sms', 'failed', 1, 0);
SELECT is((SELECT delivered_sms FROM reseller_report.text_messaging(1, '2024-03-01', '2024-04-01') WHERE id = 11), 1::bigint, 'words of delivery');
ALTER TABLE texts ALTER status TYPE boolean USING status = 'delivered';
SELECT is(pg_temp.state('SELECT reseller_report.text_messaging(1, ''2024-03-01'', ''2024-04-01'')'), '55000', 'that became a boolean: no report');
ALTER TABLE texts ALTER status TYPE text USING CASE WHEN status THEN 'delivered' ELSE 'sent' END;
SELECT is((SELECT delivered_sms FROM reseller_report.text_messaging(1, '2024-03-01', '2024-04-01') WHERE id = 11), 1::bigint, 'until there are words again');
SELECT pg_temp.gone('texts') \g /dev/null

-- Behind the horizon the figures are those that were pruned and the rows that are there now, whatever brought these or took them away.
SELECT pg_temp.parted('bots', '{2024-01,2024-02,2024-03}') \g /dev/null
INSERT INTO bots SELECT 11 + n % 2, '2024-01-01 00:07+00'::timestamptz + n * interval '7 hours', n % 3 > 0, n, n * 2 FROM generate_series(0, 250) n;
CREATE TABLE archived AS SELECT * FROM bots WHERE occurred_at < '2024-03-01 00:00+00';
SELECT reseller_report.materialize() \g /dev/null
SELECT results_eq('SELECT period_to FROM reseller_report.prune(''bots'', ''2024-03-01 00:00+00'') ORDER BY 1',
    'VALUES (timestamptz ''2024-02-01 00:00+00''), (''2024-03-01 00:00+00'')', 'two months are pruned');
\set kept '(TABLE archived UNION ALL TABLE bots)'
CREATE FUNCTION pg_temp.late() RETURNS void LANGUAGE sql AS $$
    INSERT INTO bots SELECT 11 + n % 2, m + n * interval '11 minutes', true, 1000 * n, n FROM generate_series(1, 3) n,
        (VALUES (timestamptz '2024-01-10 10:07+00'), ('2024-02-10 10:07+00'), ('2024-03-05 10:07+00')) AS month (m)
$$;
CREATE FUNCTION pg_temp.late_of(company bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO bots SELECT company, '2024-02-11 10:07+00'::timestamptz + n * interval '11 minutes', true, 1000 * n, n FROM generate_series(1, 3) n
$$;
CREATE FUNCTION pg_temp.february() RETURNS void LANGUAGE sql AS $$
    CREATE TABLE bots_2024_02 PARTITION OF bots FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00')
$$;
SELECT pg_temp.february() \g /dev/null
SELECT pg_temp.late() \g /dev/null
SELECT pg_temp.report('late rows', :'kept');
BEGIN;
TRUNCATE bots;
SELECT pg_temp.report('the whole table truncated, late rows and all', :'kept');
ROLLBACK;
SELECT pg_temp.right('rolled back', :'kept');
SELECT pg_temp.late() \g /dev/null
BEGIN;
SELECT pg_temp.late() \g /dev/null
SAVEPOINT a;
TRUNCATE bots;
SELECT pg_temp.report('truncated in a savepoint after late rows of the transaction', :'kept');
ROLLBACK TO a;
SELECT pg_temp.report('the savepoint rolled back', :'kept');
TRUNCATE bots;
SELECT pg_temp.report('truncated after late rows of the transaction', :'kept');
SELECT pg_temp.late() \g /dev/null
SELECT pg_temp.report('and more rows', :'kept');
COMMIT;
SELECT pg_temp.right('the whole table truncated, and late rows', :'kept');
TRUNCATE bots;
SELECT pg_temp.right('the whole table truncated', :'kept');

SELECT pg_temp.late() \g /dev/null
BEGIN;
TRUNCATE bots_2024_02;
SELECT pg_temp.report('a partition truncated', :'kept');
ROLLBACK;
SELECT pg_temp.right('its TRUNCATE rolled back', :'kept');
SELECT pg_temp.late() \g /dev/null
TRUNCATE bots_2024_02;
SELECT pg_temp.right('a partition truncated', :'kept');
TRUNCATE bots_rest;
SELECT pg_temp.right('the default partition truncated', :'kept');

SELECT pg_temp.late() \g /dev/null
BEGIN;
ALTER TABLE bots DETACH PARTITION bots_2024_02;
SELECT pg_temp.report('a partition detached', :'kept');
ROLLBACK;
SELECT pg_temp.right('its DETACH rolled back', :'kept');
SELECT pg_temp.late() \g /dev/null
ALTER TABLE bots DETACH PARTITION bots_2024_02;
SELECT pg_temp.right('a partition detached', :'kept');
DELETE FROM bots_2024_02 WHERE company_id = 11;
SELECT pg_temp.right('what was detached is nobody''s', :'kept');

BEGIN;
ALTER TABLE bots ATTACH PARTITION bots_2024_02 FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00');
SELECT pg_temp.report('a partition attached with rows', :'kept');
UPDATE bots SET price_twin = price_twin + 1 WHERE occurred_at < '2024-03-01 00:00+00';
DELETE FROM bots WHERE occurred_at = (SELECT min(occurred_at) FROM bots_2024_02);
SELECT pg_temp.report('some of which are changed and deleted', :'kept');
ROLLBACK;
SELECT pg_temp.right('its ATTACH rolled back', :'kept');
ALTER TABLE bots ATTACH PARTITION bots_2024_02 FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00');
SELECT pg_temp.right('a partition attached with rows', :'kept');
DELETE FROM bots WHERE occurred_at = (SELECT min(occurred_at) FROM bots_2024_02);
SELECT pg_temp.right('some of which are deleted', :'kept');
SELECT pg_temp.rebuild('bots') \g /dev/null
SELECT pg_temp.right('and rebuilt', :'kept');

SELECT pg_temp.late() \g /dev/null
BEGIN;
DROP TABLE bots_2024_02;
SELECT pg_temp.report('a partition dropped', :'kept');
ROLLBACK;
SELECT pg_temp.right('its DROP rolled back', :'kept');
SELECT pg_temp.late() \g /dev/null
UPDATE reseller_report.dependency SET reseller_id = 2 WHERE company_id = 12;
DROP TABLE bots_2024_02;
SELECT pg_temp.right('a partition dropped after a company moved', :'kept');
SELECT pg_temp.february() \g /dev/null
BEGIN;
SELECT pg_temp.late() \g /dev/null
UPDATE reseller_report.dependency SET reseller_id = 3 - reseller_id;
DROP TABLE bots_2024_02;
SELECT pg_temp.report('a partition dropped in the transaction of late rows and moves', :'kept');
UPDATE reseller_report.dependency SET reseller_id = 3 - reseller_id;
SELECT pg_temp.report('and moves after it', :'kept');
COMMIT;
SELECT pg_temp.right('late rows, moves and a DROP in one transaction', :'kept');
DELETE FROM bots WHERE occurred_at < '2024-03-01 00:00+00';
SELECT pg_temp.right('the rest of the late rows deleted', :'kept');

-- A partition that has partitions itself, and rows that go in the transaction that drops their table.
CREATE TABLE bots_2024_02 PARTITION OF bots FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00') PARTITION BY LIST (company_id);
CREATE TABLE bots_2024_02_11 PARTITION OF bots_2024_02 FOR VALUES IN (11);
CREATE TABLE bots_2024_02_12 PARTITION OF bots_2024_02 FOR VALUES IN (12);
SELECT pg_temp.late() \g /dev/null
BEGIN;
TRUNCATE bots_2024_02;
SELECT pg_temp.report('partitions of a partition truncated', :'kept');
ROLLBACK;
SELECT pg_temp.right('their TRUNCATE rolled back', :'kept');
ALTER TABLE bots DETACH PARTITION bots_2024_02;
SELECT pg_temp.right('detached with their parent', :'kept');
UPDATE bots_2024_02 SET price_twin = price_twin + 1;
ALTER TABLE bots ATTACH PARTITION bots_2024_02 FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00');
SELECT pg_temp.right('attached with their parent', :'kept');
ALTER TABLE bots_2024_02 DETACH PARTITION bots_2024_02_11;
SELECT pg_temp.right('detached from their parent', :'kept');
ALTER TABLE bots_2024_02 ATTACH PARTITION bots_2024_02_11 FOR VALUES IN (11);
SELECT pg_temp.right('attached to their parent', :'kept');
DROP TABLE bots_2024_02_12;
SELECT pg_temp.right('one of them dropped', :'kept');
BEGIN;
DELETE FROM bots WHERE occurred_at = (SELECT min(occurred_at) FROM bots_2024_02);
SELECT pg_temp.late_of(11) \g /dev/null
UPDATE bots SET occurred_at = '2024-03-07 10:07+00' WHERE occurred_at = (SELECT max(occurred_at) FROM bots_2024_02);
DROP TABLE bots_2024_02;
SELECT pg_temp.report('dropped with their parent after a DELETE, an INSERT and an UPDATE', :'kept');
COMMIT;
SELECT pg_temp.right('dropped with their parent', :'kept');

-- prunable foretells what prune would do, refusals too.
ALTER TABLE bots DISABLE TRIGGER reseller_report_capture;
SELECT throws_ok('SELECT * FROM reseller_report.prunable(''bots'', ''2024-04-01 00:00+00'')', '0A000', NULL, 'days not built are not prunable');
SELECT throws_ok('SELECT * FROM reseller_report.prune(''bots'', ''2024-04-01 00:00+00'')', '0A000', NULL, 'nor pruned');
ALTER TABLE bots ENABLE TRIGGER reseller_report_capture;
SELECT pg_temp.rebuild('bots') \g /dev/null
SELECT results_eq('SELECT period_from, period_to FROM reseller_report.prunable(''bots'', ''2024-04-01 00:00+00'')',
    $$VALUES (timestamptz '2024-03-01 00:00+00', timestamptz '2024-04-01 00:00+00')$$, 'until they are built');
SELECT pg_temp.right('at the end', :'kept');
SELECT pg_temp.gone('bots, archived') \g /dev/null
SELECT dblink_disconnect('own') \g /dev/null
SELECT * FROM finish();
