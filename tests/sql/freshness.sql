-- What freshness and wait_until say on a node whose subscriptions have no publisher, who may ask, and what is refused. What they
-- say where something is replicated is in tests/replication/freshness.t.
SELECT no_plan();
SET client_min_messages = error;
CREATE ROLE freshness_reader;
CREATE ROLE freshness_stranger;
GRANT SELECT ON reseller_report.freshness TO freshness_reader;
GRANT EXECUTE ON FUNCTION reseller_report.wait_until TO freshness_reader;

SELECT is_empty('TABLE reseller_report.freshness', 'a node that gets nothing by replication has no row');
SELECT throws_ok($$SELECT reseller_report.wait_until('standby', '0/1')$$, '42704', 'subscription "standby" does not exist',
    'what is no standby has no replay to wait for');

-- The names of subscriptions are those of all databases, and the states that they may have without a publisher.
CREATE SUBSCRIPTION freshness_new CONNECTION 'host=/nowhere' PUBLICATION freshness WITH (connect = false);
CREATE SUBSCRIPTION "Freshness of Nobody" CONNECTION 'host=/nowhere' PUBLICATION freshness WITH (connect = false, slot_name = NONE);
SELECT results_eq($$SELECT kind, name, complete_through, received_lsn, applied_lsn, lag_bytes, lag, state
        FROM reseller_report.freshness$$,
    $$VALUES ('subscription', 'Freshness of Nobody', NULL::timestamptz, NULL::pg_lsn, NULL::pg_lsn, NULL::bigint, NULL::interval,
            'disabled: it has no slot; ALTER SUBSCRIPTION "Freshness of Nobody" SET (slot_name = ...), and ENABLE'),
        ('subscription', 'freshness_new', NULL, NULL, NULL, NULL, NULL, 'disabled: ALTER SUBSCRIPTION freshness_new ENABLE')$$,
    'a row for each subscription; what is not known is NULL');
SELECT is(reseller_report.wait_until('freshness_new', '0/1', '10 ms'), false, 'nothing is here, however little is asked for');
SELECT is(reseller_report.wait_until('freshness_new', '0/1', '0'), false, 'without time the answer comes at once');
SELECT is(reseller_report.wait_until('freshness_new', '0/1', '-1 day'), false, 'and with less, too');

-- What a transaction has noted is here for snapshots that see it.
INSERT INTO reseller_report.applied
    SELECT oid, '0/2000', '2026-10-05 09:30+00' FROM pg_subscription WHERE subname = 'freshness_new';
SELECT results_eq($$SELECT complete_through, applied_lsn FROM reseller_report.freshness WHERE name = 'freshness_new'$$,
    $$VALUES (timestamptz '2026-10-05 09:30+00', pg_lsn '0/2000')$$,
    'it is complete through the last transaction that was applied');
SELECT is(reseller_report.wait_until('freshness_new', lsn, '0'), is_here, format('%s: %s', lsn, is_here))
    FROM (VALUES ('0/0'::pg_lsn, true), ('0/1FFF', true), ('0/2000', true), ('0/2001', true), ('0/2018', true), ('0/2019', false),
        ('0/2028', false), ('FFFFFFFF/FFFFFFFF', false)) AS positions (lsn, is_here);
-- No record ends within the header of a page; what begins a file of the log may have the longer one.
UPDATE reseller_report.applied SET lsn = '1/40000000';
SELECT is(reseller_report.wait_until('freshness_new', '1/40000028', '0'), true, 'the header of a file of the log');
SELECT is(reseller_report.wait_until('freshness_new', '1/40000030', '0'), false, 'and what comes after it');
-- A table that is being copied lacks rows that were committed long ago.
INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate, srsublsn)
    SELECT oid, 'usage.bot_message'::regclass, 'd', NULL FROM pg_subscription WHERE subname = 'freshness_new';
SELECT is((SELECT complete_through FROM reseller_report.freshness WHERE name = 'freshness_new'), NULL,
    'not complete while a table is being copied');
SELECT is(reseller_report.wait_until('freshness_new', '0/1', '0'), false, 'not even through what was applied');
DELETE FROM pg_subscription_rel WHERE srrelid = 'usage.bot_message'::regclass;
SELECT is(reseller_report.wait_until('freshness_new', '0/1', '0'), true, 'complete again');

-- Rows that come by replication are another node's.
SET session_replication_role = replica;
INSERT INTO reseller_report.applied VALUES (7, '0/1', now());
UPDATE reseller_report.applied SET lsn = '0/1';
DELETE FROM reseller_report.applied;
RESET session_replication_role;
SELECT results_eq('SELECT lsn FROM reseller_report.applied', ARRAY['1/40000000'::pg_lsn], 'what another node has noted is ignored');

SELECT throws_ok(command, state, message, command) FROM (VALUES
    ($$SELECT reseller_report.wait_until(NULL, '0/1')$$, '22004', 'subscription must not be NULL'),
    ($$SELECT reseller_report.wait_until('freshness_new', NULL)$$, '22004', 'lsn must not be NULL'),
    ($$SELECT reseller_report.wait_until('freshness_new', '0/1', NULL)$$, '22004', 'at_most must not be NULL'),
    ($$SELECT reseller_report.wait_until('Freshness_New', '0/1')$$, '42704', 'subscription "Freshness_New" does not exist'))
    AS bad (command, state, message);
-- Where the snapshot stays as it is, it does not see what is waited for.
CREATE FUNCTION pg_temp.error_of(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT is(pg_temp.error_of($$SELECT reseller_report.wait_until('freshness_new', '0/1')$$),
    '25001 wait_until cannot be called in a transaction of isolation level repeatable read', 'a snapshot that is kept');
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT is(pg_temp.error_of($$SELECT reseller_report.wait_until('freshness_new', '0/1')$$),
    '25001 wait_until cannot be called in a transaction of isolation level serializable', 'and another');
COMMIT;
BEGIN READ ONLY;
SELECT is(reseller_report.wait_until('freshness_new', '0/1'), true, 'a transaction that only reads may ask');
COMMIT;

SET ROLE freshness_reader;
SELECT is((SELECT count(*) FROM reseller_report.freshness), 2::bigint, 'a role that may read the view needs no other right');
SELECT is(reseller_report.wait_until('freshness_new', '0/1', '0'), true, 'nor does one that may wait');
SET ROLE freshness_stranger;
SELECT throws_ok(command, '42501', NULL, command) FROM unnest(ARRAY['TABLE reseller_report.freshness',
    'SELECT * FROM reseller_report._freshness()', 'TABLE reseller_report._replication', 'TABLE reseller_report._subscriptions',
    'TABLE reseller_report.applied', $$SELECT reseller_report.wait_until('freshness_new', '0/1', '0')$$,
    $$SELECT reseller_report._is_applied('freshness_new', '0/1')$$]) command;
RESET ROLE;

ALTER SUBSCRIPTION freshness_new SET (slot_name = NONE);
DROP SUBSCRIPTION freshness_new;
DROP SUBSCRIPTION "Freshness of Nobody";
DROP OWNED BY freshness_reader;
DROP ROLE freshness_reader, freshness_stranger;
SELECT * FROM finish();
