-- Capture follows every way a transaction can go: savepoints, exceptions, prepared transactions, and every command that writes.
SELECT no_plan();
SELECT setseed(0.3) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(30); END $$;
CREATE FUNCTION pg_temp.send(company bigint, price numeric DEFAULT 1) RETURNS void LANGUAGE sql AS $$
    INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin)
        VALUES (company, 'sms', random_usage.moment(), price)
$$;

BEGIN;
SELECT pg_temp.send(11) \g /dev/null
SAVEPOINT a;
SELECT pg_temp.send(12) \g /dev/null
SAVEPOINT b;
SELECT pg_temp.send(13) \g /dev/null
SELECT oracle.agrees('inside two savepoints');
ROLLBACK TO b;
SELECT oracle.agrees('inner savepoint rolled back');
SELECT pg_temp.send(14) \g /dev/null
RELEASE a;
SELECT oracle.agrees('outer savepoint released');
SAVEPOINT c;
DELETE FROM usage.text_message;
SELECT oracle.agrees('all deleted in a savepoint');
ROLLBACK TO c;
SELECT pg_temp.send(15) \g /dev/null
COMMIT;
SELECT oracle.agrees('committed with savepoints');

DO $$
BEGIN
    FOR i IN 1 .. 100 LOOP
        BEGIN
            PERFORM pg_temp.send(11 + i % 10, i);
            IF i % 3 = 0 THEN RAISE EXCEPTION 'undo'; END IF;
        EXCEPTION WHEN raise_exception THEN NULL;
        END;
    END LOOP;
END
$$;
SELECT oracle.agrees('exception blocks');

-- Deeper than the 64 levels that the server keeps subtransactions of in shared memory.
CREATE FUNCTION pg_temp.dive(depth int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.send(11 + depth % 10, depth);
    IF depth = 0 THEN RETURN; END IF;
    BEGIN
        PERFORM pg_temp.dive(depth - 1);
        IF depth % 7 = 0 THEN RAISE EXCEPTION 'undo'; END IF;
    EXCEPTION WHEN raise_exception THEN NULL;
    END;
END
$$;
SELECT pg_temp.dive(100) \g /dev/null
SELECT oracle.agrees('a hundred nested subtransactions');

BEGIN;
SELECT pg_temp.send(11, 1000) \g /dev/null
SAVEPOINT a;
SELECT pg_temp.send(12, 1000) \g /dev/null
RELEASE a;
PREPARE TRANSACTION 'reseller_report_test';
SELECT oracle.agrees('prepared');
SELECT pg_temp.send(13, 1000) \g /dev/null
SELECT oracle.agrees('the session goes on beside a prepared transaction');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'a fold beside a prepared transaction');
COMMIT PREPARED 'reseller_report_test';
SELECT oracle.agrees('prepared transaction committed after a fold');
BEGIN;
SELECT pg_temp.send(14, 1000) \g /dev/null
PREPARE TRANSACTION 'reseller_report_test';
ROLLBACK PREPARED 'reseller_report_test';
SELECT oracle.agrees('prepared transaction rolled back');

BEGIN;
SELECT pg_temp.send(11, 500) \g /dev/null
ROLLBACK;
SELECT oracle.agrees('rolled back');

-- A statement that fails takes only its own changes with it.
BEGIN;
SELECT pg_temp.send(11, 7) \g /dev/null
SAVEPOINT a;
\set ON_ERROR_STOP off
INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (11, 'sms', '2024-03-01'), (11, 'fax', '2024-03-01');
\set ON_ERROR_STOP on
ROLLBACK TO a;
SELECT oracle.agrees('a rejected row loses nothing else');
COMMIT;
SELECT oracle.agrees('a rejected row loses nothing else, committed');

-- Every command that writes.
INSERT INTO usage.text_message (id, company_id, channel, occurred_at, price_twin)
    VALUES (-1, 11, 'sms', '2024-03-01 00:00+00', 5), (-2, 12, 'viber', '2024-02-01 00:00+00', 5);
INSERT INTO usage.text_message (id, company_id, channel, occurred_at, price_twin)
    VALUES (-1, 11, 'sms', '2024-03-01 00:00+00', 8), (-3, 11, 'sms', '2024-03-01 00:00+00', 1)
    ON CONFLICT (occurred_at, id) DO UPDATE SET price_twin = text_message.price_twin + excluded.price_twin, delivered_at = now();
INSERT INTO usage.text_message (id, company_id, channel, occurred_at, price_twin)
    VALUES (-1, 11, 'sms', '2024-03-01 00:00+00', 100) ON CONFLICT DO NOTHING;
SELECT oracle.agrees('INSERT ... ON CONFLICT');
MERGE INTO usage.text_message m
    USING (VALUES (-1, 'delete'), (-2, 'update'), (-9, 'insert')) AS s (id, what) ON m.id = s.id
    WHEN MATCHED AND what = 'delete' THEN DELETE
    WHEN MATCHED THEN UPDATE SET occurred_at = m.occurred_at + interval '40 days', channel = 'email'
    WHEN NOT MATCHED THEN INSERT (id, company_id, channel, occurred_at, price_twin)
        VALUES (s.id, 20, 'push', '2024-03-05 12:34:56+00', 9);
SELECT oracle.agrees('MERGE');
COPY usage.phone_call (company_id, direction, occurred_at, duration_seconds, price_twin) FROM stdin;
11	outgoing	2024-03-01 10:00:00+00	61	1.5
12	incoming	2024-03-02 10:00:00+00	0	-0.000001
12	incoming	2024-03-02 10:00:00.000001+00	59	999999999.999999
\.
SELECT oracle.agrees('COPY');
WITH gone AS (DELETE FROM usage.phone_call WHERE company_id = 12 RETURNING *)
    INSERT INTO usage.phone_call SELECT * FROM gone;
SELECT oracle.agrees('a data-modifying WITH');

-- Rows that move between partitions, and writes aimed at a partition; partitions made later.
CREATE TABLE usage.text_message_2024_02 PARTITION OF usage.text_message FOR VALUES FROM ('2000-01-01') TO ('2000-02-01');
ALTER TABLE usage.text_message DETACH PARTITION usage.text_message_2024_02;
DROP TABLE usage.text_message_2024_02;
CREATE TABLE usage.text_message_2030 PARTITION OF usage.text_message FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
UPDATE usage.text_message SET occurred_at = '2030-05-05 05:05+00' WHERE id = -9;
INSERT INTO usage.text_message_2030 (id, company_id, channel, occurred_at) VALUES (-10, 11, 'sms', '2030-06-06 06:06+00');
UPDATE usage.text_message_2030 SET delivered_at = now() WHERE id = -10;
SELECT oracle.agrees('a partition made later');
UPDATE usage.text_message SET occurred_at = '2024-03-03 03:03+00' WHERE occurred_at > '2030-01-01';
SELECT oracle.agrees('rows moved between partitions');

-- Replica role writes are captured like others.
SET session_replication_role = replica;
SELECT pg_temp.send(11, 77) \g /dev/null
RESET session_replication_role;
SELECT oracle.agrees('written under session_replication_role = replica');

-- Changes of a savepoint and of what it is in, each of which fits 64 bits and not both together.
BEGIN;
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin)
    SELECT 12, '2024-04-01 00:00+00', 999999999.999999 FROM generate_series(1, 9000);
SAVEPOINT a;
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin)
    SELECT 12, '2024-04-01 00:00+00', 999999999.999999 FROM generate_series(1, 9000);
RELEASE a;
SELECT oracle.agrees('a savepoint with as much as 64 bits hold');
COMMIT;
SELECT oracle.agrees('a savepoint with as much as 64 bits hold, committed');
DELETE FROM usage.bot_message WHERE occurred_at = '2024-04-01 00:00+00' AND price_twin = 999999999.999999;

-- Flushing at the cap, inside a subtransaction whose parent has changes too.
BEGIN;
SELECT pg_temp.send(11, 3) \g /dev/null
SAVEPOINT a;
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin)
    SELECT 11 + n % 30, timestamptz '2024-03-01' + n * interval '7 minutes', 1 FROM generate_series(1, 150000) n;
SELECT cmp_ok((SELECT sum(entries) FROM reseller_report.usage_delta), '>', 65000::bigint,
    'a transaction past the cap flushes early');
SELECT oracle.agrees('flushed at the cap, in a savepoint');
ROLLBACK TO a;
SELECT oracle.agrees('flushed at the cap, rolled back');
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin)
    SELECT 11 + n % 30, timestamptz '2024-03-01' + n * interval '7 minutes', 1 FROM generate_series(1, 70000) n;
COMMIT;
SELECT oracle.agrees('flushed at the cap, committed');
DELETE FROM usage.bot_message;
SELECT oracle.agrees('deleted past the cap');

-- A snapshot from before the transaction's latest changes does not see them, and neither does the report.
CREATE FUNCTION pg_temp.send_and_return(reseller bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_temp.send(11, 12345);
    RETURN reseller;
END
$$;
SELECT sum(total_price_to_twin) AS total FROM reseller_report.text_messaging(3, '-infinity', 'infinity') \gset
SELECT is(
    (SELECT sum(total_price_to_twin) FROM (SELECT pg_temp.send_and_return(3) AS reseller OFFSET 0) AS s,
        LATERAL reseller_report.text_messaging(s.reseller, '-infinity', 'infinity')),
    :total, 'a report after a change of its own statement answers from the statement''s snapshot');
BEGIN;
DECLARE before CURSOR FOR SELECT id, total_price_to_twin FROM reseller_report.text_messaging(3, '-infinity', 'infinity')
    EXCEPT ALL SELECT id, p FROM oracle.text_messaging(3, '-infinity', 'infinity', false) AS t
    (id bigint, n text, a bigint, b numeric, c bigint, d bigint, e numeric, f bigint, g bigint, h numeric, i bigint, j bigint,
    k numeric, l bigint, m bigint, o numeric, p numeric, q numeric);
SELECT pg_temp.send(11, 54321) \g /dev/null
SELECT is_empty('FETCH ALL FROM before', 'an open cursor answers from its own snapshot');
SELECT oracle.agrees('and the transaction from its own');
COMMIT;
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'folded at the end');
SELECT oracle.agrees('folded at the end');

SELECT * FROM reseller_report.materialize(1000000) \g /dev/null
-- A transaction that writes so much that part of it goes to usage_delta before the end, folds, and moves companies.
BEGIN;
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin, price_reseller)
    SELECT 11 + n % 30, '2024-02-15 00:00+00'::timestamptz + n / 30 * interval '15 minutes', n % 7, n % 5
        FROM generate_series(1, 70000) n;
SELECT is((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'a fold leaves what its own transaction wrote');
SELECT random_usage.companies_moved() FROM generate_series(1, 3) \g /dev/null
SELECT oracle.agrees('a large transaction that folds and moves companies');
COMMIT;
SELECT isnt((SELECT deltas FROM reseller_report.materialize(1000000)), 0::bigint, 'and is folded when it has committed');
SELECT oracle.agrees('a large transaction, folded');
SELECT * FROM finish();
