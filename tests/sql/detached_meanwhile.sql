-- Another session detaches a table, or detaches and attaches it again, beside a transaction with an older snapshot: what the
-- transaction asks is answered by its snapshot, or refused.
SELECT no_plan();
SET client_min_messages = error;
CREATE EXTENSION dblink;
SELECT format('host=%s port=%s dbname=%s user=%s', current_setting('unix_socket_directories'), current_setting('port'),
    current_database(), current_user) AS here \gset
SELECT dblink_connect('other', :'here') \g /dev/null
SELECT dblink_exec('other', 'SET statement_timeout = ''30s''') \g /dev/null
INSERT INTO reseller_report.company VALUES (1, 'Reseller', true), (11, 'Company', false);
INSERT INTO reseller_report.dependency VALUES (1, 11);
CREATE TABLE bots (company_id bigint, occurred_at timestamptz, billable boolean, price_twin numeric(15,6),
    price_reseller numeric(15,6));
CREATE INDEX ON bots (company_id, occurred_at);
CREATE INDEX ON bots (occurred_at);
SELECT reseller_report.attach_source('bot', 'bots') \g /dev/null
INSERT INTO bots SELECT 11, timestamptz '2024-03-01 00:00+00' + n * interval '7 hours', true, 1, 0 FROM generate_series(1, 20) n;
SELECT deltas FROM reseller_report.materialize() \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-02 00:00+00', true, 1, 0);

-- Waits until a query returns a row.
CREATE FUNCTION pg_temp.comes(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    patience CONSTANT timestamptz := clock_timestamp() + interval '30 seconds';
    found boolean := false;
BEGIN
    WHILE NOT found AND clock_timestamp() < patience LOOP
        PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
        EXECUTE format('SELECT EXISTS (%s)', query) INTO found;
    END LOOP;
    RETURN found;
END
$$;
CREATE FUNCTION pg_temp.stays_exact(how text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')',
        format('verify, when %s meanwhile', how));
    RETURN NEXT is((SELECT billable_messages FROM reseller_report.bot(1, '-infinity', 'infinity')), 21::bigint,
        format('a report, when %s meanwhile', how));
END
$$;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM reseller_report.company \g /dev/null
SELECT dblink_exec('other', 'DO $x$ BEGIN PERFORM reseller_report.detach_source(''bots''); END $x$') \g /dev/null
SELECT * FROM pg_temp.stays_exact('it was detached');
SELECT throws_ok('SELECT * FROM reseller_report.rebuild_slices(''bots'')', '42704', NULL,
    'no slices of what is not connected any more');
COMMIT;
SELECT reseller_report.attach_source('bot', 'bots') \g /dev/null
CALL reseller_report.rebuild('bots');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM reseller_report.company \g /dev/null
SELECT dblink_exec('other',
    'DO $x$ BEGIN PERFORM reseller_report.detach_source(''bots''), reseller_report.attach_source(''bot'', ''bots''); END $x$')
        \g /dev/null
SELECT * FROM pg_temp.stays_exact('it was detached and attached again');
COMMIT;

-- Partitions of all tables, while one of them is detached.
INSERT INTO usage.chat_message (company_id, sender, occurred_at) VALUES (11, 'bot', '2019-01-05'), (11, 'bot', '2019-02-05');
INSERT INTO usage.bot_message (company_id, occurred_at) VALUES (11, '2019-01-05');
SELECT dblink_connect('maker', :'here') \g /dev/null
SELECT dblink_exec('other', 'BEGIN; DO $x$ BEGIN PERFORM reseller_report.detach_source(''usage.bot_message''); END $x$')
    \g /dev/null
SELECT dblink_send_query('maker', 'SELECT count(*) FROM reseller_report.create_partitions(''0'')') \g /dev/null
SELECT ok(pg_temp.comes($$SELECT FROM pg_locks WHERE NOT granted AND relation = 'usage.bot_message'::regclass
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())$$),
    'create_partitions waits for a table that is being detached');
SELECT dblink_exec('other', 'COMMIT') \g /dev/null
SELECT is((SELECT n FROM dblink_get_result('maker') AS t (n bigint)), 2::bigint,
    'and leaves it alone then, and makes those of the others');
SELECT * FROM dblink_get_result('maker') AS t (n bigint) \g /dev/null

-- The rename of a schema locks no table, so a table may be detached between the moments when it lists the sources and follows them.
CREATE SCHEMA shop;
CREATE TABLE shop.bots (LIKE bots);
CREATE TABLE sold (LIKE bots);
SELECT reseller_report.attach_source('bot', 'shop.bots'), reseller_report.attach_source('bot', 'sold') \g /dev/null
SELECT dblink_exec('other', 'BEGIN; ALTER TABLE shop.bots RENAME COLUMN billable TO paid'),
    dblink_exec('other', 'DO $x$ BEGIN PERFORM reseller_report.detach_source(''sold''); END $x$') \g /dev/null
SELECT dblink_send_query('maker', 'ALTER SCHEMA shop RENAME TO store') \g /dev/null
SELECT ok(pg_temp.comes($$SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'$$),
    'the rename of a schema waits for another who follows DDL');
SELECT dblink_exec('other', 'COMMIT') \g /dev/null
SELECT is((SELECT status FROM dblink_get_result('maker') AS t (status text)), 'ALTER SCHEMA', 'and is done then');
SELECT set_eq($$SELECT schema_name, table_name FROM reseller_report.source WHERE service = 'bot' AND schema_name <> 'usage'$$,
    $$VALUES (name 'public', name 'bots'), ('store', 'bots')$$, 'the table that was detached meanwhile is not connected');
SELECT is_empty('SELECT source FROM reseller_report.source_leaf UNION SELECT source FROM reseller_report.source_table '
    'EXCEPT SELECT id FROM reseller_report.source', 'and nothing is registered of it');
SELECT dblink_disconnect('maker') \g /dev/null
SELECT dblink_disconnect('other') \g /dev/null
SELECT * FROM finish();
