-- A company that moves under a snapshot older than frozen rows, or than a table attached meanwhile, takes that usage along, or does
-- not move: a statement that cannot follow from where its snapshot stands is refused with 40001 and succeeds when tried again.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/bot_tables.sql
\ir ../lib/sessions.sql
SELECT pg_temp.connect('a'), pg_temp.connect('b'), pg_temp.connect('c') \g /dev/null

-- Rows that are frozen are seen by snapshots from before they were written; a company moved under one takes them along, or does not
-- move.
SELECT pg_temp.parted('bots'), pg_temp.attach('bots') \g /dev/null
SELECT pg_temp.snapshot('a') \g /dev/null
BEGIN;
CREATE TABLE bots_2024_03 PARTITION OF bots FOR VALUES FROM ('2024-03-01 00:00+00') TO ('2024-04-01 00:00+00');
COPY bots_2024_03 FROM PROGRAM 'echo 11,2024-03-05 10:07+00,t,10,3' WITH (FREEZE, FORMAT csv);
COMMIT;
SELECT is((SELECT said FROM dblink('a',
    'SELECT sum(total_price_to_twin) FROM reseller_report.bot(1, ''-infinity'', ''infinity'')') AS t (said numeric)),
    (SELECT truth FROM dblink('a', 'SELECT sum(price_twin) FROM bots') AS t (truth numeric)), 'frozen rows in an older snapshot');
SELECT pg_temp.ends('a', 'a company moved under a snapshot older than frozen rows',
    'UPDATE reseller_report.dependency SET reseller_id = 2 WHERE company_id = 11');
SELECT pg_temp.right('a company moved under a snapshot older than frozen rows', 'bots');
SELECT pg_temp.snapshot('a') \g /dev/null
BEGIN;
TRUNCATE bots_2024_03;
COPY bots_2024_03 FROM PROGRAM 'echo 11,2024-03-05 10:22+00,t,100,30' WITH (FREEZE, FORMAT csv);
COMMIT;
SELECT pg_temp.ends('a', 'a company moved under a snapshot older than a TRUNCATE and frozen rows',
    'UPDATE reseller_report.dependency SET reseller_id = 1 WHERE company_id = 11');
SELECT pg_temp.right('a company moved under a snapshot older than a TRUNCATE and frozen rows', 'bots');
SELECT pg_temp.gone('bots') \g /dev/null

-- In READ COMMITTED a move's snapshot is older, too, when it had to wait for a lock on another table: of the two tables connected,
-- the first is locked while a partition is loaded into or attached to the second.
CREATE FUNCTION pg_temp.while_a_move_waits(label text, VARIADIC commands text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    state text;
BEGIN
    PERFORM dblink_exec('c', 'BEGIN; LOCK TABLE earlier IN ACCESS EXCLUSIVE MODE');
    PERFORM dblink_send_query('a', 'UPDATE reseller_report.dependency SET reseller_id = 2 WHERE company_id = 11');
    RETURN NEXT ok(pg_temp.until('pg_temp.waiting() = 1 OR NOT dblink_is_busy(''a'')::boolean'), label
        || ': a move waits, or needs not');
    PERFORM dblink_send_query('b', array_to_string(commands, '; '));
    RETURN NEXT ok(pg_temp.until('NOT dblink_is_busy(''b'')::boolean OR pg_temp.waiting() = 2'), label
        || ': goes on, or waits for the move');
    PERFORM dblink_exec('c', 'COMMIT');
    state := pg_temp.state_of_sent('b');
    IF state = '40001' THEN
        state := pg_temp.state('b', array_to_string(commands, '; '));
    END IF;
    RETURN NEXT is(state, '00000', label || ': done, if need be when tried again');
    state := pg_temp.state_of_sent('a');
    IF state = '40001' THEN
        state := pg_temp.state('a', 'UPDATE reseller_report.dependency SET reseller_id = 2 WHERE company_id = 11');
    END IF;
    RETURN NEXT is(state, '00000', label || ': the company moves, if need be when tried again');
END
$$;
DROP SCHEMA usage CASCADE;
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.plain('earlier'), pg_temp.attach('earlier') \g /dev/null
SELECT pg_temp.parted('bots'), pg_temp.attach('bots') \g /dev/null
SELECT pg_temp.while_a_move_waits('frozen rows beside a move that waits',
    'CREATE TABLE bots_2024_03 PARTITION OF bots FOR VALUES FROM (''2024-03-01 00:00+00'') TO (''2024-04-01 00:00+00'')',
    'COPY bots_2024_03 FROM PROGRAM ''echo 11,2024-03-05 10:07+00,t,10,3'' WITH (FREEZE, FORMAT csv)');
SELECT pg_temp.right('frozen rows beside a move that waits', 'bots');
UPDATE reseller_report.dependency SET reseller_id = 1;
CREATE TABLE bots_2024_04 (LIKE bots INCLUDING ALL);
INSERT INTO bots_2024_04 VALUES (11, '2024-04-05 10:07+00', true, 100, 30);
SELECT pg_temp.while_a_move_waits('a table emptied and attached beside a move that waits', 'DELETE FROM bots_2024_04',
    'ALTER TABLE bots ATTACH PARTITION bots_2024_04 FOR VALUES FROM (''2024-04-01 00:00+00'') TO (''2024-05-01 00:00+00'')');
SELECT pg_temp.right('a table emptied and attached beside a move that waits', 'bots');
UPDATE reseller_report.dependency SET reseller_id = 1;
CREATE TABLE bots_2024_05 (LIKE bots INCLUDING ALL);
INSERT INTO bots_2024_05 VALUES (11, '2024-05-05 10:07+00', true, 100, 30), (11, '2024-05-05 10:07+00', true, 1000, 300);
SELECT pg_temp.while_a_move_waits('a table attached with rows beside a move that waits',
    'DELETE FROM bots_2024_05 WHERE price_twin = 100',
    'ALTER TABLE bots ATTACH PARTITION bots_2024_05 FOR VALUES FROM (''2024-05-01 00:00+00'') TO (''2024-06-01 00:00+00'')');
SELECT pg_temp.right('a table attached with rows beside a move that waits', 'bots');
SELECT pg_temp.gone('bots, earlier') \g /dev/null
SELECT dblink_disconnect('a'), dblink_disconnect('b'), dblink_disconnect('c') \g /dev/null
SELECT * FROM finish();
