-- L7: pruning raw rows does not change history. What is pruned is kept in an archive, which the oracle goes on reading. Reports
-- must equal it in quarter hours before the horizon and at any moment after it, whoever the companies belong to by then.
SELECT no_plan();
SELECT setseed(0.9) \g /dev/null
SET client_min_messages = error;
DROP SCHEMA usage CASCADE;
SELECT random_usage.companies(), reseller_report.create_usage_tables('live') \g /dev/null
CREATE SCHEMA archive;
CREATE SCHEMA usage;
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['text_message', 'chat_message', 'phone_call', 'bot_message'] LOOP
        EXECUTE format('CREATE TABLE archive.%1$I AS TABLE live.%1$I', t);
        EXECUTE format('CREATE VIEW usage.%1$I AS TABLE archive.%1$I UNION ALL TABLE live.%1$I', t);
        EXECUTE format('CREATE FUNCTION usage.write_%1$s() RETURNS trigger LANGUAGE plpgsql AS $x$ BEGIN
            NEW.id := nextval(''live.%1$s_id_seq''); NEW.price_twin := coalesce(NEW.price_twin, 0);
                NEW.price_reseller := coalesce(NEW.price_reseller, 0);
            INSERT INTO live.%1$I SELECT NEW.*; RETURN NEW; END $x$', t);
        EXECUTE format('CREATE TRIGGER write INSTEAD OF INSERT ON usage.%1$I FOR EACH ROW EXECUTE FUNCTION usage.write_%1$s()', t);
    END LOOP;
END
$$;
CREATE FUNCTION pg_temp.archive(older_than timestamptz) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    t text;
BEGIN
    PERFORM * FROM reseller_report.create_partitions('1 month');
    FOREACH t IN ARRAY ARRAY['text_message', 'chat_message', 'phone_call', 'bot_message'] LOOP
        EXECUTE format('INSERT INTO archive.%1$I SELECT * FROM live.%1$I
            WHERE occurred_at < (SELECT max(period_to) FROM reseller_report.prunable(''live.%1$I'', %2$L))', t, older_than);
        RETURN QUERY SELECT p.source || ' ' || p.period_from || ' ' || p.period_to
            FROM reseller_report.prune(format('live.%I', t)::regclass, older_than) p;
    END LOOP;
END
$$;
-- Bounds before the horizon lie on quarter hours.
CREATE FUNCTION pg_temp.agrees(horizon timestamptz, label text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r bigint;
    f timestamptz;
    t timestamptz;
    differences text;
BEGIN
    FOR r IN SELECT company_id FROM reseller_report.company WHERE is_reseller ORDER BY 1 LOOP
        FOR i IN 0 .. 12 LOOP
            f := oracle.random_moment('2024-03-01', '100 days');
            t := oracle.random_moment('2024-03-01', '100 days');
            IF f > t THEN SELECT f, t INTO t, f; END IF;
            IF f < horizon THEN f := date_bin('15 minutes', f, '2000-01-01'); END IF;
            IF t < horizon THEN t := date_bin('15 minutes', t, '2000-01-01') + interval '15 minutes'; END IF;
            IF i = 0 THEN f := '-infinity'; t := 'infinity'; END IF;
            CONTINUE WHEN f >= t;
            SELECT string_agg(format('reseller %s [%s, %s) %s %s: %s', r, f, t, d.service, d.side, d.difference),
                E'\n') INTO differences FROM oracle.differences(r, f, t, i % 3 = 1) d;
            IF differences IS NOT NULL THEN
                RETURN fail(label) || E'\n' || diag(differences);
            END IF;
        END LOOP;
    END LOOP;
    RETURN pass(label);
END
$$;
CREATE FUNCTION pg_temp.clean(label text) RETURNS text LANGUAGE sql AS $$
    SELECT is_empty($q$SELECT * FROM reseller_report.verify('-infinity', 'infinity')$q$, label)
$$;

SELECT random_usage.events(150) \g /dev/null
SELECT reseller_report.materialize(500) \g /dev/null
SELECT pg_temp.agrees('-infinity', 'nothing pruned');
SELECT is_empty($$SELECT * FROM reseller_report.prune('live.bot_message', '2024-03-01 00:00+00')$$,
    'nothing to prune: all is in the default partition');
BEGIN;
SELECT set_eq($$SELECT pg_temp.archive('2024-02-29 23:00+00')$$,
    $$SELECT format('live.%s 2024-01-01 00:00:00+00 2024-02-01 00:00:00+00', t)
        FROM unnest(ARRAY['text_message', 'chat_message', 'phone_call', 'bot_message']) t$$,
    'whole partitions that lie before the moment');
SELECT pg_temp.agrees('2024-02-01', 'inside the transaction that prunes');
COMMIT;
SELECT is((SELECT array_agg(DISTINCT horizon) FROM reseller_report.sources()), ARRAY['2024-02-01 00:00+00'::timestamptz],
    'the horizon is remembered');
SELECT is((SELECT unbuilt_sources FROM reseller_report.materializer_state), '{}', 'pruning un-builds nothing');
SELECT is((SELECT count(*) FROM reseller_report.source_leaf WHERE table_name LIKE '%2024_01'), 0::bigint,
    'the partitions are forgotten');
SELECT pg_temp.agrees('2024-02-01', 'pruned');
SELECT pg_temp.clean('pruned');
SELECT throws_ok(format('SELECT * FROM reseller_report.bot(1, %L, %L)', f, t), '55000',
    'usage of table live.bot_message before 2024-02-01 00:00:00+00 was pruned: from then on any period can be answered, '
    'before it only whole quarter hours UTC', f || ' to ' || t) FROM (VALUES
    ('2024-01-15 10:17+00', 'infinity'), ('-infinity', '2024-01-31 23:59:59+00'),
        ('1999-01-01 00:00:01+00', '1999-01-02 00:00+00')) AS off (f, t);
SELECT lives_ok('SELECT * FROM reseller_report.bot(1, ''2024-02-01 00:00+00'', ''2024-02-01 00:00:01+00'')',
    'after the horizon to the microsecond');

-- Late changes before the horizon, and of pending ones.
SELECT reseller_report.materialize(100) \g /dev/null
SELECT pg_temp.agrees('2024-02-01', 'folded a little');
INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin) SELECT 11 + n, 'sms', '2024-01-10 10:20+00', n
    FROM generate_series(0, 29) n;
SELECT pg_temp.agrees('2024-02-01', 'late usage before the horizon');
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.agrees('2024-02-01', 'late usage, folded');
SELECT pg_temp.clean('late usage, folded');

-- Companies change hands before the horizon: from nobody, to nobody, and between resellers.
CREATE FUNCTION pg_temp.moves(n int) RETURNS void LANGUAGE sql AS $$
    SELECT random_usage.companies_moved() FROM generate_series(1, n)
$$;
SELECT pg_temp.moves(6) \g /dev/null
SELECT pg_temp.agrees('2024-02-01', 'companies moved');
SELECT reseller_report.materialize(50) \g /dev/null
SELECT pg_temp.moves(6) \g /dev/null
SELECT pg_temp.agrees('2024-02-01', 'companies moved, half folded, moved');
DELETE FROM reseller_report.dependency;
INSERT INTO reseller_report.dependency (reseller_id, company_id) SELECT 1 + n % 3, n FROM generate_series(11, 40) n;
SELECT pg_temp.agrees('2024-02-01', 'nobody''s usage is found again');
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.agrees('2024-02-01', 'and folded');
SELECT pg_temp.clean('and folded');
BEGIN;
SELECT random_usage.events(5), pg_temp.moves(3), random_usage.events(5) \g /dev/null
SELECT pg_temp.agrees('2024-02-01', 'in a transaction that writes and moves');
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.moves(3) \g /dev/null
SELECT pg_temp.agrees('2024-02-01', 'in a transaction that folds and moves');
COMMIT;
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.agrees('2024-02-01', 'committed and folded');

-- One statement takes companies away and gives them in several commands, whose triggers come in the order in which the commands
-- end: the gain before the loss, or the loss in two parts around it.
DELETE FROM reseller_report.dependency;
INSERT INTO reseller_report.dependency (reseller_id, company_id) SELECT 1 + n % 3, n FROM generate_series(11, 40) n;
SELECT pg_temp.agrees('2024-02-01', 'companies dealt out');
WITH gone AS (DELETE FROM reseller_report.dependency WHERE company_id < 20 RETURNING *)
INSERT INTO reseller_report.dependency (reseller_id, company_id) SELECT 1 + reseller_id % 3, company_id FROM gone LIMIT 5;
SELECT pg_temp.agrees('2024-02-01', 'taken and given in a WITH, gains first');
WITH gone AS (DELETE FROM reseller_report.dependency WHERE company_id BETWEEN 20 AND 30 RETURNING *),
    cut AS (UPDATE reseller_report.dependency SET during = during * '(,2024-01-15)' WHERE company_id > 30 RETURNING *),
    given AS (INSERT INTO reseller_report.dependency SELECT 1 + reseller_id % 3, company_id, '[2024-01-10,)' FROM gone LIMIT 3
        RETURNING *)
INSERT INTO reseller_report.dependency SELECT 1 + (reseller_id + 1) % 3, company_id, '[2024-01-16,)' FROM cut LIMIT 4;
SELECT pg_temp.agrees('2024-02-01', 'a WITH of four commands');
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.agrees('2024-02-01', 'folded after the WITHs');
SELECT pg_temp.clean('folded after the WITHs');
-- A trigger of the application gives at once what is taken, and another passes on what is given, some of it in savepoints that are
-- rolled back.
CREATE FUNCTION pg_temp.give_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() > 2 THEN RETURN NULL; END IF;
    BEGIN
        INSERT INTO reseller_report.dependency VALUES (1 + (OLD.reseller_id + 1) % 3, OLD.company_id, OLD.during);
        IF OLD.company_id % 2 = 0 THEN RAISE division_by_zero; END IF;
    EXCEPTION WHEN division_by_zero THEN
        INSERT INTO reseller_report.dependency VALUES (1 + OLD.reseller_id % 3, OLD.company_id, OLD.during);
    END;
    RETURN NULL;
END
$$;
CREATE FUNCTION pg_temp.pass_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.company_id % 3 = 0 AND pg_trigger_depth() < 3 THEN
        UPDATE reseller_report.dependency SET reseller_id = 1 + reseller_id % 3 WHERE company_id = NEW.company_id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER "A" AFTER DELETE ON reseller_report.dependency FOR EACH ROW EXECUTE FUNCTION pg_temp.give_on();
CREATE TRIGGER "B" AFTER INSERT ON reseller_report.dependency FOR EACH ROW EXECUTE FUNCTION pg_temp.pass_on();
CREATE TRIGGER z AFTER INSERT ON reseller_report.dependency FOR EACH ROW EXECUTE FUNCTION pg_temp.pass_on();
DELETE FROM reseller_report.dependency WHERE company_id < 25;
SELECT pg_temp.agrees('2024-02-01', 'triggers that give and pass on');
BEGIN;
SELECT random_usage.events(5) \g /dev/null
SAVEPOINT a;
DELETE FROM reseller_report.dependency;
SELECT reseller_report.materialize() \g /dev/null
ROLLBACK TO a;
DELETE FROM reseller_report.dependency WHERE company_id > 22;
SELECT pg_temp.agrees('2024-02-01', 'triggers that give and pass on, after a savepoint');
COMMIT;
DROP TRIGGER "A" ON reseller_report.dependency;
DROP TRIGGER "B" ON reseller_report.dependency;
DROP TRIGGER z ON reseller_report.dependency;
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.agrees('2024-02-01', 'folded after the triggers');
SELECT pg_temp.clean('folded after the triggers');

-- Whoever changes summaries between a change of dependencies and the moves that follow it would attribute by what the moves do not
-- know of.
SELECT random_usage.events(5) \g /dev/null
SELECT throws_ok(format('WITH m AS (UPDATE reseller_report.dependency SET reseller_id = 1 + reseller_id %% 3 '
    'RETURNING 1), c AS (SELECT count(*) AS n FROM m) SELECT %s FROM c', call),
    '55000', 'dependencies were changed, and usage has not followed them yet', call || ' in the statement that moves companies')
        FROM (VALUES
    ('reseller_report.materialize((1000 + n)::int)'),
    ('reseller_report.rebuild_slice(''live.text_message'', ''-infinity'', CASE WHEN n > 0 THEN timestamptz ''infinity'' END)'),
    ('reseller_report.prune(''live.text_message'', CASE WHEN n > 0 THEN timestamptz ''2024-03-01'' END)'),
    ('(SELECT count(*) FROM reseller_report.verify(''-infinity'', CASE WHEN n > 0 '
        'THEN timestamptz ''infinity'' END))')) AS v (call);
CREATE FUNCTION pg_temp.maintain() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE TG_ARGV[0]; RETURN NULL; END $$;
CREATE FUNCTION pg_temp.in_trigger(timing text, call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER "A" %s ON reseller_report.dependency FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.maintain(%L)',
        timing, call);
    UPDATE reseller_report.dependency SET reseller_id = 1 + reseller_id % 3;
    DROP TRIGGER "A" ON reseller_report.dependency;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;
SELECT is(pg_temp.in_trigger('AFTER UPDATE', call), '55000', call || ' in a trigger before those that move') FROM (VALUES
    ('SELECT reseller_report.materialize()'),
    ('SELECT reseller_report.rebuild_slice(''live.text_message'', ''-infinity'', ''infinity'')'),
    ('SELECT reseller_report.prune(''live.text_message'', ''2024-03-01'')')) AS v (call);
SELECT is(pg_temp.in_trigger('BEFORE UPDATE', 'SELECT reseller_report.materialize()'), 'done',
    'before anything is changed it may be folded');
SELECT pg_temp.agrees('2024-02-01', 'folded by a trigger before the change');
-- A report there equals raw usage and the dependencies of its snapshot, or says what it misses.
CREATE TABLE told (before numeric, after numeric);
SELECT is(pg_temp.in_trigger('AFTER UPDATE', $$INSERT INTO told SELECT sum(r.total_price_to_twin), sum(o.total)
    FROM reseller_report.bot(1, '2024-02-01 00:00+00', 'infinity') r
    FULL JOIN oracle.bot(1, '2024-02-01 00:00+00', 'infinity', false) AS o (id bigint, n text, a bigint, total numeric, c numeric)
        USING (id)$$), 'done', 'a report in a trigger before those that move');
SELECT is((SELECT before FROM told), (SELECT after FROM told), 'is of the dependencies as they are by then');
SELECT is(pg_temp.in_trigger('AFTER UPDATE', $$SELECT reseller_report.bot(1, '2024-01-01 00:00+00', 'infinity')$$), '55000',
    'what was pruned cannot be told there');
SELECT pg_temp.agrees('2024-02-01', 'after all that');

-- A table dependency with a column more.
ALTER TABLE reseller_report.dependency ADD COLUMN note text DEFAULT 'x', ADD COLUMN other int;
UPDATE reseller_report.dependency SET reseller_id = 1 + reseller_id % 3;
SELECT pg_temp.agrees('2024-02-01', 'moved where dependency has more columns');
ALTER TABLE reseller_report.dependency DROP COLUMN note, DROP COLUMN other;
UPDATE reseller_report.dependency SET reseller_id = 1 + reseller_id % 3;
SELECT pg_temp.agrees('2024-02-01', 'and where it had');

-- A foreign key's trigger runs SQL before the rows are captured: reports in the transaction know of them all the same.
ALTER TABLE live.text_message ADD CONSTRAINT of_company FOREIGN KEY (company_id) REFERENCES reseller_report.company;
BEGIN;
INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin) VALUES (12, 'sms', '2024-01-05', 3);
SELECT pg_temp.agrees('2024-02-01', 'inside the transaction, with a foreign key');
ROLLBACK;
ALTER TABLE live.text_message DROP CONSTRAINT of_company;

-- Rebuild and un-building end at the horizon.
SELECT results_eq('SELECT source::text, period_from, period_to '
    'FROM reseller_report.rebuild_slice(''live.text_message'', ''-infinity'', ''infinity'')',
    $$VALUES ('live.text_message', timestamptz '2024-02-01 00:00+00', timestamptz 'infinity')$$, 'a rebuild ends at the horizon');
SELECT is_empty('SELECT * '
    'FROM reseller_report.rebuild_slice(''live.text_message'', ''2024-01-01 00:00+00'', ''2024-01-05 00:00+00'')',
        'before it nothing is rebuilt');
SELECT is_empty('SELECT * '
    'FROM reseller_report.rebuild_slices(''live.text_message'', ''2024-01-01 00:00+00'', ''2024-01-05 00:00+00'')', 'nor planned');
SELECT pg_temp.agrees('2024-02-01', 'rebuilt');
SELECT * FROM reseller_report.create_partitions('1 month') \g /dev/null
SELECT pg_temp.agrees('2024-02-01', 'rows moved to partitions of their own');
ALTER TABLE live.text_message DISABLE TRIGGER reseller_report_capture;
SELECT pg_temp.agrees('2024-02-01', 'capture off');
SELECT throws_ok('SELECT * FROM reseller_report.prune(''live.text_message'', ''2024-03-01 00:00+00'')', '0A000', NULL,
    'days not built are not pruned');
ALTER TABLE live.text_message ENABLE TRIGGER reseller_report_capture;
SELECT reseller_report.rebuild_slice('live.text_message', '-infinity', 'infinity') \g /dev/null
SELECT is((SELECT unbuilt_sources FROM reseller_report.materializer_state), '{}', 'a rebuild to the horizon builds all there is');
SELECT pg_temp.agrees('2024-02-01', 'capture on, rebuilt');

-- Again, with late rows of the pruned month, and a horizon that is no midnight.
SELECT * FROM reseller_report.create_partitions('1 month') \g /dev/null
SELECT pg_temp.archive('2024-03-01 00:00+00') \g /dev/null
SELECT is((SELECT array_agg(DISTINCT horizon) FROM reseller_report.sources()), ARRAY['2024-03-01 00:00+00'::timestamptz],
    'the horizon moved on');
SELECT pg_temp.agrees('2024-03-01', 'pruned again, late rows and all');
SELECT pg_temp.moves(9) \g /dev/null
SELECT pg_temp.agrees('2024-03-01', 'companies moved');
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.agrees('2024-03-01', 'and folded');
SELECT pg_temp.clean('and folded');
SELECT reseller_report.detach_source('live.bot_message') \g /dev/null
SELECT is((SELECT sum(billable_messages) FROM reseller_report.bot(1, '-infinity', 'infinity')), 0::numeric,
    'detaching takes what was pruned along');

-- Of an application's own table: local months, whose horizon is no midnight UTC.
TRUNCATE archive.bot_message;
DELETE FROM reseller_report.dependency;
INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (1, 11);
CREATE TABLE own (firm bigint, paid boolean, at timestamp, price numeric(9,2)) PARTITION BY RANGE (at);
CREATE TABLE own_1 PARTITION OF own FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE own_2 PARTITION OF own FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
CREATE TABLE own_3 PARTITION OF own FOR VALUES FROM ('2024-03-01') TO ('2024-03-10 00:07');
SELECT reseller_report.attach_source('bot', 'own',
    '{"company_id": "firm", "billable": "paid", "occurred_at": {"column": "at", "time_zone": "+03:00"}, "price_twin": "price", '
    '"price_reseller": "price"}') \g /dev/null
INSERT INTO own SELECT 11 + n % 2, true, timestamp '2024-01-20' + n * interval '1 hour', n FROM generate_series(0, 1190) n;
SELECT reseller_report.materialize() \g /dev/null
INSERT INTO own VALUES (11, true, '2024-01-31 23:30', 0.01), (11, true, '2024-02-01 00:30', 0.02);
CREATE TABLE own_truth AS SELECT firm, at - interval '3 hours' AS at, price FROM own;
CREATE FUNCTION pg_temp.own(label text) RETURNS text LANGUAGE sql AS $$
    SELECT is_empty($q$
        SELECT f, t FROM (SELECT f, f + random() * interval '20 days' AS t FROM (
                SELECT date_bin('15 minutes', '2024-01-19 21:00+00'::timestamptz + random() * interval '50 days',
                    '2000-01-01') AS f FROM generate_series(1, 40)) x
            UNION ALL VALUES ('2024-01-31 21:00+00'::timestamptz, '2024-02-01 00:00+00'::timestamptz),
                ('2024-01-31 00:00+00', '2024-01-31 21:00+00'), ('2024-01-30', '2024-02-03'), ('-infinity', 'infinity')) p
        WHERE t >= '2024-01-31 21:00+00' AND f < t
            AND coalesce((SELECT sum(total_price_to_twin) FROM reseller_report.bot(1, f, t)), 0)
                <> (SELECT coalesce(sum(price), 0) FROM own_truth o JOIN reseller_report.dependency d ON d.company_id = o.firm
                    WHERE at AT TIME ZONE 'UTC' >= f AND at AT TIME ZONE 'UTC' < t)$q$, label)
$$;
SELECT pg_temp.own('not pruned');
SELECT results_eq($$SELECT * FROM reseller_report.prunable('own', '2024-02-10')$$,
    $$VALUES ('own'::regclass, '2023-12-31 21:00+00'::timestamptz, '2024-01-31 21:00+00'::timestamptz)$$, 'what prune would drop');
SELECT results_eq($$SELECT * FROM reseller_report.prune('own', '2024-02-10')$$,
    $$VALUES ('own'::regclass, '2023-12-31 21:00+00'::timestamptz, '2024-01-31 21:00+00'::timestamptz)$$,
        'a month of a local clock');
SELECT pg_temp.own('pruned in the midst of a day');
SELECT pg_temp.clean('pruned in the midst of a day');
SELECT reseller_report.rebuild_slice('own', '-infinity', 'infinity') \g /dev/null
SELECT pg_temp.own('rebuilt to the midst of a day');
SELECT EXISTS (SELECT FROM reseller_report.usage_packed) AS packed \gset
\if :packed
\else
UPDATE reseller_report.usage_day SET price_twin = NULL WHERE bucket = '2024-01-31 00:00+00'
    AND source = (SELECT id FROM reseller_report.source WHERE table_name = 'own');
SELECT isnt_empty('SELECT * FROM reseller_report.verify(''2024-01-31 12:00+00'', ''2024-01-31 13:00+00'')',
    'the day of the horizon is verified by its hours');
SELECT reseller_report.rebuild_slice('own', '2024-01-31 00:00+00', '2024-02-01 00:00+00') \g /dev/null
SELECT pg_temp.own('and mended');
\endif
UPDATE reseller_report.dependency SET company_id = 12;
SELECT pg_temp.own('moved from nobody');
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.own('and folded');
UPDATE own SET price = price + 1 WHERE firm = 12 AND at < '2024-02-05';
DROP TABLE own_truth; CREATE TABLE own_truth AS SELECT firm, at - interval '3 hours' AS at, price FROM own
    UNION ALL SELECT 11 + n % 2, timestamp '2024-01-20' + n * interval '1 hour' - interval '3 hours', n
        FROM generate_series(0, 287) n UNION ALL VALUES (11, timestamp '2024-01-31 20:30', 0.01);
SELECT pg_temp.own('changed after the horizon');

-- A horizon is not MVCC: an older snapshot is answered by its summaries, or refused.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM own \g /dev/null
CREATE EXTENSION dblink;
SELECT dblink_connect('a', format('host=%s port=%s dbname=%s user=%s', current_setting('unix_socket_directories'),
    current_setting('port'), current_database(), current_user)) \g /dev/null
COMMIT;
SELECT dblink_exec('a', 'BEGIN ISOLATION LEVEL REPEATABLE READ; DO $x$ BEGIN PERFORM 1; END $x$') \g /dev/null
SELECT reseller_report.prune('live.phone_call', '2024-04-01 00:00+00') \g /dev/null
SELECT is((SELECT t FROM dblink('a',
    'SELECT sum(calls) FROM reseller_report.telephony_incoming(1, ''2024-03-05 00:00+00'', ''2024-03-20 00:00+00'')')
        AS x (t numeric)),
    (SELECT sum(calls) FROM reseller_report.telephony_incoming(1, '2024-03-05 00:00+00', '2024-03-20 00:00+00')),
        'an older snapshot, on quarter hours');
SELECT throws_ok('SELECT * FROM dblink(''a'', ''SELECT calls '
    'FROM reseller_report.telephony_incoming(1, ''''2024-03-05 00:00:01+00'''', ''''2024-03-20 00:00+00'''')'') AS x (t numeric)',
        '55000', NULL, 'an older snapshot, off them');
SELECT dblink_exec('a', 'ROLLBACK') \g /dev/null

SELECT throws_ok(format('SELECT * FROM reseller_report.prune(%s)', arguments), state, message, message) FROM (VALUES
    ('NULL, now()', '22004', 'source and older_than must not be NULL'),
    ('''own'', NULL', '22004', 'source and older_than must not be NULL'),
    ('''own_truth'', now()', '42704', 'table "own_truth" is not connected'),
    ('''own'', ''2025-01-01''', '0A000',
        'partition "public.own_3" ends at 2024-03-09 21:07:00+00, which is no quarter hour UTC')) AS bad (arguments,
            state, message);
CREATE TABLE plain (LIKE live.bot_message);
SELECT reseller_report.attach_source('bot', 'plain') \g /dev/null
SELECT throws_ok('SELECT * FROM reseller_report.prune(''plain'', now())', '0A000',
    'table "public.plain" is not range-partitioned by occurred_at', 'a plain table');
CREATE TABLE listed (LIKE live.bot_message) PARTITION BY LIST (company_id);
SELECT reseller_report.attach_source('bot', 'listed') \g /dev/null
SELECT throws_ok('SELECT * FROM reseller_report.prune(''listed'', now())', '0A000',
    'table "public.listed" is not range-partitioned by occurred_at', 'partitions by something else');

-- What the default partition keeps of the time before the horizon counts once, whenever it goes.
INSERT INTO live.chat_message (company_id, sender, occurred_at) VALUES (11, 'bot', '2024-03-05');
SELECT isnt_empty('SELECT * FROM reseller_report.prune(''live.chat_message'', ''2024-04-01 00:00+00'')',
    'with old rows in the default partition');
CREATE FUNCTION pg_temp.chats() RETURNS numeric LANGUAGE sql AS $$
    SELECT sum(bot_messages_with_first) FROM reseller_report.chat(1, '2024-03-04', '2024-03-06') WHERE id = 11
$$;
CREATE TEMP TABLE chats AS SELECT pg_temp.chats() AS before;
SELECT reseller_report.materialize(), reseller_report.create_partitions('0'),
    reseller_report.prune('live.chat_message', '2024-04-01 00:00+00') \g /dev/null
SELECT is(pg_temp.chats(), before, 'they count once') FROM chats;
SELECT pg_temp.clean('at last');
SELECT throws_ok(call, '22004', NULL, call) FROM (VALUES ('SELECT * FROM reseller_report.prunable(NULL, now())')) AS v (call);
SELECT * FROM finish();
