-- Sessions beside that of the test, by dblink. ends() needs bots.sql.
CREATE EXTENSION dblink;
SET statement_timeout = '60s';
CREATE FUNCTION pg_temp.connect(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dblink_connect(name,
        format('host=%s port=%s dbname=%s user=%s options=''-c statement_timeout=50s -c client_min_messages=error''',
        current_setting('unix_socket_directories'), current_setting('port'), current_database(), current_user));
END
$$;
CREATE FUNCTION pg_temp.until(condition text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    deadline CONSTANT timestamptz := clock_timestamp() + interval '30 seconds';
    reached boolean := false;
BEGIN
    WHILE NOT reached AND clock_timestamp() < deadline LOOP
        PERFORM pg_stat_clear_snapshot();
        EXECUTE format('SELECT coalesce((%s), false)', condition) INTO reached;
    END LOOP;
    RETURN reached;
END
$$;
CREATE FUNCTION pg_temp.waiting() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
$$;
-- How what was sent to a session ends.
CREATE FUNCTION pg_temp.state_of_sent(session text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text := '00000';
    done boolean := false;
BEGIN
    WHILE NOT done LOOP
        BEGIN
            PERFORM * FROM dblink_get_result(session) AS t (status text);
            done := NOT FOUND;
        EXCEPTION WHEN query_canceled OR OTHERS THEN
            state := SQLSTATE;
        END;
    END LOOP;
    RETURN state;
END
$$;
-- A transaction that has its snapshot, and its end. The commands succeed, or one is refused with 40001 and all of them succeed in
-- another transaction: so what is true in the end is the same.
CREATE FUNCTION pg_temp.snapshot(session text) RETURNS void LANGUAGE sql AS $$
    SELECT dblink_exec(session, 'BEGIN ISOLATION LEVEL REPEATABLE READ; DO $x$ BEGIN PERFORM 1; END $x$')
$$;
CREATE FUNCTION pg_temp.ends(session text, label text, VARIADIC commands text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    command text;
    state text;
BEGIN
    FOREACH command IN ARRAY commands || 'COMMIT'::text LOOP
        state := pg_temp.state(session, command);
        EXIT WHEN state <> '00000';
    END LOOP;
    IF state <> '00000' THEN
        PERFORM dblink_exec(session, 'ROLLBACK');
    END IF;
    IF state = '40001' THEN
        state := pg_temp.state(session, 'BEGIN; ' || array_to_string(commands, '; ') || '; COMMIT');
        IF state <> '00000' THEN
            PERFORM dblink_exec(session, 'ROLLBACK');
            state := state || ' when tried again';
        END IF;
    END IF;
    RETURN is(state, '00000', label || ': done, if need be when tried again');
END
$$;
