-- The law of statements holds over random histories: late usage, refunds, deletions, moves to and fro, folds, rebuilds,
-- withdrawals.
SELECT no_plan();
\ir ../lib/usage_oracle.sql
\ir ../lib/statements_oracle.sql
-- A seed has one history: random changes meet the rows in the order in which they lie, which vacuum would change.
SELECT format('ALTER TABLE %s SET (autovacuum_enabled = false)', p.relid) FROM unnest(ARRAY['usage.text_message'::regclass,
    'usage.chat_message', 'usage.phone_call', 'usage.bot_message']) t, pg_partition_tree(t) p WHERE p.isleaf \gexec
SELECT setseed(0.41) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(200); END $$;
CREATE FUNCTION pg_temp.history(round int) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM oracle.bill(), oracle.bill();
    RETURN NEXT is_empty('SELECT * FROM oracle.unlawful()', format('round %s: billed', round));
    PERFORM random_usage.changes(), random_usage.events(5);
    RETURN NEXT is_empty('SELECT * FROM oracle.unlawful()', format('round %s: changed in the same transaction', round));
END
$$;
CREATE FUNCTION pg_temp.after(round int) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    IF round % 3 = 0 THEN
        PERFORM reseller_report.materialize();
    ELSIF round % 7 = 0 THEN
        PERFORM reseller_report.rebuild_slice(s, '2024-02-20', '2024-03-10') FROM unnest(ARRAY['usage.bot_message'::regclass,
            'usage.text_message']) s;
    END IF;
    RETURN NEXT is_empty('SELECT * FROM oracle.unlawful()', format('round %s: later', round));
END
$$;
SELECT format('SELECT pg_temp.history(%s); SELECT pg_temp.after(%1$s)', n) FROM generate_series(1, 12) n \gexec
SELECT cmp_ok((SELECT count(*) FROM reseller_report.statements), '>', 8::bigint, 'statements were issued');
SELECT cmp_ok((SELECT count(*) FROM reseller_report.statements WHERE withdrawn_at IS NOT NULL), '>', 1::bigint, 'some withdrawn');
SELECT cmp_ok((SELECT count(*) FROM reseller_report.statement_lines WHERE corrects IS NOT NULL), '>', 20::bigint,
    'with corrections');

-- Pruned usage counts as it was when it was pruned.
SELECT oracle.bill() FROM generate_series(1, 8) \g /dev/null
SELECT reseller_report.materialize() \g /dev/null
CREATE TABLE pg_temp.before AS SELECT r, o.* FROM generate_series(1, 3) r, reseller_report.open_corrections(r) o;
SET client_min_messages = error;
SELECT reseller_report.create_partitions('1 month') \g /dev/null
SELECT isnt_empty('SELECT * FROM reseller_report.prune(''usage.text_message'', ''2024-03-01 00:00+00'')', 'usage was pruned');
SELECT results_eq('SELECT r, o.* FROM generate_series(1, 3) r, reseller_report.open_corrections(r) o',
    'SELECT * FROM pg_temp.before',
    'nothing has changed by that');
SELECT * FROM finish();
