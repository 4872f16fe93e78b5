-- A table emptied by DELETE still has its rows in older snapshots, so connecting it does not make it built for them. Their reports
-- count the rows, and a company that moves takes its usage along.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/bot_tables.sql
\ir ../lib/sessions.sql
INSERT INTO reseller_report.company SELECT n, 'C' || n, false FROM generate_series(13, 18) n;
INSERT INTO reseller_report.company VALUES (3, 'R3', true);
SELECT pg_temp.connect('a') \g /dev/null

-- In another session.
SELECT pg_temp.parted('bots'), pg_temp.attach('bots') \g /dev/null
CREATE TABLE bots_2024_03 (LIKE bots INCLUDING ALL);
INSERT INTO bots_2024_03 VALUES (11, '2024-03-05 10:07+00', true, 10, 3);
SELECT pg_temp.snapshot('a') \g /dev/null
DELETE FROM bots_2024_03;
ALTER TABLE bots ATTACH PARTITION bots_2024_03 FOR VALUES FROM ('2024-03-01 00:00+00') TO ('2024-04-01 00:00+00');
SELECT is((SELECT said FROM dblink('a',
    'SELECT sum(total_price_to_twin) FROM reseller_report.bot(1, ''-infinity'', ''infinity'')') AS t (said numeric)),
    (SELECT truth FROM dblink('a', 'SELECT sum(price_twin) FROM bots') AS t (truth numeric)),
        'a partition emptied by DELETE in an older snapshot');
SELECT pg_temp.ends('a', 'a company moved under a snapshot older than the DELETE',
    'UPDATE reseller_report.dependency SET reseller_id = 2 WHERE company_id = 11');
SELECT pg_temp.right('a company moved under a snapshot older than the DELETE', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null

-- In the transaction that emptied and connected it, whose moves see the table as it was before.
INSERT INTO reseller_report.dependency SELECT 1, n FROM generate_series(13, 17) n;
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) SELECT n, '2024-03-01', n FROM generate_series(11, 40) n;
BEGIN;
SELECT reseller_report.detach_source('usage.bot_message') \g /dev/null
DELETE FROM usage.bot_message;
SELECT reseller_report.attach_source('bot', 'usage.bot_message') \g /dev/null
UPDATE reseller_report.dependency SET reseller_id = 1 + reseller_id % 3 WHERE reseller_id IN (1, 2, 3) AND company_id > 11;
SELECT oracle.agrees('emptied, connected, and companies moved, in one transaction');
ROLLBACK;
SELECT oracle.agrees('the same rolled back');
SELECT dblink_disconnect('a') \g /dev/null
SELECT * FROM finish();
