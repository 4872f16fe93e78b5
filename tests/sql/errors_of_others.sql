-- A row that cannot be counted stops the reports of the reseller whose company wrote it, and of nobody else. Other resellers learn
-- neither its values nor that it exists, however many companies they have.
SELECT no_plan();
SET client_min_messages = error;
CREATE ROLE others_rows_reader;
SELECT reseller_report.grant_access('others_rows_reader', 1) \g /dev/null
INSERT INTO reseller_report.company (company_id, name, is_reseller)
    SELECT n, 'Company ' || n, n <= 3 FROM generate_series(1, 3) n UNION ALL SELECT n, 'Company ' || n, false
        FROM generate_series(11, 20) n;
-- 11 is reseller 1's, 12 reseller 2's, 13 nobody's; 14 goes from reseller 2 to reseller 1, 15 the other way, at the beginning of
-- March.
INSERT INTO reseller_report.dependency VALUES (1, 11, '(,)'), (2, 12, '(,)'), (2, 14, '(,2024-03-01 00:00+00)'),
    (1, 14, '[2024-03-01 00:00+00,)'),
    (1, 15, '(,2024-03-01 00:00+00)'), (2, 15, '[2024-03-01 00:00+00,)');

CREATE TABLE sms (company_id bigint, channel text, at timestamp, state text, price_twin numeric(30,6),
    price_reseller numeric(30,6));
CREATE TABLE talk (company_id int, who text, web boolean, occurred_at timestamptz, price_twin numeric(30,6),
    price_reseller numeric(30,6));
CREATE TABLE calls (company_id int, direction text, occurred_at timestamptz, duration_seconds bigint, price_twin bigint,
    price_reseller bigint);
CREATE TABLE bots (company_id int, occurred_at timestamptz, plan text, price_twin numeric(30,6), price_reseller numeric(30,6));
CREATE FUNCTION attached() RETURNS void LANGUAGE sql AS $$
    SELECT reseller_report.attach_source('text_messaging', 'sms', '{"occurred_at": {"column": "at", "time_zone": "+03:00"},
        "delivered": {"column": "state", "values": {"sent": false, "done": true}}}');
    SELECT reseller_report.attach_source('chat', 'talk', '{"sender": "who", "via_alice": "web"}');
    SELECT reseller_report.attach_source('telephony', 'calls');
    SELECT reseller_report.attach_source('bot', 'bots', '{"billable": {"column": "plan", "values": {"paid": true, "free": false}}}')
$$;
-- A row that counts for each company, before March and after it.
INSERT INTO sms SELECT n, 'sms', at, 'done', n, 0 FROM generate_series(11, 15) n,
    (VALUES (timestamp '2024-02-10'), ('2024-03-10')) AS m (at);
INSERT INTO talk SELECT n, 'bot', false, at, n, 0 FROM generate_series(11, 15) n,
    (VALUES (timestamptz '2024-02-10 00:00+00'), ('2024-03-10 00:00+00')) AS m (at);
INSERT INTO calls SELECT n, 'incoming', at, 1, n, 0 FROM generate_series(11, 15) n,
    (VALUES (timestamptz '2024-02-10 00:00+00'), ('2024-03-10 00:00+00')) AS m (at);
INSERT INTO bots SELECT n, at, 'paid', n, 0 FROM generate_series(11, 15) n,
    (VALUES (timestamptz '2024-02-10 00:00+00'), ('2024-03-10 00:00+00')) AS m (at);

-- How the five reports of a reseller over all time end, and over March: their totals, or the state of the error.
CREATE FUNCTION told(reseller bigint, period_from timestamptz, period_to timestamptz) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    service text;
    total numeric;
    line text := '';
BEGIN
    FOREACH service IN ARRAY ARRAY['text_messaging', 'chat', 'telephony_outgoing', 'telephony_incoming', 'bot'] LOOP
        BEGIN
            EXECUTE format('SELECT sum(total_price_to_twin) FROM reseller_report.%I($1, $2, $3)', service) INTO total
                USING reseller, period_from, period_to;
            line := line || ' ' || trim_scale(total);
        EXCEPTION WHEN OTHERS THEN
            line := line || ' ' || SQLSTATE;
        END;
    END LOOP;
    RETURN ltrim(line);
END
$$;
CREATE FUNCTION told(reseller bigint) RETURNS text LANGUAGE sql AS $$
    SELECT told(reseller, '-infinity', 'infinity') || ' | ' || told(reseller, '2024-03-01 00:00+00', '2024-04-01 00:00+00')
$$;
CREATE FUNCTION pg_temp.with_row(row_of_company text, company bigint) RETURNS TABLE (first text, second text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'INSERT INTO ' || replace(row_of_company, '$', company::text);
    PERFORM attached();
    SET LOCAL ROLE others_rows_reader;
    first := told(1);
    RESET ROLE;
    second := told(2);
    RAISE 'undone' USING ERRCODE = 'RR000';
EXCEPTION WHEN SQLSTATE 'RR000' THEN
    RETURN NEXT;
END
$$;
CREATE TEMP TABLE bad (row_of_company text, state text, services int[]);
INSERT INTO bad VALUES
    ($$sms VALUES ($, 'secret', '2024-02-20', 'done', 1, 0)$$, '23514', '{1}'),
    ($$sms VALUES ($, NULL, '2024-02-20', 'done', 1, 0)$$, '23514', '{1}'),
    ($$sms VALUES ($, 'sms', '2024-02-20', 'secret', 1, 0)$$, '23514', '{1}'),
    ($$sms VALUES ($, 'sms', '2024-02-20', 'sent', 'NaN', 0)$$, '22003', '{1}'),
    ($$sms VALUES ($, 'sms', '2024-02-20', 'sent', 0, 1000000000)$$, '22003', '{1}'),
    ($$sms VALUES ($, 'sms', '-infinity', 'sent', 0, 0)$$, '22008', '{1}'),
    ($$talk VALUES ($, 'secret', false, '2024-02-20', 1, 0)$$, '23514', '{2}'),
    ($$talk VALUES ($, 'bot', NULL, '2024-02-20', 1, 0)$$, '23514', '{2}'),
    ($$talk VALUES ($, 'bot', false, '-infinity', 1, 0)$$, '22008', '{2}'),
    -- Both directions read the table, and neither knows what the row would have been.
    ($$calls VALUES ($, 'incoming', '2024-02-20', 1000000000000000, 1, 0)$$, '22003', '{3,4}'),
    ($$calls VALUES ($, 'incoming', '2024-02-20', 1, 1000000000, 0)$$, '22003', '{3,4}'),
    ($$bots VALUES ($, '2024-02-20', 'secret', 1, 0)$$, '23514', '{5}'),
    ($$bots VALUES ($, '-infinity', 'paid', 1, 0)$$, '22008', '{5}');

-- What is told when there is no such row, and when it is the reseller's own: the report of the service stops where the period has
-- it.
CREATE FUNCTION pg_temp.fine(reseller bigint) RETURNS text LANGUAGE sql AS $$
    SELECT CASE reseller WHEN 1 THEN '51 51 0 51 51 | 25 25 0 25 25' ELSE '53 53 0 53 53 | 27 27 0 27 27' END
$$;
CREATE FUNCTION pg_temp.stopped(reseller bigint, services int[], state text) RETURNS text LANGUAGE sql AS $$
    SELECT (SELECT string_agg(CASE WHEN n = ANY (services) THEN state ELSE was END, ' ' ORDER BY n)
        FROM string_to_table(split_part(pg_temp.fine(reseller), ' | ', 1), ' ') WITH ORDINALITY AS f (was, n))
        || ' | ' || split_part(pg_temp.fine(reseller), ' | ', 2)
$$;
CREATE FUNCTION pg_temp.all_rows(label text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT unnest(ARRAY[
        is(first, pg_temp.fine(1), format('%s: of another reseller''s company, %s', label, row_of_company)),
        is(second, CASE WHEN own THEN pg_temp.stopped(2, services, state) ELSE pg_temp.fine(2) END,
            format('%s: reseller 2, %s, of company %s', label, row_of_company, company))])
    FROM bad, (VALUES (12, true), (13, false), (14, true)) AS o (company, own), pg_temp.with_row(row_of_company, company)
    UNION ALL SELECT is(first, pg_temp.stopped(1, services, state),
        format('%s: of its own, %s of company %s', label, row_of_company, company))
    FROM bad, unnest(ARRAY[11, 15]) AS company, pg_temp.with_row(row_of_company, company)
$$;
SELECT pg_temp.all_rows('few companies');

-- Companies beyond the number that the raw rows are asked for by.
INSERT INTO reseller_report.company (company_id, name) SELECT n, 'Company ' || n FROM generate_series(1001, 2100) n;
INSERT INTO reseller_report.dependency SELECT 1, n FROM generate_series(1001, 2100) n;
SELECT pg_temp.all_rows('many companies');
DROP OWNED BY others_rows_reader;
SELECT reseller_report.revoke_access('others_rows_reader', 1) \g /dev/null
DROP ROLE others_rows_reader;
SELECT * FROM finish();
