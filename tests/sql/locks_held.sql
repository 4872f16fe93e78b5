-- What a function has read or written stays locked until its transaction ends: neither can be dropped, emptied or rewritten in
-- between.
SELECT no_plan();
SET client_min_messages = error;
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'Reseller', true), (2, 'Other', true),
    (11, 'Eleven', false);
INSERT INTO reseller_report.dependency VALUES (1, 11);
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2024-01-05 10:00+00', 1),
    (11, '2024-03-05 10:00+00', 4);
SELECT reseller_report.create_partitions('0'), reseller_report.materialize() \g /dev/null
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2024-03-05 10:00+00', 8);
CREATE ROLE locks_held_reader;
SELECT reseller_report.grant_access('locks_held_reader', 1) \g /dev/null

-- The locks of `wanted` (a mode, then its relations) that the transaction does not hold after `call`, which is undone.
CREATE FUNCTION pg_temp.holds(call text, wanted text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    missing text;
BEGIN
    BEGIN
        EXECUTE call;
        RESET ROLE;
        SELECT string_agg(format('%s of %s', w[1], r), ', ') INTO missing
            FROM regexp_matches(wanted, '(\w+Lock): ([^;]+)', 'g') w, unnest(regexp_split_to_array(btrim(w[2], E' \n'), '\s+')) r
            WHERE NOT EXISTS (SELECT FROM pg_locks l WHERE l.pid = pg_backend_pid() AND l.granted AND l.relation = r::regclass
                AND l.mode = w[1]);
        RAISE 'undo' USING ERRCODE = 'UNDO1';
    EXCEPTION WHEN SQLSTATE 'UNDO1' THEN
    END;
    RETURN NEXT is(missing, NULL, call);
END
$$;
SET search_path = reseller_report, public;
-- A statement's own locks would hide those of what it calls: tables are named here as functions reach them.
SELECT pg_temp.holds($$SET LOCAL ROLE locks_held_reader; SELECT *
    FROM reseller_report.bot(1, '2022-01-05 10:00+00', '2024-03-05 10:07+00')$$,
    'AccessShareLock: usage.bot_message usage.bot_message_2024_01 usage.bot_message_default access source source_built '
    'source_unbuilt dependency company usage_delta usage_run usage_run_key usage_packed usage_packed_pkey usage_quarter
    usage_quarter_pkey usage_hour usage_hour_pkey usage_day usage_day_pkey usage_month usage_month_pkey usage_year
        usage_year_pkey');
SELECT pg_temp.holds($$SELECT * FROM reseller_report.verify('-infinity', 'infinity')$$,
    'AccessShareLock: usage.bot_message usage.bot_message_2024_01 usage.chat_message usage.phone_call_default usage_delta '
    'usage_quarter usage_year usage_year_pkey dependency');
SELECT pg_temp.holds('SELECT * FROM reseller_report.materialize()',
    'RowExclusiveLock: usage_delta usage_run usage_packed usage_quarter usage_hour usage_day usage_month usage_year lease; '
    'AccessShareLock: source_built');
SELECT pg_temp.holds($$SELECT reseller_report.rebuild_slice('usage.bot_message', '-infinity', 'infinity')$$,
    'ShareUpdateExclusiveLock: usage.bot_message; RowExclusiveLock: usage.bot_message_2024_01 usage.bot_message_default '
    'usage_delta usage_run usage_packed usage_quarter usage_hour usage_day usage_month usage_year lease source_built');
SELECT pg_temp.holds('UPDATE reseller_report.dependency SET reseller_id = 2',
    'RowExclusiveLock: usage_run lease; AccessShareLock: usage_delta usage.bot_message usage.bot_message_2024_01 '
    'usage.chat_message_default source source_built source_unbuilt');
-- Where there is nothing to write, nothing is locked to be written to.
INSERT INTO reseller_report.company (company_id, name) VALUES (12, 'Twelve');
INSERT INTO reseller_report.dependency VALUES (1, 12);
BEGIN;
UPDATE reseller_report.dependency SET reseller_id = 2 WHERE company_id = 12;
SELECT is_empty($$SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'usage_run'::regclass
    AND mode = 'RowExclusiveLock'$$, 'a company without usage moves without a lock on the runs');
ROLLBACK;
SELECT pg_temp.holds($$SELECT * FROM reseller_report.prune('usage.bot_message', '2024-02-01 00:00+00')$$,
    'AccessExclusiveLock: usage.bot_message; RowExclusiveLock: lease');
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2023-11-05 10:00+00', 1);
SELECT pg_temp.holds($$SELECT * FROM reseller_report.create_partitions('0', 'usage.bot_message')$$,
    'ShareUpdateExclusiveLock: usage.bot_message; AccessExclusiveLock: usage.bot_message_default');
CREATE TABLE public.bots (LIKE usage.bot_message);
SELECT pg_temp.holds($$SELECT reseller_report.attach_source('bot', 'public.bots')$$, 'ShareRowExclusiveLock: public.bots');
DROP OWNED BY locks_held_reader;
DROP ROLE locks_held_reader;
SELECT * FROM finish();
