-- The extension's own tables stay as it made them: DDL that would change what is relied on is refused, what is not relied on may be
-- altered; and where something got past the refusal (event triggers were off), nothing crashes and no figure is wrong.
SELECT no_plan();
DROP VIEW oracle.deltas, oracle.runs;
SET client_min_messages = error;
CREATE EXTENSION dblink;
SET statement_timeout = '600s';
SELECT setseed(0.7) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(30); PERFORM reseller_report.materialize(); END $$;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN coalesce(NEW, OLD); END $$;
CREATE TABLE theirs (id bigint PRIMARY KEY, source bigint);
CREATE TYPE shape AS (company_id bigint, name text, is_reseller boolean, time_zone text, currency text);
SELECT dblink_connect('b', format('host=%s port=%s dbname=%s user=%s options=''-c client_min_messages=error''',
    current_setting('unix_socket_directories'), current_setting('port'), current_database(), current_user)) \g /dev/null
\ir ../lib/bots.sql

-- Each table that the extension reads or writes by number, and its views.
SELECT throws_ok(format(command, own), '0A000', format('"reseller_report.%s" must stay as the extension made it', own),
    format(command, own))
FROM unnest(ARRAY['usage_delta', 'usage_run', 'usage_packed', 'usage_quarter', 'usage_hour', 'usage_day', 'usage_month',
    'usage_year', 'source', 'source_built',
    'source_unbuilt', 'source_leaf',
    'source_gone', 'lease', 'access', 'own_part']) AS own,
(VALUES ('ALTER TABLE reseller_report.%s ADD COLUMN y text'),
    ('ALTER TABLE reseller_report.%s ADD COLUMN y int NOT NULL DEFAULT 1'), ('ALTER TABLE reseller_report.%s ADD CHECK (true)'),
    ('ALTER TABLE reseller_report.%s ENABLE ROW LEVEL SECURITY'), ('ALTER TABLE reseller_report.%s FORCE ROW LEVEL SECURITY'),
    ('ALTER TABLE reseller_report.%s SET UNLOGGED'),
    ('CREATE INDEX ON reseller_report.%s ((1))'), ('CREATE TABLE child () INHERITS (reseller_report.%s)'),
    ('CREATE TRIGGER t BEFORE INSERT ON reseller_report.%s FOR EACH ROW EXECUTE FUNCTION nothing()'),
    ('CREATE RULE r AS ON UPDATE TO reseller_report.%s DO INSTEAD NOTHING'),
    ('CREATE POLICY p ON reseller_report.%s')) AS c (command);
SELECT throws_like(command, '%"reseller_report.' || own || '" must stay as the extension made it', command) FROM (VALUES
    ('usage_delta', 'ALTER TABLE reseller_report.usage_delta DROP COLUMN is_rest'),
    ('usage_delta', 'ALTER TABLE reseller_report.usage_delta ALTER COLUMN packed TYPE text'),
    ('usage_delta', 'ALTER TABLE reseller_report.usage_delta ALTER COLUMN entries DROP NOT NULL'),
    ('usage_delta', 'ALTER TABLE reseller_report.usage_delta RENAME COLUMN packed TO bytes'),
    ('usage_delta', 'ALTER TABLE reseller_report.usage_delta RENAME TO deltas'),
    ('usage_delta', 'ALTER INDEX reseller_report.usage_delta RENAME TO deltas'),
    ('usage_run', 'DROP INDEX reseller_report.usage_run_key'),
    ('usage_day', 'ALTER TABLE reseller_report.usage_day DROP CONSTRAINT usage_day_pkey'),
    ('usage_day', 'ALTER INDEX reseller_report.usage_day_pkey RENAME TO days'),
    ('usage_day', 'ALTER TABLE reseller_report.usage_day RENAME CONSTRAINT usage_day_pkey TO days'),
    ('usage_day', 'ALTER TABLE reseller_report.usage_day SET SCHEMA public'),
    ('usage_day', 'CREATE UNIQUE INDEX ON reseller_report.usage_day (source) WHERE source > 0'),
    ('usage_day', 'CREATE INDEX ON reseller_report.usage_day ((reseller_id + 1))'),
    ('source', 'ALTER TABLE theirs ADD FOREIGN KEY (source) REFERENCES reseller_report.source'),
    ('source', 'CREATE TABLE more_of_theirs (s bigint REFERENCES reseller_report.source)'),
    ('source', 'ALTER TABLE reseller_report.source DISABLE TRIGGER check_registration'),
    ('source', 'ALTER TABLE reseller_report.source ENABLE REPLICA TRIGGER check_registration'),
    ('source', 'DROP TRIGGER check_registration ON reseller_report.source'),
    ('source', 'ALTER TRIGGER check_registration ON reseller_report.source RENAME TO registers'),
    ('source_unbuilt', 'ALTER TABLE reseller_report.source_unbuilt ALTER COLUMN id SET '
        'DEFAULT ''00000000-0000-0000-0000-000000000000'''),
    ('source_built', 'ALTER TABLE reseller_report.source_built ALTER COLUMN id DROP DEFAULT'),
    ('materializer_state', 'ALTER VIEW reseller_report.materializer_state RENAME COLUMN pending_deltas TO pending'),
    ('materializer_state', 'ALTER TABLE reseller_report.materializer_state SET SCHEMA public'),
    ('company', 'ALTER TABLE reseller_report.company DROP COLUMN currency'),
    ('company', 'ALTER TABLE reseller_report.company ALTER COLUMN company_id TYPE int'),
    ('company', 'ALTER TABLE reseller_report.company RENAME COLUMN name TO title'),
    ('company', 'ALTER TABLE reseller_report.company ALTER COLUMN name DROP NOT NULL'),
    ('company', 'ALTER TABLE reseller_report.company DROP CONSTRAINT company_pkey CASCADE'),
    ('company', 'ALTER TABLE reseller_report.company DROP CONSTRAINT company_reseller_not_0'),
    ('company', 'ALTER TABLE reseller_report.company ENABLE ROW LEVEL SECURITY'),
    ('company', 'ALTER TABLE reseller_report.company DISABLE TRIGGER USER'),
    ('company', 'ALTER TABLE reseller_report.company OF shape'), ('company', 'DROP INDEX reseller_report.company_time_zone_idx'),
    ('dependency', 'ALTER TABLE reseller_report.dependency DISABLE TRIGGER move_updated'),
    ('dependency', 'ALTER TABLE reseller_report.dependency ENABLE TRIGGER move_updated'),
    ('dependency', 'DROP TRIGGER move_updated ON reseller_report.dependency'),
    ('dependency', 'DROP INDEX reseller_report.dependency_company_idx'),
    ('dependency', 'ALTER INDEX reseller_report.dependency_company_idx RENAME TO of_company'),
    ('dependency', 'ALTER TABLE reseller_report.dependency DROP CONSTRAINT dependency_no_overlap'),
    ('dependency', 'ALTER TABLE reseller_report.dependency ALTER CONSTRAINT dependency_company_id_fkey DEFERRABLE'),
    ('dependency', 'ALTER TABLE reseller_report.dependency SET UNLOGGED'),
    ('dependency', 'CREATE RULE r AS ON DELETE TO reseller_report.dependency DO INSTEAD NOTHING'),
        ('dependency', 'CREATE TABLE child () INHERITS (reseller_report.dependency)')) AS c (own, command);
SELECT lives_ok('COMMENT ON TABLE reseller_report.company IS ''x''; ALTER TABLE reseller_report.company SET (fillfactor = 90)',
    'nothing was left behind');
SELECT is(pg_temp.state('b', command), '0A000', command)
    FROM unnest(ARRAY['CREATE INDEX CONCURRENTLY deltas ON reseller_report.usage_delta (source)',
    'CREATE INDEX CONCURRENTLY ON reseller_report.usage_day ((reseller_id + 1))',
    'DROP INDEX CONCURRENTLY reseller_report.dependency_company_idx',
    'SET search_path = reseller_report; DROP INDEX CONCURRENTLY dependency_company_idx']) AS command;
SELECT is_empty($$SELECT FROM pg_index WHERE indrelid IN ('reseller_report.usage_delta'::regclass) OR NOT indisvalid$$,
    'not even an index that is not valid');
SELECT oracle.agrees('after all the refusals');

-- What may be altered.
SELECT lives_ok(format(command, own), format(command, own))
FROM unnest(ARRAY['usage_delta', 'usage_run', 'usage_packed', 'usage_day', 'source', 'company', 'dependency']) AS own,
(VALUES ('ALTER TABLE reseller_report.%s SET (autovacuum_enabled = false, fillfactor = 80)'),
    ('ALTER TABLE reseller_report.%s RESET (autovacuum_enabled)'),
    ('ALTER TABLE reseller_report.%s REPLICA IDENTITY FULL'), ('ALTER TABLE reseller_report.%s OWNER TO CURRENT_USER'),
    ('ALTER TABLE reseller_report.%s SET TABLESPACE pg_default'),
    ('GRANT SELECT ON reseller_report.%s TO PUBLIC'), ('COMMENT ON TABLE reseller_report.%s IS ''own'''),
        ('ANALYZE reseller_report.%s')) AS c (command);
SELECT lives_ok(command, command) FROM (VALUES
    ('ALTER TABLE reseller_report.usage_day ALTER COLUMN events SET STATISTICS 10, ALTER COLUMN events SET STORAGE EXTERNAL, '
        'ALTER COLUMN events SET COMPRESSION pglz'),
    ('ALTER TABLE reseller_report.usage_day CLUSTER ON usage_day_pkey'), ('CLUSTER reseller_report.usage_day'),
    ('ALTER TABLE reseller_report.usage_day SET WITHOUT CLUSTER'),
    ('ALTER INDEX reseller_report.usage_day_pkey SET (fillfactor = 80)'), ('REINDEX TABLE reseller_report.usage_day'),
    ('REINDEX INDEX reseller_report.dependency_company_idx'),
    ('CREATE PUBLICATION ours FOR TABLE reseller_report.usage_delta, reseller_report.usage_day'),
    ('CREATE STATISTICS correlated ON source, item FROM reseller_report.usage_day'), ('DROP STATISTICS correlated'),
    ('DROP PUBLICATION ours'),
    ('CREATE VIEW days AS SELECT * FROM reseller_report.usage_day'), ('DROP VIEW days'),
    ('CREATE INDEX by_name ON reseller_report.company (lower(name))'), ('DROP INDEX reseller_report.by_name'),
    ('CREATE INDEX by_end ON reseller_report.dependency (upper(during))'),
    ('ALTER TABLE reseller_report.company ADD COLUMN note text, ADD COLUMN plan int NOT NULL DEFAULT 1, ADD CHECK (plan > 0), '
        'ADD UNIQUE (company_id, plan)'),
    ('ALTER TABLE reseller_report.dependency ADD COLUMN since timestamptz DEFAULT now()'),
    ('ALTER TABLE theirs ADD FOREIGN KEY (id) REFERENCES reseller_report.company'),
    ('CREATE TABLE of_companies (company_id bigint REFERENCES reseller_report.company ON DELETE CASCADE)'),
    ('CREATE TRIGGER theirs BEFORE UPDATE ON reseller_report.dependency FOR EACH ROW EXECUTE FUNCTION nothing()'),
    ('ALTER TABLE reseller_report.dependency DISABLE TRIGGER theirs'),
    ('ALTER TABLE reseller_report.dependency ENABLE TRIGGER theirs')) AS c (command);
VACUUM FULL reseller_report.usage_day;
VACUUM FULL reseller_report.usage_delta;
VACUUM FULL reseller_report.usage_run;
REINDEX TABLE CONCURRENTLY reseller_report.usage_quarter;
REINDEX INDEX CONCURRENTLY reseller_report.dependency_company_idx;
DO $$ BEGIN PERFORM random_usage.events(20), random_usage.changes(); END $$;
SELECT oracle.agrees('with all of that, and changes');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'it folds');
SELECT oracle.agrees('and folded');
SELECT lives_ok(command, command)
    FROM unnest(ARRAY['DROP TRIGGER theirs ON reseller_report.dependency',
        'ALTER TABLE reseller_report.dependency DROP COLUMN since',
    'ALTER TABLE reseller_report.company DROP COLUMN note, DROP COLUMN plan', 'DROP INDEX reseller_report.by_end',
        'DROP TABLE of_companies']) AS command;

-- A restore of the data alone switches triggers off and on again.
BEGIN;
UPDATE reseller_report.lease SET restoring = true;
SELECT lives_ok(command, command || ' in a restore')
    FROM unnest(ARRAY['ALTER TABLE reseller_report.dependency DISABLE TRIGGER ALL',
        'ALTER TABLE reseller_report.dependency ENABLE TRIGGER ALL',
    'SELECT reseller_report.post_restore()', 'ALTER TABLE reseller_report.dependency SET (fillfactor = 90)']) AS command;
SELECT oracle.agrees('after it');
ROLLBACK;

-- Where nothing refuses: columns and indexes of any kind on tables that are written past the executor.
ALTER EVENT TRIGGER reseller_report_guard_end DISABLE;
ALTER TABLE reseller_report.usage_delta ADD COLUMN y text, ADD COLUMN z int DEFAULT 7;
ALTER TABLE reseller_report.usage_day ADD COLUMN y text DEFAULT 'x', ADD COLUMN z bigint[];
ALTER TABLE reseller_report.usage_run ADD COLUMN y text, ADD COLUMN z int DEFAULT 7;
ALTER TABLE reseller_report.usage_packed ADD COLUMN y text, ADD COLUMN z int DEFAULT 7;
ALTER TABLE reseller_report.usage_quarter ADD COLUMN y text;
ALTER TABLE reseller_report.usage_quarter DROP COLUMN y;
ALTER TABLE reseller_report.lease ADD COLUMN y text;
ALTER TABLE reseller_report.source ADD COLUMN y text;
ALTER TABLE reseller_report.source_built ADD COLUMN y text;
CREATE INDEX deltas ON reseller_report.usage_delta (source, recorded_at);
CREATE INDEX delta_expression ON reseller_report.usage_delta ((entries + 1)) WHERE entries > 0;
CREATE INDEX packed_expression ON reseller_report.usage_packed ((entries + 1));
CREATE INDEX day_expression ON reseller_report.usage_day ((reseller_id + 1));
CREATE INDEX day_partial ON reseller_report.usage_day (bucket) WHERE reseller_id > 1;
CREATE INDEX day_blocks ON reseller_report.usage_day USING brin (bucket);
ALTER EVENT TRIGGER reseller_report_guard_end ENABLE ALWAYS;
SELECT lives_ok('SELECT random_usage.events(20), random_usage.changes()', 'writes go on');
SELECT oracle.agrees('foreign columns and indexes');
-- An index scan finds what a scan of the table does.
CREATE FUNCTION pg_temp.rows_by(index_scan boolean, query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    found bigint;
BEGIN
    PERFORM set_config('enable_seqscan', (NOT index_scan)::text, true), set_config('enable_indexscan', index_scan::text, true),
        set_config('enable_bitmapscan', index_scan::text, true),
        set_config('enable_indexonlyscan', index_scan::text, true);
    EXECUTE query INTO found;
    RETURN found;
END
$$;
CREATE FUNCTION pg_temp.indexes_whole(label text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT is(pg_temp.rows_by(true, query), pg_temp.rows_by(false, query), label || ': ' || query) FROM unnest(ARRAY[
        'SELECT count(*) FROM reseller_report.usage_delta WHERE source > -9223372036854775807',
        'SELECT count(*) FROM reseller_report.usage_delta WHERE entries > 0 AND entries + 1 > 0',
        'SELECT count(*) FROM reseller_report.usage_run WHERE source > -9223372036854775807',
        'SELECT count(*) FROM reseller_report.usage_packed WHERE entries + 1 > 0',
        'SELECT count(*) FROM reseller_report.usage_day WHERE reseller_id + 1 > 0',
            'SELECT count(*) FROM reseller_report.usage_day WHERE reseller_id > 1 AND bucket > ''2000-01-01''']) AS query
$$;
SELECT cmp_ok((SELECT count(*) FROM reseller_report.usage_delta), '>', 0::bigint, 'there are deltas');
SELECT pg_temp.indexes_whole('deltas');
SELECT lives_ok('SELECT reseller_report.materialize()', 'folds go on');
SELECT oracle.agrees('folded with foreign columns and indexes');
SELECT pg_temp.indexes_whole('folded');
DO $$ BEGIN PERFORM random_usage.changes(); PERFORM reseller_report.rebuild_slice('usage.text_message', '-infinity',
    'infinity'); END $$;
SELECT oracle.agrees('rebuilt');
SELECT pg_temp.indexes_whole('rebuilt');
SELECT is((SELECT count(*) FROM reseller_report.usage_day WHERE y = 'x'),
    (SELECT count(*) FROM reseller_report.usage_day WHERE y IS NOT NULL), 'a foreign column keeps what was in it, or is NULL');

-- What was there may go again, one by one.
SELECT lives_ok(command, command)
    FROM unnest(ARRAY['DROP INDEX reseller_report.day_expression', 'DROP INDEX reseller_report.deltas',
        'DROP INDEX reseller_report.delta_expression', 'DROP INDEX reseller_report.packed_expression',
    'DROP INDEX reseller_report.day_partial', 'DROP INDEX reseller_report.day_blocks']) AS command;
SELECT throws_ok('ALTER TABLE reseller_report.usage_day SET (fillfactor = 85)', '0A000', NULL, 'what is still there is told');

-- A column of ours that is gone, or is of another type: an error that says so, before anything is read or written.
ALTER EVENT TRIGGER reseller_report_guard_end DISABLE;
ALTER EVENT TRIGGER reseller_report_guard_dropped DISABLE;
CREATE FUNCTION pg_temp.says_so(change text, command text, said text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE change;
    RETURN NEXT throws_ok(command, '55000', said, command || ' after ' || change);
    RAISE 'undone' USING ERRCODE = 'RR000';
EXCEPTION WHEN SQLSTATE 'RR000' THEN
END
$$;
SELECT pg_temp.says_so(change, command,
    format('table "reseller_report.%s" is not as the extension made it: its column %s is gone or has another type', own, number))
        FROM (VALUES
    ('usage_delta', 'ALTER TABLE reseller_report.usage_delta ALTER COLUMN packed TYPE text', 5,
        'SELECT reseller_report.bot(1, ''2024-01-01'', ''2024-04-01'')'),
    ('usage_delta', 'ALTER TABLE reseller_report.usage_delta DROP COLUMN is_rest', 4, 'SELECT reseller_report.materialize()'),
    ('usage_run', 'ALTER TABLE reseller_report.usage_run ALTER COLUMN set_aside TYPE text', 7,
        'SELECT reseller_report.bot(1, ''2024-01-01'', ''2024-04-01'')'),
    ('usage_packed', 'ALTER TABLE reseller_report.usage_packed ALTER COLUMN packed TYPE text', 5,
        'SELECT reseller_report.bot(1, ''2024-01-01'', ''2024-04-01'')'),
    ('usage_day', 'ALTER TABLE reseller_report.usage_day ALTER COLUMN events TYPE text', 6,
        'SELECT reseller_report.bot(1, ''2024-01-05 03:00+00'', ''2024-04-10 07:00+00'')'),
    ('usage_hour', 'ALTER TABLE reseller_report.usage_hour ALTER COLUMN item TYPE int', 3,
        'SELECT reseller_report.bot(1, ''2024-01-05 03:00+00'', ''2024-04-10 07:00+00'')')) AS b (own, change, number, command);
ALTER EVENT TRIGGER reseller_report_guard_end ENABLE ALWAYS;
ALTER EVENT TRIGGER reseller_report_guard_dropped ENABLE ALWAYS;
SELECT throws_ok('ALTER SCHEMA reseller_report RENAME TO elsewhere', '0A000', 'schema "reseller_report" cannot be renamed',
    'everything goes by the name of the schema');
SELECT lives_ok('DROP EXTENSION reseller_report CASCADE; CREATE EXTENSION reseller_report', 'dropped and created again');
SELECT * FROM finish();
