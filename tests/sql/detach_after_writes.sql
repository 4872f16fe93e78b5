-- What a transaction captured of a source that it disconnects is nobody's.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/bot_tables.sql

SELECT pg_temp.plain('bots'), pg_temp.attach('bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT reseller_report.materialize() \g /dev/null
BEGIN;
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT reseller_report.detach_source('bots') \g /dev/null
SELECT pg_temp.report('disconnected after a write', '(TABLE usage.bot_message)');
COMMIT;
SELECT pg_temp.right('disconnected in the transaction of a write', '(TABLE usage.bot_message)');
SELECT is_empty('SELECT * FROM reseller_report.usage_delta d WHERE NOT EXISTS (SELECT FROM reseller_report.source s '
    'WHERE s.id = d.source)',
    'no change of an unknown source is left after a fold');
BEGIN;
SELECT reseller_report.attach_source('bot', 'bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT reseller_report.detach_source('bots') \g /dev/null
SELECT reseller_report.attach_source('bot', 'bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
COMMIT;
SELECT pg_temp.right('connected, disconnected and connected again in one transaction of writes', 'bots');
SELECT is_empty('SELECT * FROM reseller_report.usage_delta d WHERE NOT EXISTS (SELECT FROM reseller_report.source s '
    'WHERE s.id = d.source)', 'nor after connecting and disconnecting in one transaction');
SELECT pg_temp.gone('bots') \g /dev/null
SELECT * FROM finish();
