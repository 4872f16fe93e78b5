-- Verify compares raw usage with summary + pending in one snapshot, and the levels with each other; rebuild mends what it finds.
SELECT no_plan();
SELECT setseed(0.8) \g /dev/null
SET client_min_messages = error;
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(150); END $$;
CREATE FUNCTION pg_temp.clean(label text) RETURNS text LANGUAGE sql AS $$
    SELECT is_empty($q$SELECT * FROM reseller_report.verify('-infinity', 'infinity')$q$, label)
$$;
SELECT pg_temp.clean('nothing folded');
DO $$ BEGIN PERFORM reseller_report.materialize(300); PERFORM random_usage.changes(); END $$;
SELECT pg_temp.clean('half folded');
BEGIN;
DO $$ BEGIN PERFORM random_usage.events(10), random_usage.changes(); END $$;
SELECT pg_temp.clean('inside a transaction that writes and moves companies');
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.clean('and folds');
DECLARE older CURSOR FOR SELECT * FROM reseller_report.verify('-infinity', 'infinity');
DO $$ BEGIN PERFORM random_usage.events(10); END $$;
SELECT is_empty('FETCH ALL FROM older', 'as of an older snapshot');
COMMIT;
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.clean('all folded');

-- A corruption put in by hand, of each level and kind, is found, named, and mended by rebuild.
CREATE FUNCTION pg_temp.found(corruption text, figures text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    IF corruption <> '' THEN
        EXECUTE corruption;
    END IF;
    RETURN NEXT matches((SELECT string_agg(DISTINCT v.figure, ', ' ORDER BY v.figure)
        FROM reseller_report.verify('-infinity', 'infinity') v), figures, corruption);
    CALL oracle.rebuild();
    RETURN NEXT pg_temp.clean('mended: ' || corruption);
    RETURN NEXT oracle.agrees('mended: ' || corruption);
END
$$;
SELECT pg_temp.found(format('UPDATE reseller_report.usage_%s SET price_twin = price_reseller WHERE item = 1', level), 'price_twin')
    FROM unnest(ARRAY['quarter', 'hour', 'day', 'month', 'year']) level;
SELECT pg_temp.found(format('DELETE FROM reseller_report.usage_%s WHERE item = 21', level),
    'events.*price_reseller.*price_twin.*seconds') FROM unnest(ARRAY['quarter', 'hour', 'day', 'month', 'year']) level;
SELECT pg_temp.found(format('UPDATE reseller_report.usage_%s SET sum_seconds = sum_seconds + 1 WHERE item = 21', level),
    '^seconds.* of all companies$') FROM unnest(ARRAY['quarter', 'hour', 'day', 'month', 'year']) level;
SELECT pg_temp.found('UPDATE reseller_report.usage_quarter SET reseller_id = reseller_id + 70 WHERE item = 2', 'events');
SELECT pg_temp.found('UPDATE reseller_report.usage_month SET bucket = bucket - interval ''20 years'' WHERE item = 2',
    'events by month');
-- Committed first: what a transaction does itself is left out of both sides.
INSERT INTO usage.bot_message (company_id, occurred_at) VALUES (11, '2024-03-01 00:15+00');
INSERT INTO reseller_report.usage_delta TABLE reseller_report.usage_delta;
SELECT pg_temp.found('', '^events$');
-- The same of runs and of packed days.
INSERT INTO usage.bot_message (company_id, occurred_at) VALUES (11, '2024-03-01 00:15+00');
SELECT reseller_report.fold() \g /dev/null
INSERT INTO reseller_report.usage_run TABLE reseller_report.usage_run;
SELECT pg_temp.found('', '^events$');
SET reseller_report.largest_packed_day = 1000;
CALL oracle.rebuild();
SELECT isnt_empty('SELECT FROM reseller_report.usage_packed', 'small days are packed');
SELECT is_empty('SELECT FROM reseller_report.usage_quarter UNION ALL SELECT FROM reseller_report.usage_day',
    'and in no narrow level');
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')', 'right without a mistake');
SELECT pg_temp.found('UPDATE reseller_report.usage_packed SET day = day + interval ''10000 days''', 'events.*events by month');
SELECT pg_temp.found('UPDATE reseller_report.usage_packed SET reseller_id = reseller_id + 70', 'events.*events by month');
SELECT pg_temp.found('UPDATE reseller_report.usage_packed SET sums = ''''',
    '^(delivered by hour of all companies, )?events by hour of all companies');
SELECT pg_temp.found('DELETE FROM reseller_report.usage_packed', 'events.*events by month');
SELECT pg_temp.found('DELETE FROM reseller_report.usage_month WHERE item = 21', 'events by month.*seconds by month');
RESET reseller_report.largest_packed_day;
CALL oracle.rebuild();
SELECT is_empty('SELECT FROM reseller_report.usage_packed', 'a rebuild parts large days from small ones');
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')', 'right without a mistake');
BEGIN;
ALTER EVENT TRIGGER reseller_report_ddl_command_end DISABLE;
ALTER TABLE usage.bot_message DISABLE TRIGGER ALL;
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2024-03-01', 0.000007);
ALTER TABLE usage.bot_message ENABLE ALWAYS TRIGGER reseller_report_capture;
ALTER TABLE usage.bot_message ENABLE ALWAYS TRIGGER reseller_report_truncated;
ALTER EVENT TRIGGER reseller_report_ddl_command_end ENABLE ALWAYS;
COMMIT;
SELECT pg_temp.found('', 'events, price_twin');

-- One difference in full.
SELECT reseller_report.materialize() \g /dev/null
UPDATE usage.phone_call SET duration_seconds = 0;
INSERT INTO usage.phone_call (company_id, direction, occurred_at, duration_seconds, price_twin)
    VALUES (12, 'incoming', '2031-03-01 10:20+00', 60, 1.5);
SELECT reseller_report.materialize() \g /dev/null
UPDATE reseller_report.usage_quarter SET price_twin = '{9}' WHERE bucket = '2031-03-01 10:15+00';
SELECT results_eq($$SELECT source::text, reseller_id, company_id, service, item, bucket, figure, raw, summary
    FROM reseller_report.verify('2031-03-01 10:20+00', '2031-03-01 10:21+00')$$,
    $$VALUES ('usage.phone_call', 1::bigint, 12::bigint, 'telephony_incoming', 'incoming_call', timestamptz '2031-03-01 10:15+00',
        'price_twin', 1500000::bigint, 9::bigint),
        ('usage.phone_call', 1, 12, 'telephony_incoming', 'incoming_call', '2031-03-01 10:00+00', 'price_twin by hour', 9,
            1500000),
        ('usage.phone_call', 1, NULL, 'telephony_incoming', 'incoming_call', '2031-03-01 10:15+00',
            'price_twin of all companies', 9, 1500000)$$, 'keys, figure and both values');
SELECT is_empty($$SELECT * FROM reseller_report.verify('2031-03-01 10:20+00', '2031-03-01 10:21+00', 'telephony_outgoing')$$,
    'of one service only');
SELECT isnt_empty($$SELECT * FROM reseller_report.verify('2031-03-01 10:20+00', '2031-03-01 10:21+00', 'telephony_incoming')$$,
    'of the other');
SELECT is_empty($$SELECT * FROM reseller_report.verify('2031-03-02', '2031-03-03')$$, 'other days are not looked at');
CALL oracle.rebuild();
SELECT pg_temp.clean('mended');

-- What is not built is not compared.
TRUNCATE usage.phone_call;
UPDATE reseller_report.usage_quarter SET price_twin = NULL WHERE item = 31;
SELECT is_empty($$SELECT * FROM reseller_report.verify('-infinity', 'infinity') WHERE figure NOT LIKE '% by %'$$,
    'what is not built is not compared');
CALL oracle.rebuild();
SELECT pg_temp.clean('rebuilt');

SELECT throws_ok(format('SELECT * FROM reseller_report.verify(%s)', arguments), state, message, message) FROM (VALUES
    ('NULL, now()', '22004', 'the period must have two bounds'),
    ('now(), now()', '22023', 'the period must end after it begins'),
    ('''-infinity'', now(), ''telephony''', '22023', 'service "telephony" does not exist')) AS bad (arguments, state, message);
CREATE FUNCTION pg_temp.hint_of(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    EXECUTE command;
    RETURN NULL;
EXCEPTION WHEN invalid_parameter_value THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN hint;
END
$$;
SELECT is(pg_temp.hint_of($$SELECT * FROM reseller_report.verify('-infinity', now(), 'nope')$$),
    'Services are text_messaging, chat, telephony_outgoing, telephony_incoming and bot.',
        'a wrong service is told which there are');
SELECT * FROM finish();
