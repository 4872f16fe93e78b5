-- COPY ... FREEZE writes rows that every snapshot sees, and that do not say who wrote them. It un-builds the days of its partition
-- in every subtransaction that it is done in: one that is rolled back takes that along.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/bot_tables.sql

CREATE TABLE bots (company_id bigint, occurred_at timestamptz, billable boolean, price_twin numeric(15,6),
    price_reseller numeric(15,6)) PARTITION BY RANGE (occurred_at);
CREATE TABLE bots_03 PARTITION OF bots FOR VALUES FROM ('2024-03-01 00:00+00') TO ('2024-04-01 00:00+00');
CREATE TABLE bots_04 PARTITION OF bots FOR VALUES FROM ('2024-04-01 00:00+00') TO ('2024-05-01 00:00+00');
SELECT reseller_report.attach_source('bot', 'bots') \g /dev/null
CREATE FUNCTION pg_temp.reasons() RETURNS text LANGUAGE sql AS
    $$SELECT string_agg(DISTINCT reason || ' ' || unbuilt_from, ', ' ORDER BY reason || ' ' || unbuilt_from)
        FROM reseller_report._latest(NULL::reseller_report.source_unbuilt)$$;
CREATE FUNCTION pg_temp.total() RETURNS numeric LANGUAGE sql AS
    $$SELECT sum(total_price_to_twin) FROM reseller_report.bot(1, '-infinity', 'infinity')$$;

BEGIN;
SAVEPOINT a;
TRUNCATE bots_03;
COPY bots_03 FROM PROGRAM 'echo 11,2024-03-05 10:07+00,t,1,0' WITH (FREEZE, FORMAT csv);
COPY bots_03 FROM PROGRAM 'echo 11,2024-03-05 10:08+00,t,2,0' WITH (FREEZE, FORMAT csv);
SELECT is(pg_temp.reasons(),
    'COPY ... FREEZE into public.bots_03 2024-03-01 00:00:00+00, TRUNCATE of public.bots_03 2024-03-01 00:00:00+00',
        'frozen in a savepoint');
SELECT is(pg_temp.total(), 3.000000, 'and counted');
ROLLBACK TO a;
SELECT is(pg_temp.reasons(), NULL, 'rolled back');
TRUNCATE bots_03, bots_04;
COPY bots_03 FROM PROGRAM 'echo 11,2024-03-05 10:07+00,t,4,0' WITH (FREEZE, FORMAT csv);
COPY bots_04 FROM PROGRAM 'echo 11,2024-04-05 10:07+00,t,8,0' WITH (FREEZE, FORMAT csv);
SELECT is(pg_temp.reasons(),
    'COPY ... FREEZE into public.bots_03 2024-03-01 00:00:00+00, COPY ... FREEZE into public.bots_04 2024-04-01 00:00:00+00, '
    'TRUNCATE of public.bots_03 2024-03-01 00:00:00+00, TRUNCATE of public.bots_04 2024-04-01 00:00:00+00',
        'frozen again, and in another partition');
COMMIT;
SELECT is(pg_temp.total(), 12.000000, 'committed');
CALL reseller_report.rebuild('bots');
SELECT is(pg_temp.reasons(), NULL, 'rebuilt');
BEGIN;
TRUNCATE bots_04;
COPY bots_04 FROM PROGRAM 'echo 11,2024-04-05 10:07+00,t,16,0' WITH (FREEZE, FORMAT csv);
COMMIT;
SELECT is(pg_temp.reasons(),
    'COPY ... FREEZE into public.bots_04 2024-04-01 00:00:00+00, TRUNCATE of public.bots_04 2024-04-01 00:00:00+00',
        'frozen in another transaction');
SELECT is(pg_temp.total(), 20.000000, 'and counted');
CALL reseller_report.rebuild('bots');
-- Rows that are not frozen un-build nothing.
COPY bots_04 FROM PROGRAM 'echo 11,2024-04-05 10:07+00,t,32,0' WITH (FORMAT csv);
SELECT is(pg_temp.reasons(), NULL, 'an ordinary COPY');
SELECT is(pg_temp.total(), 52.000000, 'and its row');
SELECT pg_temp.gone('bots') \g /dev/null

-- Companies move, and days are rebuilt, in the transaction that froze the rows.
\ir ../lib/sessions.sql
SELECT pg_temp.by_month('bots', '{}') \g /dev/null
BEGIN;
CREATE TABLE bots_2024_03 PARTITION OF bots FOR VALUES FROM ('2024-03-01 00:00+00') TO ('2024-04-01 00:00+00');
COPY bots_2024_03 FROM PROGRAM 'echo 11,2024-03-05 10:07+00,t,10,3' WITH (FREEZE, FORMAT csv);
SELECT pg_temp.report('rows frozen by this transaction', 'bots');
UPDATE reseller_report.dependency SET reseller_id = 2 WHERE company_id = 11;
SELECT pg_temp.report('rows frozen by this transaction, then a company moved', 'bots');
COMMIT;
SELECT pg_temp.right('rows frozen, then a company moved', 'bots');
BEGIN;
TRUNCATE bots_2024_03;
COPY bots_2024_03 FROM PROGRAM 'echo 11,2024-03-05 10:22+00,t,100,30' WITH (FREEZE, FORMAT csv);
UPDATE reseller_report.dependency SET reseller_id = 1 WHERE company_id = 11;
COMMIT;
SELECT pg_temp.right('truncated, rows frozen, then a company moved', 'bots');
SELECT pg_temp.connect('own') \g /dev/null
SELECT dblink_exec('own', 'BEGIN') \g /dev/null
SELECT dblink_exec('own',
    'CREATE TABLE bots_2024_02 PARTITION OF bots FOR VALUES FROM (''2024-02-01 00:00+00'') TO (''2024-03-01 00:00+00'')')
        \g /dev/null
SELECT dblink_exec('own', 'COPY bots_2024_02 FROM PROGRAM ''echo 11,2024-02-05 10:07+00,t,10,3'' WITH (FREEZE, FORMAT csv)')
    \g /dev/null
SELECT ok(pg_temp.state('own',
    'DO $x$ BEGIN PERFORM reseller_report.rebuild_slice(''bots'', ''2024-02-01 00:00+00'', ''2024-03-01 00:00+00''); END $x$')
    IN ('00000', '55000'), 'a rebuild of rows frozen by its transaction is exact or refused');
SELECT dblink_exec('own', 'COMMIT') \g /dev/null
SELECT pg_temp.right('a rebuild of rows frozen by its transaction', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null
SELECT dblink_disconnect('own') \g /dev/null
SELECT * FROM finish();
