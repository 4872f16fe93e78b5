-- COPY ... FREEZE un-builds the days of its partition in every subtransaction that it is done in: one that is rolled back takes that along.
SELECT no_plan();
SET client_min_messages = error;
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'Reseller', true), (11, 'Eleven', false);
INSERT INTO reseller_report.dependency VALUES (1, 11);
CREATE TABLE bots (company_id bigint, occurred_at timestamptz, billable boolean, price_twin numeric(15,6), price_reseller numeric(15,6)) PARTITION BY RANGE (occurred_at);
CREATE TABLE bots_03 PARTITION OF bots FOR VALUES FROM ('2024-03-01 00:00+00') TO ('2024-04-01 00:00+00');
CREATE TABLE bots_04 PARTITION OF bots FOR VALUES FROM ('2024-04-01 00:00+00') TO ('2024-05-01 00:00+00');
SELECT reseller_report.attach_source('bot', 'bots') \g /dev/null
CREATE FUNCTION pg_temp.reasons() RETURNS text LANGUAGE sql AS
    $$SELECT string_agg(DISTINCT reason || ' ' || unbuilt_from, ', ' ORDER BY reason || ' ' || unbuilt_from) FROM reseller_report._latest(NULL::reseller_report.source_unbuilt)$$;
CREATE FUNCTION pg_temp.total() RETURNS numeric LANGUAGE sql AS
    $$SELECT sum(total_price_to_twin) FROM reseller_report.bot(1, '-infinity', 'infinity')$$;

BEGIN;
SAVEPOINT a;
TRUNCATE bots_03;
COPY bots_03 FROM PROGRAM 'echo 11,2024-03-05 10:07+00,t,1,0' WITH (FREEZE, FORMAT csv);
COPY bots_03 FROM PROGRAM 'echo 11,2024-03-05 10:08+00,t,2,0' WITH (FREEZE, FORMAT csv);
SELECT is(pg_temp.reasons(), 'COPY ... FREEZE into public.bots_03 2024-03-01 00:00:00+00, TRUNCATE of public.bots_03 2024-03-01 00:00:00+00', 'frozen in a savepoint');
SELECT is(pg_temp.total(), 3.000000, 'and counted');
ROLLBACK TO a;
SELECT is(pg_temp.reasons(), NULL, 'rolled back');
TRUNCATE bots_03, bots_04;
COPY bots_03 FROM PROGRAM 'echo 11,2024-03-05 10:07+00,t,4,0' WITH (FREEZE, FORMAT csv);
COPY bots_04 FROM PROGRAM 'echo 11,2024-04-05 10:07+00,t,8,0' WITH (FREEZE, FORMAT csv);
SELECT is(pg_temp.reasons(), 'COPY ... FREEZE into public.bots_03 2024-03-01 00:00:00+00, COPY ... FREEZE into public.bots_04 2024-04-01 00:00:00+00, '
    'TRUNCATE of public.bots_03 2024-03-01 00:00:00+00, TRUNCATE of public.bots_04 2024-04-01 00:00:00+00', 'frozen again, and in another partition');
COMMIT;
SELECT is(pg_temp.total(), 12.000000, 'committed');
CALL reseller_report.rebuild('bots');
SELECT is(pg_temp.reasons(), NULL, 'rebuilt');
BEGIN;
TRUNCATE bots_04;
COPY bots_04 FROM PROGRAM 'echo 11,2024-04-05 10:07+00,t,16,0' WITH (FREEZE, FORMAT csv);
COMMIT;
SELECT is(pg_temp.reasons(), 'COPY ... FREEZE into public.bots_04 2024-04-01 00:00:00+00, TRUNCATE of public.bots_04 2024-04-01 00:00:00+00', 'frozen in another transaction');
SELECT is(pg_temp.total(), 20.000000, 'and counted');
CALL reseller_report.rebuild('bots');
-- Rows that are not frozen un-build nothing.
COPY bots_04 FROM PROGRAM 'echo 11,2024-04-05 10:07+00,t,32,0' WITH (FORMAT csv);
SELECT is(pg_temp.reasons(), NULL, 'an ordinary COPY');
SELECT is(pg_temp.total(), 52.000000, 'and its row');
SELECT * FROM finish();
