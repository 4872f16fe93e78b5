-- One table may feed several services. Each is attached, built, read and detached by itself; capture, rebuild and prune take the
-- table as a whole.
SELECT no_plan();
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'One', true), (2, 'Two', true), (11, 'A', false),
    (12, 'B', false);
INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (1, 11), (2, 12);
CREATE SCHEMA desk;
CREATE TABLE desk.message (id bigserial, company_id integer, kind text, who text, at timestamptz NOT NULL, price numeric(12,4))
    PARTITION BY RANGE (at);
CREATE TABLE desk.message_2024_02 PARTITION OF desk.message FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00');
CREATE TABLE desk.message_2024_03 PARTITION OF desk.message FOR VALUES FROM ('2024-03-01 00:00+00') TO ('2024-04-01 00:00+00');
CREATE TABLE desk.message_rest PARTITION OF desk.message DEFAULT;
INSERT INTO desk.message (company_id, kind, who, at, price)
    SELECT 11 + n % 2, CASE n % 3 WHEN 0 THEN 'sms' ELSE 'talk' END, (ARRAY['operator', 'bot', 'user'])[1 + n % 3],
        '2024-02-20 00:00+00'::timestamptz + n * interval '37 minutes', n % 7
    FROM generate_series(1, 1000) n;

CREATE FUNCTION pg_temp.attach_texts() RETURNS void LANGUAGE sql AS $$
    SELECT reseller_report.attach_source('text_messaging', 'desk.message',
        '{"occurred_at": "at", "channel": {"column": "kind", "values": {"sms": "sms", "talk": null}},
        "delivered": {"value": true}, "price_twin": "price", "price_reseller": {"value": 1}}')
$$;
CREATE FUNCTION pg_temp.attach_chats() RETURNS void LANGUAGE sql AS $$
    SELECT reseller_report.attach_source('chat', 'desk.message',
        '{"occurred_at": "at", "sender": "who", "via_alice": {"value": false}, "only": {"kind": ["talk"]},
        "price_twin": "price", "price_reseller": {"value": 0.5}}')
$$;
-- The reports of both services against SQL over the raw rows; which of the two are connected, the caller says.
CREATE FUNCTION pg_temp.agrees(label text, texts boolean DEFAULT true, chats boolean DEFAULT true) RETURNS SETOF text
    LANGUAGE plpgsql AS $$
DECLARE
    folded boolean;
BEGIN
    FOREACH folded IN ARRAY ARRAY[false, true] LOOP
        IF folded THEN
            PERFORM reseller_report.materialize();
        END IF;
        RETURN NEXT is_empty(format($q$
            SELECT r, f, t, said, truth
            FROM (VALUES (timestamptz '-infinity', timestamptz 'infinity'), ('2024-02-01 00:00+00', '2024-03-01 00:00+00'),
                ('2024-02-29 21:00+00', '2024-03-10 10:15+00'), ('2024-03-01 00:00+00', 'infinity')) p (f, t),
                (VALUES (1::bigint), (2)) r (r),
                LATERAL (SELECT array_agg(x ORDER BY x.service) FROM (
                    SELECT 'text' AS service, delivered_sms AS events, total_price_to_twin AS twin,
                        total_price_to_reseller AS reseller FROM reseller_report.text_messaging(r, f, t)
                    UNION ALL SELECT 'chat', operator_messages + bot_messages_with_first + user_messages, total_price_to_twin,
                        total_price_to_reseller FROM reseller_report.chat(r, f, t)) x) said (said),
                LATERAL (SELECT array_agg(x ORDER BY x.service) FROM (
                    SELECT 'text' AS service, count(m.at) AS events, coalesce(sum(m.price), 0)::numeric(38,6) AS twin,
                        count(m.at)::numeric(38,6) AS reseller
                        FROM desk.message m WHERE m.kind = 'sms' AND %L AND m.company_id = 10 + r AND m.at >= f AND m.at < t
                    UNION ALL SELECT 'chat', count(m.at), coalesce(sum(m.price), 0)::numeric(38,6),
                        (0.5 * count(m.at))::numeric(38,6)
                        FROM desk.message m WHERE m.kind = 'talk' AND %L AND m.company_id = 10 + r AND m.at >= f
                            AND m.at < t) x) truth (truth)
            WHERE said IS DISTINCT FROM truth$q$, texts, chats), label || CASE WHEN folded THEN ': folded' ELSE '' END);
        RETURN NEXT is_empty($q$SELECT * FROM reseller_report.verify('-infinity', 'infinity')$q$, label || ': verified');
    END LOOP;
END
$$;
CREATE FUNCTION pg_temp.changes() RETURNS void LANGUAGE sql AS $$
    INSERT INTO desk.message (company_id, kind, who, at, price) SELECT 11 + n % 2, CASE n % 2 WHEN 0 THEN 'sms' ELSE 'talk' END,
        'bot', '2024-03-05 00:00+00'::timestamptz + n * interval '3 hours', 2 FROM generate_series(1, 20) n;
    UPDATE desk.message SET kind = CASE kind WHEN 'sms' THEN 'talk' ELSE 'sms' END
        WHERE id IN (SELECT id FROM desk.message ORDER BY md5(id::text) LIMIT 15);
    UPDATE desk.message SET price = price + 0.25 WHERE id IN (SELECT id FROM desk.message ORDER BY md5('p' || id) LIMIT 15);
    DELETE FROM desk.message WHERE id IN (SELECT id FROM desk.message ORDER BY md5('d' || id) LIMIT 5);
$$;
CREATE FUNCTION pg_temp.state() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(service || ' ' || is_built, ', ') FROM reseller_report.sources() WHERE source = 'desk.message'::regclass
$$;
CREATE FUNCTION pg_temp.ids(named text[]) RETURNS bigint[] LANGUAGE sql AS $$
    SELECT array_agg(id ORDER BY id) FROM reseller_report.source WHERE table_name = 'message' AND service = ANY (named)
$$;
-- The triggers of ours on a table and its partitions, with what they are told.
CREATE FUNCTION pg_temp.triggers() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT DISTINCT format('%s %s %s', t.tgname, t.tgenabled, regexp_replace(encode(t.tgargs, 'escape'), '\\000$', ''))
        FROM pg_trigger t
    WHERE t.tgrelid IN (SELECT relid FROM pg_partition_tree('desk.message')) AND t.tgname LIKE 'reseller_report%'
$$;

-- Attached one after the other.
SELECT pg_temp.attach_texts() \g /dev/null
SELECT reseller_report.rebuild_slice('desk.message', '-infinity', 'infinity') \g /dev/null
SELECT pg_temp.agrees('one service', chats => false);
SELECT pg_temp.attach_chats() \g /dev/null
SELECT is(pg_temp.state(), 'text_messaging true, chat false', 'the first stays built, the second is not built yet');
SELECT is((SELECT unbuilt_sources FROM reseller_report.materializer_state), ARRAY['desk.message (chat): not built yet'],
    'and the state names the service');
SELECT set_eq('SELECT pg_temp.triggers()',
    $$VALUES (format('reseller_report_capture A %s', array_to_string(pg_temp.ids('{text_messaging,chat}'), '\000'))),
        ('reseller_report_truncated A ')$$, 'one trigger captures for both, on each partition');
SELECT pg_temp.changes() \g /dev/null
SELECT pg_temp.agrees('two services');
SELECT reseller_report.rebuild_slice('desk.message', '2024-03-01 00:00+00', '2024-03-10 00:00+00') \g /dev/null
SELECT pg_temp.agrees('partly built');
SELECT is((SELECT min(slice_from) FROM reseller_report.rebuild_slices('desk.message', only_unbuilt => true)), '-infinity',
    'what one of them lacks is to be built');
SELECT reseller_report.rebuild_slice('desk.message', '-infinity', 'infinity') \g /dev/null
SELECT is(pg_temp.state(), 'text_messaging true, chat true', 'a rebuild takes the table as a whole');
SELECT is_empty('SELECT * FROM reseller_report.rebuild_slices(''desk.message'', only_unbuilt => true)', 'and then nothing is left');
SELECT pg_temp.changes() \g /dev/null
SELECT pg_temp.agrees('both built');

-- What the table cannot feed besides.
SELECT throws_ok(format('SELECT reseller_report.attach_source(%L, ''desk.message'', %L)', service, columns), state, message,
    message) FROM (VALUES
    ('chat', '{"occurred_at": "at", "sender": "who", "via_alice": {"value": false}, "price_twin": "price", '
        '"price_reseller": "price"}', '42710', 'table "desk.message" is already connected as chat'),
    ('bot', '{"occurred_at": "at", "billable": {"value": true}, "price_twin": "price", "price_reseller": "price", '
        '"capture": "origin"}', '22023', 'table "desk.message" is captured differently for text_messaging')) AS refused (service,
            columns, state, message);
ALTER TABLE desk.message ADD COLUMN later timestamptz;
SELECT throws_ok($$SELECT reseller_report.attach_source('bot', 'desk.message',
    '{"occurred_at": "later", "billable": {"value": true}, "price_twin": "price", "price_reseller": "price"}')$$,
    '22023', 'table "desk.message" has another occurred_at for text_messaging', 'another moment is refused');
ALTER TABLE desk.message DROP COLUMN later;
SELECT is(pg_temp.state(), 'text_messaging true, chat true', 'what is refused leaves nothing behind');

-- Telephony and its halves.
CREATE TABLE desk.call (company_id integer, direction text, occurred_at timestamptz, duration_seconds integer,
    price_twin numeric(12,2), price_reseller numeric(12,2));
CREATE TABLE desk.line (LIKE desk.call);
SELECT reseller_report.attach_source('telephony', 'desk.call'), reseller_report.attach_source('telephony_incoming', 'desk.line'),
    reseller_report.attach_source('telephony_outgoing', 'desk.line') \g /dev/null
SELECT throws_ok(command, state, message, message) FROM (VALUES
    ('SELECT reseller_report.attach_source(''telephony_incoming'', ''desk.call'')', '42710',
        'table "desk.call" is already connected as telephony'),
    ('SELECT reseller_report.attach_source(''telephony'', ''desk.line'')', '42710',
        'table "desk.line" is already connected as telephony_incoming'),
    ('SELECT reseller_report.detach_source(''desk.call'', ''telephony_outgoing'')', '22023',
        'table "desk.call" is connected as telephony, of which telephony_outgoing is one half'),
    ('SELECT reseller_report.detach_source(''desk.line'', ''telephony'')', '42704',
        'table "desk.line" is not connected as telephony'),
    ('SELECT reseller_report.detach_source(''desk.line'', ''fax'')', '22023', 'service "fax" does not exist'),
    ('SELECT reseller_report.detach_source(''desk.line'', ''chat'')', '42704', 'table "desk.line" is not connected as chat'),
    ('SELECT reseller_report.detach_source(NULL, ''chat'')', '22004', 'source must not be NULL')) AS refused (command,
        state, message);
INSERT INTO desk.call VALUES (11, 'incoming', '2024-03-05', 5, 1, 1), (11, 'outgoing', '2024-03-05', 7, 1, 1);
INSERT INTO desk.line TABLE desk.call;
SELECT results_eq('SELECT i.calls, i.total_duration_seconds, o.calls, o.total_duration_seconds '
    'FROM reseller_report.telephony_incoming(1, ''-infinity'', ''infinity'') i, '
    'reseller_report.telephony_outgoing(1, ''-infinity'', ''infinity'') o',
    'VALUES (2::bigint, 10::bigint, 2::bigint, 14::bigint)', 'both halves one by one count like the whole');
SELECT reseller_report.detach_source('desk.line', 'telephony_outgoing') \g /dev/null
SELECT results_eq('SELECT i.calls, o.calls FROM reseller_report.telephony_incoming(1, ''-infinity'', ''infinity'') i, '
    'reseller_report.telephony_outgoing(1, ''-infinity'', ''infinity'') o',
    'VALUES (2::bigint, 1::bigint)', 'one half goes');

-- What un-builds the table un-builds it for both.
TRUNCATE desk.message_2024_02;
SELECT is(pg_temp.state(), 'text_messaging false, chat false', 'TRUNCATE of a partition un-builds both');
SELECT pg_temp.agrees('truncated');
SELECT reseller_report.rebuild_slice('desk.message', '-infinity', 'infinity') \g /dev/null
ALTER TABLE desk.message RENAME COLUMN price TO cost;
ALTER TABLE desk.message RENAME COLUMN cost TO price;
ALTER TABLE desk.message RENAME TO talk;
ALTER TABLE desk.talk RENAME TO message;
SELECT is(pg_temp.state(), 'text_messaging true, chat true', 'renames are followed for both');
ALTER TABLE desk.message DETACH PARTITION desk.message_2024_03;
SELECT is(pg_temp.state(), 'text_messaging false, chat false', 'DETACH un-builds both');
SELECT pg_temp.agrees('detached partition');
SELECT is_empty('SELECT tgname FROM pg_trigger WHERE tgrelid = ''desk.message_2024_03''::regclass', 'and leaves no trigger behind');
ALTER TABLE desk.message ATTACH PARTITION desk.message_2024_03 FOR VALUES FROM ('2024-03-01 00:00+00') TO ('2024-04-01 00:00+00');
SELECT pg_temp.changes() \g /dev/null
SELECT pg_temp.agrees('attached partition');
SELECT reseller_report.rebuild_slice('desk.message', '-infinity', 'infinity') \g /dev/null
ALTER TABLE desk.message_2024_03 DISABLE TRIGGER reseller_report_capture;
SELECT is(pg_temp.state(), 'text_messaging false, chat false', 'a disabled trigger un-builds both');
ALTER TABLE desk.message ENABLE TRIGGER reseller_report_capture;
SELECT set_eq('SELECT pg_temp.triggers()',
    $$VALUES (format('reseller_report_capture A %s', array_to_string(pg_temp.ids('{text_messaging,chat}'), '\000'))),
        ('reseller_report_truncated A ')$$, 'and is on always again');
SELECT reseller_report.rebuild_slice('desk.message', '-infinity', 'infinity') \g /dev/null
DROP TRIGGER reseller_report_capture ON desk.message;
SELECT pg_temp.changes() \g /dev/null
SELECT pg_temp.agrees('without a trigger');
SELECT reseller_report.post_restore() \g /dev/null
SELECT pg_temp.changes() \g /dev/null
SELECT pg_temp.agrees('with the trigger put back');
SELECT set_eq('SELECT pg_temp.triggers()',
    $$VALUES (format('reseller_report_capture A %s', array_to_string(pg_temp.ids('{text_messaging,chat}'), '\000'))),
        ('reseller_report_truncated A ')$$, 'for both');
SELECT reseller_report.rebuild_slice('desk.message', '-infinity', 'infinity') \g /dev/null
-- A trigger that leaves one of them out, or names one twice.
CREATE OR REPLACE FUNCTION pg_temp.recreate(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER reseller_report_capture AFTER INSERT OR UPDATE OR DELETE ON desk.message '
        'FOR EACH ROW EXECUTE FUNCTION reseller_report._capture(%s)',
        (SELECT string_agg(quote_literal(id), ', ') FROM unnest(ids) id));
    ALTER TABLE desk.message ENABLE ALWAYS TRIGGER reseller_report_capture;
END
$$;
SELECT pg_temp.recreate(pg_temp.ids('{chat}')) \g /dev/null
SELECT is(pg_temp.state(), 'text_messaging false, chat true', 'a trigger that leaves a service out un-builds it');
SELECT pg_temp.changes() \g /dev/null
SELECT pg_temp.agrees('a service left out');
SELECT pg_temp.recreate(pg_temp.ids('{chat}') || pg_temp.ids('{text_messaging,chat}')) \g /dev/null
SELECT is(pg_temp.state(), 'text_messaging false, chat false', 'and one that names a service twice');
SELECT pg_temp.recreate(pg_temp.ids('{text_messaging,chat}')) \g /dev/null
SELECT reseller_report.rebuild_slice('desk.message', '-infinity', 'infinity') \g /dev/null
SELECT pg_temp.changes() \g /dev/null
SELECT pg_temp.agrees('the trigger as it was');

-- Dependency changes move both.
SELECT reseller_report.move_company(11, 2, '2024-03-05 00:00+00'), reseller_report.move_company(12, 1, '2024-03-05 00:00+00')
    \g /dev/null
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')', 'moves are of both');
SELECT reseller_report.move_company(11, 1, '2024-03-05 00:00+00'), reseller_report.move_company(12, 2, '2024-03-05 00:00+00')
    \g /dev/null
SELECT pg_temp.agrees('moved there and back');

-- Partitions are made and pruned once a table.
CREATE TABLE desk.monthly (LIKE desk.message) PARTITION BY RANGE (at);
CREATE TABLE desk.monthly_default PARTITION OF desk.monthly DEFAULT;
SELECT reseller_report.attach_source('text_messaging', 'desk.monthly',
    '{"occurred_at": "at", "channel": {"column": "kind", "values": {"sms": "sms", "talk": null}}, "delivered": {"value": true}, '
    '"price_twin": "price", "price_reseller": {"value": 1}}'),
    reseller_report.attach_source('chat', 'desk.monthly',
        '{"occurred_at": "at", "sender": "who", "via_alice": {"value": false}, "only": {"kind": ["talk"]}, "price_twin": "price", '
        '"price_reseller": {"value": 0.5}}') \g /dev/null
INSERT INTO desk.monthly SELECT * FROM desk.message WHERE at >= '2024-03-01 00:00+00' AND at < '2024-04-01 00:00+00';
SELECT is((SELECT count(*) - count(DISTINCT period_from) FROM reseller_report.create_partitions('1 month', 'desk.monthly')),
    0::bigint, 'a month is made once');
SELECT is((SELECT bool_and(is_built) FROM reseller_report.sources() WHERE source = 'desk.monthly'::regclass), true,
    'and nothing is un-built');
SELECT is_empty('SELECT * FROM reseller_report.create_partitions(''1 month'') WHERE source = ''desk.monthly''::regclass',
    'nor made again');
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')', 'rows that moved count once');
CREATE TEMP TABLE before AS SELECT 'text' AS service, t.id, delivered_sms AS events, total_price_to_twin
    FROM reseller_report.text_messaging(1, '-infinity', 'infinity') t
    UNION ALL SELECT 'chat', c.id, operator_messages + bot_messages_with_first + user_messages, total_price_to_twin
        FROM reseller_report.chat(1, '-infinity', 'infinity') c;
SELECT results_eq('SELECT period_from FROM reseller_report.prunable(''desk.monthly'', ''2024-05-01 00:00+00'')',
    'VALUES (timestamptz ''2024-03-01 00:00+00'')', 'prunable names a partition once');
SELECT results_eq('SELECT period_from FROM reseller_report.prune(''desk.monthly'', ''2024-05-01 00:00+00'')',
    'VALUES (timestamptz ''2024-03-01 00:00+00'')', 'and prune drops it once');
SELECT is((SELECT array_agg(horizon) FROM reseller_report.sources() WHERE source = 'desk.monthly'::regclass),
    ARRAY['2024-04-01 00:00+00', '2024-04-01 00:00+00']::timestamptz[], 'both have the horizon');
SELECT set_eq($$SELECT 'text' AS service, t.id, delivered_sms AS events, total_price_to_twin
    FROM reseller_report.text_messaging(1, '-infinity', 'infinity') t
    UNION ALL SELECT 'chat', c.id, operator_messages + bot_messages_with_first + user_messages, total_price_to_twin
        FROM reseller_report.chat(1, '-infinity', 'infinity') c$$,
    'SELECT * FROM before', 'what was pruned counts for both as it was');
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')', 'verified');
-- A service that comes after the table was pruned begins with the rows that are there.
INSERT INTO desk.monthly (id, company_id, kind, who, at, price) VALUES (1, 11, 'talk', 'bot', '2024-05-05 00:00+00', 3);
SELECT reseller_report.attach_source('bot', 'desk.monthly',
    '{"occurred_at": "at", "billable": {"value": true}, "only": {"kind": ["talk"]}, "price_twin": "price", '
    '"price_reseller": {"value": 0}}') \g /dev/null
SELECT throws_ok($$INSERT INTO desk.monthly (id, company_id, kind, who, at, price)
    VALUES (1, 11, 'fax', 'bot', '2024-05-05 00:00+00', 3)$$, '23514', NULL, 'what one service does not know is refused');
SELECT * FROM reseller_report.create_partitions('1 month', 'desk.monthly') \g /dev/null
SELECT throws_ok('SELECT * FROM reseller_report.prune(''desk.monthly'', now() - interval ''1 month'')', '0A000', NULL,
    'nothing is pruned before all services are built');
SELECT reseller_report.rebuild_slice('desk.monthly', '-infinity', 'infinity') \g /dev/null
SELECT results_eq('SELECT period_from FROM reseller_report.prune(''desk.monthly'', now() - interval ''1 month'')',
    'VALUES (timestamptz ''2024-05-01 00:00+00'')', 'then it is');
SELECT results_eq('SELECT billable_messages, total_price_to_twin FROM reseller_report.bot(1, ''-infinity'', ''infinity'')',
    'VALUES (1::bigint, 3.000000)', 'and counts');
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')', 'verified: pruned twice');

-- Detached one by one, also by a transaction that has captured for both.
SELECT reseller_report.detach_source('desk.monthly') \g /dev/null
SELECT pg_temp.agrees('before detaching');
BEGIN;
SELECT pg_temp.changes() \g /dev/null
SELECT reseller_report.detach_source('desk.message', 'text_messaging') \g /dev/null
SELECT pg_temp.changes() \g /dev/null
COMMIT;
SELECT set_eq('SELECT pg_temp.triggers()',
    $$VALUES (format('reseller_report_capture A %s', array_to_string(pg_temp.ids('{chat}'), '\000'))),
        ('reseller_report_truncated A ')$$, 'the trigger goes on for the rest');
SELECT is(pg_temp.state(), 'chat true', 'which stays built');
SELECT pg_temp.agrees('one service detached', texts => false);
SELECT is_empty('SELECT source FROM reseller_report.usage_delta EXCEPT SELECT id FROM reseller_report.source',
    'nothing of the detached service waits');
SELECT is_empty('SELECT source FROM reseller_report.usage_quarter EXCEPT SELECT id FROM reseller_report.source', 'nor is folded');
SELECT pg_temp.attach_texts() \g /dev/null
SELECT pg_temp.agrees('attached again');
SELECT reseller_report.detach_source('desk.message') \g /dev/null
SELECT is_empty($$SELECT tgname FROM pg_trigger WHERE tgrelid IN (SELECT relid FROM pg_partition_tree('desk.message'))
    AND NOT tgisinternal$$, 'detached from all, the table is as it was');
SELECT pg_temp.agrees('all detached', false, false);
SELECT * FROM finish();
