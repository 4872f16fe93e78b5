-- The tables for tools have one row for each company, item and bucket with usage, as SQL over raw rows has it, whatever is folded,
-- packed or built; and conditions of all kinds choose rows as SQL does.
SELECT no_plan();
\ir ../lib/usage_oracle.sql
\ir ../lib/tables_oracle.sql
SELECT setseed(0.41) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(200); END $$;
UPDATE reseller_report.company SET time_zone = 'America/Chicago' WHERE company_id = 1;
UPDATE reseller_report.company SET time_zone = 'asia/kolkata', currency = 'INR' WHERE company_id = 2;
INSERT INTO reseller_report.dependency VALUES (3, 35, '[2024-02-03 00:00+00, 2024-02-10 00:15+00)'),
    (3, 35, '[2024-03-01 00:00+00, 2024-03-05 00:00+00)'), (1, 35, '[2024-03-10 00:00+00, 2024-03-12 00:00+00)');
CREATE FUNCTION pg_temp.right(label text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT oracle.same_rows('SELECT * FROM @.' || t, label)
    FROM unnest(ARRAY['resellers', 'reseller_companies', 'quarter_hourly_usage', 'hourly_usage', 'daily_usage',
        'monthly_usage', 'monthly_usage WHERE bucket < ''2024-03-02 00:00+00''',
        'daily_usage WHERE bucket <= ''2024-02-20 06:00+00''', 'daily_usage WHERE day > ''2024-03-10''']) t
$$;
SELECT pg_temp.right('nothing folded');
SELECT isnt((SELECT deltas FROM reseller_report.materialize(400)), 0::bigint, 'a part is folded');
SELECT pg_temp.right('half folded');
SELECT isnt((SELECT reseller_report.fold()), 0::bigint, 'the rest is folded');
SELECT pg_temp.right('not merged');
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.right('merged');
BEGIN;
DO $$ BEGIN PERFORM random_usage.changes(), random_usage.events(30); END $$;
SELECT pg_temp.right('own changes');
COMMIT;
SELECT pg_temp.right('changes and moves wait');
SELECT reseller_report.materialize(300) \g /dev/null
INSERT INTO reseller_report.source_unbuilt SELECT id, gen_random_uuid(), f, f + interval '5 days', 'a test'
    FROM reseller_report.source, (VALUES (timestamptz '2024-02-20 00:00+00'), ('2024-03-09 00:00+00'),
        ('2024-03-30 00:00+00')) v (f);
SELECT pg_temp.right('days that are not built');

-- Rows that were handed out cannot be taken back.
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM reseller_report.daily_usage;
FETCH 1 FROM c \g /dev/null
INSERT INTO reseller_report.source_unbuilt SELECT id, gen_random_uuid(), '-infinity', 'infinity', 'a test'
    FROM reseller_report.source;
SELECT throws_ok('FETCH ALL FROM c', '40001', 'usage was changed past the extension while its table was read',
    'days that are un-built amid a scan');
ROLLBACK;

-- Usage of an item that comes from several tables is one row.
SELECT reseller_report.rebuild_slice(s.source, '-infinity', 'infinity') FROM reseller_report.sources() s \g /dev/null
CREATE TABLE before AS SELECT * FROM reseller_report.hourly_usage;
CREATE TABLE before_by_month AS SELECT * FROM reseller_report.monthly_usage;
SELECT reseller_report.create_usage_tables('more') \g /dev/null
INSERT INTO more.text_message SELECT * FROM usage.text_message WHERE id % 2 = 0;
DELETE FROM usage.text_message WHERE id % 2 = 0;
INSERT INTO more.phone_call SELECT * FROM usage.phone_call WHERE id % 3 = 0;
SELECT reseller_report.materialize() \g /dev/null
DELETE FROM usage.phone_call WHERE id % 3 = 0;
SELECT bag_eq('SELECT * FROM reseller_report.hourly_usage', 'SELECT * FROM before', 'hours of several tables');
SELECT bag_eq('SELECT * FROM reseller_report.monthly_usage', 'SELECT * FROM before_by_month', 'months of several tables');
SELECT reseller_report.materialize() \g /dev/null
SELECT bag_eq('SELECT * FROM reseller_report.hourly_usage', 'SELECT * FROM before', 'merged: hours of several tables');
SELECT bag_eq('SELECT * FROM reseller_report.monthly_usage', 'SELECT * FROM before_by_month', 'merged: months of several tables');
SELECT * FROM finish();
