-- Every WARNING and NOTICE reaches the session that called, with its hint.
SELECT no_plan();
SET client_min_messages = error;
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'Reseller', true), (11, 'Eleven', false),
    (12, 'Twelve', false);
INSERT INTO reseller_report.dependency VALUES (1, 11), (1, 12);
CREATE TABLE plain (LIKE usage.bot_message INCLUDING DEFAULTS);
CREATE TABLE parted (LIKE usage.bot_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);

\setenv PGDATABASE :DBNAME
\setenv PGOPTIONS '-c client_min_messages=notice'
\set psql 'psql -X -q -A -t'
\set call :psql ' -c "SELECT reseller_report.attach_source(''bot'', ''plain'')"'
\set call :call ' -c "SELECT reseller_report.attach_source(''bot'', ''parted'')" 2>&1'
\set said `:call`
SELECT is(:'said'::text, $$WARNING:  table "public.plain" has no index that serves (company_id, occurred_at)
HINT:  CREATE INDEX CONCURRENTLY ON public.plain (company_id, occurred_at);
WARNING:  table "public.plain" has no index that serves (occurred_at)
HINT:  CREATE INDEX CONCURRENTLY ON public.plain (occurred_at);

WARNING:  table "public.parted" has no index that serves (company_id, occurred_at)
HINT:  CREATE INDEX ON public.parted (company_id, occurred_at);
WARNING:  table "public.parted" has no index that serves (occurred_at)
HINT:  CREATE INDEX ON public.parted (occurred_at);
$$, 'attach_source tells of missing indexes');
SELECT reseller_report.detach_source('plain'), reseller_report.detach_source('parted') \g /dev/null

\set said `:psql -c "CALL reseller_report.rebuild('usage.bot_message', '2024-03-01 00:00+00', '2024-03-02 00:00+00')" 2>&1`
SELECT is(:'said'::text, 'NOTICE:  rebuilt usage.bot_message from 2024-03-01 00:00:00+00 to 2024-03-02 00:00:00+00 (1 of 1)',
    'rebuild tells of each slice');

-- What an index merely carries along does not serve.
CREATE TABLE indexed (company_id bigint, occurred_at timestamptz, billable boolean, price_twin numeric(15,6),
    price_reseller numeric(15,6));
CREATE INDEX ON indexed (occurred_at);
CREATE INDEX indexed_included ON indexed (company_id) INCLUDE (occurred_at);
\set attach :psql ' -c "SELECT reseller_report.attach_source(''bot'', ''indexed'')" 2>&1'
\set warning `:attach`
SELECT matches(:'warning'::text, 'has no index that serves \(company_id, occurred_at\)',
    'a column in INCLUDE does not make an index of it');
SELECT reseller_report.detach_source('indexed') \g /dev/null
DROP INDEX indexed_included;
CREATE INDEX ON indexed (company_id, occurred_at) INCLUDE (billable);
\set warning `:attach`
SELECT is(:'warning'::text, '', 'one that carries a third along does serve');
DROP TABLE indexed;

-- One table that cannot have partitions does not stop the others.
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2020-01-05 00:00+00', -1);
INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (11, 'sms', '2020-02-05 00:00+00');
ALTER TABLE usage.bot_message ADD CONSTRAINT positive CHECK (price_twin > -100) NOT VALID;
\set said `:psql -c "SELECT source, period_from FROM reseller_report.create_partitions('0') WHERE period_from < '2021-01-01'" 2>&1`
SELECT is(:'said'::text, E'WARNING:  table usage.bot_message got no new partitions: '
    'constraint "positive" of table "usage.bot_message" is not validated, and rows are to be moved\n'
    'HINT:  Run ALTER TABLE usage.bot_message VALIDATE CONSTRAINT positive; first.\n'
    'usage.text_message|2020-02-01 00:00:00+00', 'create_partitions tells of a table that gets none');
ALTER TABLE usage.bot_message VALIDATE CONSTRAINT positive;
CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now'; END $$;
CREATE EVENT TRIGGER refuses ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION refuse();
\set said `:psql -c "SELECT source FROM reseller_report.create_partitions('0')" 2>&1`
SELECT is(:'said'::text, 'WARNING:  table usage.bot_message got no new partitions: not now', 'without a hint where there is none');
DROP EVENT TRIGGER refuses;

-- Sums beyond 64 bits.
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) SELECT 12, '2024-04-01 00:00+00', 999999999.999999
    FROM generate_series(1, 9300);
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2024-04-01 00:00+00', 1);
\set said `:psql -c "SELECT * FROM reseller_report.verify('2024-04-01', '2024-04-02', 'bot')" 2>&1`
SELECT is(:'said'::text, 'WARNING:  usage of company 12 was not verified: its sum exceeds 64 bits',
    'verify tells of a sum that it cannot compare');
\set said `:psql -c "SELECT deltas > 0 FROM reseller_report.materialize()" 2>&1`
SELECT is(:'said'::text, $$WARNING:  usage of company 12 of reseller 1 was set aside: its sum exceeds 64 bits
DETAIL:  Reports go on counting it; all other usage was folded.
t$$, 'materialize tells of a sum that it sets aside');
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, '2024-04-01', '2024-04-02') WHERE id = 12),
    9300 * 999999999.999999, 'which reports go on counting');

-- Rows that go with a partition before the horizon, and cannot be read.
CREATE TABLE late (LIKE usage.bot_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);
CREATE TABLE late_01 PARTITION OF late FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00');
CREATE TABLE late_rest PARTITION OF late DEFAULT;
SELECT reseller_report.attach_source('bot', 'late') \g /dev/null
SELECT reseller_report.prune('late', '2024-02-01 00:00+00') \g /dev/null
INSERT INTO late (company_id, occurred_at, price_twin) VALUES (11, '2024-01-05 00:00+00', 7);
ALTER TABLE late_rest FORCE ROW LEVEL SECURITY;
\set said `:psql -c "TRUNCATE late_rest" 2>&1`
SELECT matches(:'said'::text,
    'WARNING:  usage of table "late_rest" from before the horizon stays in the reports: .*row-level security',
        'rows that go unread');
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, '2024-01-05', '2024-01-06') WHERE id = 11), 7.000000,
    'and count on');

-- Nor those that the table's owner may not read.
CREATE ROLE said_owner;
GRANT USAGE ON SCHEMA public TO said_owner;
ALTER TABLE late_rest NO FORCE ROW LEVEL SECURITY;
INSERT INTO late (company_id, occurred_at, price_twin) VALUES (11, '2024-01-06 00:00+00', 5);
ALTER TABLE late_rest OWNER TO said_owner;
REVOKE SELECT ON late_rest FROM said_owner;
\set said `:psql -c "TRUNCATE late_rest" 2>&1`
SELECT is(:'said'::text, 'WARNING:  usage of table "late_rest" from before the horizon stays in the reports: usage table '
    'public.late_rest cannot be used by its owner said_owner: permission denied for table late_rest', 'rows that may not be read');
SELECT is((SELECT sum(total_price_to_twin) FROM reseller_report.bot(1, '2024-01-05', '2024-01-07') WHERE id = 11), 12.000000,
    'and count on, too');
DROP OWNED BY said_owner;
DROP ROLE said_owner;
SELECT * FROM finish();
