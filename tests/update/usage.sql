-- What a database holds before it is updated or upgraded: changes that wait, moves that wait, sums set aside, days that are not
-- built, a source that is gone, and pruned time. Run in a database with usage tables, tests/lib/oracle.sql and
-- tests/lib/random_usage.sql.
SELECT setseed(0.42);
SELECT random_usage.companies(), random_usage.events(400);
SELECT reseller_report.materialize();
-- Pruned time, with changes that come after, and moves in it.
SELECT reseller_report.create_partitions('1 month');
SELECT reseller_report.prune('usage.chat_message', '2024-02-01 00:00+00');
SELECT random_usage.events(60), random_usage.changes(), random_usage.companies_moved();
SELECT reseller_report.materialize(150);
-- Figures of every size, and companies far apart: packed distances wrap around.
INSERT INTO reseller_report.company VALUES (-9223372036854775808, 'First', false), (9223372036854775807, 'Last', false);
INSERT INTO reseller_report.dependency VALUES (1, -9223372036854775808), (1, 9223372036854775807);
INSERT INTO usage.phone_call (company_id, direction, occurred_at, duration_seconds, price_twin, price_reseller)
    SELECT c, 'outgoing', timestamptz '1999-12-31 23:50+00' + n * interval '5 minutes', n * 100000000, -99999999.999999, 0.000001
    FROM generate_series(0, 20) n, unnest('{-9223372036854775808,9223372036854775807,20}'::bigint[]) c;
-- Sums that are set aside: beyond 64 bits of micro-units.
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin, price_reseller)
    SELECT 21, '2024-03-05 10:00+00', 999999999, 0 FROM generate_series(1, 10000);
SELECT reseller_report.materialize();
SELECT random_usage.events(60), random_usage.changes(), random_usage.companies_moved();
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin)
    SELECT 22, '2024-03-05 10:00+00', 1 FROM generate_series(1, 300);
-- A day that is not built, and a source that is gone.
CREATE TABLE public.calls AS SELECT * FROM usage.phone_call;
CREATE TABLE public.gone AS SELECT * FROM usage.phone_call;
ALTER TABLE public.calls ALTER occurred_at SET NOT NULL;
SELECT reseller_report.attach_source('telephony', 'public.calls'), reseller_report.attach_source('telephony', 'public.gone');
CALL reseller_report.rebuild('public.gone');
DROP TABLE public.gone;
DELETE FROM public.calls WHERE company_id = 20;
CREATE VIEW public.state AS SELECT * FROM reseller_report.materializer_state;
