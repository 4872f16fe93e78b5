-- Between pre_restore and post_restore, whatever would change the summaries beside the data that is loaded is refused with an error
-- that says so. post_restore puts capture back as it was.
SELECT no_plan();
SELECT is((SELECT restoring FROM reseller_report.health()), false, 'no restore is under way');
SELECT throws_ok('SELECT reseller_report.pre_restore()', '55000', 'this database has connected tables already',
    'not where tables are connected');
DROP SCHEMA usage CASCADE;
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'Reseller', true), (11, 'Company', false);
SELECT reseller_report.pre_restore() \g /dev/null
SELECT is((SELECT restoring FROM reseller_report.health()), true, 'health tells of the restore');
SELECT throws_ok(call, '55000', 'a restore is under way, and summaries must not change beside it', call) FROM (VALUES
    ('SELECT * FROM reseller_report.materialize()'), ('SELECT * FROM reseller_report.materialize(10, true)'),
    ('SELECT * FROM reseller_report.prune(''pg_class'', now())')) AS v (call);
SELECT lives_ok('INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (1, 11)', 'dependencies are loaded');
SELECT lives_ok($$SELECT * FROM reseller_report.bot(1, '2024-01-01', '2024-02-01')$$,
    'reports answer, as on a mirror that replicates everything');
SELECT reseller_report.post_restore() \g /dev/null
SELECT is((SELECT restoring FROM reseller_report.health()), false, 'the restore is over');
SELECT lives_ok('SELECT * FROM reseller_report.materialize()', 'folding goes on');

CREATE TABLE verdicts (company bigint, at timestamptz, ok boolean);
SELECT reseller_report.attach_source('bot', 'verdicts',
    '{"company_id": "company", "occurred_at": "at", "billable": "ok", "price_twin": {"value": 1},
    "price_reseller": {"value": 0}, "capture": "origin"}') \g /dev/null
CREATE VIEW capture AS SELECT tgenabled, encode(tgargs, 'escape') ~ '^[0-9]+\\000origin\\000$' AS leaves_out FROM pg_trigger
    WHERE tgrelid = 'verdicts'::regclass AND tgname = 'reseller_report_capture';
SELECT results_eq('TABLE capture', $$VALUES ('O'::"char", true)$$, 'a source that leaves replicated writes out');
DROP TRIGGER reseller_report_capture ON verdicts;
SELECT reseller_report.post_restore() \g /dev/null
SELECT results_eq('TABLE capture', $$VALUES ('O'::"char", true)$$, 'its trigger comes back as it was');
CALL reseller_report.rebuild('verdicts');
BEGIN;
SET LOCAL session_replication_role = replica;
INSERT INTO verdicts VALUES (11, '2024-01-02', true);
COMMIT;
INSERT INTO verdicts VALUES (11, '2024-01-02', true);
SELECT is((SELECT billable_messages FROM reseller_report.bot(1, '2024-01-01', '2024-02-01')), 1::bigint,
    'and leaves replicated writes out');
SELECT * FROM finish();
