-- A table stays the source whatever becomes of its name, and nobody else's table of that name is taken for it: also where no event
-- trigger fires, as when an extension moves with its members, or with event_triggers = off. What DDL did unseen is noticed, and
-- never trusted.
SELECT no_plan();
SET client_min_messages = error;
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'R1', true), (2, 'R2', true), (11, 'C11', false),
    (12, 'C12', false);
INSERT INTO reseller_report.dependency VALUES (1, 11), (2, 12);
CREATE EXTENSION fuzzystrmatch;
CREATE SCHEMA elsewhere;
\ir ../lib/bots.sql
CREATE FUNCTION pg_temp.rebuild(source regclass) RETURNS void LANGUAGE sql AS $$
    SELECT reseller_report.rebuild_slice(source, '-infinity', 'infinity')
$$;
CREATE FUNCTION pg_temp.create_bots(name text, partitioned boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I (company_id bigint, occurred_at timestamptz NOT NULL, billable boolean DEFAULT true, '
        'price_twin numeric(15,6) DEFAULT 0, price_reseller numeric(15,6) DEFAULT 0)%s',
        name, CASE WHEN partitioned THEN ' PARTITION BY RANGE (occurred_at)' ELSE '' END);
    IF partitioned THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT; CREATE TABLE %I PARTITION OF %2$I '
            'FOR VALUES FROM (''2024-02-01 00:00+00'') TO (''2024-03-01 00:00+00'')',
            name || '_rest', name, name || '_2024_02');
    END IF;
    PERFORM reseller_report.attach_source('bot', name::regclass);
    EXECUTE format('INSERT INTO %I SELECT 11 + n %% 2, ''2024-02-20 00:07+00''::timestamptz + n * interval ''5 hours'', '
        'n %% 3 > 0, n, 1 FROM generate_series(1, 100) n', name);
    PERFORM reseller_report.materialize();
END
$$;
CREATE FUNCTION pg_temp.write(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO %s (company_id, occurred_at, price_twin) '
        'SELECT 11 + n %% 2, ''2024-02-25 00:07+00''::timestamptz + n * interval ''1 day'', n / 8.0 FROM generate_series(1, 10) n',
            name);
    EXECUTE format('DELETE FROM %s WHERE price_twin = (SELECT max(price_twin) FROM %1$s)', name);
END
$$;
-- Somebody else's table of a name, with usage that counts nowhere.
CREATE FUNCTION pg_temp.foist(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %s (company_id bigint, occurred_at timestamptz NOT NULL, billable boolean DEFAULT true, '
        'price_twin numeric(15,6) DEFAULT 0, price_reseller numeric(15,6) DEFAULT 0);
        INSERT INTO %1$s SELECT 11, ''2024-02-20 00:07+00'', true, 1000000, 0 FROM generate_series(1, 10)', name);
END
$$;
CREATE FUNCTION pg_temp.registered() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format('%I.%I', schema_name, table_name) FROM reseller_report.source WHERE service = 'bot' AND schema_name <> 'usage'
$$;
-- DDL that no event trigger sees.
CREATE FUNCTION pg_temp.unseen(command text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    trigger name;
BEGIN
    IF current_setting('server_version_num')::integer >= 170000 THEN
        SET LOCAL event_triggers = off;
        EXECUTE command;
        RESET event_triggers;
        RETURN;
    END IF;
    FOR trigger IN SELECT evtname FROM pg_event_trigger WHERE evtname LIKE 'reseller_report%' LOOP
        EXECUTE format('ALTER EVENT TRIGGER %I DISABLE', trigger);
    END LOOP;
    EXECUTE command;
    FOR trigger IN SELECT evtname FROM pg_event_trigger WHERE evtname LIKE 'reseller_report%' LOOP
        EXECUTE format('ALTER EVENT TRIGGER %I ENABLE ALWAYS', trigger);
    END LOOP;
END
$$;

-- An extension moves with a member.
SELECT pg_temp.create_bots('bots', false) \g /dev/null
ALTER EXTENSION fuzzystrmatch ADD TABLE bots;
ALTER EXTENSION fuzzystrmatch SET SCHEMA elsewhere;
SELECT pg_temp.foist('public.bots') \g /dev/null
SELECT is((SELECT array_agg(s) FROM pg_temp.registered() s), '{elsewhere.bots}', 'the move of an extension is followed');
SELECT pg_temp.report('a member moved', 'elsewhere.bots');
SELECT pg_temp.write('elsewhere.bots') \g /dev/null
SELECT pg_temp.right('written to where it is now', 'elsewhere.bots');
SELECT is(pg_temp.is_built('elsewhere.bots'), true, 'and nothing was un-built');
SELECT reseller_report.attach_source('bot', 'public.bots'), reseller_report.detach_source('public.bots') \g /dev/null
DROP TABLE public.bots;
SELECT pg_temp.right('another table of its old name came and went', 'elsewhere.bots');
ALTER TABLE elsewhere.bots DISABLE TRIGGER reseller_report_capture;
SELECT is(pg_temp.is_built('elsewhere.bots'), false, 'DDL is followed there');
ALTER TABLE elsewhere.bots ENABLE TRIGGER reseller_report_capture;
SELECT pg_temp.rebuild('elsewhere.bots') \g /dev/null
DROP EXTENSION fuzzystrmatch;
SELECT pg_temp.right('dropped with its extension',
    '(SELECT NULL::bigint AS company_id, NULL::timestamptz AS occurred_at, NULL::boolean AS billable, NULL::numeric AS price_twin, '
    'NULL::numeric AS price_reseller)');
SELECT is_empty('SELECT pg_temp.registered()', 'it is registered no more');
SELECT is_empty('SELECT t.source FROM reseller_report.source_table t EXCEPT SELECT id FROM reseller_report.source',
    'nor is its number');

-- A partition moves with its extension.
CREATE EXTENSION fuzzystrmatch;
SELECT pg_temp.create_bots('bots', true) \g /dev/null
ALTER EXTENSION fuzzystrmatch ADD TABLE bots_2024_02;
ALTER EXTENSION fuzzystrmatch SET SCHEMA elsewhere;
SELECT pg_temp.foist('public.bots_2024_02') \g /dev/null
SELECT pg_temp.write('bots') \g /dev/null
SELECT pg_temp.right('a partition moved', 'bots');
SELECT is(pg_temp.is_built('bots'), true, 'and un-built nothing');
DROP TABLE public.bots_2024_02;
SELECT is(pg_temp.is_built('bots'), true, 'nor did a drop of another table of its old name');
TRUNCATE elsewhere.bots_2024_02;
SELECT is(pg_temp.is_built('bots'), false, 'TRUNCATE of it is seen');
SELECT pg_temp.right('truncated', 'bots');
SELECT pg_temp.rebuild('bots') \g /dev/null
SELECT pg_temp.write('bots') \g /dev/null
DROP EXTENSION fuzzystrmatch CASCADE;
SELECT is(pg_temp.is_built('bots'), false, 'so is its DROP with the extension');
SELECT pg_temp.right('the partition dropped', 'bots');
SELECT pg_temp.rebuild('bots') \g /dev/null
DROP TABLE bots;

-- Renames that nobody sees.
SELECT pg_temp.create_bots('bots', true) \g /dev/null
SELECT pg_temp.unseen('ALTER TABLE bots RENAME TO robots') \g /dev/null
SELECT pg_temp.foist('bots') \g /dev/null
SELECT pg_temp.report('renamed unseen', 'robots');
SELECT pg_temp.write('robots') \g /dev/null
SELECT is(pg_temp.is_built('robots'), true, 'and built');
SELECT is((SELECT array_agg(s) FROM pg_temp.registered() s), '{public.bots}', 'the name that a dump would tell is the old one');
SELECT pg_temp.right('written to under its new name', 'robots');
SELECT is((SELECT array_agg(s) FROM pg_temp.registered() s), '{public.robots}', 'until a fold has followed it');
SELECT is((SELECT count(*) FROM reseller_report.source_leaf l JOIN pg_class c ON c.oid = l.relid WHERE l.table_name = c.relname),
    (SELECT count(*) FROM reseller_report.source_leaf), 'partitions, too');
SELECT pg_temp.rebuild('robots') \g /dev/null
SELECT throws_ok('SELECT pg_temp.rebuild(''bots'')', '42704', NULL, 'another table of its name is not connected');
SELECT pg_temp.unseen('ALTER TABLE robots RENAME TO elder; ALTER TABLE bots RENAME TO robots; '
    'ALTER TABLE robots SET SCHEMA elsewhere; ALTER TABLE elder RENAME TO bots') \g /dev/null
SELECT pg_temp.write('bots') \g /dev/null
SELECT pg_temp.right('names swapped unseen', 'bots');
DROP TABLE elsewhere.robots;
SELECT reseller_report.attach_source('chat', 'bots', '{"sender": {"value": "bot"}, "via_alice": {"value": false}}') \g /dev/null
SELECT pg_temp.rebuild('bots') \g /dev/null
SELECT pg_temp.unseen('ALTER TABLE bots_2024_02 RENAME TO x; ALTER TABLE bots_rest RENAME TO bots_2024_02; '
    'ALTER TABLE x RENAME TO bots_rest') \g /dev/null
SELECT pg_temp.write('bots') \g /dev/null
SELECT pg_temp.right('names of partitions swapped unseen', 'bots');
ALTER TABLE bots ALTER COLUMN billable SET DEFAULT false;
SELECT is(pg_temp.is_built('bots'), true, 'the next DDL follows them');
TRUNCATE bots_rest;
SELECT is((SELECT array_agg(DISTINCT unbuilt_from) FROM reseller_report.source_unbuilt), ARRAY['2024-02-01 00:00+00'::timestamptz],
    'and un-builds the days of the one of this name');
SELECT pg_temp.right('truncated', 'bots');
DROP TABLE bots;
SELECT * FROM reseller_report.materialize() \g /dev/null

-- Partitions that come and go unseen.
SELECT pg_temp.create_bots('bots', true) \g /dev/null
SELECT pg_temp.foist('bots_2024_01') \g /dev/null
UPDATE bots_2024_01 SET occurred_at = occurred_at - interval '1 month';
SELECT pg_temp.unseen('ALTER TABLE bots ATTACH PARTITION bots_2024_01 '
    'FOR VALUES FROM (''2024-01-01 00:00+00'') TO (''2024-02-01 00:00+00'')') \g /dev/null
SELECT pg_temp.report('attached unseen', 'bots');
SELECT pg_temp.write('bots') \g /dev/null
SELECT reseller_report.move_company(11, 2, '2024-01-15 00:00+00'), reseller_report.move_company(12, 1, '2024-02-25 00:00+00')
    \g /dev/null
SELECT pg_temp.right('and companies moved', 'bots');
SELECT is(pg_temp.is_built('bots'), false, 'its days are un-built');
SELECT is((SELECT array_agg(unbuilt_from) FROM reseller_report.source_unbuilt WHERE reason LIKE '%came with rows'),
    ARRAY['2024-01-01 00:00+00'::timestamptz], 'by the fold, once');
TRUNCATE bots_2024_01;
SELECT pg_temp.right('TRUNCATE of it is seen', 'bots');
SELECT pg_temp.rebuild('bots') \g /dev/null
SELECT is(pg_temp.is_built('bots'), true, 'and rebuilt');
SELECT pg_temp.unseen('ALTER TABLE bots DETACH PARTITION bots_2024_02') \g /dev/null
SELECT pg_temp.report('detached unseen', 'bots');
SELECT pg_temp.rebuild('bots') \g /dev/null
SELECT is(pg_temp.is_built('bots'), true, 'a rebuild follows by itself');
SELECT pg_temp.right('rebuilt without it', 'bots');
SELECT is_empty('SELECT tgname FROM pg_trigger WHERE tgrelid = ''bots_2024_02''::regclass', 'and it is nobody''s');
SELECT pg_temp.unseen('ALTER TABLE bots ATTACH PARTITION bots_2024_02 '
    'FOR VALUES FROM (''2024-02-01 00:00+00'') TO (''2024-03-01 00:00+00'')') \g /dev/null
SELECT reseller_report.move_company(11, 1, '2024-02-15 00:00+00') \g /dev/null
SELECT pg_temp.unseen('ALTER TABLE bots DETACH PARTITION bots_2024_02') \g /dev/null
SELECT pg_temp.right('attached, a company moved, and detached, all unseen', 'bots');
SELECT pg_temp.rebuild('bots') \g /dev/null
SELECT pg_temp.unseen('CREATE TABLE bots_2024_02_b PARTITION OF bots '
    'FOR VALUES FROM (''2024-02-01 00:00+00'') TO (''2024-03-01 00:00+00'')') \g /dev/null
SELECT pg_temp.write('bots') \g /dev/null
TRUNCATE bots_2024_02_b;
SELECT pg_temp.right('made and truncated, before anything was noticed', 'bots');
SELECT pg_temp.rebuild('bots') \g /dev/null
SELECT pg_temp.unseen('DROP TABLE bots_2024_02_b') \g /dev/null
SELECT pg_temp.right('dropped unseen', 'bots');
SELECT pg_temp.rebuild('bots') \g /dev/null
SELECT pg_temp.unseen('CREATE TABLE bots_2023_11 PARTITION OF bots '
    'FOR VALUES FROM (''2023-11-01 00:00+00'') TO (''2023-12-01 00:00+00''); CREATE TABLE bots_2023_12 PARTITION OF bots '
    'FOR VALUES FROM (''2023-12-01 00:00+00'') TO (''2024-01-01 00:00+00'')') \g /dev/null
SELECT pg_temp.right('two made unseen', 'bots');
SELECT is((SELECT count(*) FROM reseller_report.source_unbuilt WHERE reason LIKE 'public.bots\_2023\_1_ came with rows'), 2::bigint,
    'a fold un-builds the days of both, whatever rows they had meanwhile');
SELECT pg_temp.rebuild('bots') \g /dev/null
DROP TABLE bots_2024_02;

-- Where the lock is not to be had, the next fold does it.
SELECT format('host=%s port=%s dbname=%s user=%s', current_setting('unix_socket_directories'), current_setting('port'),
    current_database(), current_user) AS here \gset
CREATE EXTENSION dblink;
SELECT dblink_connect('own', :'here') \g /dev/null
SELECT pg_temp.unseen('CREATE TABLE bots_2024_02 PARTITION OF bots '
    'FOR VALUES FROM (''2024-02-01 00:00+00'') TO (''2024-03-01 00:00+00'')') \g /dev/null
SELECT dblink_exec('own', 'BEGIN; INSERT INTO bots (company_id, occurred_at) VALUES (11, ''2024-02-03'')') \g /dev/null
SELECT * FROM reseller_report.materialize() \g /dev/null
SELECT is_empty('SELECT FROM reseller_report.source_leaf WHERE table_name = ''bots_2024_02''', 'a writer is at it');
SELECT pg_temp.report('meanwhile', 'bots');
SELECT dblink_exec('own', 'COMMIT'), dblink_disconnect('own') \g /dev/null
SELECT pg_temp.right('then there is none', 'bots');
SELECT is((SELECT count(*) FROM reseller_report.source_leaf WHERE table_name = 'bots_2024_02'), 1::bigint, 'and it is followed');

-- Columns that change unseen.
SELECT pg_temp.rebuild('bots') \g /dev/null
SELECT pg_temp.unseen('ALTER TABLE bots RENAME COLUMN price_twin TO price') \g /dev/null
SELECT throws_ok('SELECT * FROM reseller_report.bot(1, ''-infinity'', ''infinity'')', '55000', NULL,
    'a column renamed unseen: reports say so');
SELECT lives_ok('INSERT INTO bots (company_id, occurred_at, price) VALUES (11, ''2024-02-04'', 3), (11, ''2024-02-05'', 4)',
    'and writes go on');
INSERT INTO bots (company_id, occurred_at, price) VALUES (12, '2024-02-04', 3);
SELECT is((SELECT count(*) FROM reseller_report.source_unbuilt
    WHERE reason = 'rows were written that its mapping cannot be read from'), 1::bigint, 'once, they un-build the table');
SELECT pg_temp.unseen('ALTER TABLE bots RENAME COLUMN price TO price_twin') \g /dev/null
SELECT pg_temp.right('renamed back, rows that were not captured count', 'bots');
SELECT pg_temp.rebuild('bots') \g /dev/null
SELECT pg_temp.right('rebuilt', 'bots');
SELECT pg_temp.unseen('ALTER TABLE bots RENAME COLUMN price_twin TO price') \g /dev/null
SELECT reseller_report.move_company(11, 1, '2024-02-02 00:00+00') \g /dev/null
SELECT pg_temp.unseen('ALTER TABLE bots RENAME COLUMN price TO price_twin') \g /dev/null
SELECT pg_temp.right('a company moved meanwhile', 'bots');

-- A table that goes unseen, and another that takes its name.
SELECT pg_temp.unseen('DROP TABLE bots') \g /dev/null
SELECT pg_temp.foist('bots') \g /dev/null
SELECT is((SELECT sum(billable_messages) FROM reseller_report.bot(1, '-infinity', 'infinity')), 0::numeric,
    'dropped unseen, its usage is gone, and another table''s does not count');
SELECT is_empty('SELECT FROM reseller_report.sources() WHERE source = ''bots''::regclass', 'that is not connected');
SELECT * FROM reseller_report.materialize() \g /dev/null
SELECT is_empty('SELECT pg_temp.registered()', 'a fold forgets it');
SELECT is_empty('SELECT FROM reseller_report.usage_quarter q WHERE NOT EXISTS (SELECT FROM reseller_report.source s '
    'WHERE s.id = q.source)', 'with its summaries');
DROP TABLE bots;

-- A source that a dump brings before its table. Where the table comes unseen, its name tells that it is the source.
SELECT pg_temp.create_bots('bots', true) \g /dev/null
CREATE TEMP TABLE dumped AS SELECT * FROM reseller_report.source WHERE table_name = 'bots';
CREATE TEMP TABLE dumped_leaf AS SELECT l.* FROM reseller_report.source_leaf l JOIN dumped d ON d.id = l.source;
DROP TABLE bots;
SELECT * FROM reseller_report.materialize() \g /dev/null
INSERT INTO reseller_report.source TABLE dumped;
INSERT INTO reseller_report.source_leaf TABLE dumped_leaf;
SELECT pg_temp.unseen('CREATE TABLE bots (LIKE usage.bot_message) PARTITION BY RANGE (occurred_at); CREATE TABLE bots_2024_02 '
    'PARTITION OF bots FOR VALUES FROM (''2024-02-01 00:00+00'') TO (''2024-03-01 00:00+00'')') \g /dev/null
DROP TABLE bots_2024_02;
SELECT is((SELECT array_agg(s) FROM pg_temp.registered() s), '{public.bots}',
    'a source that a dump brought outlives its partition');
DROP TABLE bots;
SELECT is_empty('SELECT pg_temp.registered()', 'and is forgotten when its table is dropped');

-- What is connected now is said by a WARNING, which reaches only a client: a second psql tells.
SELECT pg_temp.create_bots('bots', true) \g /dev/null
SELECT reseller_report.attach_source('chat', 'bots', '{"sender": {"value": "bot"}, "via_alice": {"value": false}}') \g /dev/null
SELECT 'psql -X -q -A -t -v VERBOSITY=terse -d ' || current_database() || ' -c "SET client_min_messages = warning" ' AS psql \gset
\set command :psql '-c "ALTER TABLE bots RENAME TO bots_old" 2>&1'
\set said `:command`
SELECT is(:'said'::text, 'WARNING:  connected table public.bots is public.bots_old now, and goes on feeding chat, bot',
    'a rename says what is connected now');
\set command :psql '-c "ALTER TABLE bots_old SET SCHEMA elsewhere" 2>&1'
\set said `:command`
SELECT is(:'said'::text, 'WARNING:  connected table public.bots_old is elsewhere.bots_old now, and goes on feeding chat, bot',
    'so does a move');
\set command :psql '-c "ALTER TABLE bots_rest RENAME TO bots_old_rest" -c "DROP TABLE bots_2024_02"'
\set command :command ' -c "ALTER TABLE elsewhere.bots_old RENAME COLUMN billable TO paid" 2>&1'
\set said `:command`
SELECT is(:'said'::text, '', 'a partition or a column is followed without a word');
\set command :psql '-c "SET check_function_bodies = off" -c "ALTER TABLE elsewhere.bots_old RENAME TO bots" 2>&1'
\set said `:command`
SELECT is(:'said'::text, '', 'so is what a restore does');
\set command :psql '-c "DROP TABLE elsewhere.bots" 2>&1'
\set said `:command`
SELECT is(:'said'::text, 'WARNING:  connected table elsewhere.bots was dropped, and its usage has left the reports of chat, bot',
    'a dropped table says which reports it leaves');
SELECT * FROM finish();
