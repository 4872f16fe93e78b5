-- A report has read one edge of its period when a partition comes: the partition counts as a whole, not by its rows in the other
-- edge alone.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/bot_tables.sql
\ir ../lib/sessions.sql
SELECT pg_temp.connect('a'), pg_temp.connect('b'), pg_temp.connect('c') \g /dev/null
CREATE TABLE bots (LIKE usage.bot_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);
CREATE TABLE bots_01 PARTITION OF bots FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00');
CREATE INDEX bots_held ON bots_01 (company_id, occurred_at);
SELECT reseller_report.attach_source('bot', 'bots') \g /dev/null
INSERT INTO bots (company_id, occurred_at, price_twin) VALUES (11, '2024-01-05 10:20+00', 1), (11, '2024-01-20', 2);
CREATE TABLE bots_02 (LIKE usage.bot_message INCLUDING DEFAULTS);
INSERT INTO bots_02 (company_id, occurred_at, price_twin) VALUES (11, '2024-02-06', 10), (11, '2024-02-10 10:18+00', 100);
SELECT dblink_exec('a', 'BEGIN; REINDEX INDEX bots_held') \g /dev/null
SELECT dblink_send_query('b',
    $$SELECT total_price_to_twin FROM reseller_report.bot(1, '2024-01-05 10:17+00', '2024-02-10 10:20+00') WHERE id = 11$$)
        \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() = 1'), 'a report waits at the first edge of its period');
ALTER TABLE bots ATTACH PARTITION bots_02 FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT is((SELECT total FROM dblink_get_result('b') AS t (total numeric)), 113::numeric,
    'a partition that comes meanwhile is in it as a whole');
SELECT * FROM dblink_get_result('b') AS t (total numeric) \g /dev/null
SELECT pg_temp.gone('bots') \g /dev/null
SELECT dblink_disconnect('a'), dblink_disconnect('b'), dblink_disconnect('c') \g /dev/null
SELECT * FROM finish();
