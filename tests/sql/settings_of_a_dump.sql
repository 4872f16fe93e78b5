-- A session with the settings of a dump's script is like any other where nothing is being restored: what it does is followed,
-- captured and checked. Nothing has been folded here yet, as in a database that a dump was just loaded into.
SELECT no_plan();
SELECT is((SELECT turn FROM reseller_report.lease), 0::bigint, 'nothing has been folded, moved or rebuilt');
SELECT is((SELECT bool_or(restored OR restored_captured) FROM reseller_report.source), false,
    'tables that were connected here came with no dump');
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'Reseller', true), (11, 'Eleven', false);
SET check_function_bodies = off;
SET client_min_messages = warning;
SELECT throws_ok($$COPY reseller_report.dependency (reseller_id, company_id) FROM PROGRAM 'printf "11\t1\n"'$$, '23514', NULL,
    'a COPY of dependencies is checked');
SET statement_timeout = '20s';
SELECT throws_ok($$COPY reseller_report.dependency (reseller_id, company_id) FROM PROGRAM 'printf "7\t11\n"'$$, '23503', NULL,
    'and waits for no company that is missing');
RESET statement_timeout;
SELECT id FROM reseller_report.source WHERE table_name = 'bot_message' \gset
-- A second trigger captures twice; it is noticed when it comes, or its rows would stay doubled when it has gone.
SELECT format('CREATE TRIGGER twice AFTER INSERT OR DELETE OR UPDATE ON usage.bot_message FOR EACH ROW '
    'EXECUTE FUNCTION reseller_report._capture(%L)', :'id') AS twice \gset
:twice;
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2024-03-05 10:00+00', 1);
DROP TRIGGER twice ON usage.bot_message;
SELECT is((SELECT is_built FROM reseller_report.sources() WHERE source = 'usage.bot_message'::regclass), false,
    'a second capture trigger un-builds its table');
SET application_name = 'pg_restore';
INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin) VALUES (11, 'sms', '2024-03-05 10:00+00', 2);
RESET application_name;
INSERT INTO usage.chat_message (company_id, sender, occurred_at, price_twin) VALUES (11, 'bot', '2024-03-05 10:00+00', 4);
INSERT INTO reseller_report.dependency VALUES (1, 11);
SELECT is_empty($$SELECT * FROM oracle.differences(1, '-infinity', 'infinity')$$, 'reports count every row once');
SELECT reseller_report.materialize() \g /dev/null
CALL reseller_report.rebuild('usage.bot_message');
SELECT is_empty($$SELECT * FROM oracle.differences(1, '-infinity', 'infinity')$$, 'folded and rebuilt');
SELECT is_empty($$SELECT * FROM reseller_report.verify('-infinity', 'infinity')$$, 'and verified');
SELECT * FROM finish();
