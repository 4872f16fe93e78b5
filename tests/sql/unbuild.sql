-- L4: what changes raw rows past the capture trigger un-builds the days it may have touched, reports stay exact throughout, the
-- state says why, and a rebuild mends it. Renames are followed.
SELECT no_plan();
SELECT setseed(0.4) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(100); PERFORM reseller_report.materialize(); END $$;
CREATE TABLE usage.bot_message_2024_02 PARTITION OF usage.bot_message
    FOR VALUES FROM ('2034-02-01 00:00+00') TO ('2034-03-01 00:00+00');
SELECT is((SELECT unbuilt_sources FROM reseller_report.materializer_state), '{}',
    'an empty partition made later un-builds nothing');
CREATE FUNCTION pg_temp.why() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(DISTINCT u.reason || CASE WHEN u.unbuilt_from = '-infinity' THEN '' ELSE ' (days)' END, '; ')
        FROM reseller_report.source_unbuilt u
$$;
SET client_min_messages = error;
CREATE PROCEDURE pg_temp.rebuild() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reseller_report.rebuild_slice(format('%I.%I', schema_name, table_name)::regclass, '-infinity', 'infinity')
        FROM reseller_report.source;
END
$$;

-- Each step: DDL, why it un-builds (NULL: it does not), a description.
CREATE TABLE elsewhere (LIKE usage.bot_message INCLUDING ALL);
INSERT INTO elsewhere (id, company_id, occurred_at, price_twin) VALUES (-1, 11, '2034-04-05 12:00+00', 5),
    (-2, 12, '2034-04-05 12:20+00', 7);
CREATE FUNCTION pg_temp.step(command text, reason text, label text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RETURN NEXT is(pg_temp.why(), reason, label);
    RETURN NEXT oracle.agrees(label || ', reports');
    UPDATE usage.bot_message SET price_twin = price_twin + 1 WHERE random() < 0.1;
    RETURN NEXT oracle.agrees(label || ', reports after writes');
    PERFORM reseller_report.materialize();
    RETURN NEXT oracle.agrees(label || ', reports after a fold');
    IF reason IS NOT NULL THEN
        CALL pg_temp.rebuild();
        RETURN NEXT is(pg_temp.why(), NULL, label || ', rebuilt');
        RETURN NEXT oracle.agrees(label || ', reports after the rebuild');
    END IF;
END
$$;
SELECT pg_temp.step('TRUNCATE usage.bot_message_2024_02', 'TRUNCATE of usage.bot_message_2024_02 (days)',
    'TRUNCATE of a partition');
TRUNCATE usage.phone_call;
SELECT matches(pg_temp.why(), 'TRUNCATE of usage.phone_call;', 'TRUNCATE of a table');
SELECT oracle.agrees('TRUNCATE of a table, reports');
CALL pg_temp.rebuild();
SELECT pg_temp.step('ALTER TABLE usage.bot_message ATTACH PARTITION elsewhere '
    'FOR VALUES FROM (''2034-04-01 00:00+00'') TO (''2034-05-01 00:00+00'')', 'public.elsewhere came with rows (days)',
        'ATTACH PARTITION with rows');
SELECT pg_temp.step('ALTER TABLE usage.bot_message DETACH PARTITION elsewhere', 'public.elsewhere is no longer a partition (days)',
    'DETACH PARTITION');
SELECT pg_temp.step('TRUNCATE elsewhere', NULL, 'what was detached is nobody''s');
SELECT pg_temp.step('ALTER TABLE usage.bot_message ATTACH PARTITION elsewhere '
    'FOR VALUES FROM (''2034-04-01 00:00+00'') TO (''2034-05-01 00:00+00'')', NULL, 'ATTACH PARTITION without rows');
INSERT INTO usage.bot_message (id, company_id, occurred_at, price_twin) VALUES (-1, 11, '2034-04-05 12:00+00', 5),
    (-2, 12, '2034-04-05 12:20+00', 7);
SELECT pg_temp.step('DROP TABLE elsewhere', 'public.elsewhere was dropped (days)', 'DROP of a partition');
ALTER TABLE usage.bot_message ALTER COLUMN price_twin TYPE numeric(14,6) USING price_twin * 2;
SELECT matches(pg_temp.why(), 'column price_twin has another type', 'a rewriting ALTER TABLE');
SELECT oracle.agrees('a rewriting ALTER TABLE, reports');
CALL pg_temp.rebuild();
SELECT is(pg_temp.why(), NULL, 'rebuilt');
SELECT oracle.agrees('a rewriting ALTER TABLE, reports after the rebuild');
ALTER TABLE usage.bot_message ALTER COLUMN price_twin TYPE numeric;
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2024-03-01', 0.00000001);
SELECT throws_ok('SELECT * FROM reseller_report.bot(1, ''-infinity'', ''infinity'')', '55000', NULL,
    'a price that may be too fine stops the report, not the write');
DELETE FROM usage.bot_message WHERE price_twin = 0.00000001;
ALTER TABLE usage.bot_message ALTER COLUMN price_twin TYPE numeric(15,6);
SELECT oracle.agrees('retyped back');
CALL pg_temp.rebuild();
ALTER TABLE usage.bot_message DISABLE TRIGGER reseller_report_capture;
SELECT matches(pg_temp.why(), 'trigger reseller_report_capture of usage.bot_message was disabled', 'a disabled trigger');
SELECT throws_ok('CALL pg_temp.rebuild()', '55000', 'the capture trigger of table usage.bot_message is off',
    'nothing is built while capture is off');
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2024-03-01', 4);
SELECT oracle.agrees('written while capture is off');
ALTER TABLE usage.bot_message ENABLE TRIGGER reseller_report_capture;
SELECT oracle.agrees('capture is on again');
CALL pg_temp.rebuild();
SELECT is(pg_temp.why(), NULL, 'ENABLE TRIGGER is made ALWAYS, and rebuilt');
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2024-03-01', 4);
SELECT oracle.agrees('capture is on again, rebuilt');
ALTER TABLE usage.bot_message_default ENABLE REPLICA TRIGGER reseller_report_capture;
SELECT matches(pg_temp.why(), 'reseller_report_capture of usage.bot_message_default was enabled for replicas only',
    'a partition''s trigger counts too');
ALTER TABLE usage.bot_message_default ENABLE ALWAYS TRIGGER reseller_report_capture;
CALL pg_temp.rebuild();
SELECT oracle.agrees('rebuilt after REPLICA');

CREATE TABLE app_bot (LIKE usage.bot_message INCLUDING DEFAULTS);
SELECT reseller_report.attach_source('bot', 'app_bot') \g /dev/null
CREATE TABLE app_bot_child () INHERITS (app_bot);
INSERT INTO app_bot_child (company_id, occurred_at, price_twin) VALUES (11, '2024-03-01', 1000);
SELECT throws_ok('SELECT reseller_report.rebuild_slice(''app_bot'', ''-infinity'', ''infinity'')', '55000',
    'the capture trigger of table public.app_bot is off', 'a table with inheritance children is not built');
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(3, '-infinity', 'infinity') WHERE id = 11),
    (SELECT sum(price_twin) + 1000 FROM usage.bot_message m JOIN reseller_report.dependency d ON d.reseller_id = 3
        AND d.company_id = m.company_id AND d.during @> m.occurred_at WHERE m.company_id = 11), 'and read raw');
DROP TABLE app_bot CASCADE;
SELECT * FROM reseller_report.materialize() \g /dev/null

-- Renames of tables, schemas and columns.
SELECT random_usage.events(5) \g /dev/null
ALTER TABLE usage.bot_message RENAME COLUMN price_twin TO charged;
INSERT INTO usage.bot_message (company_id, occurred_at, charged) VALUES (11, '2024-03-01', 4);
SELECT is((SELECT sum(total_price_to_twin) FROM reseller_report.bot(3, '-infinity', 'infinity') r),
    (SELECT sum(charged) FROM usage.bot_message m JOIN reseller_report.dependency d ON d.reseller_id = 3
        AND d.company_id = m.company_id AND d.during @> m.occurred_at), 'a renamed column is followed');
ALTER TABLE usage.bot_message RENAME COLUMN charged TO price_twin;
ALTER TABLE usage.bot_message_default RENAME TO bot_message_rest;
ALTER TABLE usage.bot_message_rest SET SCHEMA public;
SELECT is(pg_temp.why(), NULL, 'a renamed partition un-builds nothing');
TRUNCATE public.bot_message_rest;
SELECT is(pg_temp.why(), 'TRUNCATE of public.bot_message_rest', 'and is still watched');
SELECT oracle.agrees('a renamed partition truncated');
CALL pg_temp.rebuild();
ALTER TABLE usage.bot_message RENAME TO robot_message;
INSERT INTO usage.robot_message (company_id, occurred_at, price_twin) VALUES (11, '2024-03-02', 4);
ALTER TABLE usage.robot_message RENAME TO bot_message;
SELECT oracle.agrees('a renamed table is followed');
ALTER SCHEMA usage RENAME TO used;
INSERT INTO used.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2024-03-03', 4);
ALTER SCHEMA used RENAME TO usage;
SELECT oracle.agrees('a renamed schema is followed');
SELECT is(pg_temp.why(), NULL, 'and un-builds nothing');
SELECT * FROM reseller_report.materialize() \g /dev/null
SELECT oracle.agrees('folded after the renames');

DROP TRIGGER reseller_report_capture ON usage.bot_message;
SELECT matches(pg_temp.why(), 'trigger reseller_report_capture of usage.bot_message was dropped', 'a dropped trigger');
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2024-03-03', 4);
SELECT oracle.agrees('written after the trigger was dropped');
BEGIN;
INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (11, 'sms', now());
DROP EXTENSION reseller_report CASCADE;
COMMIT;
SELECT lives_ok('INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (11, ''sms'', now())',
    'usage tables outlive the extension');
SELECT lives_ok('CREATE TABLE usage.later (LIKE usage.bot_message); DROP TABLE usage.later', 'and DDL goes on');
SELECT * FROM finish();
