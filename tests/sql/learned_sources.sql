-- A session remembers what it has learned of connected tables, and notices what its own transactions and those of other sessions
-- change of them: each report is that of the rows.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/sessions.sql
INSERT INTO reseller_report.company VALUES (1, 'Reseller', true), (11, 'Company', false);
INSERT INTO reseller_report.dependency VALUES (1, 11);
SELECT pg_temp.connect('other') \g /dev/null
CREATE TABLE moved (company_id bigint, occurred_at timestamptz, billable text, price_twin numeric(15,6),
    price_reseller numeric(15,6))
    PARTITION BY RANGE (occurred_at);
CREATE TABLE moved_1 PARTITION OF moved FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00');
CREATE TABLE moved_2 PARTITION OF moved FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00');
SELECT reseller_report.attach_source('bot', 'moved', '{"billable": {"column": "billable", "values": {"yes": true, "no": false}}}')
    \g /dev/null
INSERT INTO moved SELECT 11, timestamptz '2024-01-05 00:07+00' + n * interval '11 hours', (ARRAY['yes', 'no'])[1 + n % 2], 1, 2
    FROM generate_series(0, 99) n;
DO $$ BEGIN PERFORM reseller_report.materialize(); END $$;

-- Both a period of whole quarter hours, which summaries answer, and one of odd minutes, for which a plan is kept.
CREATE FUNCTION pg_temp.agrees(what text, tables text, billable text DEFAULT 'billable = ''yes''') RETURNS SETOF text
    LANGUAGE plpgsql AS $$
DECLARE
    period tstzrange;
    raw bigint;
BEGIN
    FOREACH period IN ARRAY ARRAY[tstzrange('2024-01-01 00:00+00', '2024-03-01 00:00+00'),
        tstzrange('2024-01-05 00:05+00', '2024-02-10 13:12+00')]
    LOOP
        EXECUTE format('SELECT count(*) FILTER (WHERE %s) FROM %s WHERE company_id = 11 AND occurred_at <@ %L::tstzrange',
            billable, tables, period) INTO raw;
        RETURN NEXT is((SELECT sum(billable_messages)::bigint FROM reseller_report.bot(1, lower(period), upper(period))), raw,
            format('%s, %s', what, period));
    END LOOP;
END
$$;
CREATE FUNCTION pg_temp.elsewhere(command text) RETURNS void LANGUAGE sql AS $$ SELECT dblink_exec('other', command) $$;
SELECT * FROM pg_temp.agrees('learned', 'moved');
SELECT * FROM pg_temp.agrees('known', 'moved');

-- By this session, and undone by it.
BEGIN;
ALTER TABLE moved DISABLE TRIGGER reseller_report_capture;
INSERT INTO moved VALUES (11, '2024-01-05 00:06+00', 'yes', 1, 1), (11, '2024-02-20 00:00+00', 'yes', 1, 1);
SELECT * FROM pg_temp.agrees('trigger off in this transaction', 'moved');
ROLLBACK;
SELECT * FROM pg_temp.agrees('trigger on again', 'moved');
BEGIN;
ALTER TABLE moved RENAME TO renamed;
SELECT * FROM pg_temp.agrees('renamed in this transaction', 'renamed');
SAVEPOINT s;
ALTER TABLE renamed RENAME COLUMN billable TO chargeable;
SELECT * FROM pg_temp.agrees('column renamed in a savepoint', 'renamed', 'chargeable = ''yes''');
ROLLBACK TO s;
SELECT * FROM pg_temp.agrees('column named as before', 'renamed');
ROLLBACK;
SELECT * FROM pg_temp.agrees('named as before', 'moved');

-- By another session.
SELECT pg_temp.elsewhere('ALTER TABLE moved DISABLE TRIGGER reseller_report_capture') \g /dev/null
SELECT pg_temp.elsewhere($$INSERT INTO moved
    VALUES (11, '2024-01-05 00:06+00', 'yes', 1, 1), (11, '2024-02-20 00:00+00', 'yes', 1, 1)$$) \g /dev/null
SELECT * FROM pg_temp.agrees('trigger off', 'moved');
SELECT pg_temp.elsewhere('ALTER TABLE moved ENABLE ALWAYS TRIGGER reseller_report_capture') \g /dev/null
CALL reseller_report.rebuild('moved');
SELECT * FROM pg_temp.agrees('rebuilt', 'moved');
SELECT pg_temp.elsewhere('ALTER TABLE moved DETACH PARTITION moved_2') \g /dev/null
SELECT * FROM pg_temp.agrees('a partition gone', 'moved');
SELECT pg_temp.elsewhere($$INSERT INTO moved_2 VALUES (11, '2024-02-10 13:11+00', 'yes', 1, 1)$$) \g /dev/null
SELECT pg_temp.elsewhere($$ALTER TABLE moved ATTACH PARTITION moved_2
    FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00')$$) \g /dev/null
SELECT * FROM pg_temp.agrees('a partition back with one row more', 'moved');
CALL reseller_report.rebuild('moved');
SELECT * FROM pg_temp.agrees('rebuilt with it', 'moved');
SELECT pg_temp.elsewhere('CREATE SCHEMA hidden') \g /dev/null
SELECT pg_temp.elsewhere('ALTER TABLE moved SET SCHEMA hidden') \g /dev/null
SELECT * FROM pg_temp.agrees('in another schema', 'hidden.moved');
SELECT pg_temp.elsewhere('ALTER SCHEMA hidden RENAME TO seen') \g /dev/null
SELECT * FROM pg_temp.agrees('in a schema of another name', 'seen.moved');
SELECT pg_temp.elsewhere('DO $x$ BEGIN PERFORM reseller_report.detach_source(''seen.moved''); END $x$') \g /dev/null
SELECT is((SELECT sum(billable_messages)::bigint FROM reseller_report.bot(1, '-infinity', 'infinity')), 0::bigint, 'detached');
SELECT pg_temp.elsewhere('DO $x$ BEGIN PERFORM reseller_report.attach_source(''bot'', ''seen.moved'',
    ''{"billable": {"column": "billable", "values": {"no": true, "yes": false}}}''); END $x$') \g /dev/null
SELECT * FROM pg_temp.agrees('attached with another mapping', 'seen.moved', 'billable = ''no''');
CALL reseller_report.rebuild('seen.moved');
SELECT * FROM pg_temp.agrees('built with it', 'seen.moved', 'billable = ''no''');

-- The horizon is no fact of the catalogs.
SELECT count(*) AS before FROM seen.moved WHERE billable = 'no' AND occurred_at < '2024-02-01 00:00+00' \gset
SELECT pg_temp.elsewhere('DO $x$ BEGIN PERFORM reseller_report.prune(''seen.moved'', ''2024-02-01 00:00+00''); END $x$')
    \g /dev/null
SELECT throws_ok($$SELECT * FROM reseller_report.bot(1, '2024-01-05 00:05+00', '2024-02-10 13:12+00')$$, '55000', NULL,
    'pruned since it was learned');
SELECT is((SELECT billable_messages FROM reseller_report.bot(1, '2024-01-01 00:00+00', '2024-02-01 00:00+00')), :'before'::bigint,
    'what was pruned is in the summaries');
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')', 'verify');

-- Nor is the mapping, though whatever changes either through a function of ours changes the table as well. Here the registry alone
-- is changed, of which the server tells nobody.
SELECT lives_ok($$SELECT * FROM reseller_report.bot(1, '2024-02-03 00:05+00', '2024-02-10 13:12+00')$$, 'learned again');
SELECT pg_temp.elsewhere($$UPDATE reseller_report.source SET horizon = '2024-02-06 00:00+00'$$) \g /dev/null
SELECT throws_ok($$SELECT * FROM reseller_report.bot(1, '2024-02-03 00:05+00', '2024-02-10 13:12+00')$$, '55000', NULL,
    'the horizon has moved');
SELECT pg_temp.elsewhere($$UPDATE reseller_report.source SET horizon = '2024-02-01 00:00+00'$$) \g /dev/null
SELECT pg_temp.elsewhere($u$DO $x$ BEGIN
    UPDATE reseller_report.source
        SET rules = replace(replace(replace(rules::text, '"yes"', '"x"'), '"no"', '"yes"'), '"x"', '"no"')::jsonb;
    PERFORM reseller_report._unbuild(id, '-infinity', 'infinity', 'another mapping') FROM reseller_report.source;
END $x$$u$) \g /dev/null
SELECT is((SELECT sum(billable_messages)::bigint FROM reseller_report.bot(1, '2024-02-03 00:05+00', '2024-02-10 13:12+00')),
    (SELECT count(*) FROM seen.moved WHERE billable = 'yes' AND occurred_at >= '2024-02-03 00:05+00'
        AND occurred_at < '2024-02-10 13:12+00'), 'the mapping is another');
SELECT * FROM finish();
