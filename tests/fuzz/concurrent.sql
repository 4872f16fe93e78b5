-- After prepare.sql, what the mode of several processes has besides: shapes of tables that one session alone says little about, a
-- reader who is granted one reseller of more than 1,000 companies, and checks that know when a definition changed amid them.
SET client_min_messages = warning;

-- Two levels of partitions without a default one, each table with its columns in an order of its own, one with a dropped column.
CREATE SEQUENCE live.deep_id_seq;
CREATE TABLE live.deep (id bigint NOT NULL DEFAULT nextval('live.deep_id_seq'), company_id bigint NOT NULL, channel text NOT NULL,
    occurred_at timestamptz NOT NULL,
    delivered_at timestamptz, price_twin numeric(15,6) NOT NULL DEFAULT 0, price_reseller numeric(15,6) NOT NULL DEFAULT 0)
        PARTITION BY RANGE (occurred_at);
CREATE TABLE live.deep_1 (LIKE live.deep INCLUDING DEFAULTS);
CREATE TABLE live.deep_2 (price_reseller numeric(15,6) NOT NULL DEFAULT 0, occurred_at timestamptz NOT NULL,
    company_id bigint NOT NULL, gone text, channel text NOT NULL,
    delivered_at timestamptz, id bigint NOT NULL DEFAULT nextval('live.deep_id_seq'), price_twin numeric(15,6) NOT NULL DEFAULT 0)
        PARTITION BY HASH (company_id);
ALTER TABLE live.deep_2 DROP COLUMN gone;
CREATE TABLE live.deep_2_a (channel text NOT NULL, id bigint NOT NULL DEFAULT nextval('live.deep_id_seq'),
    price_twin numeric(15,6) NOT NULL DEFAULT 0,
    company_id bigint NOT NULL, price_reseller numeric(15,6) NOT NULL DEFAULT 0, occurred_at timestamptz NOT NULL,
        delivered_at timestamptz);
CREATE TABLE live.deep_2_b (LIKE live.deep INCLUDING DEFAULTS);
CREATE TABLE live.deep_3 (delivered_at timestamptz, price_twin numeric(15,6) NOT NULL DEFAULT 0,
    price_reseller numeric(15,6) NOT NULL DEFAULT 0,
    occurred_at timestamptz NOT NULL, channel text NOT NULL, company_id bigint NOT NULL,
        id bigint NOT NULL DEFAULT nextval('live.deep_id_seq'));
-- The bounds that the partitions come back with.
CREATE SCHEMA fuzz_bound;
CREATE TABLE fuzz_bound.deep (part text, parent text, bound text);
INSERT INTO fuzz_bound.deep VALUES
    ('deep_2_a', 'deep_2', 'FOR VALUES WITH (MODULUS 2, REMAINDER 0)'),
    ('deep_2_b', 'deep_2', 'FOR VALUES WITH (MODULUS 2, REMAINDER 1)'),
    ('deep_1', 'deep', 'FOR VALUES FROM (MINVALUE) TO (''2024-02-10 00:00+00'')'),
    ('deep_2', 'deep', 'FOR VALUES FROM (''2024-02-10 00:00+00'') TO (''2024-03-05 12:00+00'')'),
    ('deep_3', 'deep', 'FOR VALUES FROM (''2024-03-05 12:00+00'') TO (''2024-05-01 00:00+00'')');
SELECT format('ALTER TABLE live.%s ATTACH PARTITION live.%s %s', parent, part, bound) FROM fuzz_bound.deep \gexec
CREATE INDEX ON live.deep (company_id, occurred_at);
CREATE INDEX ON live.deep (occurred_at);
CREATE INDEX ON live.deep (id);
SELECT reseller_report.attach_source('text_messaging', 'live.deep');

-- Calls of customers, which go and change with them.
CREATE TABLE live.customer (id bigint PRIMARY KEY, name text);
INSERT INTO live.customer SELECT n, 'Customer ' || n FROM generate_series(0, 49) n;
CREATE TABLE live.call (id bigserial PRIMARY KEY, customer_id bigint REFERENCES live.customer ON DELETE CASCADE ON UPDATE CASCADE,
    company_id smallint,
    way "char" NOT NULL, at timestamptz, seconds bigint, cents bigint);
ALTER TABLE live.call ALTER way TYPE varchar(3);
CREATE INDEX ON live.call (company_id, at);
CREATE INDEX ON live.call (at);
CREATE INDEX ON live.call (customer_id);
CREATE FUNCTION fuzz.attach_call() RETURNS void LANGUAGE sql AS $$
    SELECT reseller_report.attach_source('telephony', 'live.call',
        '{"direction": {"column": "way", "values": {"out": "outgoing", "in": "incoming", "x": null}},
        "occurred_at": "at", "duration_seconds": "seconds", "price_twin": {"column": "cents", "unit": "0.01"},
        "price_reseller": {"value": "0.25"}}')
$$;
SELECT fuzz.attach_call();

DO $$
BEGIN
    IF current_setting('server_version_num')::integer >= 180000 THEN
        EXECUTE 'ALTER TABLE live.call ADD twice bigint GENERATED ALWAYS AS (cents * 2) VIRTUAL';
    END IF;
END
$$;

-- A connected table that is written through an ancestor.
CREATE TABLE live.above (kind text NOT NULL, id bigserial, company_id bigint, occurred_at timestamptz, billable boolean,
    price_twin numeric(15,6), price_reseller numeric(15,6))
    PARTITION BY LIST (kind);
CREATE TABLE live.branch (occurred_at timestamptz, company_id bigint, billable boolean, price_twin numeric(15,6),
    id bigint NOT NULL, price_reseller numeric(15,6), kind text NOT NULL);
CREATE INDEX ON live.branch (company_id, occurred_at);
CREATE INDEX ON live.branch (occurred_at);
SELECT reseller_report.attach_source('bot', 'live.branch');
ALTER TABLE live.above ATTACH PARTITION live.branch FOR VALUES IN ('counted');
CREATE TABLE live.elsewhere PARTITION OF live.above DEFAULT;

-- Rows of reseller 4 that no mapping knows, from before the table was connected: nobody else's reports may mind.
INSERT INTO reseller_report.company VALUES (4, 'Reseller 4', true), (50, 'Company 50', false), (5, 'Reseller 5', true);
INSERT INTO reseller_report.dependency VALUES (4, 50);
CREATE TABLE live.odd (id bigserial, company_id bigint, channel text, occurred_at timestamptz, delivered_at timestamptz,
    price_twin numeric(15,6), price_reseller numeric(15,6));
INSERT INTO live.odd (company_id, channel, occurred_at, price_twin) SELECT 50, 'pigeon', random_usage.moment(), 1
    FROM generate_series(1, 20);
CREATE INDEX ON live.odd (company_id, occurred_at);
CREATE INDEX ON live.odd (occurred_at);
SELECT reseller_report.attach_source('text_messaging', 'live.odd');
INSERT INTO reseller_report.company SELECT n, 'Company ' || n, false FROM generate_series(1001, 2100) n;
INSERT INTO reseller_report.dependency SELECT 5, n FROM generate_series(1001, 2100) n;

-- What is not connected in a snapshot is not usage in it.
CREATE FUNCTION fuzz.connected(name, name) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM reseller_report.source WHERE schema_name = 'live' AND table_name IN ($1, $2))
$$;
CREATE OR REPLACE VIEW usage.text_message AS TABLE archive.text_message UNION ALL TABLE live.text_message
    UNION ALL SELECT id, company_id, channel, occurred_at, delivered_at, price_twin, price_reseller FROM live.deep
    UNION ALL SELECT id, company_id, channel, occurred_at, delivered_at, coalesce(price_twin, 0)::numeric(15,6),
        coalesce(price_reseller, 0)::numeric(15,6) FROM live.odd WHERE channel <> 'pigeon';
CREATE OR REPLACE VIEW usage.phone_call AS TABLE archive.phone_call UNION ALL TABLE live.phone_call
    UNION ALL SELECT id, company_id, CASE way WHEN 'out' THEN 'outgoing' ELSE 'incoming' END, at, coalesce(seconds, 0)::integer,
        (coalesce(cents, 0) * 0.01)::numeric(15,6), 0.25::numeric(15,6) FROM live.call
        WHERE way <> 'x' AND company_id IS NOT NULL AND at IS NOT NULL AND fuzz.connected('call', 'calls');
CREATE OR REPLACE VIEW usage.bot_message AS
    SELECT id, company_id, occurred_at, billable, price_twin, price_reseller FROM archive.bot_message
    UNION ALL SELECT id, company_id, occurred_at, billable, price_twin, price_reseller FROM live.bot_message
    UNION ALL SELECT NULL, company_id, occurred_at, coalesce(billable, false), coalesce(price_twin, 0)::numeric(15,6),
            coalesce(price_reseller, 0)::numeric(15,6)
        FROM live.branch
    UNION ALL SELECT NULL, firm, (at + interval '2 hours') AT TIME ZONE 'UTC', plan = 1,
            (coalesce(cents, 0) * 0.01)::numeric(15,6), coalesce(earned, 0)::numeric(15,6)
        FROM live.old_bot
        WHERE plan <> 3 AND (state = 'done' OR state IS NULL) AND fuzz.connected('old_bot', 'older_bot');

CREATE FUNCTION fuzz.attach_old_bot() RETURNS void LANGUAGE sql AS $$
    SELECT reseller_report.attach_source('bot', 'live.old_bot',
        '{"company_id": "firm", "billable": {"column": "plan", "values": {"1": true, "2": false, "3": null}},
        "occurred_at": {"column": "at", "time_zone": "-02:00"}, "price_twin": {"column": "cents", "unit": "0.01"},
        "price_reseller": "earned", "only": {"state": ["done", null]}}')
$$;
CREATE FUNCTION fuzz.company() RETURNS bigint LANGUAGE sql AS $$
    SELECT CASE WHEN random() < 0.8 THEN 11 + random() * 29 ELSE 1001 + random() * 1099 END::bigint
$$;
CREATE FUNCTION fuzz.channel() RETURNS text LANGUAGE sql AS $$
    SELECT (ARRAY['sms', 'viber', 'whatsapp', 'email', 'push'])[1 + floor(random() * 5)]
$$;
CREATE FUNCTION fuzz.deep(n int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO live.deep (company_id, channel, occurred_at, price_twin, price_reseller)
        SELECT fuzz.company(), fuzz.channel(), random_usage.moment(), random_usage.price(), random_usage.price()
            FROM generate_series(1, n);
    INSERT INTO live.odd (company_id, channel, occurred_at, price_twin) SELECT fuzz.company(), fuzz.channel(),
        random_usage.moment(), random_usage.price() FROM generate_series(1, n / 3)
$$;
-- Calls of customers whose number leaves `owner` when divided by `owners`: sessions that delete them do not wait for each other in
-- turn.
CREATE FUNCTION fuzz.calls(n int, owners int, owner int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO live.customer SELECT c * owners + owner, 'Customer' FROM generate_series(0, 9) c ON CONFLICT DO NOTHING;
    INSERT INTO live.call (customer_id, company_id, way, at, seconds, cents)
        SELECT floor(random() * 10)::bigint * owners + owner, fuzz.company(), (ARRAY['out', 'in', 'x'])[1 + floor(random() * 3)],
            random_usage.moment(), random() * 500, random() * 1000
        FROM generate_series(1, n)
$$;
CREATE FUNCTION fuzz.above(n int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO live.above (kind, company_id, occurred_at, billable, price_twin)
        SELECT CASE WHEN random() < 0.7 THEN 'counted' ELSE 'other' END, fuzz.company(), random_usage.moment(), random() < 0.5,
            random_usage.price() FROM generate_series(1, n)
$$;
-- Copies and prunes in one transaction, in the order of locks of prune itself: who holds the lease does not wait for the table.
CREATE OR REPLACE FUNCTION fuzz.prune(t text, older_than timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    held CONSTANT text := format('LOCK TABLE live.%I IN ACCESS EXCLUSIVE MODE', t);
BEGIN
    LOOP
        BEGIN
            UPDATE reseller_report.lease SET turn = turn + 1;
            EXECUTE held || ' NOWAIT';
            EXIT;
        EXCEPTION WHEN lock_not_available THEN NULL;
        END;
        BEGIN
            EXECUTE held;
            RAISE EXCEPTION 'let go' USING ERRCODE = 'FUZZ1';
        EXCEPTION WHEN SQLSTATE 'FUZZ1' THEN NULL;
        END;
    END LOOP;
    EXECUTE format('INSERT INTO archive.%1$I SELECT m.* FROM live.%1$I m, reseller_report.prunable(''live.%1$I'', %2$L) p
        WHERE m.occurred_at >= p.period_from AND m.occurred_at < p.period_to', t, older_than);
    PERFORM reseller_report.prune(format('live.%I', t)::regclass, older_than);
END
$$;
-- Files of rows for COPY.
SELECT format($q$COPY (SELECT fuzz.company(), fuzz.channel(), random_usage.moment(), random_usage.price()
    FROM generate_series(1, 40)) TO '%s/rows_%s'$q$, current_setting('data_directory'), n)
    FROM generate_series(1, 3) n \gexec

CREATE ROLE fuzz_reader;
GRANT USAGE ON SCHEMA usage, live, archive, oracle, fuzz TO fuzz_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA usage TO fuzz_reader;
GRANT SELECT ON reseller_report.company, reseller_report.dependency, reseller_report.source TO fuzz_reader;
SELECT reseller_report.grant_access('fuzz_reader', 5);

-- How many definitions have begun and ended to change; counted at once, whatever becomes of the transaction.
CREATE SEQUENCE fuzz.begun;
CREATE SEQUENCE fuzz.done;
SELECT nextval('fuzz.begun'), nextval('fuzz.done');
GRANT SELECT ON fuzz.begun, fuzz.done TO fuzz_reader;

-- A report between two looks at the truth, all in one snapshot.
CREATE FUNCTION fuzz.look(name text, call text, columns text, r bigint, f timestamptz, t timestamptz, e boolean, OUT before jsonb,
    OUT report jsonb, OUT after jsonb,
    OUT outdated boolean)
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    names CONSTANT text := regexp_replace(columns, ' (bigint|text|numeric)', '', 'g');
    truth CONSTANT text := format('SELECT coalesce(jsonb_agg(x ORDER BY x.id), ''[]'') FROM oracle.%s AS x (%s)', call, columns);
BEGIN
    EXECUTE truth INTO before USING r, f, t, e;
    -- What waited for a DROP or TRUNCATE has a snapshot of before it, by which the report goes, and cannot have the truth of that
    -- snapshot any more.
    outdated := fuzz.tables_changed();
    EXECUTE format('SELECT coalesce(jsonb_agg(x ORDER BY x.id), ''[]'') FROM reseller_report.%I($1, $2, $3, $4) AS x (%s)', name,
        names) INTO report USING r, f, t, e;
    EXECUTE truth INTO after USING r, f, t, e;
    -- What waited for a prune has a snapshot without the rows that are kept of it.
    outdated := outdated OR fuzz.sources_changed();
END
$$;
-- The sources that a snapshot and the latest one differ in: reports of such a snapshot are of the catalogs as they are now.
CREATE FUNCTION fuzz.sources_changed() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT (SELECT array_agg((id, horizon) ORDER BY id) FROM reseller_report.source) IS DISTINCT FROM
        (SELECT array_agg((id, horizon) ORDER BY id) FROM reseller_report._latest(NULL::reseller_report.source))
$$;
-- The same of the partitions that there are, and of the files of tables, which TRUNCATE replaces.
CREATE FUNCTION fuzz.tables_changed() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT EXISTS (SELECT inhrelid, inhparent, inhdetachpending FROM pg_inherits EXCEPT SELECT inhrelid, inhparent,
        inhdetachpending FROM reseller_report._latest(NULL::pg_inherits))
        OR EXISTS (SELECT inhrelid, inhparent, inhdetachpending FROM reseller_report._latest(NULL::pg_inherits) EXCEPT
            SELECT inhrelid, inhparent, inhdetachpending FROM pg_inherits)
        OR EXISTS (SELECT oid, relfilenode FROM pg_class WHERE relnamespace = 'live'::regnamespace EXCEPT SELECT oid, relfilenode
            FROM reseller_report._latest(NULL::pg_class))
$$;
-- What is wrong with a report. While nobody changes definitions, it is the truth. Beside one change, which no snapshot separates,
-- it is the truth before or after; beside several, look again.
CREATE FUNCTION fuzz.wrong(s record, r bigint, f timestamptz, t timestamptz, e boolean) RETURNS SETOF text
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    ended bigint;
    changes bigint;
    seen record;
BEGIN
    FOR attempt IN 1 .. 20 LOOP
        ended := (SELECT last_value FROM fuzz.done);
        SELECT * INTO seen FROM fuzz.look(s.name, s.call, s.columns, r, f, t, e);
        EXIT WHEN seen.outdated OR seen.report = seen.before AND seen.report = seen.after;
        changes := (SELECT last_value FROM fuzz.begun) - ended;
        IF changes = 0 OR changes = 1 AND seen.report NOT IN (seen.before, seen.after) THEN
            RETURN QUERY SELECT format('reseller %s [%s, %s) has_expenses %s, %s beside %s changes: %s %s', r, f, t, e, s.name,
                changes, w.what, w.x)
                FROM (SELECT 'report' AS what, x
                    FROM (SELECT jsonb_array_elements(seen.report) EXCEPT ALL SELECT jsonb_array_elements(seen.before)) a (x)
                    UNION ALL SELECT 'truth', x
                        FROM (SELECT jsonb_array_elements(seen.before) EXCEPT ALL SELECT jsonb_array_elements(seen.report)) b (x)
                    UNION ALL SELECT 'truth then', x
                        FROM (SELECT jsonb_array_elements(seen.after) EXCEPT ALL SELECT jsonb_array_elements(seen.before)) c (x)) w
                            LIMIT 20;
            EXIT;
        END IF;
        EXIT WHEN changes = 1;
        PERFORM pg_sleep(0.01);
    END LOOP;
END
$$;
-- Some services of some resellers over random periods; behind a horizon their bounds lie on quarter hours.
CREATE FUNCTION fuzz.check(rounds int, resellers bigint[]) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    s record;
    behind timestamptz;
    f timestamptz;
    t timestamptz;
BEGIN
    FOR i IN 1 .. rounds LOOP
        CONTINUE WHEN fuzz.sources_changed();
        behind := (SELECT max(horizon) FROM reseller_report.source);
        f := oracle.random_moment('2024-03-01', '100 days');
        t := oracle.random_moment('2024-03-01', '100 days');
        IF f > t THEN SELECT f, t INTO t, f; END IF;
        IF f < behind THEN f := date_bin('15 minutes', f, '2000-01-01'); END IF;
        IF t < behind THEN t := date_bin('15 minutes', t, '2000-01-01') + interval '15 minutes'; END IF;
        IF random() < 0.3 THEN f := '-infinity'; t := 'infinity'; END IF;
        CONTINUE WHEN f >= t;
        FOR s IN SELECT * FROM oracle.reports() ORDER BY random() LIMIT 2 LOOP
            RETURN QUERY SELECT * FROM fuzz.wrong(s, resellers[1 + floor(random() * cardinality(resellers))], f, t,
                random() < 0.25);
        END LOOP;
    END LOOP;
END
$$;
-- Names, partitions, triggers and connections as they were.
CREATE FUNCTION fuzz.mend() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    lost record;
BEGIN
    IF to_regclass('live.older_bot') IS NOT NULL THEN ALTER TABLE live.older_bot RENAME TO old_bot; END IF;
    IF to_regclass('live.calls') IS NOT NULL THEN ALTER TABLE live.calls RENAME TO call; END IF;
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'live.old_bot'::regclass AND attname = 'pence')
        THEN ALTER TABLE live.old_bot RENAME COLUMN pence TO cents; END IF;
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'live.call'::regclass AND attname = 'moment')
        THEN ALTER TABLE live.call RENAME COLUMN moment TO at; END IF;
    FOR lost IN SELECT inhrelid::regclass AS part, inhparent::regclass AS parent FROM pg_inherits WHERE inhdetachpending LOOP
        EXECUTE format('ALTER TABLE %s DETACH PARTITION %s FINALIZE', lost.parent, lost.part);
    END LOOP;
    FOR lost IN SELECT * FROM fuzz_bound.deep WHERE random() < 0.7
        AND NOT (SELECT relispartition FROM pg_class WHERE oid = format('live.%I', part)::regclass) LOOP
        -- What was written to it by itself may be of other days.
        BEGIN
            EXECUTE format('ALTER TABLE live.%I ATTACH PARTITION live.%I %s', lost.parent, lost.part, lost.bound);
        EXCEPTION WHEN check_violation THEN
            EXECUTE format('DELETE FROM live.%I', lost.part);
            EXECUTE format('ALTER TABLE live.%I ATTACH PARTITION live.%I %s', lost.parent, lost.part, lost.bound);
        END;
    END LOOP;
    ALTER TABLE live.old_bot ENABLE TRIGGER USER;
    ALTER TABLE live.call ENABLE TRIGGER USER;
    IF NOT fuzz.connected('old_bot', 'old_bot') THEN PERFORM fuzz.attach_old_bot(); END IF;
    IF NOT fuzz.connected('call', 'calls') THEN PERFORM fuzz.attach_call(); END IF;
END
$$;
