-- Conditions on the tables for tools choose rows as SQL over raw rows does: constants, parameters, joins and expressions of
-- columns. What they name bounds what is read.
SELECT no_plan();
\ir ../lib/usage_oracle.sql
\ir ../lib/tables_oracle.sql
SELECT setseed(0.42) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(150); END $$;
SELECT reseller_report.materialize() \g /dev/null
UPDATE reseller_report.company SET time_zone = 'America/Chicago' WHERE company_id = 1;
UPDATE reseller_report.company SET time_zone = 'Asia/Kolkata' WHERE company_id = 2;
DO $$ BEGIN PERFORM random_usage.changes(), random_usage.events(10); END $$;
SET time zone 'America/St_Johns';
CREATE TABLE chosen AS SELECT n AS number, 11 + n AS company_id, 1 + n % 3 AS reseller_id,
    timestamptz '2024-02-10 00:00+00' + n * interval '3 days' AS since, date '2024-02-10' + 3 * n AS day,
    (ARRAY['bot', 'chat', 'telephony_outgoing', 'text_messaging'])[1 + n % 4] AS service
    FROM generate_series(0, 12) n;
ANALYZE chosen;
CREATE FUNCTION pg_temp.own(bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS 'BEGIN RETURN $1 > 15; END';

SELECT oracle.same_rows('SELECT * FROM @.daily_usage WHERE ' || condition, 'by day') FROM unnest(ARRAY[
    'reseller_id = 1', 'reseller_id = 2::smallint', '2::int = reseller_id', 'reseller_id IN (1, 3)', 'reseller_id > 1',
    'reseller_id = NULL', 'reseller_id = 77', 'reseller_id = 1 AND reseller_id = 2', 'reseller_id % 2 = 1', 'false',
    'company_id = 15', 'company_id IN (12, 13, 17)', 'company_id BETWEEN 14 AND 18', 'company_name LIKE ''%7''',
    'company_id = 15 AND company_name = ''Company 15''', 'company_id = 15 AND company_id = 16', 'company_id % 5 = reseller_id',
    'service = ''chat''', 'item = ''sms'' OR item = ''free''', 'service || item > ''chat'' || ''o''',
    'service = ''bot'' AND item = ''sms''', 'item = ANY (ARRAY[''bot'', ''outgoing_call''])', 'item IS NULL',
    'bucket >= ''2024-02-15'' AND bucket < ''2024-03-15''', 'bucket BETWEEN ''2024-02-15 06:00+00'' AND ''2024-02-20 06:00+00''',
    'bucket > ''2024-03-10 06:00+00''', 'bucket <= ''2024-02-20 18:30+00''', 'bucket = ''2024-02-20 06:00+00''',
    'bucket >= date ''2024-03-01''', 'bucket < timestamp ''2024-02-20 03:00''', 'timestamp ''2024-03-01 01:30'' < bucket',
    'bucket >= ''-infinity'' AND bucket < ''infinity''', 'bucket > ''infinity''',
    'bucket < ''2024-02-01'' OR bucket > ''2024-04-01''',
    'bucket >= date ''infinity''', 'bucket < date ''infinity''', 'bucket > date ''5874897-12-31''',
    'bucket >= now() - interval ''30 days''', 'bucket < now()', 'day = ''2024-03-10''', 'day >= ''2024-03-01''',
    'day > timestamptz ''2024-03-01 12:00+00''', 'day <= timestamp ''2024-03-01 12:00''', 'extract(dow FROM day) IN (0, 6)',
    'date_trunc(''month'', bucket) = ''2024-02-01''', 'date_trunc(''month'', day) = ''2024-03-01''',
    '(bucket AT TIME ZONE ''Asia/Tokyo'')::date = ''2024-03-05''', 'to_char(day, ''YYYY-MM'') = ''2024-02''',
    'extract(day FROM day) > 20 AND item = ''sms'' AND reseller_id = 2', 'bucket::date <> day',
    'events > 1', 'price_to_twin < 0', 'events > delivered AND service = ''text_messaging''', 'price_to_twin > reseller_id',
    'pg_temp.own(company_id)', 'pg_temp.own(reseller_id + 14)', 'random() < 2',
    'company_id = (SELECT min(company_id) + 4 FROM chosen)',
    'company_id IN (SELECT company_id FROM chosen)', 'EXISTS (SELECT FROM chosen c WHERE c.day = daily_usage.day)',
    'daily_usage IS NOT NULL', 'company_id = 15 AND daily_usage::text LIKE ''%sms%''']) condition;
SELECT oracle.same_rows('SELECT * FROM @.' || rows, 'other tables') FROM unnest(ARRAY[
    'resellers WHERE reseller_id = 2', 'resellers WHERE currency = ''USD'' AND name > ''Reseller 1''',
    'resellers WHERE time_zone LIKE ''A%'' AND reseller_id < 3', 'reseller_companies WHERE reseller_id = 1',
    'reseller_companies WHERE company_id = 14', 'reseller_companies WHERE since IS NULL AND company_id > 14',
    'reseller_companies WHERE until > ''2024-03-01''', 'monthly_usage WHERE month = ''2024-03-01'' AND reseller_id = 2',
    'monthly_usage WHERE bucket = ''2024-03-01 06:00+00''', 'monthly_usage WHERE month > ''2024-02-01''',
    'hourly_usage WHERE reseller_id = 1 AND bucket >= ''2024-02-20 03:17'' AND bucket <= ''2024-03-01''',
    'hourly_usage WHERE floor(extract(epoch FROM bucket) / 21600) * 21600 =
        extract(epoch FROM timestamptz ''2024-03-02 06:00+00'')',
    'quarter_hourly_usage WHERE service = ''bot'' AND bucket > ''2024-03-10'' AND extract(hour FROM bucket) = 3',
    'quarter_hourly_usage WHERE company_id = 15']) rows;
SELECT oracle.same_rows(query, 'joins') FROM unnest(ARRAY[
    'SELECT * FROM chosen c JOIN @.daily_usage u USING (company_id)',
    'SELECT * FROM chosen c JOIN @.daily_usage u USING (company_id, reseller_id) WHERE u.day >= c.day',
    'SELECT c.number, u.* FROM chosen c, LATERAL (SELECT * FROM @.daily_usage u WHERE u.reseller_id = c.reseller_id
        AND u.bucket >= c.since AND u.bucket < c.since + interval ''3 days'' AND u.service = c.service) u',
    'SELECT c.number, u.* FROM chosen c LEFT JOIN @.hourly_usage u ON u.company_id = c.company_id AND u.bucket >= c.since
        AND u.item = ''sms''',
    'SELECT c.number, (SELECT sum(events) FROM @.daily_usage u WHERE u.day = c.day AND u.reseller_id = c.reseller_id)
        FROM chosen c',
    'SELECT r.name, c.since, u.* FROM @.resellers r JOIN @.reseller_companies c USING (reseller_id)
        JOIN @.monthly_usage u USING (reseller_id, company_id) WHERE r.name <> ''Reseller 2''',
    'SELECT a.reseller_id, a.item, a.day, a.events, b.events FROM @.daily_usage a JOIN @.daily_usage b
        ON a.reseller_id = b.reseller_id AND a.company_id = b.company_id AND a.item = b.item AND b.day = a.day + 1',
    'SELECT u.* FROM @.daily_usage u WHERE (reseller_id, company_id) IN (SELECT reseller_id, company_id FROM chosen)',
    'SELECT u.company_id, u.day FROM @.daily_usage u UNION SELECT company_id, day FROM chosen',
    'SELECT company_name, sum(price_to_twin) FROM @.daily_usage WHERE reseller_id = 1 GROUP BY 1 ORDER BY 2 DESC LIMIT 3']) query;
-- Joins whose inner side is the table, again for each row.
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SET enable_memoize = off;
SELECT oracle.same_rows(query, 'nested loops') FROM unnest(ARRAY[
    'SELECT * FROM chosen c JOIN @.daily_usage u USING (company_id)',
    'SELECT * FROM chosen c JOIN @.daily_usage u USING (company_id, reseller_id)',
    'SELECT * FROM chosen c JOIN @.daily_usage u USING (day) WHERE u.item = ''sms''',
    'SELECT * FROM chosen c JOIN @.hourly_usage u ON u.reseller_id = c.reseller_id AND u.bucket = c.since']) query;
CREATE FUNCTION pg_temp.plan(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || command LOOP
        plan := plan || line || E'\n';
    END LOOP;
    RETURN plan;
END
$$;
SELECT matches(pg_temp.plan('SELECT * FROM chosen c JOIN reseller_report.daily_usage u USING (company_id)'),
    'Foreign Scan on _daily_usage .*loops=13', 'a scan for each row');
RESET ALL;

-- What a view that is a security barrier hides, conditions on it do not see.
CREATE VIEW barrier WITH (security_barrier) AS SELECT * FROM reseller_report.daily_usage
    WHERE NOT (events > 0 AND (company_id = 15 OR reseller_id = 3 OR service = 'bot'));
SELECT lives_ok(query, query) FROM unnest(ARRAY['SELECT sum(events) FROM barrier WHERE 1 / (company_id - 15) IS NOT NULL',
    'SELECT count(*) FROM barrier WHERE 1 / (reseller_id - 3) IS NOT NULL', 'SELECT service, count(*) FROM barrier
        WHERE 1 / (length(service) - 3) < 2 GROUP BY 1']) query;

-- Parameters, with a plan for them all, too.
SET plan_cache_mode = force_generic_plan;
PREPARE of_reseller(bigint, timestamptz, text) AS
    SELECT reseller_id, company_id, item, day, events FROM reseller_report.daily_usage
    WHERE reseller_id = $1 AND bucket >= $2 AND item = $3 ORDER BY 2, 4;
CREATE FUNCTION pg_temp.prepared(r bigint, f timestamptz, i text) RETURNS text LANGUAGE sql AS $$
    SELECT results_eq(format('EXECUTE of_reseller(%L, %L, %L)', r, f, i), format('SELECT reseller_id, company_id, item, day, events
        FROM oracle.daily_usage WHERE reseller_id = %L AND bucket >= %L AND item = %L ORDER BY 2, 4', r, f, i),
        format('parameters %s, %s, %s', r, f, i))
$$;
SELECT pg_temp.prepared(r, f, i) FROM (VALUES (1::bigint, timestamptz '2024-02-20', 'sms'), (2, '-infinity', 'bot'),
    (3, '2024-03-01', 'free'), (NULL, '2024-03-01', 'free'), (1, NULL, 'free'), (1, 'infinity', 'sms')) v (r, f, i);
RESET plan_cache_mode;

-- Cursors read on in the snapshot in which they were opened.
CREATE TABLE before AS SELECT * FROM oracle.daily_usage;
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM reseller_report.daily_usage;
CREATE TABLE fetched AS SELECT * FROM before LIMIT 0;
CREATE FUNCTION pg_temp.fetch(n int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    c refcursor := 'c';
    r fetched;
BEGIN
    FOR i IN 1 .. n LOOP
        FETCH c INTO r;
        EXIT WHEN NOT FOUND;
        INSERT INTO fetched SELECT r.*;
    END LOOP;
END
$$;
SELECT pg_temp.fetch(30) \g /dev/null
DO $$ BEGIN PERFORM random_usage.changes(), random_usage.events(20); END $$;
SELECT pg_temp.fetch(50) \g /dev/null
SELECT reseller_report.grant_access('pg_monitor', 1) \g /dev/null
SELECT pg_temp.fetch(100000) \g /dev/null
SELECT results_eq('SELECT * FROM fetched ORDER BY reseller_id, company_id, item, day',
    'SELECT * FROM before ORDER BY reseller_id, company_id, item, day', 'a cursor beside writes of its own transaction');
COMMIT;

-- What conditions name is all that is read.
CREATE FUNCTION pg_temp.read(query text) RETURNS bigint LANGUAGE sql AS $$
    SELECT sum(m[1]::bigint) FROM regexp_matches(pg_temp.plan(query), 'Summary Rows Read: (\d+)', 'g') m
$$;
SELECT reseller_report.materialize() \g /dev/null
SELECT ok(pg_temp.read('SELECT * FROM reseller_report.daily_usage WHERE ' || narrow) * few
        <= pg_temp.read('SELECT * FROM reseller_report.daily_usage WHERE ' || wide), narrow || ' is less than ' || wide)
FROM (VALUES ('reseller_id = 3', 'true', 2), ('reseller_id = 3 AND item = ''sms''', 'reseller_id = 3', 5),
    ('service = ''bot''', 'true', 3), ('bucket >= ''2024-03-01'' AND bucket < ''2024-03-03''', 'true', 8),
    ('day = ''2024-03-01''', 'true', 12), ('date_trunc(''month'', bucket) = ''2024-03-01''', 'true', 1),
    ('reseller_id = 77', 'reseller_id = 3', 1000000), ('bucket >= now()', 'true', 1000000),
    ('extract(dow FROM day) = 1', 'true', 3)) v (narrow, wide, few);
SELECT * FROM finish();
