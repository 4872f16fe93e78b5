-- What a fold takes, what it leaves, and what it costs.
SELECT no_plan();
SELECT throws_ok(format('SELECT * FROM reseller_report.materialize(%s)', arguments), state, message, message) FROM (VALUES
    ('NULL', '22004', 'max_deltas must not be NULL'),
    ('0', '22023', 'max_deltas must be at least 1'),
    ('-1', '22023', 'max_deltas must be at least 1')) AS bad (arguments, state, message);

INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'Narrow', true), (2, 'Wide', true),
    (9, 'Nobody''s', false);
INSERT INTO reseller_report.company (company_id, name) SELECT n, 'Company ' || n FROM generate_series(1001, 3100) n;
INSERT INTO reseller_report.dependency SELECT CASE WHEN n <= 1100 THEN 1 ELSE 2 END, n FROM generate_series(1001, 3100) n;
CREATE FUNCTION pg_temp.send(first bigint, last bigint, at timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO usage.text_message (company_id, channel, occurred_at) SELECT n, 'sms', at FROM generate_series(first, last) n
$$;
CREATE VIEW pg_temp.waiting AS SELECT sum(entries) FROM reseller_report.usage_run WHERE NOT set_aside;

-- A fold takes all. A merge takes runs of narrow resellers always, those of wide ones once enough has come together for the rows
-- that they touch, or has grown old.
SELECT pg_temp.send(1001, 1001, '2024-03-01 00:00+00'), pg_temp.send(9, 9, '2024-03-01 00:00+00'),
    pg_temp.send(1101, 1150, '2024-03-01 00:00+00') \g /dev/null
SELECT is((SELECT deltas FROM reseller_report.materialize(100000, true)), 53::bigint,
    'all is folded, and what is a narrow reseller''s merged; nobody''s usage is dropped');
SELECT results_eq('TABLE pg_temp.waiting', 'VALUES (50::bigint)', 'a few changes of a wide reseller wait');
SELECT is((SELECT deltas FROM reseller_report.materialize(100000, true)), 0::bigint, 'nothing that pays is left');
SELECT is((SELECT count(*) FROM reseller_report.text_messaging(2, '-infinity', 'infinity') WHERE id < 1151), 50::bigint,
    'a report has them');
SELECT pg_temp.send(1151, 1700, '2024-03-01 00:00+00'), pg_temp.send(1151, 1160, '2024-03-02 00:00+00') \g /dev/null
SELECT is((SELECT deltas FROM reseller_report.materialize(100000, true)), 560::bigint,
    'what is folded of two rows does not pay');
SELECT pg_temp.send(1701, 2100, '2024-03-01 00:00+00') \g /dev/null
SELECT is((SELECT deltas FROM reseller_report.materialize(100000, true)), 1410::bigint, 'many changes pay');
SELECT results_eq('TABLE pg_temp.waiting', 'VALUES (NULL::bigint)', 'and none waits');
SELECT pg_temp.send(1151, 1160, '2024-03-02 00:00+00') \g /dev/null
SELECT is((SELECT deltas FROM reseller_report.materialize(100000, true)), 10::bigint, 'few do not');
SELECT is((SELECT (unmerged_entries, oldest_unmerged_at) FROM reseller_report.materializer_state),
    (SELECT (sum(entries), min(recorded_at)) FROM reseller_report.usage_run), 'the state counts what is not merged');
UPDATE reseller_report.usage_run SET recorded_at = now() - interval '11 minutes';
SELECT is((SELECT deltas FROM reseller_report.materialize(100000, true)), 10::bigint, 'an old run pays');
SELECT pg_temp.send(1151, 1160, '2024-03-02 00:00+00') \g /dev/null
SELECT is((SELECT pending_deltas FROM reseller_report.materializer_state), 10::bigint, 'the state counts what waits');
SELECT is((SELECT deltas FROM reseller_report.materialize()), 20::bigint, 'without only_what_pays all is folded and merged');

-- An idle run writes nothing. Reading may, where a page is pruned or a hint has to be logged, but not again and again.
CREATE FUNCTION pg_temp.wal_of(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, WAL, FORMAT JSON) ' || query INTO plan;
    RETURN plan -> 0 -> 'Plan' ->> 'WAL Bytes';
END
$$;
SELECT cmp_ok(pg_temp.wal_of('SELECT pg_logical_emit_message(false, ''a'', ''b'')'), '>', 0::bigint, 'WAL that is written is seen');
SELECT is(min(pg_temp.wal_of('SELECT * FROM reseller_report.materialize(' || arguments || ')')), 0::bigint,
    'an idle run writes no WAL') FROM unnest(ARRAY['', '100000, true']) arguments, generate_series(1, 5) GROUP BY arguments;
SELECT is((SELECT (pending_deltas, oldest_pending_at, last_deltas, unbuilt_sources) FROM reseller_report.materializer_state),
    (0::bigint, NULL::timestamptz, 20::bigint, '{}'::text[]), 'the state tells of the last run that folded');

-- Receipts.
SELECT pg_temp.send(1101, 3100, '2024-03-03 00:00+00') \g /dev/null
SELECT * FROM reseller_report.materialize() \g /dev/null
UPDATE usage.text_message SET delivered_at = now() WHERE occurred_at = '2024-03-03 00:00+00' AND company_id % 100 = 0;
SELECT is((SELECT deltas FROM reseller_report.materialize()), 40::bigint, 'receipts are taken');
SELECT is((SELECT sum(delivered_sms) FROM reseller_report.text_messaging(2, '2024-03-03', '2024-03-04')), 20::numeric,
    'and counted');

-- A sum beyond 64 bits is set aside with a warning, and stops nobody else.
INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin)
    SELECT 1001, 'sms', '2024-04-01 00:00+00', 999999999.999999 FROM generate_series(1, 9000);
INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin)
    SELECT 1001, 'sms', '2024-05-01 00:00+00', 999999999.999999 FROM generate_series(1, 9000);
SELECT pg_temp.send(1002, 1003, '2024-04-01 00:00+00') \g /dev/null
SET client_min_messages = error;
SELECT is((SELECT deltas FROM reseller_report.materialize()), 6::bigint,
    'all is folded, and merged what can be');
RESET client_min_messages;
SELECT results_eq('SELECT company_id, set_aside FROM oracle.runs', 'VALUES (1001::bigint, true), (1001, true)',
    'what overflows is set aside');
SELECT is((SELECT pending_deltas FROM reseller_report.materializer_state), 0::bigint, 'and no longer pending');
SELECT is((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'nothing is left to fold');
SELECT results_eq('SELECT id, price_sms FROM reseller_report.text_messaging(1, ''-infinity'', ''infinity'') '
    'WHERE id IN (1001, 1002)',
    'VALUES (1001::bigint, 17999999999999.982000), (1002, 0)', 'reports go on counting it');

-- A fold inside a PL/pgSQL exception block, with an error after it.
SELECT pg_temp.send(1001, 1005, '2024-03-01 00:00+00') \g /dev/null
DO $$
BEGIN
    PERFORM reseller_report.materialize();
    RAISE EXCEPTION 'undo';
EXCEPTION WHEN raise_exception THEN NULL;
END
$$;
SELECT is((SELECT pending_deltas FROM reseller_report.materializer_state), 5::bigint, 'a fold that was undone left its deltas');
SELECT is((SELECT sum(deltas) FROM (SELECT (reseller_report.materialize(1)).deltas FROM generate_series(1, 5)) AS runs),
    5::numeric, 'many folds in one statement');
SELECT reseller_report.materialize() \g /dev/null

-- Deltas of a detached table are nobody's.
SELECT pg_temp.send(1001, 1005, '2024-03-01 00:00+00') \g /dev/null
DROP TABLE usage.text_message;
SELECT is((SELECT pending_deltas FROM reseller_report.materializer_state), 0::bigint, 'deltas of a dropped table are nobody''s');
SELECT reseller_report.materialize() \g /dev/null
SELECT is((SELECT count(*) FROM reseller_report.usage_delta), 0::bigint, 'and the next fold clears them');
SELECT is((SELECT sum(sent_push + delivered_sms) FROM reseller_report.text_messaging(1, '-infinity', 'infinity')), 0::numeric,
    'a dropped table is ignored at once');
SELECT is_empty('SELECT FROM reseller_report.usage_quarter UNION ALL SELECT FROM reseller_report.usage_year UNION ALL SELECT '
    'FROM reseller_report.source_unbuilt',
    'and its summaries with them');
CREATE TABLE usage.text_message (LIKE usage.bot_message, channel text, delivered_at timestamptz);
INSERT INTO usage.text_message (id, company_id, channel, occurred_at, price_twin, price_reseller, billable)
    VALUES (1, 1001, 'sms', now(), 1, 1, true);
SELECT is((SELECT sum(total_price_to_twin) FROM reseller_report.text_messaging(1, '-infinity', 'infinity')), 0::numeric,
    'a new table of the same name is not connected');
SELECT lives_ok('SELECT reseller_report.attach_source(''text_messaging'', ''usage.text_message'')', 'until it is attached');
SELECT is((SELECT sum(total_price_to_twin) FROM reseller_report.text_messaging(1, '-infinity', 'infinity')), 1::numeric,
    'and then counts');
SELECT * FROM finish();
