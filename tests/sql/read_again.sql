-- What a report has read of the registry, another one of the same transaction takes over only where it sees the same.
SELECT no_plan();
SET client_min_messages = error;
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'one', true), (11, 'eleven', false);
INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (1, 11);
CREATE TABLE bots (LIKE usage.bot_message INCLUDING DEFAULTS) PARTITION BY RANGE (occurred_at);
CREATE TABLE bots_03 PARTITION OF bots FOR VALUES FROM ('2024-03-01 00:00+00') TO ('2024-04-01 00:00+00');
SELECT reseller_report.attach_source('bot', 'bots') \g /dev/null
\set messages 'SELECT sum(billable_messages) FROM reseller_report.bot(1, ''-infinity'', ''infinity'')'
-- Another session, for one command.
\set settings '-c "SET client_min_messages = warning" -c "SET statement_timeout = 10000"'
\set psql 'psql -X -q -A -t -v ON_ERROR_STOP=1 -d ' :DBNAME ' ' :settings

-- What the transaction un-builds itself.
INSERT INTO bots (company_id, occurred_at) VALUES (11, '2024-03-05 10:08+00'), (11, '2024-03-06 10:08+00');
BEGIN;
SELECT (:messages) AS before \gset
TRUNCATE bots;
SELECT coalesce((:messages), 0) AS emptied \gset
ROLLBACK;
SELECT is(ARRAY[:before, :emptied]::bigint[], '{2,0}', 'what a transaction empties is not remembered full');

-- What others un-build between two reports.
CREATE TABLE bots_04 (LIKE usage.bot_message INCLUDING DEFAULTS);
INSERT INTO bots_04 (company_id, occurred_at) VALUES (11, '2024-04-05 10:08+00');
BEGIN;
SELECT (:messages) AS before \gset
\set command 'ALTER TABLE bots ATTACH PARTITION bots_04 FOR VALUES FROM (''2024-04-01 00:00+00'') TO (''2024-05-01 00:00+00'')'
\set other :psql ' -c "' :command '"'
\set said `:other`
SELECT (:messages) AS after \gset
COMMIT;
SELECT is(ARRAY[:before, :after]::bigint[], '{2,3}', 'a partition with rows that comes between two reports counts');

-- A rebuild of them in a savepoint that is rolled back has built nothing, also where a later transaction than the savepoint's has
-- ended, so that what others have done looks the same before and after.
BEGIN;
SAVEPOINT s;
SELECT reseller_report.rebuild_slice('bots', slice_from, slice_to) FROM reseller_report.rebuild_slices('bots') \g /dev/null
\set other :psql ' -c "SELECT pg_current_xact_id()"'
\set said `:other`
SELECT (:messages) AS rebuilt \gset
ROLLBACK TO s;
SELECT (:messages) AS rolled_back \gset
COMMIT;
SELECT is(ARRAY[:rebuilt, :rolled_back]::bigint[], '{3,3}', 'a rebuild that is rolled back is not remembered');

-- Where another transaction has more savepoints than a snapshot lists, the list is left out of copies of it, but not its length.
\ir ../lib/sessions.sql
SELECT pg_temp.connect('before'), pg_temp.connect('beside'), pg_temp.connect('after') \g /dev/null
CREATE TABLE other (n int);
SELECT dblink_exec(s, 'BEGIN; SAVEPOINT s; INSERT INTO other VALUES (1)') FROM unnest('{before,after}'::text[]) s \g /dev/null
SELECT dblink_exec('beside', $x$BEGIN; DO $d$
    BEGIN
        FOR i IN 1..70 LOOP
            BEGIN
                INSERT INTO other VALUES (i);
            EXCEPTION WHEN division_by_zero THEN NULL;
            END;
        END LOOP;
    END $d$ $x$) \g /dev/null
SELECT pg_current_xact_id() \g /dev/null
SELECT is((:messages)::bigint, 3::bigint, 'a report beside a transaction of many savepoints');
SELECT dblink_disconnect(s) FROM unnest('{before,beside,after}'::text[]) s \g /dev/null
SELECT * FROM finish();
