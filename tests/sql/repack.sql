-- REPACK, which PostgreSQL 19 has, un-builds nothing and loses nothing: of usage tables and of ours, also CONCURRENTLY, while usage
-- is written.
SELECT no_plan();
SELECT current_setting('server_version_num')::int >= 190000 AS has_repack \gset
\if :has_repack
\ir ../lib/sessions.sql
SELECT setseed(0.42);
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(200); PERFORM reseller_report.materialize(); END $$;
DO $$ BEGIN PERFORM random_usage.events(50), random_usage.changes(); END $$;
SELECT reseller_report.fold(100) \g /dev/null
CREATE TABLE public.built_before AS TABLE reseller_report.source_built;
CREATE FUNCTION pg_temp.unharmed(label text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT oracle.agrees(label);
    RETURN NEXT set_eq('TABLE reseller_report.source_built', 'TABLE public.built_before', label || ': what was built is built');
    RETURN NEXT is_empty('TABLE reseller_report.source_unbuilt', label || ': nothing is un-built');
END
$$;
-- The relations of a schema that hold rows. CONCURRENTLY takes no table whose replica identity is FULL, or which has no key.
CREATE FUNCTION pg_temp.repack(options text, schema regnamespace, condition text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT format(''REPACK %%s %%s'', %L, oid::regclass) FROM pg_class c
        WHERE relnamespace = %s AND relkind = ''r'' AND %s ORDER BY relname', options, schema::oid, condition);
END
$$;

REPACK usage.text_message;
REPACK usage.chat_message USING INDEX chat_message_company_id_occurred_at_idx;
SELECT pg_temp.unharmed('REPACK of usage tables');
SELECT pg_temp.repack('', 'reseller_report', 'true') \gexec
SELECT pg_temp.unharmed('REPACK of our tables');
SELECT pg_temp.repack('(CONCURRENTLY)', 'usage', 'relispartition') \gexec
SELECT pg_temp.unharmed('REPACK (CONCURRENTLY) of usage tables');
SELECT pg_temp.repack('(CONCURRENTLY)', 'reseller_report',
    'relreplident <> ''f'' AND EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)') \gexec
SELECT pg_temp.unharmed('REPACK (CONCURRENTLY) of our tables');

-- While usage is written, companies move, and changes are folded. REPACK (CONCURRENTLY) waits for a transaction that is open when
-- it begins, so that all of this is done beside it.
SELECT pg_temp.connect('repack'), pg_temp.connect('open') \g /dev/null
SELECT is(dblink_exec('open', 'BEGIN; INSERT INTO usage.chat_message (company_id, sender, occurred_at)
    SELECT company_id, ''user'', ''2024-03-05'' FROM reseller_report.dependency LIMIT 1'), 'INSERT 0 1', 'a transaction is open');
CREATE FUNCTION pg_temp.beside(command text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT is(dblink_send_query('repack', command), 1, command || ' begins');
    RETURN NEXT ok(pg_temp.until($until$EXISTS (SELECT FROM pg_stat_activity
        WHERE query LIKE 'REPACK%' AND pid <> pg_backend_pid() AND wait_event IS NOT NULL)$until$), 'and waits');
END
$$;
SELECT pg_temp.beside('REPACK (CONCURRENTLY) usage.text_message_default');
DO $$ BEGIN PERFORM random_usage.events(20), random_usage.changes(), random_usage.companies_moved(); END $$;
SELECT reseller_report.materialize(30) \g /dev/null
SELECT oracle.agrees('beside REPACK (CONCURRENTLY)');
SELECT is(dblink_exec('open', 'COMMIT'), 'COMMIT', 'the transaction ends');
DO $$ BEGIN PERFORM random_usage.events(20), random_usage.changes(); END $$;
SELECT is(pg_temp.state_of_sent('repack'), '00000', 'REPACK (CONCURRENTLY) ends');
SELECT pg_temp.unharmed('usage written beside REPACK (CONCURRENTLY)');

SELECT is(dblink_exec('open', 'BEGIN; INSERT INTO usage.chat_message (company_id, sender, occurred_at)
    SELECT company_id, ''user'', ''2024-03-05'' FROM reseller_report.dependency LIMIT 1'), 'INSERT 0 1', 'a transaction is open');
SELECT pg_temp.beside('REPACK (CONCURRENTLY) reseller_report.usage_quarter');
SELECT reseller_report.materialize() \g /dev/null
SELECT oracle.agrees('merged beside REPACK (CONCURRENTLY)');
SELECT is(dblink_exec('open', 'COMMIT'), 'COMMIT', 'the transaction ends');
SELECT is(pg_temp.state_of_sent('repack'), '00000', 'REPACK (CONCURRENTLY) ends');
SELECT pg_temp.unharmed('merged beside REPACK (CONCURRENTLY)');
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')', 'verify finds nothing');
SELECT * FROM finish();
\else
SELECT pass('this PostgreSQL has no REPACK');
SELECT * FROM finish();
\endif
