-- A report that a writing statement calls sees rows that capture has not counted yet: it equals the raw rows of its own snapshot,
-- whatever way the rows came, and whichever statement of the backend is the first to load the library.
SELECT no_plan();
SET client_min_messages = error;
CREATE EXTENSION dblink;
SET statement_timeout = '900s';
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'R1', true), (11, 'C11', false), (12, 'C12', false);
INSERT INTO reseller_report.dependency VALUES (1, 11), (1, 12);

-- A connected table of two partitions, the second of them partitioned again, which is itself a partition of another table.
CREATE TABLE ancestor (kind int, company_id bigint, occurred_at timestamptz NOT NULL, said numeric,
    price_twin numeric(15,6) DEFAULT 0,
    price_reseller numeric(15,6) DEFAULT 0) PARTITION BY LIST (kind);
CREATE TABLE bots (LIKE ancestor INCLUDING DEFAULTS) PARTITION BY LIST (company_id);
CREATE TABLE bots_11 PARTITION OF bots FOR VALUES IN (11);
CREATE TABLE bots_more PARTITION OF bots DEFAULT PARTITION BY RANGE (occurred_at);
CREATE TABLE bots_more_default PARTITION OF bots_more DEFAULT;
SELECT reseller_report.attach_source('bot', 'bots', '{"billable": {"value": true}}') \g /dev/null
ALTER TABLE ancestor ATTACH PARTITION bots FOR VALUES IN (1);
CREATE VIEW seen AS SELECT * FROM bots;
CREATE VIEW ruled AS SELECT * FROM bots;
CREATE RULE write_through AS ON INSERT TO ruled DO INSTEAD
    INSERT INTO bots VALUES (NEW.kind, NEW.company_id, NEW.occurred_at, NEW.said, NEW.price_twin, NEW.price_reseller)
        RETURNING bots.*;

-- What reports said beside what the raw rows say, each time in one snapshot.
CREATE TABLE told (said numeric, truth numeric, said_of_day numeric, truth_of_day numeric);
CREATE FUNCTION report() RETURNS numeric LANGUAGE plpgsql VOLATILE SET search_path = public AS $$
DECLARE
    line told;
BEGIN
    SELECT (SELECT sum(total_price_to_twin) FROM reseller_report.bot(1, '-infinity', 'infinity')),
        (SELECT coalesce(sum(price_twin), 0) FROM bots),
        (SELECT sum(total_price_to_twin) FROM reseller_report.bot(1, '2024-03-01 00:07+00', '2024-03-02 00:00+00')),
        (SELECT coalesce(sum(price_twin), 0) FROM bots WHERE occurred_at >= '2024-03-01 00:07+00'
            AND occurred_at < '2024-03-02 00:00+00') INTO line;
    INSERT INTO told VALUES (line.*);
    RETURN line.said;
END
$$;
CREATE FUNCTION report_in_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM report();
    RETURN coalesce(NEW, OLD);
END
$$;
-- Rows to start with, folded.
CREATE FUNCTION start(rows int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM bots;
    INSERT INTO bots (kind, company_id, occurred_at, price_twin)
        SELECT 1, 11 + n % 2, timestamptz '2024-03-01 00:00+00' + n * interval '10 minutes', n FROM generate_series(1, rows) n;
    PERFORM reseller_report.materialize();
    DELETE FROM told;
END
$$;
-- What is wrong with what they said, or with what is said after it all; NULL when nothing is.
CREATE FUNCTION verdict(calls int) RETURNS text LANGUAGE sql AS $$
    SELECT 'no reports were made' WHERE (SELECT count(*) FROM told) < calls
    UNION ALL SELECT string_agg(format('%s for %s, %s for %s', said, truth, said_of_day, truth_of_day), '; ') FROM told
        WHERE said <> truth OR said_of_day <> truth_of_day HAVING count(*) > 0
    UNION ALL SELECT format('%s for %s when all is done', said, truth)
        FROM (SELECT sum(total_price_to_twin) FROM reseller_report.bot(1, '-infinity', 'infinity')) AS r (said),
            (SELECT coalesce(sum(price_twin), 0) FROM bots) AS t (truth)
        WHERE said <> truth
    UNION ALL SELECT 'verify: ' || v FROM reseller_report.verify('-infinity', 'infinity') v
$$;
-- Commands one by one in a new session, so that this one holds no lock.
CREATE FUNCTION pg_temp.run(VARIADIC commands text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    command text;
BEGIN
    PERFORM dblink_connect('writer',
        format('host=%s port=%s dbname=%s user=%s options=''-c client_min_messages=error -c statement_timeout=120s''',
        current_setting('unix_socket_directories'), current_setting('port'), current_database(), current_user));
    FOREACH command IN ARRAY commands LOOP
        PERFORM dblink_exec('writer', command);
    END LOOP;
    PERFORM dblink_disconnect('writer');
EXCEPTION WHEN OTHERS THEN
    PERFORM dblink_disconnect('writer');
    RAISE;
END
$$;
CREATE FUNCTION pg_temp.verdict(label text, calls int) RETURNS text LANGUAGE sql AS $$
    SELECT is((SELECT v FROM dblink(format('host=%s port=%s dbname=%s user=%s', current_setting('unix_socket_directories'),
        current_setting('port'),
        current_database(), current_user), format('SELECT verdict(%s)', calls)) AS t (v text) LIMIT 1), NULL, label)
$$;
-- A command as the first of a backend, in one that has captured before, and in a transaction that has.
CREATE FUNCTION pg_temp.exact_in(label text, calls int, command text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    capture CONSTANT text := 'INSERT INTO bots (kind, company_id, occurred_at, price_twin) '
        'VALUES (1, 11, ''2024-03-01 05:00+00'', 100)';
    way record;
BEGIN
    FOR way IN SELECT * FROM (VALUES ('in a new session', 'RESET timezone', 'RESET timezone'),
        ('in one that has captured', capture, 'RESET timezone'), ('after a capture', 'BEGIN; ' || capture, 'COMMIT'))
        AS v (name, before, after)
    LOOP
        PERFORM pg_temp.run('DO $d$ BEGIN PERFORM start(4); END $d$');
        PERFORM pg_temp.run(way.before, command, way.after);
        RETURN NEXT pg_temp.verdict(label || ', ' || way.name, calls);
    END LOOP;
EXCEPTION WHEN OTHERS THEN
    RETURN NEXT fail(label) || E'\n' || diag(SQLSTATE || ' ' || SQLERRM);
END
$$;

SELECT pg_temp.exact_in(format('%s ... RETURNING', what), 2,
    format('DO $d$ BEGIN EXECUTE %L; END $d$', command || ' RETURNING report()')) FROM (VALUES
    ('INSERT into the table',
        $$INSERT INTO bots (kind, company_id, occurred_at, price_twin) VALUES (1, 11, '2024-03-01 00:01+00', 7),
            (1, 12, '2024-03-01 00:08+00', 8)$$),
    ('INSERT into an ancestor',
        $$INSERT INTO ancestor (kind, company_id, occurred_at, price_twin) VALUES (1, 11, '2024-03-01 00:01+00', 7),
            (1, 12, '2024-03-01 00:08+00', 8)$$),
    ('INSERT into a partition',
        $$INSERT INTO bots_11 (kind, company_id, occurred_at, price_twin) VALUES (1, 11, '2024-03-01 00:01+00', 7),
            (1, 11, '2024-03-01 00:08+00', 8)$$),
    ('INSERT into a view', $$INSERT INTO seen (kind, company_id, occurred_at, price_twin) VALUES (1, 11, '2024-03-01 00:01+00', 7),
        (1, 12, '2024-03-01 00:08+00', 8)$$),
    ('INSERT with a rule', $$INSERT INTO ruled (kind, company_id, occurred_at, price_twin)
        VALUES (1, 11, '2024-03-01 00:01+00', 7), (1, 12, '2024-03-01 00:08+00', 8)$$),
    ('UPDATE of an ancestor', $$UPDATE ancestor SET price_twin = price_twin + 10$$),
    ('UPDATE that moves rows between partitions', $$UPDATE ancestor SET company_id = 23 - company_id$$),
    ('DELETE from an ancestor', $$DELETE FROM ancestor WHERE price_twin > 2$$),
    ('UPDATE of a view', $$UPDATE seen SET occurred_at = occurred_at + interval '3 hours'$$)) AS w (what, command);
SELECT pg_temp.exact_in('a data-modifying WITH', 1,
    $$DO $d$ BEGIN EXECUTE $c$WITH w AS (INSERT INTO ancestor (kind, company_id, occurred_at, price_twin)
        VALUES (1, 11, '2024-03-01 00:01+00', 7) RETURNING 1)
        SELECT report() FROM w$c$; END $d$ $$);
SELECT pg_temp.exact_in('a row made by a report of those before it', 3,
    $$INSERT INTO ancestor (kind, company_id, occurred_at, price_twin) SELECT 1, 11 + n % 2, '2024-03-01 00:01+00', report()
        FROM generate_series(1, 3) n$$);

SELECT current_setting('server_version_num')::int >= 170000 AS merge_returns \gset
\if :merge_returns
SELECT pg_temp.exact_in('MERGE ... RETURNING', 2,
    $$DO $d$ BEGIN EXECUTE $c$MERGE INTO ancestor b USING (VALUES (11, 7), (12, 8), (11, 2)) AS n (company_id, price)
    ON b.company_id = n.company_id AND b.price_twin = n.price WHEN MATCHED THEN DELETE
    WHEN NOT MATCHED THEN INSERT (kind, company_id, occurred_at, price_twin)
        VALUES (1, n.company_id, '2024-03-01 00:01+00', n.price) RETURNING report()$c$; END $d$ $$);
\endif

-- Column defaults and COPY.
ALTER TABLE bots ALTER COLUMN said SET DEFAULT report();
ALTER TABLE ancestor ALTER COLUMN said SET DEFAULT report();
SELECT pg_temp.exact_in(format('a default that reports in COPY into %s', target), 3,
    format($$COPY %s (kind, company_id, occurred_at, price_twin)
        FROM PROGRAM 'printf "1,11,2024-03-01 00:01+00,7\n1,12,2024-03-01 00:08+00,8\n1,11,2024-03-02 00:08+00,9\n"'
        WITH (FORMAT csv)$$, target))
    FROM unnest(ARRAY['bots', 'ancestor']) AS target;
SELECT pg_temp.exact_in('a default that reports in INSERT', 3,
    $$INSERT INTO ancestor (kind, company_id, occurred_at, price_twin) SELECT 1, 11 + n % 2, '2024-03-01 00:01+00', n
        FROM generate_series(1, 3) n$$);
SELECT pg_temp.exact_in('a condition that reports in COPY', 3,
    $$COPY bots (kind, company_id, occurred_at, price_twin)
        FROM PROGRAM 'printf "1,11,2024-03-01 00:01+00,7\n1,12,2024-03-01 00:08+00,8\n1,11,2024-03-02 00:08+00,9\n"'
        WITH (FORMAT csv)$$);
ALTER TABLE bots ALTER COLUMN said DROP DEFAULT;
ALTER TABLE ancestor ALTER COLUMN said DROP DEFAULT;

-- Triggers, whatever their order among the others.
CREATE FUNCTION pg_temp.with_trigger(trigger text, label text, calls int, command text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.run('CREATE ' || trigger || ' EXECUTE FUNCTION report_in_trigger()');
    RETURN QUERY SELECT pg_temp.exact_in(label || ' beside ' || trigger, calls, command);
    PERFORM pg_temp.run(format('DROP TRIGGER %s',
        regexp_replace(trigger, '^(CONSTRAINT )?TRIGGER (\w+) .* ON (\w+).*$', '\2 ON \3')));
END
$$;
SELECT pg_temp.with_trigger(trigger, what, 1, command) FROM (VALUES
    ('TRIGGER a BEFORE INSERT OR UPDATE OR DELETE ON bots FOR EACH ROW'),
    ('TRIGGER a AFTER INSERT OR UPDATE OR DELETE ON bots FOR EACH ROW'),
    ('TRIGGER z AFTER INSERT OR UPDATE OR DELETE ON bots FOR EACH ROW'),
    ('TRIGGER z AFTER INSERT OR UPDATE OR DELETE ON ancestor FOR EACH STATEMENT'),
    ('CONSTRAINT TRIGGER z AFTER INSERT OR UPDATE OR DELETE ON bots_11 DEFERRABLE INITIALLY DEFERRED FOR EACH ROW')) AS t (trigger),
    (VALUES ('INSERT', $$INSERT INTO ancestor (kind, company_id, occurred_at, price_twin) VALUES (1, 11, '2024-03-01 00:01+00', 7),
        (1, 12, '2024-03-01 00:08+00', 8)$$),
        ('COPY', $$COPY ancestor (kind, company_id, occurred_at, price_twin)
            FROM PROGRAM 'printf "1,11,2024-03-01 00:01+00,7\n1,12,2024-03-01 00:08+00,8\n"' WITH (FORMAT csv)$$),
        ('UPDATE', $$UPDATE ancestor SET price_twin = price_twin + 10, company_id = 23 - company_id$$),
        ('MERGE', $$MERGE INTO ancestor b
            USING (VALUES (11, 7), (12, 8), (11, 9)) AS n (company_id, price) ON b.company_id = n.company_id
                AND b.price_twin = n.price
            WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (kind, company_id, occurred_at, price_twin)
                VALUES (1, n.company_id, '2024-03-01 00:01+00', n.price)$$),
        ('DELETE', $$DELETE FROM ancestor WHERE price_twin > 1$$)) AS w (what, command);

-- Rows that foreign keys take along, before they are captured.
CREATE TABLE account (company_id bigint PRIMARY KEY);
CREATE FUNCTION accounts() RETURNS void LANGUAGE sql AS $$ DELETE FROM account; INSERT INTO account VALUES (11), (12) $$;
SELECT accounts() \g /dev/null
DELETE FROM bots;
ALTER TABLE bots ADD FOREIGN KEY (company_id) REFERENCES account ON DELETE CASCADE ON UPDATE CASCADE;
SELECT pg_temp.with_trigger('TRIGGER z AFTER DELETE ON account FOR EACH ROW', 'ON DELETE CASCADE', 1,
    'DELETE FROM account WHERE company_id = 12; INSERT INTO account VALUES (12)');

-- The reports of all services, by the oracle.
DROP TABLE ancestor CASCADE;
CREATE FUNCTION differences() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT count(*) FROM oracle.differences(1, '-infinity', 'infinity')
$$;
CREATE FUNCTION pg_temp.insert_and_compare() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (12, '2024-03-01 00:01+00', 1)
        RETURNING differences() INTO n;
    RETURN n;
END
$$;
SELECT is(pg_temp.insert_and_compare(), 0::bigint, 'a report in RETURNING');
WITH written AS (INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (12, '2024-03-01 00:01+00', 1)
    RETURNING 1)
    SELECT is(differences(), 0::bigint, 'a report beside a data-modifying WITH') FROM written;
SELECT oracle.agrees('after both');
SELECT * FROM finish();
