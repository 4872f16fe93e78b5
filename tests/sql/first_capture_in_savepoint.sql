-- The library may be loaded inside a savepoint, by the first change that a backend captures: its stack begins there.
SELECT no_plan();
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'Reseller', true), (11, 'A', false);
BEGIN;
SAVEPOINT a;
SAVEPOINT b;
INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (11, 'sms', '2024-03-01 00:00+00');
RELEASE b;
ROLLBACK TO a;
INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (11, 'push', '2024-03-01 00:00+00');
COMMIT;
SELECT results_eq('SELECT company_id, item, events FROM oracle.deltas', 'VALUES (11::bigint, 5::smallint, 1::bigint)',
    'only what was not rolled back is captured');
SELECT * FROM finish();
