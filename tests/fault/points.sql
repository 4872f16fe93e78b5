-- After tests/fuzz/prepare.sql: usage in all states (folded, pending, pruned, in default partitions), and the switches of
-- point.cpp.
CREATE SCHEMA fault;
CREATE FUNCTION fault.count() RETURNS void LANGUAGE c AS 'reseller_report', 'fault_count';
CREATE FUNCTION fault.sites(OUT site bigint, OUT callee text, OUT calls bigint) RETURNS SETOF record
    LANGUAGE c AS 'reseller_report', 'fault_sites';
CREATE FUNCTION fault.arm(mode integer, site bigint, call bigint) RETURNS void LANGUAGE c AS 'reseller_report', 'fault_arm';
CREATE FUNCTION fault.disarm() RETURNS boolean LANGUAGE c AS 'reseller_report', 'fault_disarm';

SELECT setseed(0.5);
SELECT fuzz.texts(150), fuzz.others(60);
SELECT reseller_report.create_partitions('0');
SELECT reseller_report.materialize();
SELECT reseller_report.rebuild_slice(source, '-infinity', 'infinity') FROM reseller_report.sources();
SELECT fuzz.prune('chat_message', '2024-02-20 00:00+00'), fuzz.prune('text_message', '2024-02-20 00:00+00');
SELECT fuzz.texts(40), fuzz.others(20), random_usage.companies_moved();
CREATE TYPE live.verdict AS ENUM ('good', 'bad');
CREATE TABLE live.verdicts (id bigint, company_id bigint, occurred_at timestamptz, verdict live.verdict, price_twin numeric(12,6),
    price_reseller numeric(12,6));
INSERT INTO live.verdicts SELECT n, 11 + n % 30, '2024-03-01', 'good', 1, 2 FROM generate_series(1, 20) n;
CREATE INDEX ON live.verdicts (company_id, occurred_at);
CREATE INDEX ON live.verdicts (occurred_at);
