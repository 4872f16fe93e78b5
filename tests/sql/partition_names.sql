-- create_partitions names a partition by its table and month, in 63 bytes, with a name that is free. A table that no name is left
-- for, or whose owner may not create one, stops no other.
SELECT no_plan();
SET client_min_messages = error;
SELECT random_usage.companies() \g /dev/null

-- Long names, by characters and by bytes, and a table whose owner may not create tables.
CREATE TABLE "таблица_с_очень_длинным_именем_32" (LIKE usage.bot_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);
CREATE TABLE russian_rest PARTITION OF "таблица_с_очень_длинным_именем_32" DEFAULT;
SELECT reseller_report.attach_source('bot', '"таблица_с_очень_длинным_именем_32"') \g /dev/null
CREATE ROLE helpless_owner;
CREATE TABLE a_helpless (LIKE usage.bot_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);
CREATE TABLE a_helpless_rest PARTITION OF a_helpless DEFAULT;
SELECT reseller_report.attach_source('bot', 'a_helpless') \g /dev/null
ALTER TABLE a_helpless OWNER TO helpless_owner;
SELECT set_eq('SELECT DISTINCT source::text FROM reseller_report.create_partitions(''0'')',
    ARRAY['"таблица_с_очень_длинным_именем_32"'],
    'a name of 63 bytes; and a table whose owner may not create one does not stop others');
DROP TABLE a_helpless;
DROP ROLE helpless_owner;
DROP TABLE "таблица_с_очень_длинным_именем_32";

-- Names that partitions would have may be taken, by relations and by types, by tables whose name begins alike, and all of them.
CREATE SCHEMA taken;
CREATE TABLE taken.month (LIKE usage.chat_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);
CREATE TABLE taken.rest PARTITION OF taken.month DEFAULT;
SELECT reseller_report.attach_source('chat', 'taken.month') \g /dev/null
INSERT INTO taken.month (company_id, sender, occurred_at) VALUES (11, 'bot', '2022-01-05 00:00+00'),
    (11, 'bot', '0044-03-15 00:00+00'), (11, 'bot', '0044-03-15 00:00+00 BC');
CREATE TYPE taken.month_2022_01 AS ENUM ();
SELECT results_eq('SELECT count(*) FROM reseller_report.create_partitions(''0'', ''taken.month'') '
    'WHERE period_from < ''2022-02-01''', 'VALUES (3::bigint)',
        'a name that a type has, and months of the same name before and after our era');
SELECT is((SELECT count(*) FROM taken.month_2022_01_1), 1::bigint, 'the partition gets the next free name');
SELECT results_eq('SELECT tableoid::regclass::text, occurred_at FROM taken.month WHERE occurred_at < ''2000-01-01'' '
    'ORDER BY occurred_at',
    $$VALUES ('taken.month_0044_03', timestamptz '0044-03-15 00:00+00 BC'), ('taken.month_0044_03_1', '0044-03-15 00:00+00')$$,
        'each row is in its own month');
INSERT INTO taken.month (company_id, sender, occurred_at) VALUES (11, 'bot', '2021-01-05 00:00+00');
DO $$ BEGIN FOR n IN 0 .. 1000 LOOP EXECUTE 'CREATE SEQUENCE taken.month_2021_01' || CASE n WHEN 0 THEN '' ELSE '_'
    || n END; END LOOP; END $$;
SELECT throws_ok('SELECT * FROM reseller_report.create_partitions(''0'', ''taken.month'')', '42P07',
    'no name is left for the partition of table "taken.month" from 2021-01-01 00:00:00+00 on',
        'a table that no name is left for is refused');
SELECT lives_ok('SELECT * FROM reseller_report.create_partitions(''0'')', 'and stops no other table');
DROP SCHEMA taken CASCADE;
SELECT format('CREATE TABLE %I (LIKE usage.chat_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at); '
    'CREATE TABLE %I PARTITION OF %1$I DEFAULT; SELECT reseller_report.attach_source(''chat'', %1$L)',
    repeat('w', 62) || n, 'rest_' || n) FROM generate_series(1, 3) AS n \gexec \g /dev/null
SELECT is((SELECT count(DISTINCT p.source) FROM reseller_report.create_partitions('0') p WHERE p.source::text LIKE 'www%'),
    3::bigint, 'tables whose names differ in the last of 63 bytes get partitions');
SELECT * FROM finish();
