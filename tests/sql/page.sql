-- reseller_and_companies() is the page: it equals what SQL over raw rows gives, section by section, for every choice of rows.
SELECT no_plan();
SELECT setseed(0.14) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(300); END $$;
UPDATE reseller_report.company SET name = (ARRAY['Ärger & Söhne', 'ärger', 'O"Neil \ Sons', E'Tab\tand\nline', '100% Rye',
    'A_B', 'АЛЬФА', 'альфа', ''])[1 + company_id % 9]
    WHERE company_id % 3 <> 0 AND NOT is_reseller;
UPDATE reseller_report.company SET time_zone = 'Europe/Moscow', currency = 'RUB', name = 'Say "R"' WHERE company_id = 2;

-- The sections, as the page has them.
CREATE TABLE pg_temp.section (n int, service text, title text, keys text[], titles text[], truth text);
INSERT INTO pg_temp.section VALUES
    (1, 'text_messaging', 'Text messaging service',
        '{delivered_sms,price_sms,sent_viber,delivered_viber,price_viber,sent_whatsapp,
        delivered_whatsapp,price_whatsapp,sent_email,delivered_email,price_email,sent_push,delivered_push,price_push}',
        '{Delivered SMS,Price SMS,Sent Viber,Delivered Viber,Price Viber,Sent Whatsapp,Delivered Whatsapp,Price Whatsapp,Sent Email,
        Delivered Email,Price Email,Sent Push,Delivered Push,Price Push}', 'text_messaging('),
    (2, 'chat', 'Chat service',
        '{operator_messages,operator_messages_price,bot_messages_with_first,bot_messages_price,user_messages,
        user_messages_price,operator_messages_alice,bot_messages_alice,user_messages_alice,alice_messages_price}',
        '{Operator messages,Operator messages price,Bot messages (with first),Bot message price,User messages,
        Price of user messages,Operator messages Alice,Bot messages Alice,User messages Alice,Price Alice''s messages}', 'chat('),
    (3, 'telephony_outgoing', 'Telephony service (legacy)', '{calls,total_duration_seconds}',
        '{Calls,Total duration (seconds)}',
        'telephony(''outgoing'', '),
    (4, 'telephony_incoming', 'Telephony service (new)', '{calls,total_duration_seconds}', '{Calls,Total duration (seconds)}',
        'telephony(''incoming'', '),
    (5, 'bot', 'Bot service', '{billable_messages}', '{Billable messages}', 'bot(');
CREATE VIEW pg_temp.col AS
    SELECT s.service, c.n, c.key, c.title,
        CASE WHEN c.key = 'id' THEN 'id' WHEN c.key = 'name' THEN 'text' WHEN c.key ~ 'price' THEN 'money'
        WHEN c.key ~ 'seconds' THEN 'seconds' ELSE 'count' END AS type
    FROM pg_temp.section s, unnest('{id,name}' || s.keys || '{total_price_to_twin,total_price_to_reseller}',
        '{Id,Name}' || s.titles || '{Total price to Twin,Total price to reseller}') WITH ORDINALITY AS c (key, title, n);

CREATE FUNCTION pg_temp.section_of(s text, r bigint, f timestamptz, t timestamptz, expenses boolean, search text,
    order_by text, row_limit int, row_offset int)
    RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    answer jsonb;
    key text := CASE WHEN EXISTS (SELECT FROM pg_temp.col c WHERE c.service = s AND c.key = ltrim(order_by,
        '-')) THEN ltrim(order_by, '-') ELSE 'id' END;
    down boolean := coalesce(order_by LIKE '-%' AND key = ltrim(order_by, '-'), false);
    of_text boolean := key = 'name';
BEGIN
    EXECUTE format($q$
        WITH line AS (
            SELECT to_jsonb(x) AS v, row_number() OVER (ORDER BY
                CASE WHEN %5$L AND NOT %6$L THEN x.name END, CASE WHEN %5$L AND %6$L THEN x.name END DESC,
                CASE WHEN NOT %5$L AND NOT %6$L THEN x.%4$I::text::numeric END, CASE WHEN NOT %5$L
                    AND %6$L THEN x.%4$I::text::numeric END DESC, x.id) AS place
            FROM oracle.%2$s$1, $2, $3, $4) AS x (%3$s)
            WHERE coalesce($5, '') = '' OR strpos(lower(x.name), lower($5)) > 0 OR x.id::text = $5),
        shown AS (
            SELECT place,
                jsonb_agg(CASE c.type WHEN 'id' THEN to_jsonb(v ->> c.key) WHEN 'money'
                THEN to_jsonb((v ->> c.key)::numeric(38,6)::text)
                ELSE v -> c.key END ORDER BY c.n) AS cells
            FROM line, pg_temp.col c WHERE c.service = %1$L GROUP BY place)
        SELECT jsonb_build_object('service', %1$L, 'title', (SELECT title FROM pg_temp.section WHERE service = %1$L),
            'columns', (SELECT jsonb_agg(jsonb_build_object('key', c.key, 'title', c.title, 'type', c.type) ORDER BY c.n)
                FROM pg_temp.col c WHERE c.service = %1$L),
            'rows', (SELECT coalesce(jsonb_agg(cells ORDER BY place), '[]') FROM shown WHERE place > coalesce($7, 0)
                AND ($6 IS NULL OR place <= coalesce($7, 0)::bigint + $6)),
            'row_count', (SELECT count(*) FROM line),
            'totals', (SELECT jsonb_agg(CASE WHEN c.type IN ('id', 'text') THEN 'null' WHEN c.type = 'money'
                THEN to_jsonb((SELECT coalesce(sum((v ->> c.key)::numeric), 0)::numeric(38,6)::text FROM line))
                ELSE to_jsonb((SELECT coalesce(sum((v ->> c.key)::bigint), 0)::bigint FROM line)) END ORDER BY c.n)
                    FROM pg_temp.col c WHERE c.service = %1$L))$q$,
        s, (SELECT truth FROM pg_temp.section WHERE service = s),
        (SELECT string_agg(c.key || CASE WHEN c.type = 'text' THEN ' text' WHEN c.type = 'money' THEN ' numeric'
            ELSE ' bigint' END, ', ' ORDER BY c.n)
            FROM pg_temp.col c WHERE c.service = s), key, of_text, down)
        INTO answer USING r, f, t, expenses, search, row_limit, row_offset;
    RETURN answer;
END
$$;
CREATE FUNCTION pg_temp.page_of(r bigint, f timestamptz, t timestamptz, expenses boolean, services text[], search text,
    order_by text, row_limit int, row_offset int)
    RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'reseller', (SELECT jsonb_build_object('id', company_id::text, 'name', name, 'time_zone', time_zone, 'currency',
            currency) FROM reseller_report.company WHERE company_id = r),
        'period', (SELECT jsonb_object_agg(k, CASE WHEN isfinite(m) THEN to_char(m AT TIME ZONE c.time_zone,
            'YYYY-MM-DD"T"HH24:MI:SS')
            || CASE WHEN extract(microseconds FROM m)::bigint % 1000000 <> 0 THEN to_char(m, '.US') ELSE '' END
            || '+' || to_char((m AT TIME ZONE c.time_zone) - (m AT TIME ZONE 'UTC'), 'HH24:MI') ELSE m::text END)
            FROM (VALUES ('from', f), ('to', t)) v (k, m), reseller_report.company c WHERE c.company_id = r),
        'sections', (SELECT coalesce(jsonb_agg(pg_temp.section_of(s.service, r, f, t, expenses, search, order_by, row_limit,
            row_offset) ORDER BY s.n), '[]')
            FROM pg_temp.section s WHERE services IS NULL OR s.service = ANY (services)))
$$;
CREATE FUNCTION pg_temp.right(label text, r bigint, f timestamptz, t timestamptz, expenses boolean DEFAULT false,
    services text[] DEFAULT NULL, search text DEFAULT NULL,
    order_by text DEFAULT NULL, row_limit int DEFAULT NULL, row_offset int DEFAULT 0) RETURNS text LANGUAGE sql AS $$
    SELECT is(reseller_report.reseller_and_companies(r, f, t, expenses, services, search, order_by, row_limit,
        row_offset)::jsonb,
        pg_temp.page_of(r, f, t, expenses, services, search, order_by, row_limit, row_offset), label)
$$;
CREATE FUNCTION pg_temp.right(label text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT pg_temp.right(format('%s: reseller %s, %s, %s', label, r, f, e), r, f, f + interval '31 days', e)
    FROM generate_series(1, 3) r, unnest(ARRAY['2024-02-01 00:00+03', '2024-03-01 10:17:11.000123+00']::timestamptz[]) f,
        unnest(ARRAY[true, false]) e
$$;

SELECT pg_temp.right('nothing folded');
SELECT isnt((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'all is folded');
SELECT pg_temp.right('folded');
BEGIN;
DO $$ BEGIN PERFORM random_usage.changes(), random_usage.events(30); END $$;
SELECT pg_temp.right('own changes');
COMMIT;
INSERT INTO reseller_report.source_unbuilt SELECT id, gen_random_uuid(), '2024-02-20 00:00+00', '2024-03-03 00:00+00',
    'a test'
    FROM reseller_report.source;
SELECT pg_temp.right('changes wait, days are not built');

-- Each choice of rows.
SELECT pg_temp.right('all time', 1, '-infinity', 'infinity');
SELECT pg_temp.right('no expenses told', 1, '-infinity', 'infinity', NULL);
SELECT pg_temp.right('a summer offset', 1, '2024-07-01 00:00+00', '2024-07-02 00:00+00');
SELECT pg_temp.right('sections ' || s::text, 2, '2024-02-01', '2024-03-01', false, s)
    FROM (VALUES ('{bot}'::text[]), ('{bot,text_messaging,bot}'), ('{}'), ('{telephony_incoming,telephony_outgoing}')) v (s);
SELECT pg_temp.right(format('search %L', s), r, '-infinity', 'infinity', false, NULL, s)
    FROM unnest(ARRAY['', 'är', 'ÄR', 'company', 'COMPANY 2', '11', '1', '%', '_', 'a_b', '\', 'аль', 'ЛЬФ', '"',
        'nobody']) s, generate_series(1, 2) r;
SELECT pg_temp.right('in order of ' || o, 3, '2024-01-01', '2024-05-01', false, NULL, NULL, o)
    FROM (SELECT DISTINCT key FROM pg_temp.col) c, unnest(ARRAY[key, '-' || key]) o WHERE c.key <> 'name';
SELECT pg_temp.right('in order of ' || o, r, '2024-01-01', '2024-05-01', false, NULL, NULL, o) FROM unnest(ARRAY['name',
    '-name']) o, generate_series(1, 3) r;
SELECT pg_temp.right(format('rows %s from %s', l, o), 1, '2024-01-01', '2024-05-01', true, NULL, 'o',
    '-total_price_to_twin', l, o)
    FROM unnest(ARRAY[0, 1, 3, 2147483647, NULL]) l, unnest(ARRAY[0, 1, 4, 2147483647, NULL]) o;
INSERT INTO reseller_report.company VALUES (4, 'No companies', true, 'Asia/Kathmandu');
SELECT pg_temp.right('a reseller without companies', 4, '2024-01-01', '2024-05-01');

-- A database of locale C knows no case but that of ASCII; the search does, in each encoding that ICU knows.
SET client_min_messages = error;
CREATE EXTENSION dblink;
CREATE FUNCTION pg_temp.at(database text) RETURNS text LANGUAGE sql AS $$
    SELECT format('host=%s port=%s dbname=%s user=%s', current_setting('unix_socket_directories'), current_setting('port'),
        database, current_user)
$$;
CREATE FUNCTION pg_temp.finds(encoding text, rules text, letters text, searches text[]) RETURNS SETOF text LANGUAGE plpgsql AS $f$
DECLARE
    command text;
BEGIN
    FOREACH command IN ARRAY ARRAY['DROP DATABASE IF EXISTS t_page_of_c',
        format('CREATE DATABASE t_page_of_c TEMPLATE template0 ENCODING %L %s', encoding, rules)] LOOP
        PERFORM dblink_exec(pg_temp.at('postgres'), command);
    END LOOP;
    FOREACH command IN ARRAY ARRAY['CREATE EXTENSION reseller_report CASCADE',
        format('INSERT INTO reseller_report.company VALUES (1, ''R'', true), (11, %L, false), (12, ''Beta'', false)', letters),
        'INSERT INTO reseller_report.dependency VALUES (1, 11), (1, 12)'] LOOP
        PERFORM dblink_exec(pg_temp.at('t_page_of_c'), command);
    END LOOP;
    RETURN QUERY SELECT is((SELECT string_agg(id, ' ') FROM dblink(pg_temp.at('t_page_of_c'), format($$
            SELECT r ->> 0 FROM json_array_elements(reseller_report.reseller_and_companies(1, '-infinity', 'infinity', search => %L,
                services => '{bot}') #> '{sections,0,rows}') r$$, s)) AS t (id text)),
            CASE lower(s) WHEN 'bet' THEN '12' WHEN 'nobody' THEN NULL ELSE '11' END, format('%s, %s: %s', encoding, rules, s))
        FROM unnest(searches || '{bet,BET,nobody}'::text[]) s;
    PERFORM dblink_exec(pg_temp.at('postgres'), 'DROP DATABASE t_page_of_c');
END
$f$;
SELECT pg_temp.finds('UTF8', 'LOCALE ''C''', 'АЛЬФА Ärger', '{льф,ЛЬФ,är,ÄRG}');
SELECT pg_temp.finds('KOI8R', 'LOCALE ''C''', 'Фирма', '{ФИРМА,фирма,ИРМ,ирм}');
SELECT pg_temp.finds('LATIN1', 'LOCALE ''C''', 'Größe É', '{GRÖßE é,größe É}');
SELECT pg_temp.finds('EUC_JP', 'LOCALE ''C''', 'Фирма', '{ФИРМА,фирма}');
-- Where ICU does not know the encoding, letters are those of ASCII.
SELECT pg_temp.finds('SQL_ASCII', 'LOCALE ''C''', 'Alpha', '{ALPH,alph}');
SELECT pg_temp.finds('UTF8', 'LOCALE_PROVIDER builtin BUILTIN_LOCALE ''C'' LOCALE ''C''', 'АЛЬФА Ärger',
        '{льф,ЛЬФ,är,ÄRG}')
    WHERE current_setting('server_version_num')::integer >= 170000;

-- The text itself: the order of members, money as strings, large ids.
INSERT INTO reseller_report.company VALUES (5, 'Five', true, 'Asia/Kathmandu', 'NPR');
INSERT INTO reseller_report.company VALUES (9007199254740993, E'Wide "one" \\ \x01', false);
INSERT INTO reseller_report.dependency VALUES (5, 9007199254740993);
INSERT INTO usage.phone_call (company_id, direction, occurred_at, duration_seconds, price_twin, price_reseller)
    VALUES (9007199254740993, 'outgoing', '2024-03-05', 61, -0.000001, 123456789.5);
SELECT is(reseller_report.reseller_and_companies(5, '2024-03-01 00:00+05:45', '2024-04-01 00:00+05:45',
    services => '{telephony_outgoing}')::text,
    '{"reseller":{"id":"5","name":"Five","time_zone":"Asia/Kathmandu","currency":"NPR"},'
    '"period":{"from":"2024-03-01T00:00:00+05:45","to":"2024-04-01T00:00:00+05:45"},"sections":['
    '{"service":"telephony_outgoing","title":"Telephony service (legacy)","columns":[{"key":"id","title":"Id","type":"id"},'
    '{"key":"name","title":"Name","type":"text"},'
    '{"key":"calls","title":"Calls","type":"count"},'
    '{"key":"total_duration_seconds","title":"Total duration (seconds)","type":"seconds"},'
    '{"key":"total_price_to_twin","title":"Total price to Twin","type":"money"},'
    '{"key":"total_price_to_reseller","title":"Total price to reseller","type":"money"}],'
    '"rows":[["9007199254740993","Wide \"one\" \\ \u0001",1,61,"-0.000001","123456789.500000"]],'
    '"row_count":1,"totals":[null,null,1,61,"-0.000001","123456789.500000"]}]}',
    'the text');
SELECT is(reseller_report.reseller_and_companies(5, '2024-03-01 00:00:00.5+00 BC', '12024-04-01 00:00+00',
    services => '{}')::jsonb -> 'period',
    '{"from": "-002023-03-01T05:41:16.500000+05:41:16", "to": "+012024-04-01T05:45:00+05:45"}'::jsonb,
        'years that need a sign');
SELECT is(reseller_report.reseller_and_companies(5, '-infinity', 'infinity', services => '{}')::jsonb -> 'period',
    '{"from": "-infinity", "to": "infinity"}'::jsonb, 'infinite bounds');

-- Errors, in the order of the contract.
CREATE ROLE page_web;
SELECT reseller_report.grant_access('page_web', 1), reseller_report.grant_access('page_web', 11) \g /dev/null
GRANT USAGE, CREATE ON SCHEMA public TO page_web;
SET ROLE page_web;
SELECT throws_ok(format('SELECT reseller_report.reseller_and_companies(%s)', arguments), state, message)
FROM (VALUES
    ('NULL, NULL, NULL, services => ''{fax}''', '22004', 'reseller_id must not be NULL'),
    ('2, NULL, ''2024-02-01'', order_by => ''x''', '22004', 'period_from must not be NULL'),
    ('2, ''2024-01-01'', NULL, order_by => ''x''', '22004', 'period_to must not be NULL'),
    ('2, ''2024-01-01'', ''2024-02-01'', order_by => ''x''', '42501', 'permission denied for reseller 2'),
    ('11, ''2024-01-01'', ''2024-02-01'', order_by => ''x''', '22023', 'company 11 is not a reseller'),
    ('1, ''2024-02-01'', ''2024-02-01''', '22023', 'the period must end after it begins'),
    ('1, ''2024-01-01'', ''2024-02-01'', services => ''{bot,fax}''', '22023', 'service "fax" is not known'),
    ('1, ''2024-01-01'', ''2024-02-01'', services => ''{NULL}''', '22023', 'service "" is not known'),
    ('1, ''2024-01-01'', ''2024-02-01'', order_by => ''price''', '22023', 'column "price" is not known'),
    ('1, ''2024-01-01'', ''2024-02-01'', order_by => ''--name''', '22023', 'column "--name" is not known'),
    ('1, ''2024-01-01'', ''2024-02-01'', order_by => ''''', '22023', 'column "" is not known'),
    ('1, ''2024-01-01'', ''2024-02-01'', row_limit => -1', '22023', 'row_limit must not be negative'),
    ('1, ''2024-01-01'', ''2024-02-01'', row_offset => -1', '22023', 'row_offset must not be negative')) AS bad (arguments,
        state, message);
SELECT lives_ok('SELECT reseller_report.reseller_and_companies(1, ''2024-01-01'', ''2024-05-01'')', 'a granted role reads');
RESET ROLE;
SELECT is(oracle.hint('SELECT reseller_report.reseller_and_companies(1, ''2024-01-01'', ''2024-02-01'', order_by => ''x'')'),
    format('Known are id, name, %s, total_price_to_twin, total_price_to_reseller.', (SELECT string_agg(key, ', '
        ORDER BY first) FROM (
        SELECT k AS key, min(n * 100 + place) AS first FROM pg_temp.section, unnest(keys) WITH ORDINALITY AS u (k, place)
            GROUP BY 1) x)), 'the hint lists all columns');
REVOKE ALL ON SCHEMA public FROM page_web;
DROP ROLE page_web;
UPDATE reseller_report.source SET horizon = '2024-02-01 00:00+00' WHERE table_name = 'chat_message';
SELECT throws_ok('SELECT reseller_report.reseller_and_companies(1, ''2024-01-01 00:07+00'', ''2024-05-01'')', '55000', NULL,
    'pruned time off the quarter hours');
SELECT lives_ok('SELECT reseller_report.reseller_and_companies(1, ''2024-01-01 00:07+00'', ''2024-05-01'', services => ''{bot}'')',
    'of a section that is not pruned');
UPDATE reseller_report.source SET horizon = '-infinity';
DELETE FROM reseller_report.source_unbuilt;
SELECT reseller_report.materialize() \g /dev/null
UPDATE reseller_report.usage_quarter SET seconds = '{9223372036854775807}' WHERE item = 21 AND company_gaps = '{9007199254740993}';
UPDATE reseller_report.usage_hour SET seconds = '{9223372036854775807}' WHERE item = 21 AND company_gaps = '{9007199254740993}';
UPDATE reseller_report.usage_day SET seconds = '{9223372036854775807}' WHERE item = 21 AND company_gaps = '{9007199254740993}';
UPDATE reseller_report.usage_month SET seconds = '{9223372036854775807}' WHERE item = 21 AND company_gaps = '{9007199254740993}';
SELECT lives_ok('SELECT reseller_report.reseller_and_companies(5, ''2024-01-01'', ''2024-05-01'')', 'the largest count');
INSERT INTO usage.phone_call (company_id, direction, occurred_at, duration_seconds) VALUES (9007199254740993, 'outgoing',
    '2024-03-06', 1);
SELECT throws_ok('SELECT reseller_report.reseller_and_companies(5, ''2024-01-01'', ''2024-05-01'', row_limit => 0)', '22003',
    'the total of "total_duration_seconds" exceeds the range of bigint', 'a total beyond bigint is named');
SELECT throws_ok('SELECT reseller_report.reseller_and_companies(5, ''2024-01-01'', ''2024-05-01'')', '22003',
    '"total_duration_seconds" of company 9007199254740993 exceeds the range of bigint', 'a count beyond bigint is named');
SELECT * FROM finish();
