-- usage() equals SQL over raw rows, whatever is folded, and adds up to the reports.
SELECT no_plan();
\ir ../lib/usage_oracle.sql
SELECT setseed(0.12) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(300); END $$;
CREATE FUNCTION pg_temp.right(label text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT oracle.alike('SELECT * FROM reseller_report.usage($1, $2, $3)', 'SELECT * FROM oracle.usage($1, $2, $3)',
        label);
    RETURN NEXT oracle.alike('SELECT * FROM reseller_report.usage($1, $2, $3, ''chat'')',
        'SELECT * FROM oracle.usage($1, $2, $3) WHERE service = ''chat''', label || ', one service', 3);
END
$$;
SELECT pg_temp.right('nothing folded');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'all is folded');
SELECT pg_temp.right('folded');
BEGIN;
DO $$ BEGIN PERFORM random_usage.changes(), random_usage.events(30); END $$;
SELECT pg_temp.right('own changes');
COMMIT;
INSERT INTO reseller_report.source_unbuilt SELECT id, gen_random_uuid(), '2024-02-20 00:00+00', '2024-03-03 00:00+00',
    'a test'
    FROM reseller_report.source;
SELECT pg_temp.right('changes wait, days are not built');

-- A second source of a service, and one table of several.
CREATE SCHEMA more;
CREATE TABLE more.bots (LIKE usage.bot_message INCLUDING DEFAULTS);
INSERT INTO more.bots (company_id, occurred_at, price_twin)
    SELECT 11 + n % 30, '2024-03-01 00:00+00'::timestamptz + n * interval '3 hours', n FROM generate_series(1, 100) n;
SET client_min_messages = error;
SELECT reseller_report.attach_source('bot', 'more.bots') \g /dev/null
CREATE FUNCTION pg_temp.same(condition text) RETURNS text LANGUAGE sql AS $$
    SELECT results_eq(
        format('SELECT company_id, sum(events)::bigint, sum(price_to_twin)
            FROM reseller_report.usage(1, ''2024-02-01'', ''2024-05-01'', ''bot'') %s GROUP BY 1 ORDER BY 1', condition),
        format('SELECT company_id, count(*), sum(price_twin) FROM (SELECT company_id, occurred_at, billable, price_twin
            FROM usage.bot_message
            UNION ALL SELECT company_id, occurred_at, billable, price_twin FROM more.bots) e
                JOIN reseller_report.dependency d USING (company_id)
            WHERE reseller_id = 1 AND during @> occurred_at AND occurred_at >= ''2024-02-01''
                AND occurred_at < ''2024-05-01'' %s GROUP BY 1 ORDER BY 1',
            CASE WHEN condition <> '' THEN 'AND billable' ELSE '' END), 'two sources of one item ' || condition)
$$;
SELECT pg_temp.same('WHERE item = ''billable''');
SELECT pg_temp.same('');
SELECT reseller_report.rebuild_slice('more.bots', '-infinity', 'infinity') \g /dev/null
SELECT pg_temp.same('WHERE item = ''billable''');

-- Usage that comes to nothing in money is usage; usage that was taken away is none.
INSERT INTO reseller_report.company VALUES (4, 'Few', true), (50, 'Fifty', false);
INSERT INTO reseller_report.dependency VALUES (4, 50);
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (50, '2024-03-01', 5), (50, '2024-03-02', -5),
    (50, '2024-06-01', 1);
DELETE FROM usage.bot_message WHERE company_id = 50 AND occurred_at = '2024-06-01';
SELECT results_eq('SELECT * FROM reseller_report.usage(4, ''-infinity'', ''infinity'')',
    'VALUES (50::bigint, ''Fifty'', ''bot'', ''billable'', 2::bigint, 0::bigint, 0::bigint, 0.000000, 0.000000)',
        'a row with zeros in money');
SELECT is_empty('SELECT * FROM reseller_report.usage(4, ''2024-06-01'', ''2024-07-01'')', 'no row where nothing is left');

-- Errors, in the order of the contract.
CREATE ROLE usage_web;
SELECT reseller_report.grant_access('usage_web', 1), reseller_report.grant_access('usage_web', 11) \g /dev/null
GRANT USAGE, CREATE ON SCHEMA public TO usage_web;
SET ROLE usage_web;
SELECT throws_ok(format('SELECT * FROM reseller_report.usage(%s)', arguments), state, message)
FROM (VALUES
    ('NULL, NULL, NULL, ''fax''', '22004', 'reseller_id must not be NULL'),
    ('2, NULL, ''2024-02-01'', ''fax''', '22004', 'period_from must not be NULL'),
    ('2, ''2024-01-01'', NULL, ''fax''', '22004', 'period_to must not be NULL'),
    ('2, ''2024-01-01'', ''2024-02-01'', ''fax''', '42501', 'permission denied for reseller 2'),
    ('11, ''2024-01-01'', ''2024-02-01'', ''fax''', '22023', 'company 11 is not a reseller'),
    ('1, ''2024-02-01'', ''2024-02-01''', '22023', 'the period must end after it begins'),
    ('1, ''2024-01-01'', ''2024-02-01'', ''fax''', '22023', 'service "fax" is not known'),
    ('1, ''2024-01-01'', ''2024-02-01'', ''Bot''', '22023', 'service "Bot" is not known'),
    ('1, ''2024-01-01'', ''2024-02-01'', ''''', '22023', 'service "" is not known')) AS bad (arguments, state, message);
RESET ROLE;
SELECT is(oracle.hint('SELECT * FROM reseller_report.usage(1, ''2024-01-01'', ''2024-02-01'', ''fax'')'),
    'Known are text_messaging, chat, telephony_outgoing, telephony_incoming, bot.', 'the hint lists the services');
REVOKE ALL ON SCHEMA public FROM usage_web;
DROP ROLE usage_web;
UPDATE reseller_report.source SET horizon = '2024-02-01 00:00+00' WHERE table_name = 'chat_message';
SELECT throws_ok('SELECT * FROM reseller_report.usage(1, ''2024-01-01 00:07+00'', ''2024-05-01'')', '55000', NULL,
    'pruned time off the quarter hours');
SELECT lives_ok('SELECT * FROM reseller_report.usage(1, ''2024-01-01 00:07+00'', ''2024-05-01'', ''bot'')',
    'of a service that is not pruned');
SELECT throws_ok('SELECT * FROM reseller_report.usage(1, ''2024-01-01 00:07+00'', ''2024-05-01'', ''fax'')', '22023', NULL,
    'an unknown service comes first');
SELECT * FROM finish();
