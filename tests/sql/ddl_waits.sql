-- DDL and TRUNCATE wait only for their own tables, as if nothing were connected: neither for a table that was never connected, nor
-- for another connected one. Nor does create_partitions.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/bot_tables.sql
\ir ../lib/sessions.sql
SELECT pg_temp.connect('a'), pg_temp.connect('b'), pg_temp.connect('c') \g /dev/null

SELECT dblink_exec('a', 'BEGIN; TRUNCATE usage.bot_message'), dblink_exec('b', 'BEGIN'),
    dblink_exec('b', 'SET LOCAL lock_timeout = ''2s''') \g /dev/null
SELECT is(pg_temp.state('b', 'TRUNCATE usage.text_message'), '00000', 'TRUNCATE of one table does not wait for that of another');
SELECT dblink_exec('a', 'SET LOCAL lock_timeout = ''2s''') \g /dev/null
SELECT is(pg_temp.state('a', 'TRUNCATE usage.chat_message'), '00000', 'nor does TRUNCATE of a third in the first''s transaction');
SELECT is(pg_temp.state('b', 'TRUNCATE usage.phone_call'), '00000', 'nor of a fourth in the second''s: nobody waits for anybody');
SELECT dblink_exec('a', 'ROLLBACK'), dblink_exec('b', 'ROLLBACK') \g /dev/null
CREATE TABLE log (at timestamptz) PARTITION BY RANGE (at);
CREATE TABLE log_rest PARTITION OF log DEFAULT;
SELECT dblink_exec('c', 'BEGIN; LOCK TABLE log IN ACCESS EXCLUSIVE MODE') \g /dev/null
SET lock_timeout = '2s';
SELECT lives_ok('TRUNCATE usage.bot_message_default',
    'TRUNCATE of a partition beside a lock on a partitioned table that was never connected');
SELECT lives_ok('CREATE TABLE unrelated (a int)', 'CREATE TABLE beside it');
SELECT dblink_exec('c', 'COMMIT; BEGIN; LOCK TABLE usage.text_message IN ACCESS EXCLUSIVE MODE') \g /dev/null
SELECT lives_ok('TRUNCATE usage.bot_message_default', 'TRUNCATE of a partition beside a lock on another connected table');
SELECT lives_ok('CREATE TABLE usage.bot_message_2021_03 PARTITION OF usage.bot_message '
    'FOR VALUES FROM (''2021-03-01 00:00+00'') TO (''2021-04-01 00:00+00'')',
    'a new partition beside a lock on another connected table');
SELECT lives_ok('ALTER TABLE usage.bot_message ADD COLUMN note text', 'a new column beside it');
SELECT lives_ok('DROP TABLE unrelated', 'DROP TABLE beside it');
SELECT lives_ok('SELECT reseller_report.bot(1, ''-infinity'', ''infinity'')', 'a report of another service beside it');
-- Also where the planner has the server look at all tables of the database.
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SET enable_nestloop = off;
SELECT lives_ok('SELECT reseller_report.create_partitions(''5 months'', ''usage.bot_message'')', 'create_partitions beside it');
RESET enable_indexscan;
RESET enable_bitmapscan;
RESET enable_nestloop;
RESET lock_timeout;
SELECT dblink_exec('c', 'COMMIT') \g /dev/null
SELECT reseller_report.rebuild_slice('usage.bot_message', '-infinity', 'infinity') \g /dev/null
SELECT pg_temp.right('after all that', 'usage.bot_message');
DROP TABLE log;

-- A DROP that waits holds none of the table's partitions meanwhile.
CREATE TABLE unrelated (a integer) PARTITION BY RANGE (a);
CREATE TABLE unrelated_1 PARTITION OF unrelated FOR VALUES FROM (0) TO (10);
SELECT dblink_exec('a', 'BEGIN; LOCK TABLE ONLY unrelated IN ACCESS EXCLUSIVE MODE') \g /dev/null
SELECT dblink_send_query('b', 'DROP TABLE unrelated') \g /dev/null
SELECT ok(pg_temp.until('pg_temp.waiting() = 1'), 'a DROP waits for an unrelated table');
SELECT is(pg_temp.state('a', 'ALTER TABLE unrelated ADD COLUMN b integer'), '00000', 'and holds none of its partitions meanwhile');
SELECT dblink_exec('a', 'COMMIT') \g /dev/null
SELECT is(pg_temp.state_of_sent('b'), '00000', 'the table is dropped');
SELECT dblink_disconnect('a'), dblink_disconnect('b'), dblink_disconnect('c') \g /dev/null
SELECT * FROM finish();
