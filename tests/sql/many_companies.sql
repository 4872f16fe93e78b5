-- The companies of a reseller are read right however many they are, however far apart their ids lie, and in whatever order they
-- and their dependencies are stored.
SELECT no_plan();
SET client_min_messages = error;
SELECT setseed(0.77) \g /dev/null

-- Resellers of so many companies: ids one after the other, with gaps, and so far apart that others' lie between. Every third
-- company was another reseller's for a time; some were away, and came back.
CREATE FUNCTION pg_temp.reseller(r bigint, companies int, first bigint, step bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (r, 'Reseller ' || r, true), (r + 1, 'Other', true);
    INSERT INTO reseller_report.company (company_id, name)
        SELECT first + n * step, repeat('Company ' || n || ' ', CASE WHEN n % 50 = 7 THEN 400 ELSE 1 END)
        FROM generate_series(0, companies - 1) n ORDER BY random();
    INSERT INTO reseller_report.dependency (reseller_id, company_id, during)
        SELECT d.* FROM generate_series(0, companies - 1) n, LATERAL (
            SELECT r, first + n * step, '(,)'::tstzrange WHERE n % 3 <> 0
            UNION ALL SELECT r, first + n * step, '(,2024-02-10)' WHERE n % 3 = 0
            UNION ALL SELECT r + 1, first + n * step, '[2024-02-10,2024-02-20)' WHERE n % 3 = 0
            UNION ALL SELECT r, first + n * step, '[2024-02-20,)' WHERE n % 6 = 0) d
        ORDER BY random();
    INSERT INTO usage.bot_message (company_id, occurred_at, price_twin, price_reseller)
        SELECT first + n * step, timestamptz '2024-02-01' + random() * interval '28 days', n * 0.01, 1
        FROM generate_series(0, companies - 1) n, generate_series(1, 3);
END
$$;
CREATE FUNCTION pg_temp.agrees(r bigint, label text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT is_empty(format('SELECT * FROM oracle.differences(%s, ''-infinity'', ''infinity'')', r), label || ': all time');
    RETURN NEXT is_empty(format('SELECT * FROM oracle.differences(%s, ''2024-02-12'', ''2024-02-25'')', r),
        label || ': a period within');
    RETURN NEXT is_empty(format('SELECT * FROM oracle.differences(%s, ''2024-02-11'', ''2024-02-19'')', r + 1),
        label || ': the other reseller');
END
$$;
SELECT pg_temp.reseller(r, companies, r * 1000000, step)
    FROM (VALUES (10, 99, 1), (20, 100, 1), (30, 101, 1), (40, 102, 3), (50, 700, 1), (60, 300, 7), (70, 300, 1000))
        v (r, companies, step)
    \g /dev/null
SELECT pg_temp.agrees(10, '99 companies');
SELECT pg_temp.agrees(20, '100 companies');
SELECT pg_temp.agrees(30, '101 companies');
SELECT pg_temp.agrees(40, '102 companies with gaps');
SELECT pg_temp.agrees(50, '700 companies');
SELECT pg_temp.agrees(60, '300 companies with wide gaps');
SELECT pg_temp.agrees(70, '300 companies far apart');
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.agrees(50, '700 companies, folded');
SELECT pg_temp.agrees(70, '300 companies far apart, folded');

-- A name may be so long that it is stored out of line.
UPDATE reseller_report.company SET name = (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 400) n)
    WHERE company_id IN (10000002, 50000002);
SELECT is(pg_relation_size(reltoastrelid) > 0, true, 'it is') FROM pg_class WHERE oid = 'reseller_report.company'::regclass;
SELECT pg_temp.agrees(r, 'a long name') FROM unnest('{10,50}'::bigint[]) r;
SELECT ok(position((SELECT name FROM reseller_report.company WHERE company_id = r * 1000000 + 2)
        IN reseller_report.reseller_and_companies(r, '-infinity', 'infinity')::text) > 0,
    format('reseller %s: the page has the long name', r)) FROM unnest('{10,50}'::bigint[]) r;

-- A subscriber may hold a dependency before its company: no other company lends it a name.
SET session_replication_role = replica;
DELETE FROM reseller_report.company WHERE company_id IN (50000000, 50000333, 50000699, 10000001);
SET session_replication_role = origin;
SELECT pg_temp.agrees(50, '700 companies of which three are not there');
SELECT pg_temp.agrees(10, '99 companies of which one is not there');
SELECT is((SELECT count(*) FROM reseller_report.bot(50, '-infinity', 'infinity')), 697::bigint,
    'only companies that are there have rows');
SELECT * FROM finish();
