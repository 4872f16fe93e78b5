-- Nothing changes at a limit: batches, caps and thresholds are met from below, exactly and from above, and every figure stays
-- exact. The numbers here are those of the constants in extension/.
SELECT no_plan();
SET client_min_messages = error;
INSERT INTO reseller_report.company (company_id, name, is_reseller) SELECT n, 'Reseller ' || n, true FROM generate_series(1, 8) n;
INSERT INTO reseller_report.company (company_id, name) SELECT n, 'Company ' || n FROM generate_series(1001, 4000) n;
-- An event of each of the companies `first` to `last` at one moment, each of another price.
CREATE FUNCTION pg_temp.use(first bigint, last bigint, at timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO usage.bot_message (company_id, occurred_at, price_twin, price_reseller) SELECT n, at, n * 0.000001, -n
        FROM generate_series(first, last) n
$$;
-- Events of one company, one in each of `n` quarter hours.
CREATE FUNCTION pg_temp.keys(company bigint, n bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO usage.bot_message (company_id, occurred_at, price_twin)
        SELECT company, timestamptz '2024-01-01 00:07+00' + i * interval '15 minutes', i FROM generate_series(0, n - 1) i
$$;
CREATE FUNCTION pg_temp.written() RETURNS bigint LANGUAGE sql
    AS 'SELECT coalesce(sum(entries), 0) FROM reseller_report.usage_delta';
CREATE FUNCTION pg_temp.folded(most int) RETURNS bigint LANGUAGE sql AS 'SELECT reseller_report.fold(most)';
CREATE FUNCTION pg_temp.differences(f timestamptz DEFAULT '-infinity', t timestamptz DEFAULT 'infinity',
    reseller bigint DEFAULT NULL) RETURNS bigint
    LANGUAGE sql STABLE AS $$
    SELECT count(*) FROM reseller_report.company r, oracle.differences(r.company_id, f, t) WHERE r.is_reseller
        AND r.company_id = coalesce(reseller, r.company_id)
$$;
CREATE FUNCTION pg_temp.exact(label text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT is(pg_temp.differences(), 0::bigint, label || ': reports');
    RETURN NEXT is_empty($q$SELECT * FROM reseller_report.verify('-infinity', 'infinity')$q$, label || ': verified');
END
$$;

-- A merge pays for resellers below 1,000 companies, from a quarter of the companies on for each row that is touched, for what is
-- 600 seconds old, and from 250 runs on.
INSERT INTO reseller_report.dependency SELECT 1, n FROM generate_series(1001, 1999) n UNION ALL SELECT 2, n
    FROM generate_series(2000, 2999) n;
SELECT pg_temp.use(1001, 1001, '2025-07-01 00:00+00'), pg_temp.use(2000, 2248, '2025-07-01 00:00+00') \g /dev/null
SELECT is((SELECT deltas FROM reseller_report.materialize(100000, true)), 251::bigint,
    'a row of 999 companies pays, 249 changes of one of 1,000 do not');
SELECT pg_temp.use(2249, 2249, '2025-07-01 00:00+00') \g /dev/null
SELECT is((SELECT deltas FROM reseller_report.materialize(100000, true)), 251::bigint, '250 do');
SELECT pg_temp.use(2000, 2249, '2025-07-01 00:00+00'), pg_temp.use(2000, 2000, '2025-07-01 01:00+00') \g /dev/null
SELECT is((SELECT deltas FROM reseller_report.materialize(100000, true)), 251::bigint, '251 in two rows do not');
UPDATE reseller_report.usage_run SET recorded_at = clock_timestamp() - interval '560 seconds';
SELECT is((SELECT deltas FROM reseller_report.materialize(100000, true)), 0::bigint, 'nor after 560 seconds');
UPDATE reseller_report.usage_run SET recorded_at = clock_timestamp() - interval '600 seconds';
SELECT is((SELECT deltas FROM reseller_report.materialize(100000, true)), 251::bigint, 'but after 600');
CREATE PROCEDURE pg_temp.use_and_fold(first int, last int) LANGUAGE plpgsql AS $$
BEGIN
    FOR n IN first .. last LOOP
        PERFORM pg_temp.use(2000, 2000, '2025-07-01 00:00+00'::timestamptz + n * interval '15 minutes');
        COMMIT;
        PERFORM reseller_report.fold();
        COMMIT;
    END LOOP;
END
$$;
CALL pg_temp.use_and_fold(1, 249);
SELECT is((SELECT deltas FROM reseller_report.materialize(100000, true)), 0::bigint, '249 runs do not');
CALL pg_temp.use_and_fold(250, 250);
SELECT is((SELECT deltas FROM reseller_report.materialize(100000, true)), 250::bigint, '250 do');
SELECT pg_temp.exact('folded where it pays');
DELETE FROM reseller_report.dependency;
DELETE FROM usage.bot_message;
SELECT pg_temp.folded(100000) \g /dev/null

-- A row of deltas is full at about 1,800 bytes, and 200 rows are written at a time.
INSERT INTO reseller_report.dependency SELECT 1, n FROM generate_series(1001, 1020) n;
CREATE PROCEDURE pg_temp.write_and_fold(n bigint, company bigint) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.keys(company, n);
    COMMIT;
    ASSERT pg_temp.written() = n, n || ' written';
    ASSERT (SELECT pending_deltas FROM reseller_report.materializer_state) = n, n || ' pending';
    ASSERT pg_temp.differences() = 0, n || ' reported';
    COMMIT;
    ASSERT pg_temp.folded(100000) = n, n || ' folded';
    ASSERT pg_temp.written() = 0, n || ' gone';
    COMMIT;
END
$$;
DO $$
DECLARE
    sizes CONSTANT bigint[] := ARRAY[1, 2, 100, 110, 120, 130, 140, 150, 1000, 1001, 19999, 40000];
BEGIN
    FOR i IN 1 .. cardinality(sizes) LOOP
        CALL pg_temp.write_and_fold(sizes[i], 1000 + i);
    END LOOP;
END
$$;
SELECT pg_temp.exact('transactions of 1 to 40,000 changes');

-- A fold takes as many deltas as it may and no more, wherever its batches of 10,000 end.
SELECT pg_temp.keys(1014, 9999), pg_temp.keys(1015, 2), pg_temp.keys(1016, 10000) \g /dev/null
SELECT results_eq('SELECT pg_temp.folded(most) FROM unnest(ARRAY[1, 256, 9743, 10001, 100000, 1]) most',
    'VALUES (1::bigint), (256), (9743), (10001), (0), (0)',
    'as many deltas as a fold may take');
SELECT pg_temp.exact('folded in parts');
SELECT results_eq('SELECT deltas FROM unnest(ARRAY[1, 9999, 100000]) most, reseller_report.materialize(most)',
    'VALUES (1::bigint), (9999), (73255)', 'a merge takes as many changes as it may, too');
SELECT pg_temp.exact('merged in parts');
DELETE FROM usage.bot_message;
SELECT results_eq('SELECT pg_temp.folded(most) FROM unnest(ARRAY[10000, 100000]) most', 'VALUES (10000::bigint), (72754)',
    'whole batches and more');
SELECT reseller_report.materialize(1000000) \g /dev/null
SELECT is_empty('SELECT FROM reseller_report.usage_quarter UNION ALL SELECT FROM reseller_report.usage_year',
    'nothing is left of what was deleted');

-- A transaction keeps up to 65,536 keys in memory, one a key whatever its changes, and a savepoint hands on what fits together.
BEGIN;
SELECT pg_temp.keys(1001, 40000), pg_temp.keys(1001, 100) \g /dev/null
SAVEPOINT a;
SELECT pg_temp.keys(1002, 25535) \g /dev/null
RELEASE a;
SELECT is(pg_temp.written(), 0::bigint, 'below the cap nothing is written before the end');
SAVEPOINT a;
SELECT pg_temp.keys(1003, 1) \g /dev/null
RELEASE a;
SELECT is(pg_temp.written(), 0::bigint, 'nor where savepoint and transaction hold as much together');
SAVEPOINT a;
SELECT pg_temp.keys(1004, 1) \g /dev/null
RELEASE a;
SELECT is(pg_temp.written(), 1::bigint, 'what a savepoint has above it is written in its name');
SELECT is(pg_temp.differences(), 0::bigint, 'and counted with the rest');
SELECT pg_temp.keys(1003, 1) \g /dev/null
SELECT is(pg_temp.written(), 65537::bigint, 'at the cap the transaction writes');
SELECT is(pg_temp.differences(), 0::bigint, 'and goes on');
SELECT pg_temp.keys(1005, 65535) \g /dev/null
SELECT is(pg_temp.written(), 65537::bigint, 'from zero again');
SELECT pg_temp.keys(1006, 1) \g /dev/null
SELECT is(pg_temp.written(), 131073::bigint, 'up to the cap');
ROLLBACK;
BEGIN;
SELECT pg_temp.keys(1001, 2), pg_temp.keys(1001, 2) \g /dev/null
DELETE FROM usage.bot_message WHERE price_twin = 1;
COMMIT;
SELECT is(pg_temp.written(), 1::bigint, 'changes of one key are one delta, and none where they come to nothing');
SELECT pg_temp.folded(10) \g /dev/null
SELECT pg_temp.exact('after the caps');

-- Folded figures follow 64 companies at a time, those of pruned days 1,000.
INSERT INTO reseller_report.dependency SELECT 2, n,
    tstzrange(timestamptz '2024-01-01 00:00+00' + (n - 2000) * interval '15 minutes', NULL) FROM generate_series(1101, 1300) n;
SELECT pg_temp.use(1101, 1300, '2023-12-20 00:07+00'), pg_temp.use(1101, 1300, '2024-02-01 10:17+00'),
    pg_temp.use(1101, 1300, '2024-03-01 00:00+00') \g /dev/null
SELECT pg_temp.folded(1000) \g /dev/null
CREATE FUNCTION pg_temp.moved(n int) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    UPDATE reseller_report.dependency SET reseller_id = 5 - reseller_id WHERE company_id BETWEEN 1101 AND 1100 + n;
    RETURN QUERY SELECT pg_temp.exact(n || ' companies moved at once');
END
$$;
SELECT pg_temp.moved(n) FROM unnest(ARRAY[1, 63, 64, 65, 128, 129, 200]) n;
SELECT pg_temp.folded(100000) \g /dev/null
SELECT pg_temp.exact('moved and folded');

INSERT INTO reseller_report.dependency SELECT 6, n FROM generate_series(1301, 3500) n;
SELECT pg_temp.use(1301, 3500, '2022-05-01 00:00+00'), pg_temp.use(1301, 3500, '2022-06-30 23:59:59.999999+00'),
    pg_temp.use(1301, 3500, '2024-05-01 00:00+00') \g /dev/null
SELECT reseller_report.create_partitions('0') \g /dev/null
SELECT pg_temp.folded(100000) \g /dev/null
CREATE TEMP TABLE before AS SELECT r.company_id AS reseller, b.* FROM reseller_report.company r,
    reseller_report.bot(r.company_id, '-infinity', 'infinity') b WHERE r.is_reseller;
SELECT is((SELECT count(*) FROM reseller_report.prune('usage.bot_message', '2023-01-01')), 2::bigint, 'two months are pruned');
CREATE FUNCTION pg_temp.pruned_moved(n int) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    UPDATE reseller_report.dependency SET reseller_id = 13 - reseller_id WHERE company_id BETWEEN 1301 AND 1300 + n;
    UPDATE before SET reseller = 13 - reseller WHERE id BETWEEN 1301 AND 1300 + n;
    RETURN NEXT set_eq($q$SELECT r.company_id, b.* FROM reseller_report.company r,
        reseller_report.bot(r.company_id, '-infinity', 'infinity') b WHERE r.is_reseller$q$,
        'TABLE before', n || ' companies with pruned usage moved at once');
END
$$;
SELECT pg_temp.pruned_moved(n) FROM unnest(ARRAY[1, 999, 1000, 1001, 2000, 2001]) n;
SELECT pg_temp.folded(100000) \g /dev/null
SELECT pg_temp.pruned_moved(2200);
SELECT is_empty($$SELECT * FROM reseller_report.verify('-infinity', 'infinity')$$, 'pruned usage moved: verified');

-- Raw rows are asked for by company up to 1,000 dependents. Ids are looked up in a table up to 32 places for each.
SELECT pg_temp.use(1001, 3500, '2025-05-01 00:20+00'), pg_temp.use(1001, 3500, '2025-05-01 00:40+00') \g /dev/null
CREATE FUNCTION pg_temp.asked(n int) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM reseller_report.dependency WHERE reseller_id IN (6, 7, 8);
    INSERT INTO reseller_report.dependency SELECT 8, i FROM generate_series(2001, 2000 + n) i;
    RETURN QUERY SELECT is(pg_temp.differences(f, t, 8), 0::bigint, format('%s dependents, %s to %s', n, f, t)) FROM (VALUES
        (timestamptz '2025-05-01 00:20+00', timestamptz '2025-05-01 00:40+00'), ('2025-05-01 00:19+00', '2025-05-01 00:21+00'),
            ('2025-05-01 00:05+00', '2025-05-01 01:00+00')) p (f, t);
END
$$;
SELECT pg_temp.asked(n) FROM unnest(ARRAY[1, 999, 1000, 1001]) n;
CREATE FUNCTION pg_temp.spread(VARIADIC ids bigint[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reseller_report.company (company_id, name) SELECT i, 'Far ' || i FROM unnest(ids) i ON CONFLICT DO NOTHING;
    DELETE FROM reseller_report.dependency WHERE reseller_id = 8 OR company_id = ANY (ids);
    INSERT INTO reseller_report.dependency SELECT 8, i FROM unnest(ids) i;
    -- Of these and of their neighbours, folded or not.
    INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) SELECT i, timestamptz '2025-06-01 00:20+00', 1
        FROM unnest(ids) i
        UNION ALL SELECT i + 1, '2025-06-01 00:20+00', 1 FROM unnest(ids) i WHERE i < 9223372036854775807
        UNION ALL SELECT i - 1, '2025-06-01 00:20+00', 1 FROM unnest(ids) i WHERE i > -9223372036854775808;
    RETURN NEXT is(pg_temp.differences('2025-06-01 00:00+00', '2025-06-02 00:00+00', 8)
        + pg_temp.differences('2025-06-01 00:17+00', '2025-06-01 00:23+00', 8), 0::bigint,
        'reports of companies ' || ids::text);
END
$$;
SELECT pg_temp.spread(2001, 2064);
SELECT pg_temp.spread(2001, 2065);
SELECT pg_temp.spread(2001, 2066);
SELECT pg_temp.folded(100000) \g /dev/null
SELECT pg_temp.spread(-3, 0, 3, 60);
SELECT pg_temp.spread(-9223372036854775808, -1, 9223372036854775807);
SELECT pg_temp.spread(-9223372036854775808, -9223372036854775807, -9223372036854775800);
SELECT pg_temp.spread(9223372036854775800, 9223372036854775807);
SELECT pg_temp.folded(100000) \g /dev/null
SELECT pg_temp.spread(-9223372036854775808, 9223372036854775807);

SELECT * FROM finish();
