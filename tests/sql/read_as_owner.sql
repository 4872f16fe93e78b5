-- Usage is read as the owner of its table. Code that the owner put into an index or a policy runs as the owner, and leaves the
-- caller's session alone. Row-level security never makes a report smaller: rows that a partition hides count, and where the whole
-- table would hide rows from its owner, the report refuses to answer.
SELECT no_plan();
INSERT INTO reseller_report.company SELECT n, 'R' || n, true FROM generate_series(1, 3) n UNION ALL SELECT n, 'C' || n, false
    FROM generate_series(11, 18) n;
INSERT INTO reseller_report.dependency SELECT 1, n, '(,)' FROM generate_series(11, 17) n;
CREATE ROLE usage_owner;
GRANT EXECUTE ON FUNCTION reseller_report.attach_source TO usage_owner;
CREATE SCHEMA owned AUTHORIZATION usage_owner;
SET ROLE usage_owner;
CREATE TABLE owned.usage (id serial PRIMARY KEY, company_id int, occurred_at timestamptz, billable bool, price_twin numeric(15,6),
    price_reseller numeric(15,6));
CREATE TABLE owned.seen (who name);
CREATE FUNCTION owned.note() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO owned.seen VALUES (current_user);
    PERFORM set_config('search_path', 'owned', false);
    RETURN 1;
END
$$;
CREATE FUNCTION owned.index_code(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN owned.note(); END $$;
CREATE FUNCTION owned.policy_code() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RETURN owned.note() = 1; END $$;
INSERT INTO owned.usage (company_id, occurred_at, billable, price_twin) VALUES (11, '2024-03-01 00:01+00', true, 1);
CREATE INDEX ON owned.usage (id) WHERE owned.index_code(1) = 1;
RESET ROLE;
RESET search_path;
SHOW search_path \gset
CREATE FUNCTION pg_temp.as_owner(command text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL ROLE usage_owner;
    EXECUTE command;
    RESET ROLE;
END
$$;
SELECT lives_ok('SELECT pg_temp.as_owner(''SELECT reseller_report.attach_source(''''bot'''', ''''owned.usage'''')'')',
    'a table with code in an index is attached');
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, '2024-01-01', '2025-01-01') WHERE id = 11), 1.0,
    'its report reads it');
SELECT set_eq('SELECT DISTINCT who FROM owned.seen', 'VALUES (''usage_owner''::name)', 'the code runs as the table''s owner only');
SELECT is(current_setting('search_path'), :'search_path', 'and leaves the caller''s settings alone');
CREATE POLICY p ON owned.usage USING (owned.policy_code());
ALTER TABLE owned.usage ENABLE ROW LEVEL SECURITY;
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, '2024-01-01', '2025-01-01') WHERE id = 11), 1.0,
    'row-level security does not hide rows from the owner');
ALTER TABLE owned.usage FORCE ROW LEVEL SECURITY;
SELECT throws_ok('SELECT * FROM reseller_report.bot(1, ''2024-01-01'', ''2025-01-01'')', '55000', NULL,
    'where it is forced on the owner, the report refuses to answer');
ALTER TABLE owned.usage NO FORCE ROW LEVEL SECURITY;

-- A partition hides its rows from its owner, who reads them with the whole table all the same: it counts as one with rows.
SET ROLE usage_owner;
CREATE TABLE owned.bots (company_id bigint, occurred_at timestamptz, billable boolean, price_twin numeric(9,2),
    price_reseller numeric(9,2)) PARTITION BY RANGE (occurred_at);
CREATE TABLE owned.bots_default PARTITION OF owned.bots DEFAULT;
CREATE TABLE owned.bots_2023_01 (LIKE owned.bots);
INSERT INTO owned.bots_2023_01 VALUES (11, '2023-01-10', true, 3, 4);
ALTER TABLE owned.bots_2023_01 ENABLE ROW LEVEL SECURITY;
ALTER TABLE owned.bots_2023_01 FORCE ROW LEVEL SECURITY;
SELECT reseller_report.attach_source('bot', 'owned.bots') \g /dev/null
RESET ROLE;
SELECT reseller_report.materialize() \g /dev/null
ALTER TABLE owned.bots ATTACH PARTITION owned.bots_2023_01 FOR VALUES FROM ('2023-01-01 00:00+00') TO ('2023-02-01 00:00+00');
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, '2023-01-01', '2023-12-01') WHERE id = 11), 3.0,
    'rows that a partition hides from its owner count');
CALL reseller_report.rebuild('owned.bots');
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, '2023-01-01', '2023-12-01') WHERE id = 11), 3.0,
    'and count after a rebuild');
SELECT is_empty($$SELECT * FROM reseller_report.verify('2023-01-01', '2023-12-01')$$, 'and verify finds them counted');
INSERT INTO owned.bots VALUES (11, '2023-05-10', true, 5, 6);
ALTER TABLE owned.bots_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE owned.bots_default FORCE ROW LEVEL SECURITY;
SELECT throws_ok('SELECT * FROM reseller_report.create_partitions(''0'', ''owned.bots'')', '55000', NULL,
    'create_partitions refuses a default partition that hides rows');
ALTER TABLE owned.bots_default NO FORCE ROW LEVEL SECURITY;
SELECT set_has('SELECT period_from FROM reseller_report.create_partitions(''0'', ''owned.bots'')',
    'VALUES (timestamptz ''2023-05-01 00:00+00'')', 'and makes partitions when it hides none');
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, '2023-01-01', '2023-12-01') WHERE id = 11), 8.0,
    'which changes no figure');
SELECT reseller_report.detach_source('owned.bots') \g /dev/null
DROP TABLE owned.bots;

DROP INDEX owned.usage_id_idx;
SET search_path = :search_path;
DROP SCHEMA owned CASCADE;
DROP OWNED BY usage_owner;
DROP ROLE usage_owner;
SELECT is((SELECT sum(total_price_to_twin) FROM reseller_report.bot(1, '2024-01-01', '2025-01-01')), 0::numeric,
    'the usage of a dropped table has left the reports');
SELECT * FROM finish();
