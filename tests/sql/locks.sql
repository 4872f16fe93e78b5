-- The order of locks (docs/internals.md). Dependency changes and folds wait for no usage table, whoever holds it, and stay exact:
-- days that cannot be read are un-built. Whoever waits for a usage table does not hold the lease meanwhile. Changes of days that
-- are not built do not pile up.
SELECT no_plan();
SET client_min_messages = error;
CREATE EXTENSION dblink;
SET statement_timeout = '60s';
\ir ../lib/bots.sql
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'R1', true), (2, 'R2', true), (11, 'C11', false),
    (12, 'C12', false), (13, 'new', false);
INSERT INTO reseller_report.dependency VALUES (1, 11), (2, 12);
SELECT dblink_connect(name,
    format('host=%s port=%s dbname=%s user=%s options=''-c statement_timeout=50s -c client_min_messages=error''',
    current_setting('unix_socket_directories'), current_setting('port'), current_database(), current_user))
        FROM unnest('{a,b}'::text[]) name \g /dev/null
-- Waits until a session waits for a lock.
CREATE FUNCTION pg_temp.blocked() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    deadline CONSTANT timestamptz := clock_timestamp() + interval '30 seconds';
BEGIN
    WHILE clock_timestamp() < deadline LOOP
        IF EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity s USING (pid) WHERE NOT l.granted
            AND s.datname = current_database()) THEN RETURN true; END IF;
        PERFORM pg_sleep(0.02), pg_stat_clear_snapshot();
    END LOOP;
    RETURN false;
END
$$;
CREATE TABLE bots (company_id bigint, occurred_at timestamptz NOT NULL, billable boolean DEFAULT true,
    price_twin numeric(15,6) DEFAULT 1, price_reseller numeric(15,6) DEFAULT 0) PARTITION BY RANGE (occurred_at);
CREATE TABLE bots_01 PARTITION OF bots FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00');
CREATE TABLE bots_02 PARTITION OF bots FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00')
    PARTITION BY LIST (company_id);
CREATE TABLE bots_02_all PARTITION OF bots_02 DEFAULT;
CREATE TABLE bots_rest PARTITION OF bots DEFAULT;
CREATE INDEX ON bots (company_id, occurred_at);
CREATE INDEX ON bots (occurred_at);
SELECT reseller_report.attach_source('bot', 'bots') \g /dev/null
CREATE FUNCTION pg_temp.more() RETURNS void LANGUAGE sql AS $$
    INSERT INTO bots SELECT 11 + n % 2, timestamptz '2024-01-03 10:07+00' + n * interval '5 days 3 hours', n % 4 > 0, n, 1
        FROM generate_series(0, 30) n
$$;
SELECT pg_temp.more() \g /dev/null
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.more() \g /dev/null
CREATE FUNCTION pg_temp.unbuilt() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('%s %s', unbuilt_from, unbuilt_to), ', ' ORDER BY unbuilt_from) FROM reseller_report.source_unbuilt
$$;

-- A move in session b after session a has locked something; this one must not have touched it.
CREATE FUNCTION pg_temp.move_beside(level text, locking text, company bigint, since text, label text) RETURNS SETOF text
    LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz;
BEGIN
    PERFORM dblink_exec('a', 'BEGIN; ' || locking);
    PERFORM dblink_exec('b', 'BEGIN ISOLATION LEVEL ' || level);
    began := clock_timestamp();
    RETURN NEXT is(pg_temp.state('b',
        format('DO $x$ BEGIN PERFORM reseller_report.move_company(%s, CASE (SELECT reseller_id FROM reseller_report.dependency
        WHERE company_id = %1$s AND during @> timestamptz ''infinity'') WHEN 1 THEN 2 ELSE 1 END, %L); END $x$', company, since)),
            '00000', label || ': done');
    RETURN NEXT cmp_ok(clock_timestamp() - began, '<', interval '20 seconds', label || ': at once');
    PERFORM dblink_exec('a', 'COMMIT');
    RETURN NEXT is((SELECT d FROM dblink('b',
        'SELECT sum(billable_messages) FROM reseller_report.bot(1, ''-infinity'', ''infinity'')') AS t (d numeric)),
        (SELECT d FROM dblink('b',
            'SELECT count(*) FILTER (WHERE billable) FROM bots m JOIN reseller_report.dependency d ON d.reseller_id = 1
            AND d.company_id = m.company_id AND d.during @> m.occurred_at') AS t (d numeric)), label || ': its own report');
    PERFORM dblink_exec('b', 'COMMIT');
END
$$;
CREATE FUNCTION pg_temp.is_right_after(unbuilt text, label text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT is(pg_temp.unbuilt(), unbuilt, label || ': un-built');
    RETURN NEXT pg_temp.report(label, 'bots');
    PERFORM pg_temp.more();
    RETURN QUERY SELECT pg_temp.right(label || ', written to', 'bots');
END
$$;
-- What it un-builds: NULL is nothing.
CREATE FUNCTION pg_temp.moves_beside(locking text, company bigint, since text, unbuilt text, label text) RETURNS SETOF text
    LANGUAGE sql AS $$
    SELECT format(step, format('%L', format('%s, %s', label, level)), level, locking, company, since, unbuilt)
    FROM unnest('{READ COMMITTED,REPEATABLE READ,SERIALIZABLE}'::text[]) WITH ORDINALITY AS l (level, n), unnest(ARRAY[
        'SELECT pg_temp.move_beside(%2$L, %3$L, %4$s, %5$L, %1$s)',
        'SELECT pg_temp.is_right_after(%6$L, %1$s)',
        'SELECT is(count(*), 1::bigint, ''rebuilt'') FROM reseller_report.rebuild_slice(''bots'', ''-infinity'', ''infinity'')',
        'SELECT pg_temp.right(%1$s || '', rebuilt'', ''bots'')']) WITH ORDINALITY AS s (step, m) ORDER BY n, m
$$;
SET timezone = 'UTC';
SELECT pg_temp.moves_beside('LOCK TABLE ONLY bots_01', 11, '2024-01-10', '2024-01-10 00:00:00+00 2024-02-01 00:00:00+00',
    'a partition that the move reads is locked') \gexec
SELECT pg_temp.moves_beside('LOCK TABLE ONLY bots_01', 11, '2024-01-20 10:15', '2024-01-20 00:00:00+00 2024-02-01 00:00:00+00',
    'amid a day') \gexec
SELECT pg_temp.moves_beside('LOCK TABLE ONLY bots_01', 12, '2024-02-10', NULL, 'a partition of another time is locked') \gexec
SELECT pg_temp.moves_beside('LOCK TABLE ONLY bots_02', 12, '2024-02-10', '2024-02-10 00:00:00+00 2024-03-01 00:00:00+00',
    'a partition with partitions is locked') \gexec
SELECT pg_temp.moves_beside('LOCK TABLE ONLY bots_02_all', 12, '2024-01-10', '2024-02-01 00:00:00+00 2024-03-01 00:00:00+00',
    'a partition of a partition is locked') \gexec
SELECT pg_temp.moves_beside('LOCK TABLE bots_rest', 12, '2024-02-10', '2024-02-10 00:00:00+00 infinity',
    'the default partition is locked') \gexec
SELECT pg_temp.moves_beside('LOCK TABLE ONLY bots', 12, '-infinity', '-infinity infinity', 'the table is locked') \gexec
SELECT pg_temp.moves_beside('LOCK TABLE ONLY bots', 13, '-infinity', '-infinity infinity', 'a company without usage') \gexec

-- The plan of a query locks indexes, too.
SELECT pg_temp.moves_beside('REINDEX INDEX bots_01_company_id_occurred_at_idx', 11, '2024-01-10',
    '2024-01-10 00:00:00+00 2024-02-01 00:00:00+00', 'an index is being built anew') \gexec

-- Days that are un-built already, or pruned, need no lock.
SELECT reseller_report.prune('bots', '2024-02-01') \g /dev/null
UPDATE reseller_report.dependency SET reseller_id = 1 WHERE company_id = 12;
SELECT dblink_exec('a', 'BEGIN; LOCK TABLE bots IN ACCESS EXCLUSIVE MODE') \g /dev/null
SET lock_timeout = '2s';
SELECT lives_ok($$SELECT reseller_report.move_company(11, NULL, '-infinity')$$, 'beside a locked table with pruned days');
SELECT lives_ok($$SELECT reseller_report.move_company(12, 2, '-infinity')$$, 'and once more');
SELECT is(pg_temp.unbuilt(), '2024-02-01 00:00:00+00 infinity',
    'what is not built is not un-built again, what is pruned moves by itself');
-- Folds lock no usage table.
CREATE TABLE other_bots (company_id bigint, occurred_at timestamptz NOT NULL, billable boolean DEFAULT true,
    price_twin numeric(15,6) DEFAULT 1, price_reseller numeric(15,6) DEFAULT 0);
SELECT reseller_report.attach_source('bot', 'other_bots') \g /dev/null
INSERT INTO other_bots VALUES (12, '2024-03-03');
SELECT is((SELECT deltas FROM reseller_report.materialize()) > 0, true, 'a fold beside a locked table');
SELECT is((SELECT pending_deltas FROM reseller_report.materializer_state), 0::bigint, 'leaves nothing');
SELECT is_empty('SELECT FROM reseller_report.usage_delta', 'also of the locked table');
RESET lock_timeout;
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT reseller_report.detach_source('other_bots') \g /dev/null
SELECT is((SELECT sum(billable_messages) FROM reseller_report.bot(2, '2024-02-01', 'infinity')),
    (SELECT count(*) FILTER (WHERE billable)::numeric FROM bots WHERE company_id = 12), 'reports are right');
SELECT reseller_report.rebuild_slice('bots', '-infinity', 'infinity') \g /dev/null
SELECT is((SELECT sum(billable_messages) FROM reseller_report.bot(2, '2024-02-01', 'infinity')),
    (SELECT count(*) FILTER (WHERE billable)::numeric FROM bots WHERE company_id = 12), 'rebuilt');
SELECT pg_temp.clean('rebuilt');

-- Who waits for a usage table does not hold the lease: what needs it goes on.
CREATE FUNCTION pg_temp.waits(session text, lock text, command text, label text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dblink_exec('a', 'BEGIN; LOCK TABLE ' || lock), dblink_send_query(session, command);
    RETURN NEXT ok(pg_temp.blocked(), label || ' waits');
    PERFORM dblink_exec('a', 'SET LOCAL lock_timeout = ''5s''');
    RETURN NEXT is(pg_temp.state('a', 'UPDATE reseller_report.lease SET turn = turn + 1'), '00000',
        'and another has the lease meanwhile, who holds what ' || label || ' waits for');
    PERFORM dblink_exec('a', 'COMMIT');
    RETURN NEXT is((SELECT done FROM dblink_get_result(session) AS t (done bigint)), 1::bigint, label || ' goes on then');
    PERFORM * FROM dblink_get_result(session) AS t (done bigint);
END
$$;
SELECT pg_temp.waits('b', 'ONLY bots IN SHARE UPDATE EXCLUSIVE MODE',
    $$SELECT count(*) FROM reseller_report.rebuild_slice('bots', '2024-02-01', '2024-02-08')$$,
        'a rebuild beside VACUUM or ATTACH');
SELECT pg_temp.waits('b', 'ONLY bots_02 IN SHARE UPDATE EXCLUSIVE MODE',
    $$SELECT count(*) FROM reseller_report.rebuild_slice('bots', '2024-02-01', '2024-02-08')$$,
        'a rebuild beside VACUUM or ATTACH of a partition with partitions');
SELECT pg_temp.waits('b', 'ONLY bots_rest IN SHARE MODE',
    $$SELECT count(*) FROM reseller_report.rebuild_slice('bots', '2024-02-01', '2024-02-08')$$, 'a rebuild beside CREATE INDEX');

-- Nor does it hold a table that another wants, however long it has had it.
SELECT dblink_connect('c', format('host=%s port=%s dbname=%s user=%s options=''-c lock_timeout=5s -c client_min_messages=error''',
    current_setting('unix_socket_directories'), current_setting('port'), current_database(), current_user)) \g /dev/null
CREATE FUNCTION pg_temp.yields(lock text, command text, result text, wanted text, label text) RETURNS SETOF text
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dblink_exec('a', 'BEGIN; LOCK TABLE ' || lock), dblink_send_query('b', command);
    RETURN NEXT ok(pg_temp.blocked(), label || ' waits');
    RETURN NEXT is(pg_temp.state('c', format('DO $x$ BEGIN LOCK TABLE %s; END $x$', wanted)), '00000',
        'and another gets a table that ' || label || ' has read or locked');
    PERFORM dblink_exec('a', 'COMMIT');
    RETURN NEXT is((SELECT done FROM dblink_get_result('b') AS t (done text)), result, label || ' goes on then');
    PERFORM * FROM dblink_get_result('b') AS t (done text);
END
$$;
CREATE TABLE account (id bigint PRIMARY KEY);
INSERT INTO account VALUES (14);
ALTER TABLE usage.chat_message ADD FOREIGN KEY (company_id) REFERENCES account;
INSERT INTO usage.chat_message (company_id, sender, occurred_at) VALUES (14, 'bot', '2019-01-05');
SELECT pg_temp.yields('account IN ROW EXCLUSIVE MODE',
    $$SELECT count(*) FROM reseller_report.create_partitions('0', 'usage.chat_message')$$, '1',
    'usage.chat_message IN ROW EXCLUSIVE MODE', 'create_partitions beside a writer at the other end of a foreign key');
INSERT INTO usage.chat_message (company_id, sender, occurred_at) VALUES (14, 'bot', '2019-02-05');
INSERT INTO usage.phone_call (company_id, direction, occurred_at) VALUES (14, 'outgoing', '2019-01-05');
SELECT pg_temp.yields('usage.phone_call IN ROW EXCLUSIVE MODE', $$SELECT count(*) FROM reseller_report.create_partitions('0')$$,
    '2',
    'usage.chat_message IN ROW EXCLUSIVE MODE', 'create_partitions of all tables beside a writer to one');
SELECT pg_temp.yields('ONLY bots IN SHARE UPDATE EXCLUSIVE MODE', 'DO $x$ BEGIN CALL reseller_report.rebuild(''bots''); END $x$',
    'DO',
    'bots_rest IN ACCESS EXCLUSIVE MODE', 'a whole rebuild beside VACUUM or ATTACH');
SELECT dblink_exec('b', 'BEGIN') \g /dev/null
SELECT pg_temp.yields('bots IN ACCESS SHARE MODE', $$SELECT count(*) FROM reseller_report.prune('bots', '2024-03-01')$$, '1',
    'ONLY bots IN SHARE UPDATE EXCLUSIVE MODE', 'prune beside a report');
SELECT dblink_exec('b', 'ROLLBACK') \g /dev/null
SELECT reseller_report.materialize() \g /dev/null

SELECT pg_temp.waits('b', 'bots IN ACCESS SHARE MODE', $$SELECT count(*) FROM reseller_report.prune('bots', '2024-03-01')$$,
    'prune beside a report');
SELECT pg_temp.waits('b', 'bots IN ROW EXCLUSIVE MODE', $$SELECT count(*) FROM (SELECT reseller_report.detach_source('bots')) d$$,
    'detach_source beside a writer');
SELECT is_empty('SELECT FROM reseller_report.sources() WHERE source = ''bots''::regclass', 'detached');
SELECT is_empty('SELECT FROM reseller_report.usage_quarter', 'with all its summaries');
DROP TABLE bots;

-- Several usage tables are locked in the order of their sources' ids. Here the older table has the greater id.
CREATE TYPE plan AS ENUM ('paid', 'free');
CREATE TABLE older (company_id bigint, occurred_at timestamptz NOT NULL, plan plan, price_twin numeric(15,6), price_reseller
    numeric(15,6));
CREATE TABLE newer (LIKE older);
CREATE FUNCTION pg_temp.id_of(name text) RETURNS bigint LANGUAGE sql AS $$
    SELECT id FROM reseller_report.source WHERE table_name = name
$$;
CREATE FUNCTION pg_temp.attach(name text) RETURNS void LANGUAGE sql AS $$
    SELECT reseller_report.attach_source('bot', name::regclass,
        '{"billable": {"column": "plan", "values": {"paid": true, "free": false}}}')
$$;
SELECT pg_temp.attach('older'), pg_temp.attach('newer') \g /dev/null
DO $$
BEGIN
    WHILE pg_temp.id_of('older') < pg_temp.id_of('newer') LOOP
        PERFORM reseller_report.detach_source('older'), pg_temp.attach('older');
    END LOOP;
END
$$;
SELECT pid AS b FROM dblink('b', 'SELECT pg_backend_pid()') AS t (pid integer) \gset
SELECT dblink_exec('a', 'BEGIN; LOCK TABLE newer IN ROW EXCLUSIVE MODE') \g /dev/null
SELECT dblink_send_query('b', 'ALTER TYPE plan RENAME VALUE ''free'' TO ''gratis''') \g /dev/null
SELECT ok(pg_temp.blocked(), 'the rename of a label waits for a writer');
SELECT is_empty(
    format('SELECT FROM pg_locks WHERE relation = ''older''::regclass AND mode = ''ShareRowExclusiveLock'' AND pid = %s', :b),
    'and holds no table whose turn comes later');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT is((SELECT done FROM dblink_get_result('b') AS t (done text)), 'ALTER TYPE', 'it goes on then');
SELECT * FROM dblink_get_result('b') AS t (done text) \g /dev/null
DROP TABLE older, newer;

-- Changes of days that are not built are dropped by folds, which nobody notices.
CREATE TABLE old_bots (company_id bigint, occurred_at timestamptz NOT NULL, billable boolean DEFAULT true,
    price_twin numeric(15,6) DEFAULT 1, price_reseller numeric(15,6) DEFAULT 0);
INSERT INTO old_bots SELECT 11, timestamptz '2024-01-01 10:00+00' + n * interval '1 day', true, n, 0 FROM generate_series(1, 20) n;
SELECT reseller_report.move_company(11, 1, '-infinity'), reseller_report.attach_source('bot', 'old_bots') \g /dev/null
CREATE TABLE old_bots_child () INHERITS (old_bots);
CREATE FUNCTION pg_temp.kept() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM reseller_report.usage_delta $$;
UPDATE old_bots SET price_twin = price_twin + 1;
INSERT INTO old_bots_child VALUES (11, '2024-01-05 10:00+00');
SELECT cmp_ok(pg_temp.kept(), '>', 0::bigint, 'changes of a table that cannot be built');
SELECT is((SELECT pending_deltas FROM reseller_report.materializer_state), 0::bigint, 'are none to fold');
SELECT dblink_exec('a', 'BEGIN ISOLATION LEVEL REPEATABLE READ') \g /dev/null
SELECT is((SELECT n FROM dblink('a', 'SELECT billable_messages FROM reseller_report.bot(1, ''-infinity'', ''infinity'') '
    'WHERE id = 11') AS t (n bigint)), 21::bigint, 'an older snapshot');
SELECT dblink_exec('b', 'BEGIN; INSERT INTO old_bots VALUES (11, ''2024-01-06 10:00+00'')') \g /dev/null
SELECT is((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'a fold folds none');
SELECT is(pg_temp.kept(), 0::bigint, 'and they are gone');
SELECT pg_temp.report('reports after it', 'old_bots');
SELECT is((SELECT n FROM dblink('a', 'SELECT billable_messages FROM reseller_report.bot(1, ''-infinity'', ''infinity'') '
    'WHERE id = 11') AS t (n bigint)), 21::bigint, 'those of the older snapshot');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT is((SELECT count(*) FROM reseller_report.materialize()), 1::bigint, 'an idle fold');
DROP TABLE old_bots_child;
SELECT reseller_report.rebuild_slice('old_bots', '2024-01-01', '2024-01-15') \g /dev/null
SELECT dblink_exec('b', 'COMMIT') \g /dev/null
UPDATE old_bots SET price_reseller = 2 WHERE price_twin > 10;
SELECT is((SELECT count(*) FROM oracle.deltas WHERE bucket >= '2024-01-15') > 0, true,
    'days that were built meanwhile, and days that were not');
SELECT pg_temp.right('a writer in flight beside fold and rebuild', 'old_bots');
SELECT is(pg_temp.kept(), 0::bigint, 'all folded or dropped');
SELECT reseller_report.rebuild_slice('old_bots', '-infinity', 'infinity') \g /dev/null
SELECT pg_temp.right('rebuilt', 'old_bots');
-- Built days are never dropped, nor what waits for its table's trigger.
UPDATE old_bots SET price_twin = 5 WHERE occurred_at < '2024-01-10';
SELECT reseller_report.move_company(11, 2, '2024-01-05') \g /dev/null
SELECT pg_temp.right('changes of built days', 'old_bots');
UPDATE old_bots SET price_twin = 6 WHERE occurred_at < '2024-01-10';
SELECT pg_temp.kept() AS kept \gset
ALTER EVENT TRIGGER reseller_report_sql_drop DISABLE;
ALTER EVENT TRIGGER reseller_report_ddl_command_end DISABLE;
DROP TRIGGER reseller_report_capture ON old_bots;
SELECT reseller_report.materialize() \g /dev/null
SELECT is(pg_temp.kept(), :kept::bigint, 'a source without its trigger waits, as in a restore');
ALTER EVENT TRIGGER reseller_report_sql_drop ENABLE ALWAYS;
ALTER EVENT TRIGGER reseller_report_ddl_command_end ENABLE ALWAYS;
SELECT reseller_report.post_restore() \g /dev/null
SELECT pg_temp.right('with its trigger back', 'old_bots');
SELECT dblink_disconnect('a'), dblink_disconnect('b') \g /dev/null
SELECT * FROM finish();
