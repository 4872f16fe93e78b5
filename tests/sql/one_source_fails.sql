-- One source that fails stops no other, and its error says what is wrong: a table that its owner may not use is not reported as a
-- missing right of the caller.
SELECT no_plan();
SET client_min_messages = error;
CREATE ROLE source_owner;
CREATE ROLE source_reader;
CREATE SCHEMA closed;
GRANT USAGE, CREATE ON SCHEMA closed TO source_owner;
SET ROLE source_owner;
CREATE TABLE closed.bots (id bigint, company_id bigint, occurred_at timestamptz, billable boolean DEFAULT true,
    price_twin numeric(9,2) DEFAULT 1, price_reseller numeric(9,2) DEFAULT 2) PARTITION BY RANGE (occurred_at);
CREATE TABLE closed.bots_default PARTITION OF closed.bots DEFAULT;
CREATE INDEX ON closed.bots (company_id, occurred_at);
CREATE INDEX ON closed.bots (occurred_at);
INSERT INTO closed.bots (id, company_id, occurred_at) VALUES (1, 11, '2024-03-05 10:07+00'), (2, 11, now());
RESET ROLE;
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'one', true), (11, 'eleven', false);
INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (1, 11);
SELECT reseller_report.grant_access('source_reader', 1) \g /dev/null
SELECT reseller_report.attach_source('bot', 'closed.bots') \g /dev/null
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2024-03-05 10:08+00', 4);
INSERT INTO usage.chat_message (company_id, sender, occurred_at, price_twin) VALUES (11, 'user', '2024-03-05 10:08+00', 5);
SELECT reseller_report.materialize() \g /dev/null

CREATE VIEW pg_temp.tried AS
    SELECT format('SELECT * FROM reseller_report.bot(1, %L, %L)', f, t) AS command
    FROM (VALUES ('2024-01-01', '2024-04-01'), ('2024-03-05 10:07+00', '2024-03-05 10:08+00')) AS p (f, t)
    UNION ALL SELECT unnest(ARRAY[
        'SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')',
        'SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'', NULL, ''closed.bots'')',
        'SELECT * FROM reseller_report.rebuild_slices(''closed.bots'')',
        'SELECT * FROM reseller_report.rebuild_slice(''closed.bots'', ''2024-03-05 00:00+00'', ''2024-03-06 00:00+00'')',
        'SELECT * FROM reseller_report.create_partitions(''1 month'', ''closed.bots'')']);
CREATE FUNCTION pg_temp.tried() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    c text;
    state text; told text; hint text;
BEGIN
    FOR c IN SELECT command FROM pg_temp.tried LOOP
        BEGIN
            EXECUTE c;
            state := '00000';
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, told = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
        END;
        -- Of the default partition, where that is what is read.
        RETURN NEXT is(replace(format('%s %s %s', state, told, hint), 'bots_default', 'bots'),
            '55000 usage table closed.bots cannot be used by its owner source_owner: '
            'permission denied for schema closed GRANT USAGE ON SCHEMA closed TO source_owner.', c);
    END LOOP;
END
$$;

-- No USAGE on the schema: only the owner lacks it, whoever asks.
REVOKE USAGE ON SCHEMA closed FROM source_owner;
SELECT pg_temp.tried();
SET ROLE source_reader;
SELECT throws_ok('SELECT * FROM reseller_report.bot(1, ''2024-03-05 10:07+00'', ''2024-03-05 10:08+00'')', '55000',
    'usage table closed.bots cannot be used by its owner source_owner: permission denied for schema closed',
        'also to a reader who has the right to the reseller');
SELECT throws_ok('SELECT * FROM reseller_report.bot(2, ''2024-03-05 10:07+00'', ''2024-03-05 10:08+00'')', '42501',
    'permission denied for reseller 2', 'who is told of no others');
RESET ROLE;

-- The others go on.
SELECT is((SELECT user_messages_price FROM reseller_report.chat(1, '2024-01-01', '2024-04-01')), 5.000000,
    'another service answers');
SELECT set_has('SELECT source::text, is_built FROM reseller_report.sources()',
    'VALUES (''usage.chat_message'', true), (''closed.bots'', false)', 'sources lists all');
SELECT is((SELECT unbuilt_sources FROM reseller_report.materializer_state), ARRAY['closed.bots: not built yet'],
    'materializer_state says which is not built');
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'', ''chat'')',
    'the tables of another service are verified');
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'', NULL, ''usage.bot_message'')',
    'one by one, those of this service too');
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'', ''chat'', ''closed.bots'')',
    'a table that does not feed the service is not even read');
SELECT isnt_empty('SELECT * FROM reseller_report.create_partitions(''200 days'')', 'partitions of the others are made');
SELECT is((SELECT count(*) FROM reseller_report.rebuild_slice('usage.bot_message', '2024-03-05 00:00+00', '2024-03-06 00:00+00')),
    1::bigint, 'others are rebuilt');
SELECT is((SELECT deltas FROM reseller_report.materialize()), 0::bigint, 'and folded');

-- A table that is granted away from its owner.
GRANT USAGE ON SCHEMA closed TO source_owner;
REVOKE SELECT ON closed.bots FROM source_owner;
SELECT throws_ok('SELECT * FROM reseller_report.bot(1, ''2024-01-01'', ''2024-04-01'')', '55000',
    'usage table closed.bots cannot be used by its owner source_owner: permission denied for table bots',
        'an owner without SELECT');
GRANT SELECT ON closed.bots TO source_owner;
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, '2024-01-01', '2024-04-01')), 5.000000,
    'once the hint was followed, the report answers');

-- Partitions need CREATE.
REVOKE CREATE ON SCHEMA closed FROM source_owner;
SELECT throws_ok('SELECT * FROM reseller_report.create_partitions(''1 month'', ''closed.bots'')', '55000',
    'usage table closed.bots cannot be used by its owner source_owner: permission denied for schema closed',
        'an owner without CREATE');
GRANT CREATE ON SCHEMA closed TO source_owner;
SELECT isnt_empty('SELECT * FROM reseller_report.create_partitions(''1 month'', ''closed.bots'')', 'and with it');
CALL reseller_report.rebuild('closed.bots');
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')', 'all is verified');

-- verify of one table: what is wrong with it is found, and nothing else.
UPDATE reseller_report.usage_quarter SET price_twin = ARRAY[7] WHERE item IS NOT NULL;
SELECT set_eq('SELECT DISTINCT source::text FROM reseller_report.verify(''-infinity'', ''infinity'')',
    'VALUES (''closed.bots''), (''usage.bot_message''), (''usage.chat_message'')', 'three tables differ');
SELECT set_eq('SELECT DISTINCT source::text, service FROM reseller_report.verify(''-infinity'', ''infinity'', '
    'NULL, ''closed.bots'')',
    'VALUES (''closed.bots'', ''bot'')', 'one of them');
SELECT set_eq('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'', NULL, ''usage.chat_message'')',
    'SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'', ''chat'')', 'with the same rows');
SELECT throws_ok(format('SELECT * FROM reseller_report.verify(%s)', arguments), state, message, arguments) FROM (VALUES
    ('NULL, now(), NULL, ''usage.chat_message''', '22004', 'the period must have two bounds'),
    ('now(), ''-infinity'', NULL, ''usage.chat_message''', '22023', 'the period must end after it begins'),
    ('''-infinity'', now(), ''nope'', ''usage.chat_message''', '22023', 'service "nope" does not exist'),
    ('''-infinity'', now(), NULL, NULL', '22004', 'source must not be NULL'),
    ('''-infinity'', now(), NULL, ''pg_class''', '42704', 'table "pg_class" is not connected')) AS t (arguments, state, message);
SELECT * FROM finish();
DROP OWNED BY source_reader, source_owner CASCADE;
DROP ROLE source_owner, source_reader;
