-- Only a trigger that the extension made counts as its own. One made by hand takes no source over; one that replaces it, stands
-- beside it or has only its name un-builds the table, and nothing is built until the right one is back.
SELECT no_plan();
\ir ../lib/steps.sql

-- One made by hand, on a table of one's own: its argument harms nobody.
CREATE ROLE forging_stranger;
CREATE SCHEMA forged AUTHORIZATION forging_stranger;
SELECT substring(encode(t.tgargs, 'escape') FROM '^[0-9]+') AS id FROM pg_trigger t WHERE t.tgrelid = 'usage.bot_message'::regclass
    AND t.tgname = 'reseller_report_capture' \gset
SET ROLE forging_stranger;
CREATE TABLE forged.bots (company_id bigint, occurred_at timestamptz, billable boolean, price_twin numeric(15,6),
    price_reseller numeric(15,6));
CREATE TRIGGER reseller_report_capture AFTER INSERT OR UPDATE OR DELETE ON forged.bots FOR EACH ROW
    EXECUTE FUNCTION reseller_report._capture(:'id');
ALTER TABLE forged.bots ENABLE ALWAYS TRIGGER reseller_report_capture;
ALTER TABLE forged.bots RENAME TO robots;
INSERT INTO forged.robots VALUES (11, '2024-03-01', true, 1000, 1000);
CREATE TABLE forged.odd (a int);
CREATE TRIGGER reseller_report_capture AFTER INSERT ON forged.odd FOR EACH ROW
    EXECUTE FUNCTION reseller_report._capture('99999999999999999999999999');
ALTER TABLE forged.odd ADD b int;
DROP TABLE forged.robots;
RESET ROLE;
ALTER SCHEMA forged RENAME TO forged2;
SELECT oracle.agrees('reports are right beside a forged trigger');
SELECT is((SELECT count(*) FROM reseller_report.sources()), 4::bigint, 'a forged trigger takes no source over');
SELECT reseller_report.materialize() \g /dev/null
SELECT oracle.agrees('reports are right after a fold beside it');
DROP OWNED BY forging_stranger CASCADE;
DROP ROLE forging_stranger;

-- One that replaces ours.
SELECT random_usage.events(30) \g /dev/null
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.step('CREATE OR REPLACE TRIGGER reseller_report_capture AFTER INSERT ON usage.bot_message FOR EACH ROW '
    'EXECUTE FUNCTION reseller_report._capture(' ||
    (SELECT quote_literal(id) FROM reseller_report.source WHERE table_name = 'bot_message') || '); DELETE FROM usage.bot_message',
        'trigger reseller_report_capture of usage.bot_message was replaced');
SELECT throws_ok('CALL oracle.rebuild()', '55000', NULL, 'a capture trigger for INSERT alone is not trusted');
DROP TRIGGER reseller_report_capture ON usage.bot_message;
SELECT reseller_report.post_restore() \g /dev/null
CALL oracle.rebuild();
SELECT oracle.agrees('reports are right when the right one is back');
ALTER TABLE usage.bot_message_default DISABLE TRIGGER reseller_report_truncated;
SELECT throws_ok('CALL oracle.rebuild()', '55000', NULL, 'nothing is built while TRUNCATE would not be noticed');
SELECT reseller_report.post_restore() \g /dev/null
CALL oracle.rebuild();
SELECT is(oracle.why(), NULL, 'and all is built when it would be');

-- Triggers of the owner's under our names.
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
SELECT pg_temp.step('CREATE OR REPLACE TRIGGER reseller_report_capture AFTER INSERT OR UPDATE OR DELETE ON usage.bot_message '
    'FOR EACH ROW EXECUTE FUNCTION nothing(); ALTER TABLE usage.bot_message ENABLE ALWAYS TRIGGER reseller_report_capture;
    INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, ''2024-03-01'', 5)',
        'trigger reseller_report_capture of usage.bot_message was replaced');
SELECT throws_ok('CALL oracle.rebuild()', '55000', NULL, 'a trigger of the owner does not count as capture');
SELECT throws_ok('SELECT reseller_report.post_restore()', '42710', NULL, 'post_restore does not replace it');
DROP TRIGGER reseller_report_capture ON usage.bot_message;
SELECT reseller_report.post_restore() \g /dev/null
CALL oracle.rebuild();
SELECT pg_temp.step('CREATE OR REPLACE TRIGGER reseller_report_truncated AFTER TRUNCATE ON usage.bot_message_default '
    'FOR EACH STATEMENT EXECUTE FUNCTION nothing(); '
    'ALTER TABLE usage.bot_message_default ENABLE ALWAYS TRIGGER reseller_report_truncated;
    TRUNCATE usage.bot_message_default', 'trigger reseller_report_truncated of usage.bot_message_default was replaced');
SELECT throws_ok('CALL oracle.rebuild()', '55000', NULL, 'a trigger of the owner does not notice TRUNCATE');
DROP TRIGGER reseller_report_truncated ON usage.bot_message_default;
SELECT reseller_report.post_restore() \g /dev/null
CALL oracle.rebuild();
CREATE TABLE claimed (LIKE usage.bot_message);
CREATE TRIGGER reseller_report_truncated AFTER TRUNCATE ON claimed FOR EACH STATEMENT EXECUTE FUNCTION nothing();
SELECT throws_ok('SELECT reseller_report.attach_source(''bot'', ''claimed'')', '42710', NULL,
    'a table that has our name for another trigger is not connected');
DROP TABLE claimed;

-- A capture trigger that was renamed goes on capturing; post_restore gives it back its name and makes no second one. One for
-- another source, or a second one, un-builds.
CREATE TABLE captured (LIKE usage.bot_message INCLUDING DEFAULTS);
SELECT reseller_report.attach_source('bot', 'captured') \g /dev/null
ALTER TRIGGER reseller_report_capture ON captured RENAME TO foo;
SELECT reseller_report.post_restore() \g /dev/null
SELECT is((SELECT array_agg(tgname::text ORDER BY 1) FROM pg_trigger WHERE tgrelid = 'captured'::regclass
    AND tgfoid = 'reseller_report._capture'::regproc),
    ARRAY['reseller_report_capture'], 'a renamed capture trigger gets back its name');
SELECT is((SELECT is_built FROM reseller_report.sources() WHERE source = 'captured'::regclass), true, 'and the table stays built');
SELECT id AS captured FROM reseller_report.source WHERE table_name = 'captured' \gset
CREATE TRIGGER another AFTER INSERT OR UPDATE OR DELETE ON captured FOR EACH ROW
    EXECUTE FUNCTION reseller_report._capture(:'captured');
SELECT is((SELECT is_built FROM reseller_report.sources() WHERE source = 'captured'::regclass), false,
    'a second capture trigger un-builds');
SELECT throws_ok($$SELECT reseller_report.rebuild_slice('captured', '-infinity', 'infinity')$$, '55000', NULL,
    'and the table is not built while it is there');
DROP TRIGGER another ON captured;
SELECT reseller_report.rebuild_slice('captured', '-infinity', 'infinity') \g /dev/null
SELECT is((SELECT is_built FROM reseller_report.sources() WHERE source = 'captured'::regclass), true,
    'and without it the table is built again');
CREATE OR REPLACE TRIGGER reseller_report_capture AFTER INSERT OR UPDATE OR DELETE ON captured FOR EACH ROW
    EXECUTE FUNCTION reseller_report._capture('12345');
SELECT is((SELECT is_built FROM reseller_report.sources() WHERE source = 'captured'::regclass), false,
    'a capture trigger for another source un-builds');
SELECT throws_ok($$SELECT reseller_report.rebuild_slice('captured', '-infinity', 'infinity')$$, '55000', NULL,
    'and the table is not built with it');
SELECT reseller_report.detach_source('captured') \g /dev/null
SELECT * FROM finish();
