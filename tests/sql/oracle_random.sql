-- Every report equals the oracle on random data and periods, whatever is folded, and inside the writing transaction.
SELECT no_plan();
SELECT setseed(0.2024) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(400); END $$;

SELECT oracle.agrees('nothing folded');
SELECT isnt_empty('SELECT FROM reseller_report.usage_delta', 'deltas wait');
SELECT is((SELECT deltas FROM reseller_report.materialize(700)), 700::bigint, 'max_deltas are taken');
SELECT oracle.agrees('half folded');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'the rest is taken');
SELECT is_empty('SELECT FROM reseller_report.usage_delta', 'no delta waits');
SELECT is((SELECT (deltas, summary_rows) FROM reseller_report.materialize()), (0::bigint, 0::bigint), 'nothing is left');
SELECT oracle.agrees('all folded');

DO $$ BEGIN PERFORM random_usage.changes(), random_usage.events(50); END $$;
SELECT oracle.agrees('changes wait');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'changes are taken');
SELECT oracle.agrees('changes folded');

DO $$ BEGIN PERFORM random_usage.events(50); END $$;
BEGIN;
DO $$ BEGIN PERFORM random_usage.events(50); END $$;
SELECT oracle.agrees('inside the writing transaction, unflushed');
DO $$ BEGIN PERFORM random_usage.changes(); END $$;
SELECT oracle.agrees('inside the writing transaction, after changes and moves');
SELECT isnt((SELECT deltas FROM reseller_report.materialize(100)), 0::bigint, 'a fold inside the writing transaction');
SELECT oracle.agrees('inside the writing transaction, after a fold');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'all others'' changes are folded');
SELECT is((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'its own wait until it commits');
DO $$ BEGIN PERFORM random_usage.changes(), random_usage.events(20); END $$;
SELECT oracle.agrees('inside the writing transaction, after a fold and more changes and moves');
COMMIT;
SELECT oracle.agrees('committed');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'all is taken');
SELECT oracle.agrees('folded again');

BEGIN;
DO $$ BEGIN PERFORM random_usage.changes(), random_usage.events(50); PERFORM reseller_report.materialize(); END $$;
ROLLBACK;
SELECT oracle.agrees('rolled back with its fold');

-- Around this very moment, where covers prefer buckets that reach into time to come.
UPDATE usage.text_message SET occurred_at = now() + (random() - 0.6) * interval '3 days' WHERE random() < 0.5;
SELECT is_empty($$SELECT * FROM oracle.compare(12, now(), '3 days')$$, 'periods around now, changes wait');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'they are taken');
SELECT is_empty($$SELECT * FROM oracle.compare(12, now(), '3 days')$$, 'periods around now, folded');
SELECT is_empty($$SELECT * FROM generate_series(1, 3) r, oracle.differences(r, now() - interval '1 month', now()) d$$, 'until now');

DELETE FROM usage.text_message;
DELETE FROM usage.chat_message;
DELETE FROM usage.phone_call;
DELETE FROM usage.bot_message;
SELECT oracle.agrees('all deleted');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'deletions are taken');
SELECT is_empty(
    'SELECT FROM reseller_report.usage_quarter UNION ALL SELECT FROM reseller_report.usage_hour'
    ' UNION ALL SELECT FROM reseller_report.usage_day UNION ALL SELECT FROM reseller_report.usage_month UNION ALL SELECT '
    'FROM reseller_report.usage_year UNION ALL SELECT FROM reseller_report.usage_run UNION ALL SELECT '
    'FROM reseller_report.usage_packed',
    'summaries of nothing hold nothing');
SELECT * FROM finish();
