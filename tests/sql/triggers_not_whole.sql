-- A table whose triggers of ours speak of another source, went with an extension or fire too late is not captured: it is un-built
-- until they are whole again.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/bot_tables.sql

-- A trigger that came with the table from another database speaks of another source.
CREATE TABLE bots (company_id bigint, occurred_at timestamptz, billable boolean, price_twin numeric(15,6),
    price_reseller numeric(15,6));
CREATE TRIGGER reseller_report_truncated BEFORE TRUNCATE ON bots FOR EACH STATEMENT
    EXECUTE FUNCTION reseller_report._truncated('123');
ALTER TABLE bots ENABLE ALWAYS TRIGGER reseller_report_truncated;
SELECT is(pg_temp.state('SELECT reseller_report.attach_source(''bot'', ''bots'')'), '00000',
    'a table with a TRUNCATE trigger of another database is connected');
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right('with a TRUNCATE trigger of another database', 'bots');
TRUNCATE bots;
SELECT is(pg_temp.is_built('bots'), false, 'its TRUNCATE is noticed');
SELECT pg_temp.right('truncated with a TRUNCATE trigger of another database', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null
SELECT pg_temp.by_month('bots', '{}') \g /dev/null
CREATE TABLE bots_2024_03 (LIKE bots INCLUDING DEFAULTS);
CREATE TRIGGER reseller_report_truncated BEFORE TRUNCATE ON bots_2024_03 FOR EACH STATEMENT
    EXECUTE FUNCTION reseller_report._truncated('123');
ALTER TABLE bots ATTACH PARTITION bots_2024_03 FOR VALUES FROM ('2024-03-01 00:00+00') TO ('2024-04-01 00:00+00');
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.right('a partition with such a trigger', 'bots');
TRUNCATE bots_2024_03;
SELECT pg_temp.right('such a partition truncated', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null

-- A trigger of ours goes with an extension that it was made to depend on.
SELECT pg_temp.by_month('bots', '{2024-03}') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT reseller_report.materialize() \g /dev/null
CREATE EXTENSION btree_gin;
ALTER TRIGGER reseller_report_truncated ON bots_2024_03 DEPENDS ON EXTENSION btree_gin;
DROP EXTENSION btree_gin;
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgrelid = 'bots_2024_03'::regclass AND tgname = 'reseller_report_truncated'),
    0::bigint, 'a trigger dropped with an extension');
SELECT is(pg_temp.is_built('bots'), false, 'and un-builds the table');
TRUNCATE bots_2024_03;
SELECT pg_temp.right('truncated without a trigger', 'bots');
SELECT reseller_report.post_restore() \g /dev/null
SELECT pg_temp.rebuild('bots') \g /dev/null
CREATE EXTENSION btree_gin;
ALTER TRIGGER reseller_report_capture ON bots DEPENDS ON EXTENSION btree_gin;
DROP EXTENSION btree_gin;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT is(pg_temp.is_built('bots'), false, 'capture dropped with an extension un-builds');
SELECT pg_temp.right('written without capture', 'bots');
SELECT reseller_report.post_restore() \g /dev/null
SELECT pg_temp.rebuild('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT is(pg_temp.is_built('bots'), true, 'post_restore brings capture back, and a rebuild builds');
SELECT pg_temp.right('captured again', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null

-- Capture that is put off to the end of the transaction is not capture: reports inside it would not know.
SELECT pg_temp.plain('bots'), pg_temp.attach('bots') \g /dev/null
SELECT id FROM reseller_report.source WHERE table_name = 'bots' \gset
DROP TRIGGER reseller_report_capture ON bots;
CREATE CONSTRAINT TRIGGER reseller_report_capture AFTER INSERT OR UPDATE OR DELETE ON bots DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION reseller_report._capture(:'id');
ALTER TABLE bots ENABLE ALWAYS TRIGGER reseller_report_capture;
SELECT is(pg_temp.state('SELECT reseller_report.rebuild_slice(''bots'', ''-infinity'', ''infinity'')'), '55000',
    'a deferrable capture trigger is not trusted');
SELECT is(pg_temp.is_built('bots'), false, 'the table stays un-built');
BEGIN;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.report('inside a transaction whose capture is deferred', 'bots');
COMMIT;
SELECT pg_temp.right('after a transaction whose capture was deferred', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null
SELECT * FROM finish();
