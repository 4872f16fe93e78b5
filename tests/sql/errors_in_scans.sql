-- An error of the server that ends the scan of a table for tools is told as it was raised, however much its context has to say.
SELECT no_plan();
SET client_min_messages = error;
INSERT INTO reseller_report.company VALUES (1, 'Reseller', true), (11, 'Eleven', false);
INSERT INTO reseller_report.dependency VALUES (1, 11);
INSERT INTO usage.bot_message (company_id, occurred_at) VALUES (11, '2024-03-05 10:08+00');
CREATE EXTENSION dblink;
SELECT format('host=%s port=%s dbname=%s user=%s', current_setting('unix_socket_directories'), current_setting('port'),
    current_database(), current_user) AS here \gset
SELECT dblink_connect('other', :'here') \g /dev/null
SELECT dblink_exec('other', 'BEGIN; LOCK TABLE usage.bot_message IN ACCESS EXCLUSIVE MODE') \g /dev/null
CREATE FUNCTION pg_temp.told(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    context text;
BEGIN
    SET LOCAL lock_timeout = '50ms';
    -- The context of an error has the text of the statement. So long a piece of memory goes back to the system as soon as it is
    -- freed, and who reads it then crashes.
    EXECUTE query || ' -- ' || repeat('x', 34000000);
    RETURN 'no error';
EXCEPTION WHEN lock_not_available THEN
    GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
    RETURN length(context) > 34000000;
END
$$;
SELECT is(pg_temp.told('SELECT sum(events) FROM reseller_report.daily_usage'), 'true', 'a lock_timeout amid a scan');
SELECT dblink_exec('other', 'ROLLBACK') \g /dev/null
SELECT * FROM finish();
