-- A role that may execute the maintenance functions, and nothing else, can do all of them, whatever state things are in. They do
-- their work as the extension's owner and read usage as its owner. So do the reports of a role that may read one reseller.
SELECT no_plan();
SET client_min_messages = error;
SELECT setseed(0.31) \g /dev/null
CREATE ROLE granted_keeper;
CREATE ROLE granted_reader;
CREATE ROLE granted_owner;
GRANT EXECUTE ON FUNCTION reseller_report.fold, reseller_report.materialize, reseller_report.rebuild_slice,
    reseller_report.rebuild_slices, reseller_report.verify(timestamptz, timestamptz, text), reseller_report.prune,
    reseller_report.prunable, reseller_report.create_partitions(interval), reseller_report.create_partitions(interval, regclass),
    reseller_report.sources,
    reseller_report.health, reseller_report.move_company TO granted_keeper;
GRANT EXECUTE ON PROCEDURE reseller_report.rebuild TO granted_keeper;
GRANT SELECT ON reseller_report.materializer_state TO granted_keeper;
GRANT USAGE ON SCHEMA usage TO granted_keeper;
GRANT EXECUTE ON FUNCTION reseller_report.attach_source, reseller_report.detach_source TO granted_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON reseller_report.dependency TO granted_keeper;
GRANT SELECT ON reseller_report.company TO granted_keeper;
SELECT reseller_report.grant_access('granted_reader', r) FROM generate_series(1, 3) r \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(60); END $$;
CREATE SCHEMA app AUTHORIZATION granted_owner;
GRANT USAGE ON SCHEMA app TO granted_keeper;
SET ROLE granted_owner;
CREATE TABLE app.bots (company_id bigint, occurred_at timestamptz, billable boolean, price_twin numeric(15,6),
    price_reseller numeric(15,6)) PARTITION BY RANGE (occurred_at);
CREATE TABLE app.bots_01 PARTITION OF app.bots FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00');
CREATE TABLE app.bots_rest PARTITION OF app.bots DEFAULT;
CREATE TABLE app.dropped (LIKE app.bots);
SELECT reseller_report.attach_source('bot', 'app.bots'), reseller_report.attach_source('bot', 'app.dropped') \g /dev/null
INSERT INTO app.bots SELECT 11 + n % 30, timestamptz '2024-01-15 00:00+00' + n * interval '5 hours', true, n, 1
    FROM generate_series(1, 200) n;
INSERT INTO app.dropped SELECT * FROM app.bots;
RESET ROLE;
-- The oracle counts them, too.
ALTER TABLE usage.bot_message RENAME TO bot_message_of_usage;
CREATE VIEW usage.bot_message AS SELECT company_id, occurred_at, billable, price_twin, price_reseller
    FROM usage.bot_message_of_usage
    UNION ALL SELECT company_id, occurred_at, billable, price_twin, price_reseller FROM app.bots;

-- What the reader is told, against what the oracle says.
CREATE TABLE said (r bigint, id bigint, b bigint, t numeric, e numeric);
GRANT INSERT ON said TO granted_reader;
CREATE FUNCTION pg_temp.reads(label text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE said;
    SET LOCAL ROLE granted_reader;
    INSERT INTO said SELECT r, id, billable_messages, total_price_to_twin, total_price_to_reseller FROM generate_series(1, 3) r,
        reseller_report.bot(r, '2024-01-20 10:17+00', '2024-03-20 00:00+00');
    RESET ROLE;
    RETURN NEXT set_eq('TABLE said', $q$SELECT r, id, b, t, e FROM generate_series(1, 3) r,
        oracle.bot(r, '2024-01-20 10:17+00', '2024-03-20 00:00+00', false) AS o (id bigint, n text, b bigint, t numeric,
            e numeric)$q$, label);
END
$$;
-- What the keeper does ends well.
CREATE FUNCTION pg_temp.keeps(command text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL ROLE granted_keeper;
    EXECUTE command;
    RESET ROLE;
    RETURN NEXT pass(command);
    RETURN QUERY SELECT pg_temp.reads('reports after ' || command);
EXCEPTION WHEN OTHERS THEN
    RETURN NEXT fail(format('%s: %s %s', command, SQLSTATE, SQLERRM));
END
$$;
DROP TABLE app.dropped;
SELECT pg_temp.reads('before');
SELECT pg_temp.keeps(command) FROM unnest(ARRAY[
    'SELECT * FROM reseller_report.materializer_state',
    'SELECT reseller_report.fold(10)',
    'SELECT * FROM reseller_report.materialize(10, true)',
    'SELECT * FROM reseller_report.materialize()']) command;
SELECT is((SELECT count(*) FROM reseller_report.usage_quarter q
    WHERE NOT EXISTS (SELECT FROM reseller_report.source s WHERE s.id = q.source)), 0::bigint,
        'a fold of the keeper forgets what was dropped');
INSERT INTO app.bots SELECT 11 + n % 30, timestamptz '2024-01-15 00:00+00' + n * interval '5 hours', true, n, 1
    FROM generate_series(1, 200) n;
-- Who may fold needs no right on any table.
CREATE ROLE granted_folder;
GRANT EXECUTE ON FUNCTION reseller_report.fold TO granted_folder;
SET ROLE granted_folder;
SELECT isnt(reseller_report.fold(), 0::bigint, 'a role without any other right folds');
RESET ROLE;
SELECT pg_temp.reads('reports after its fold');
REVOKE ALL ON FUNCTION reseller_report.fold FROM granted_folder;
DROP ROLE granted_folder;
SELECT pg_temp.keeps(command) FROM unnest(ARRAY[
    'SELECT * FROM reseller_report.sources()', 'SELECT * FROM reseller_report.health()',
    'SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')',
    'SELECT reseller_report.move_company(12, 1, ''2024-02-01 00:00+00'')',
    'UPDATE reseller_report.dependency SET reseller_id = 1 + reseller_id % 3 WHERE company_id BETWEEN 20 AND 24',
    'SELECT * FROM reseller_report.rebuild_slices(''app.bots'', ''2024-01-01'', ''2024-03-01'')']) command;
-- Uncaptured rows un-build days, which the keeper builds again.
TRUNCATE app.bots_01;
SELECT pg_temp.keeps(command) FROM unnest(ARRAY[
    'SELECT * FROM reseller_report.materialize()',
    'SELECT * FROM reseller_report.rebuild_slice(''app.bots'', ''2024-01-01 00:00+00'', ''2024-02-01 00:00+00'')']) command;
INSERT INTO app.bots SELECT 11 + n % 30, timestamptz '2024-01-15 00:00+00' + n * interval '3 hours', true, n, 1
    FROM generate_series(1, 60) n;
SET ROLE granted_keeper;
CALL reseller_report.rebuild('app.bots');
SELECT count(*) AS differing FROM reseller_report.verify('-infinity', 'infinity') \gset
RESET ROLE;
SELECT is(:'differing'::bigint, 0::bigint, 'the keeper rebuilt all, and verified it');
SELECT pg_temp.keeps(command) FROM unnest(ARRAY[
    'SELECT * FROM reseller_report.create_partitions(''0'', ''app.bots'')',
    'SELECT * FROM reseller_report.create_partitions(''1 month'')',
    'SELECT * FROM reseller_report.prunable(''app.bots'', ''2024-02-01 00:00+00'')']) command;
CREATE TABLE before AS SELECT r, b.* FROM generate_series(1, 3) r,
    reseller_report.bot(r, '2024-01-10 00:00+00', '2024-03-20 00:00+00') b;
SET ROLE granted_keeper;
SELECT count(*) AS pruned FROM reseller_report.prune('app.bots', '2024-02-01 00:00+00') \gset
RESET ROLE;
SELECT is(:'pruned'::bigint, 1::bigint, 'the keeper prunes');
SELECT set_eq('SELECT r, b.* FROM generate_series(1, 3) r, '
    'reseller_report.bot(r, ''2024-01-10 00:00+00'', ''2024-03-20 00:00+00'') b', 'TABLE before', 'and nothing changes');
-- Before the horizon figures move from reseller to reseller, and to nobody and back.
SET ROLE granted_keeper;
UPDATE reseller_report.dependency SET reseller_id = 1 + reseller_id % 3 WHERE company_id BETWEEN 11 AND 30;
SELECT reseller_report.move_company(40, 2, '-infinity'), reseller_report.move_company(40, NULL, '-infinity') \g /dev/null
UPDATE reseller_report.dependency SET reseller_id = 1 + (reseller_id + 1) % 3 WHERE company_id BETWEEN 11 AND 30;
SELECT reseller_report.materialize() \g /dev/null
RESET ROLE;
SELECT set_eq('SELECT r, b.* FROM generate_series(1, 3) r, '
    'reseller_report.bot(r, ''2024-01-10 00:00+00'', ''2024-03-20 00:00+00'') b', 'TABLE before',
        'companies that went and came back have what they had');
SET ROLE granted_owner;
SELECT reseller_report.detach_source('app.bots') \g /dev/null
RESET ROLE;
SELECT is_empty($$SELECT FROM reseller_report.sources() WHERE source = 'app.bots'::regclass$$, 'its owner detaches it');
DROP OWNED BY granted_keeper, granted_reader, granted_owner CASCADE;
DROP ROLE granted_keeper, granted_reader, granted_owner;
SELECT * FROM finish();
