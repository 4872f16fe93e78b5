-- usage_events() gives the raw events behind a cell, in order and by pages, from all sources of the service.
SELECT no_plan();
\ir ../lib/usage_oracle.sql
SELECT setseed(0.15) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(300); END $$;
CREATE FUNCTION pg_temp.right(company bigint, service text, label text) RETURNS text LANGUAGE sql AS $$
    SELECT oracle.alike(format('SELECT source, occurred_at, item, delivered, seconds, price_to_twin, price_to_reseller, source_key
            FROM reseller_report.usage_events($1, %s, %L, $2, $3)', company, service),
        format('SELECT source, occurred_at, item, delivered, seconds, price_twin, price_reseller,
            jsonb_build_object(''occurred_at'', occurred_at, ''id'', id)
            FROM oracle.events($1, $2, $3) WHERE company_id = %s AND service = %L ORDER BY occurred_at, source,
                id', company, service),
        format('company %s, %s, %s', company, service, label), 3)
$$;
SELECT pg_temp.right(c, s.service, 'nothing folded') FROM unnest(ARRAY[11, 12, 13, 14, 16, 40, 999]) c, oracle.services() s;
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'all is folded');
BEGIN;
DO $$ BEGIN PERFORM random_usage.changes(), random_usage.events(30); END $$;
SELECT pg_temp.right(c, s.service, 'own changes') FROM unnest(ARRAY[11, 12, 13]) c, oracle.services() s;
COMMIT;
SELECT isnt((SELECT count(*) FROM reseller_report.usage_events(1, 15, 'chat', '-infinity', 'infinity')), 0::bigint,
    'all time');

-- One item; they add up to the cell.
SELECT results_eq($$SELECT e.* FROM reseller_report.usage_events(1, 15, 'text_messaging', '2024-01-01', '2024-05-01',
    'viber') e$$,
    $$SELECT e.* FROM reseller_report.usage_events(1, 15, 'text_messaging', '2024-01-01', '2024-05-01') e
        WHERE item = 'viber'$$, 'one item');
SELECT results_eq($$SELECT u.company_id, u.service, u.item, e.* FROM reseller_report.usage(1, '2024-01-01', '2024-05-01') u,
    LATERAL (
        SELECT count(*), count(*) FILTER (WHERE delivered), sum(seconds)::bigint, sum(price_to_twin), sum(price_to_reseller)
        FROM reseller_report.usage_events(1, u.company_id, u.service, '2024-01-01', '2024-05-01', u.item)) e$$,
    $$SELECT u.company_id, u.service, u.item, events, delivered, seconds, price_to_twin, price_to_reseller
    FROM reseller_report.usage(1, '2024-01-01', '2024-05-01') u$$, 'they add up to the cell');

-- Only of the time that the company was the reseller's, also where that is in parts.
INSERT INTO reseller_report.company VALUES (60, 'Sixty', true), (61, 'Sixty-one', false);
INSERT INTO reseller_report.dependency VALUES (60, 61, '[2024-03-10 00:00+00,2024-03-11 00:00+00)'), (60, 61,
    '[2024-03-01 00:00+00,2024-03-02 00:00+00)'),
    (60, 61, '[2024-03-20 00:00+00,)'), (1, 61, '[2024-03-05 00:00+00,2024-03-06 00:00+00)');
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin)
    SELECT 61, '2024-02-20 00:00+00'::timestamptz + n * interval '47 minutes', n FROM generate_series(1, 1200) n;
SELECT results_eq(format($q$SELECT occurred_at, price_to_twin FROM reseller_report.usage_events(%s, 61, 'bot', '2024-02-01',
    '2024-03-21 12:00+00')$q$, r),
    format($q$SELECT occurred_at, price_twin FROM oracle.events(%s, '2024-02-01', '2024-03-21 12:00+00')
        WHERE company_id = 61 ORDER BY 1$q$, r),
    'memberships of reseller ' || r) FROM unnest(ARRAY[1, 60, 2]) r;

-- Pages: the same as all at once, whatever the size, over several sources, moments that many rows share, and keys of any type.
CREATE SCHEMA more;
CREATE DOMAIN more.code AS text COLLATE "C" CHECK (VALUE <> '');
CREATE TYPE more.kind AS ENUM ('z', 'y', 'x');
CREATE TABLE more."Bots" (code more.code, kind more.kind, company_id int, at timestamp, price_twin int, PRIMARY KEY (kind,
    code));
CREATE TABLE more.archive (company_id bigint, occurred_at timestamptz, billable boolean, price_twin numeric(9,3), made date,
    nr numeric, tag uuid,
    span interval, PRIMARY KEY (made, nr, tag, span));
INSERT INTO more."Bots" SELECT 'c' || n % 37 || 'é"' || chr(65 + n), (enum_range(NULL::more.kind))[1 + n % 3], 61,
    timestamp '2024-03-20 05:00' + n / 9 * interval '1 hour', n
    FROM generate_series(1, 50) n;
INSERT INTO more.archive SELECT 61, timestamptz '2024-03-20 00:00+00' + n / 7 * interval '1 hour', n % 2 = 0, n,
    date '2024-01-01' + n % 5, n % 11 + 0.5,
    md5(n::text)::uuid, n % 3 * interval '1 day 2 hours' FROM generate_series(1, 80) n;
SET client_min_messages = error;
SELECT reseller_report.attach_source('bot', 'more."Bots"',
    '{"occurred_at": {"column": "at", "time_zone": "+05:00"}, "billable": {"value": true},
        "price_reseller": {"value": 0}}') \g /dev/null
SELECT reseller_report.attach_source('bot', 'more.archive', '{"price_reseller": {"value": 0}}') \g /dev/null
CREATE FUNCTION pg_temp.paged(size int, item text DEFAULT NULL) RETURNS TABLE (line text) LANGUAGE plpgsql AS $$
DECLARE
    place jsonb;
    page record;
    rows int;
BEGIN
    LOOP
        rows := 0;
        FOR page IN SELECT * FROM reseller_report.usage_events(60, 61, 'bot', '2024-03-10 03:00+00', '2024-03-22 00:00+00',
            item, size, place) e LOOP
            rows := rows + 1;
            place := page.position;
            line := page::text;
            RETURN NEXT;
        END LOOP;
        EXIT WHEN rows < size;
    END LOOP;
END
$$;
SELECT is((SELECT count(*) FROM reseller_report.usage_events(60, 61, 'bot', '2024-03-10 03:00+00', '2024-03-22 00:00+00')),
    218::bigint, 'rows of three sources');
SELECT results_eq($$SELECT source, occurred_at, price_to_twin, source_key FROM reseller_report.usage_events(60, 61, 'bot',
    '2024-03-10 03:00+00', '2024-03-22 00:00+00')$$,
    $$SELECT * FROM (
        SELECT 'usage.bot_message', occurred_at, price_twin, jsonb_build_object('id', id, 'occurred_at', occurred_at)
            FROM usage.bot_message WHERE company_id = 61
        UNION ALL SELECT 'more.archive', occurred_at, price_twin, jsonb_build_object('made', made, 'nr', nr, 'tag', tag,
            'span', span) FROM more.archive
        UNION ALL SELECT 'more."Bots"', at AT TIME ZONE '+05:00'::interval, price_twin, jsonb_build_object('kind', kind,
            'code', code) FROM more."Bots") AS e (source, at, price, key)
    WHERE at >= '2024-03-10 03:00+00' AND at < '2024-03-22 00:00+00'
        AND (at < '2024-03-11 00:00+00' OR at >= '2024-03-20 00:00+00')
    ORDER BY at, source COLLATE "C", (key ->> 'kind')::more.kind, key ->> 'code' COLLATE "C", key ->> 'made',
        (key ->> 'nr')::numeric, (key ->> 'tag')::uuid, (key ->> 'span')::interval$$,
    'by moment, source and key');
SELECT results_eq(format('SELECT * FROM pg_temp.paged(%s)', size),
    $$SELECT e::text FROM reseller_report.usage_events(60, 61, 'bot', '2024-03-10 03:00+00', '2024-03-22 00:00+00') e$$,
        'pages of ' || size)
    FROM unnest(ARRAY[1, 7, 100, 1000]) size;
SELECT results_eq('SELECT * FROM pg_temp.paged(3, ''free'')',
    $$SELECT e::text FROM reseller_report.usage_events(60, 61, 'bot', '2024-03-10 03:00+00', '2024-03-22 00:00+00',
        'free') e$$, 'pages of one item');
SET datestyle = 'German';
SET intervalstyle = 'sql_standard';
SET timezone = 'America/St_Johns';
SELECT results_eq('SELECT * FROM pg_temp.paged(4)', $$SELECT e::text FROM reseller_report.usage_events(60, 61, 'bot',
    '2024-03-10 03:00+00', '2024-03-22 00:00+00') e$$,
    'whatever the session''s settings');
RESET datestyle;
RESET intervalstyle;
RESET timezone;
SELECT is_empty($$SELECT * FROM reseller_report.usage_events(60, 61, 'bot', '2024-03-10 03:00+00', '2024-03-22 00:00+00',
    NULL, 0)$$, 'no rows are wanted');
-- The position stays where it is when its row goes.
CREATE TEMP TABLE place AS SELECT "position" FROM reseller_report.usage_events(60, 61, 'bot', '2024-03-10 03:00+00',
    '2024-03-22 00:00+00', NULL, 20) OFFSET 19;
CREATE TEMP TABLE rest AS SELECT e::text FROM reseller_report.usage_events(60, 61, 'bot', '2024-03-10 03:00+00',
    '2024-03-22 00:00+00', after => (SELECT "position" FROM place)) e;
DELETE FROM usage.bot_message m WHERE m.id = ((SELECT "position" FROM place) #>> '{key,1}')::bigint;
SELECT results_eq('SELECT e::text
    FROM reseller_report.usage_events(60, 61, ''bot'', ''2024-03-10 03:00+00'', ''2024-03-22 00:00+00'',
    after => (SELECT "position" FROM place)) e',
    'SELECT * FROM rest', 'after a row that is gone');
SELECT isnt((SELECT count(*) FROM rest), 0::bigint, 'with rows');

-- One item of a table whose mapping says what NULL and other values stand for.
CREATE TYPE more.way AS ENUM ('in', 'out');
CREATE TABLE more.talks (id int PRIMARY KEY, company_id bigint, at timestamptz, who text, alice boolean, kind more.way,
    size int);
INSERT INTO more.talks SELECT n, 61, timestamptz '2024-04-01 00:00+00' + n * interval '1 minute', (ARRAY['man', 'robot',
    E'o\\''x', 'gone', NULL])[1 + n % 5],
    (ARRAY[true, false, NULL])[1 + n % 3], (ARRAY['in', 'out', NULL])[1 + n % 3]::more.way, n % 4 FROM generate_series(1,
        200) n;
CREATE FUNCTION pg_temp.items(service text, mapping jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    asked text := CASE service WHEN 'telephony' THEN 'telephony_outgoing' ELSE service END;
BEGIN
    PERFORM reseller_report.attach_source(service, 'more.talks',
        mapping || '{"occurred_at": "at", "price_twin": {"value": 1}, "price_reseller": {"value": 0}}');
    RETURN NEXT is_empty(format($q$
        SELECT i.item, e.n, e.truth FROM unnest(%L::text[]) AS i (item), LATERAL (
            SELECT (SELECT count(*) FROM reseller_report.usage_events(60, 61, %2$L, '2024-04-01 00:00+00',
                '2024-04-02 00:00+00', i.item)) AS n,
                (SELECT coalesce(sum(events), 0) FROM reseller_report.usage(60, '2024-04-01 00:00+00',
                    '2024-04-02 00:00+00', %2$L) u WHERE u.item = i.item) AS truth) e
        WHERE e.n <> e.truth$q$,
            CASE service WHEN 'chat' THEN '{operator,bot,user,operator_alice,bot_alice,user_alice}'
                WHEN 'bot' THEN '{billable,free}'
            WHEN 'text_messaging' THEN '{sms,viber,whatsapp,email,push}' ELSE '{outgoing_call}' END::text, asked),
                service || ' by ' || mapping);
    RETURN NEXT is((SELECT count(*) FROM reseller_report.usage_events(60, 61, asked, '2024-04-01 00:00+00',
        '2024-04-02 00:00+00') WHERE source = 'more.talks') > 0, true, 'with events');
    PERFORM reseller_report.detach_source('more.talks');
END
$$;
SELECT pg_temp.items(service, mapping) FROM (VALUES
    ('chat', '{"sender": {"column": "who", "values": {"man": "operator", "robot": "bot", "gone": null}, "null": "user",
            "other": "bot"}, "via_alice": {"column": "alice", "null": true}}'::jsonb),
    ('chat', '{"sender": {"column": "who", "values": {"man": "operator", "robot": "bot", "o\\''x": "user"}, "null": null,
            "other": null}, "via_alice": {"column": "alice", "null": null}}'),
    ('chat', '{"sender": {"value": "user"}, "via_alice": {"value": true}}'),
    ('bot', '{"billable": {"column": "alice", "null": false}}'),
    ('bot', '{"billable": {"column": "alice", "null": true}}'),
    ('bot', '{"billable": {"column": "who", "values": {"man": true, "gone": null}, "null": false, "other": false}}'),
    ('text_messaging',
        '{"channel": {"column": "size", "values": {"0": "sms", "1": "viber", "2": null, "3": "push"}},
            "delivered": {"value": true}}'),
    ('telephony',
        '{"direction": {"column": "kind", "values": {"in": "incoming", "out": "outgoing"}, "null": "outgoing"},
            "duration_seconds": "size"}')) v (service, mapping);

-- The first rows and later ones cost the same: they are read by the index.
INSERT INTO usage.chat_message (company_id, sender, occurred_at, price_twin) SELECT 61, 'bot',
    timestamptz '2024-03-21 00:00+00' + n * interval '3 seconds', 1 FROM generate_series(1, 30000) n;
CREATE FUNCTION pg_temp.rows_read(after jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    before bigint := (SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_all_tables
        WHERE schemaname = 'usage');
BEGIN
    PERFORM * FROM reseller_report.usage_events(60, 61, 'chat', '2024-03-01', '2024-05-01', NULL, 100, after);
    RETURN (SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_all_tables
        WHERE schemaname = 'usage') - before;
END
$$;
CREATE TEMP TABLE far AS SELECT "position" FROM reseller_report.usage_events(60, 61, 'chat', '2024-03-01', '2024-05-01',
    NULL, 25000) OFFSET 24999;
SELECT cmp_ok(pg_temp.rows_read(NULL), '<', 1000::bigint, 'the first page');
SELECT cmp_ok(pg_temp.rows_read((SELECT "position" FROM far)), '<', 1000::bigint, 'a later page');
ANALYZE usage.chat_message;
SELECT cmp_ok(pg_temp.rows_read(NULL), '<', 1000::bigint, 'the first page, by statistics');
SELECT cmp_ok(pg_temp.rows_read((SELECT "position" FROM far)), '<', 1000::bigint, 'a later page, by statistics');

-- A table without a primary key has events, but no positions.
CREATE TABLE more.calls (company_id bigint, occurred_at timestamptz, direction text, duration_seconds int,
    price_twin numeric(9,3), price_reseller numeric(9,3));
INSERT INTO more.calls SELECT 61, timestamptz '2024-03-21 00:00+00' + n * interval '1 hour', (ARRAY['outgoing',
    'incoming'])[1 + n % 2], n, n, n FROM generate_series(1, 9) n;
SELECT reseller_report.attach_source('telephony', 'more.calls') \g /dev/null
SELECT results_eq($$SELECT source, item, seconds, source_key, "position" FROM reseller_report.usage_events(60, 61,
    'telephony_incoming', '2024-03-21', '2024-03-23')$$,
    $$SELECT 'more.calls', 'incoming_call', n::bigint, NULL::jsonb, NULL::jsonb FROM generate_series(1, 9, 2) n$$,
        'a table of calls without a key');
SELECT throws_ok($$SELECT * FROM reseller_report.usage_events(60, 61, 'telephony_incoming', '2024-03-21', '2024-03-23',
    NULL, 2,
    '{"at": "0", "source": "usage.phone_call", "key": ["2000-01-01 00:00+00", "1"]}')$$, '55000',
    'rows of usage table more.calls have no position: it has no primary key', 'no page after another');

-- A row that cannot be counted is told to the company's reseller alone, and leaves nothing open behind.
CREATE TABLE more.odd (id int PRIMARY KEY, company_id bigint, occurred_at timestamptz, channel text, delivered boolean,
    price_twin numeric(9,3),
    price_reseller numeric(9,3));
INSERT INTO more.odd VALUES (1, 61, '2024-03-05 01:00+00', 'sms', true, 1, 1), (2, 61, '2024-03-21 01:00+00', 'sms', true,
    1, 1),
    (3, 61, '2024-03-21 02:00+00', 'fax', true, 1, 1);
SELECT reseller_report.attach_source('text_messaging', 'more.odd') \g /dev/null
SELECT throws_ok('SELECT * FROM reseller_report.usage_events(60, 61, ''text_messaging'', ''2024-03-01'', ''2024-05-01'')',
    '23514', NULL,
    'a row that cannot be counted');
SELECT results_eq('SELECT source_key, delivered
    FROM reseller_report.usage_events(1, 61, ''text_messaging'', ''2024-03-01'', ''2024-05-01'')',
    'SELECT ''{"id": 1}''::jsonb, true', 'is not told to another reseller');
SELECT is((SELECT count(*) FROM pg_cursors), 0::bigint, 'no cursor is left open');
SELECT reseller_report.detach_source('more.odd') \g /dev/null

-- Errors, in the order of the contract.
CREATE ROLE usage_events_web;
SELECT reseller_report.grant_access('usage_events_web', 60), reseller_report.grant_access('usage_events_web', 61) \g /dev/null
GRANT USAGE, CREATE ON SCHEMA public TO usage_events_web;
SET ROLE usage_events_web;
SELECT throws_ok(format('SELECT * FROM reseller_report.usage_events(%s)', arguments), state, message)
FROM (VALUES
    ('NULL, NULL, NULL, NULL, NULL', '22004', 'reseller_id must not be NULL'),
    ('1, NULL, ''fax'', ''2024-01-01'', ''2024-02-01''', '22004', 'company_id must not be NULL'),
    ('1, 61, NULL, ''2024-01-01'', ''2024-02-01''', '22004', 'service must not be NULL'),
    ('1, 61, ''fax'', NULL, ''2024-02-01''', '22004', 'period_from must not be NULL'),
    ('1, 61, ''fax'', ''2024-01-01'', NULL', '22004', 'period_to must not be NULL'),
    ('1, 61, ''fax'', ''2024-01-01'', ''2024-02-01''', '42501', 'permission denied for reseller 1'),
    ('61, 61, ''fax'', ''2024-01-01'', ''2024-02-01''', '22023', 'company 61 is not a reseller'),
    ('60, 61, ''bot'', ''2024-02-01'', ''2024-02-01''', '22023', 'the period must end after it begins'),
    ('60, 61, ''fax'', ''2024-01-01'', ''2024-02-01'', ''sms''', '22023', 'service "fax" is not known'),
    ('60, 61, ''bot'', ''2024-01-01'', ''2024-02-01'', ''sms''', '22023', 'item "sms" is not known'),
    ('60, 61, ''bot'', ''2024-01-01'', ''2024-02-01'', NULL, -1', '22023', 'row_limit must not be negative'),
    ('60, 61, ''bot'', ''2024-01-01'', ''2024-02-01'', NULL, NULL, ''7''', '22023', 'after is not a position'),
    ('60, 61, ''bot'', ''2024-01-01'', ''2024-02-01'', NULL, NULL, ''{"at": "x", "source": "a", "key": []}''', '22023',
        'after is not a position'),
    ('60, 61, ''bot'', ''2024-01-01'', ''2024-02-01'', NULL, NULL, ''{"at": "1", "source": "a", "key": [null]}''', '22023',
        'after is not a position'),
    ('60, 61, ''bot'', ''2024-01-01'', ''2024-05-01'', NULL, NULL,
        ''{"at": "1", "source": "usage.bot_message", "key": ["1"]}''', '22023',
        'the position is not of the primary key that usage table usage.bot_message has')) AS bad (arguments, state, message);
SELECT lives_ok('SELECT * FROM reseller_report.usage_events(60, 61, ''bot'', ''2024-03-01'', ''2024-05-01'', NULL, 10)',
    'a granted role reads');
SELECT is_empty('SELECT * FROM reseller_report.usage_events(60, 11, ''bot'', ''2024-03-01'', ''2024-05-01'')',
    'a company of another reseller has no rows');
RESET ROLE;
REVOKE ALL ON SCHEMA public FROM usage_events_web;
DROP ROLE usage_events_web;
UPDATE reseller_report.source SET horizon = '2024-03-10 12:00+00' WHERE table_name = 'bot_message';
SELECT throws_ok('SELECT * FROM reseller_report.usage_events(60, 61, ''bot'', ''2024-03-01 00:00+00'', ''2024-05-01'')',
    '55000', NULL, 'pruned time');
SELECT throws_ok('SELECT *
    FROM reseller_report.usage_events(60, 61, ''bot'', ''2024-03-01 00:00+00'', ''2024-05-01'',
    ''sms'')', '22023', NULL, 'an unknown item comes first');
SELECT lives_ok('SELECT * FROM reseller_report.usage_events(60, 61, ''bot'', ''2024-03-10 12:00+00'', ''2024-05-01'')',
    'from the horizon on');
SELECT lives_ok('SELECT * FROM reseller_report.usage_events(1, 61, ''bot'', ''2024-03-06 00:00+00'', ''2024-05-01'')',
    'pruned time in which the company was not the reseller''s');
SELECT * FROM finish();
