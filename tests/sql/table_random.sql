-- Random conditions and groups over the tables for tools have the answers of SQL over raw rows, whoever groups, with changes
-- pending and days that are not built.
SELECT no_plan();
\ir ../lib/usage_oracle.sql
\ir ../lib/tables_oracle.sql
\ir ../lib/table_plans.sql
\ir ../lib/table_queries.sql
SELECT setseed(0.47) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(120); END $$;
SELECT reseller_report.materialize() \g /dev/null
UPDATE reseller_report.company SET time_zone = 'America/Chicago' WHERE company_id = 1;
UPDATE reseller_report.company SET time_zone = 'Asia/Kathmandu' WHERE company_id = 3;
DO $$ BEGIN PERFORM random_usage.changes(), random_usage.events(15); END $$;
INSERT INTO reseller_report.source_unbuilt SELECT id, gen_random_uuid(), '2024-03-03 00:00+00', '2024-03-06 00:00+00', 'a test'
    FROM reseller_report.source;

SELECT oracle.same_groups(query, NULL, 'random') FROM (SELECT oracle.random_table_query() AS query FROM generate_series(1, 60)) q;
SELECT * FROM finish();
