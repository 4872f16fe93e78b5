-- CALL rebuild commits slice by slice: where it cannot, it says so before it does anything, and what to call instead.
SELECT no_plan();
SET client_min_messages = error;
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'one', true), (11, 'eleven', false);
INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (1, 11);
INSERT INTO usage.bot_message (company_id, occurred_at) VALUES (11, '2024-03-05 10:08+00'), (11, '2024-03-06 10:08+00');
CREATE FUNCTION call_rebuild() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL reseller_report.rebuild('usage.bot_message'); END $$;
CREATE PROCEDURE nested_rebuild() LANGUAGE plpgsql AS $$ BEGIN CALL reseller_report.rebuild('usage.bot_message'); END $$;
CREATE PROCEDURE guarded_rebuild() LANGUAGE plpgsql AS $$
BEGIN
    CALL reseller_report.rebuild('usage.bot_message');
EXCEPTION WHEN division_by_zero THEN NULL;
END
$$;
CREATE PROCEDURE pinned_rebuild() LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    BEGIN CALL reseller_report.rebuild('usage.bot_message'); END
$$;
BEGIN;
SELECT throws_ok('CALL reseller_report.rebuild(''usage.bot_message'')', '25001',
    'reseller_report.rebuild commits slice by slice and cannot run inside a transaction block', 'in a transaction block');
ROLLBACK;
SELECT throws_ok(command, '25001', 'reseller_report.rebuild commits slice by slice and cannot run inside a transaction block',
    command)
FROM (VALUES ('SELECT call_rebuild()'), ('CALL nested_rebuild()'),
    ('DO $d$ BEGIN CALL reseller_report.rebuild(''usage.bot_message''); END $d$')) AS c (command);
SELECT throws_ok('CALL reseller_report.rebuild(' || arguments || ')', state, NULL, arguments || ' is wrong anywhere') FROM (VALUES
    ('NULL', '22004'), ('''pg_class''', '42704'),
        ('''usage.bot_message'', ''2024-01-02'', ''2024-01-01''', '22023')) AS c (arguments, state);
SELECT matches(oracle.hint('CALL reseller_report.rebuild(''usage.bot_message'')'),
    'reseller_report.rebuild_slice\(source, slice_from, slice_to\) for each slice that reseller_report.rebuild_slices\(source\) '
    'returns', 'the hint names what to call');
-- What the hint says, in one transaction.
BEGIN;
SELECT reseller_report.rebuild_slice('usage.bot_message', slice_from, slice_to)
    FROM reseller_report.rebuild_slices('usage.bot_message') \g /dev/null
COMMIT;

-- A slice that the transaction itself has un-built, beside rows of its own in the slice, outside of it, and in other tables.
BEGIN;
TRUNCATE usage.bot_message;
INSERT INTO usage.bot_message (company_id, occurred_at) VALUES (11, '2024-03-05 10:08+00'), (11, '2024-03-06 10:08+00');
INSERT INTO usage.chat_message (company_id, sender, occurred_at) VALUES (11, 'bot', '2024-03-05 10:08+00');
SELECT is((SELECT count(*) FROM reseller_report.rebuild_slice('usage.bot_message', '2024-03-05', '2024-03-06')), 1::bigint,
    'what was captured of others'' days does not stop it');
SELECT oracle.agrees('rebuilt in the transaction');
COMMIT;
SELECT oracle.agrees('and committed');

-- At the top of a session, where no other function is around it: a second psql tells.
CREATE ROLE rebuild_stranger;
GRANT USAGE ON SCHEMA usage TO rebuild_stranger;
\set psql 'psql -X -q -A -t -v VERBOSITY=sqlstate -d ' :DBNAME ' -c "SET client_min_messages = warning"'
\set call 'CALL reseller_report.rebuild(''usage.bot_message'')'
\set of :psql ' -c "CALL guarded_rebuild()" 2>&1'
\set said `:of`
SELECT is(:'said'::text, 'ERROR:  25001', 'in a block with EXCEPTION');
\set of :psql ' -c "CALL pinned_rebuild()" 2>&1'
\set said `:of`
SELECT is(:'said'::text, 'ERROR:  25001', 'from a procedure with settings of its own');
\set of :psql ' -c "BEGIN; SAVEPOINT s" -c "' :call '" 2>&1'
\set said `:of`
SELECT is(:'said'::text, 'ERROR:  25001', 'in a savepoint');
\set of :psql ' -c "SELECT; ' :call '" 2>&1'
\set said `:of`
SELECT is(:'said'::text, 'ERROR:  25001', 'in one query with other statements');
\set of :psql ' -c "CALL nested_rebuild()" 2>&1'
\set said `:of`
SELECT is(:'said'::text, '', 'but from a procedure that may commit');
\set of :psql ' -c "DO \\$d\\$ BEGIN ' :call '; END \\$d\\$" 2>&1'
\set said `:of`
SELECT is(:'said'::text, '', 'from a DO that may');
\set of :psql ' -c "' :call '" 2>&1'
\set said `:of`
SELECT is(:'said'::text, '', 'and by itself');
\set of :psql ' -c "SET ROLE rebuild_stranger" -c "BEGIN" -c "' :call '" 2>&1'
\set said `:of`
SELECT is(:'said'::text, 'ERROR:  42501', 'the right is asked for before the transaction');
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')', 'all is verified');
DROP OWNED BY rebuild_stranger;
DROP ROLE rebuild_stranger;
SELECT * FROM finish();
