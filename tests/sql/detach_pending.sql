-- While DETACH PARTITION ... CONCURRENTLY is pending, the partition is a table of its own: what is written to it is not usage, also by a
-- session that wrote to it before. A check that implies its bounds keeps the server from touching it at all.
SELECT no_plan();
SET client_min_messages = error;
CREATE EXTENSION dblink;
SELECT format('host=%s port=%s dbname=%s user=%s', current_setting('unix_socket_directories'), current_setting('port'), current_database(), current_user) AS here \gset
INSERT INTO reseller_report.company VALUES (1, 'Reseller', true), (11, 'Company', false);
INSERT INTO reseller_report.dependency VALUES (1, 11);
CREATE TABLE bots (company_id bigint, occurred_at timestamptz NOT NULL, billable boolean DEFAULT true, price_twin numeric(15,6), price_reseller numeric(15,6)) PARTITION BY RANGE (occurred_at);
CREATE TABLE bots_1 PARTITION OF bots FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00');
CREATE TABLE bots_2 PARTITION OF bots FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00');
ALTER TABLE bots_2 ADD CHECK (occurred_at IS NOT NULL AND occurred_at >= '2024-02-01 00:00+00' AND occurred_at < '2024-03-01 00:00+00');
SELECT reseller_report.attach_source('bot', 'bots') \g /dev/null
INSERT INTO bots VALUES (11, '2024-01-05', true, 1, 0), (11, '2024-02-05', true, 1, 0), (11, '2024-02-06', true, 1, 0);
SELECT dblink_connect(name, :'here') FROM unnest('{reader,writer,detacher}'::text[]) name \g /dev/null
SELECT dblink_exec('writer', 'UPDATE bots_2 SET price_twin = 2 WHERE occurred_at < ''2024-02-06''') \g /dev/null
-- A reader of the table keeps the command from its end; cancelled, it leaves the partition pending.
CREATE FUNCTION pg_temp.is_pending_in_time() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    FOR attempt IN 1 .. 1000 LOOP
        IF (SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = 'bots_2'::regclass) THEN RETURN true; END IF;
        PERFORM pg_sleep(0.02);
    END LOOP;
    RETURN false;
END
$$;
SELECT dblink_exec('reader', 'BEGIN'), dblink_exec('reader', 'LOCK TABLE bots IN ACCESS SHARE MODE') \g /dev/null
SELECT dblink_send_query('detacher', 'ALTER TABLE bots DETACH PARTITION bots_2 CONCURRENTLY') \g /dev/null
SELECT ok(pg_temp.is_pending_in_time(), 'the partition is pending');
SELECT dblink_cancel_query('detacher'), dblink_exec('reader', 'COMMIT') \g /dev/null
CALL reseller_report.rebuild('bots');
SELECT dblink_exec('writer', 'DELETE FROM bots_2') \g /dev/null
SELECT is((SELECT billable_messages FROM reseller_report.bot(1, '-infinity', 'infinity')), 1::bigint, 'deleting what is no usage any more takes nothing from a report');
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')', 'and verify finds nothing');
SELECT dblink_disconnect(name) FROM unnest('{reader,writer,detacher}'::text[]) name \g /dev/null
SELECT * FROM finish();
