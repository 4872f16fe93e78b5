-- The independent oracle of what applications call: plain SQL over the raw usage tables of schema usage and the tables that users
-- fill, by the definitions of docs/reference.md. Needs oracle.sql.

-- Every raw event in one shape. The numbers say the order of services and items.
CREATE VIEW oracle.event AS
    SELECT 'usage.text_message' AS source, id, company_id, occurred_at, 1 AS service_number, 'text_messaging' AS service,
        array_position(ARRAY['sms', 'viber', 'whatsapp', 'email', 'push'], channel) AS item_number, channel AS item,
        delivered_at IS NOT NULL AS delivered, 0::bigint AS seconds, price_twin, price_reseller
    FROM usage.text_message
    UNION ALL SELECT 'usage.chat_message', id, company_id, occurred_at, 2, 'chat',
        array_position(ARRAY['operator', 'bot', 'user'], sender) + CASE WHEN via_alice THEN 3 ELSE 0 END,
        sender || CASE WHEN via_alice THEN '_alice' ELSE '' END, false, 0, price_twin, price_reseller
    FROM usage.chat_message
    UNION ALL SELECT 'usage.phone_call', id, company_id, occurred_at, CASE direction WHEN 'outgoing' THEN 3 ELSE 4 END,
        'telephony_' || direction, 1, direction || '_call', false, duration_seconds, price_twin, price_reseller
    FROM usage.phone_call
    UNION ALL SELECT 'usage.bot_message', id, company_id, occurred_at, 5, 'bot', CASE WHEN billable THEN 1 ELSE 2 END,
        CASE WHEN billable THEN 'billable' ELSE 'free' END, false, 0, price_twin, price_reseller
    FROM usage.bot_message;

CREATE FUNCTION oracle.services() RETURNS TABLE (number bigint, service text) LANGUAGE sql IMMUTABLE AS $$
    SELECT n, s FROM unnest(ARRAY['text_messaging', 'chat', 'telephony_outgoing', 'telephony_incoming', 'bot'])
        WITH ORDINALITY AS t (s, n)
$$;

-- The events of a reseller's companies in a period.
CREATE FUNCTION oracle.events(r bigint, f timestamptz, t timestamptz) RETURNS SETOF oracle.event LANGUAGE sql STABLE AS $$
    SELECT e.* FROM oracle.event e
    WHERE e.occurred_at >= f AND e.occurred_at < t AND EXISTS (SELECT FROM reseller_report.dependency d
        WHERE d.reseller_id = r AND d.company_id = e.company_id AND d.during @> e.occurred_at)
$$;

CREATE FUNCTION oracle.usage(r bigint, f timestamptz, t timestamptz)
    RETURNS TABLE (company_id bigint, name text, service text, item text, events bigint, delivered bigint, seconds bigint,
        price_to_twin numeric, price_to_reseller numeric) LANGUAGE sql STABLE AS $$
    SELECT e.company_id, c.name, e.service, e.item, count(*), count(*) FILTER (WHERE e.delivered), sum(e.seconds)::bigint,
        sum(e.price_twin), sum(e.price_reseller)
    FROM oracle.events(r, f, t) e JOIN reseller_report.company c USING (company_id)
    GROUP BY e.company_id, c.name, e.service_number, e.service, e.item_number, e.item
    ORDER BY e.company_id, e.service_number, e.item_number
$$;

CREATE FUNCTION oracle.totals(r bigint, f timestamptz, t timestamptz)
    RETURNS TABLE (service text, companies bigint, events bigint, delivered bigint, seconds bigint,
        total_price_to_twin numeric,
        total_price_to_reseller numeric) LANGUAGE sql STABLE AS $$
    SELECT s.service, count(*) FILTER (WHERE u.twin > 0), coalesce(sum(u.events), 0)::bigint,
        coalesce(sum(u.delivered), 0)::bigint, coalesce(sum(u.seconds), 0)::bigint, coalesce(sum(u.twin), 0.000000),
        coalesce(sum(u.reseller), 0.000000)
    FROM oracle.services() s LEFT JOIN (
        SELECT e.service, e.company_id, count(*) AS events, count(*) FILTER (WHERE e.delivered) AS delivered,
            sum(e.seconds) AS seconds, sum(e.price_twin) AS twin, sum(e.price_reseller) AS reseller
        FROM oracle.events(r, f, t) e GROUP BY 1, 2) u ON u.service = s.service
    GROUP BY s.number, s.service ORDER BY s.number
$$;

-- The steps of a period on a local clock, by looking at the clock every quarter hour: a step begins when the clock shows a later
-- one than ever before, and an hour when the clock shows a whole hour.
CREATE FUNCTION oracle.steps(f timestamptz, t timestamptz, step text, zone text)
    RETURNS TABLE (step_from timestamptz, step_to timestamptz) LANGUAGE sql STABLE AS $$
    WITH look AS (
        SELECT at, max(date_trunc(step, at AT TIME ZONE zone)) OVER (ORDER BY at) AS shown,
            extract(minute FROM at AT TIME ZONE zone) = 0 AS is_hour
        FROM generate_series(date_bin('15 minutes', f, '2000-01-01 00:00+00') - interval '3 days', t,
            interval '15 minutes') at),
    beginning AS (
        SELECT at FROM (SELECT at, is_hour, shown > lag(shown) OVER (ORDER BY at) AS is_later FROM look) x
        WHERE at > f AND at < t AND CASE WHEN step = 'hour' THEN is_hour ELSE is_later END
        UNION ALL SELECT f)
    SELECT at, lead(at, 1, t) OVER (ORDER BY at) FROM beginning
$$;

CREATE FUNCTION oracle.series(r bigint, f timestamptz, t timestamptz, step text, zone text, company bigint DEFAULT NULL)
    RETURNS TABLE (step_from timestamptz, step_to timestamptz, service text, events bigint, delivered bigint, seconds bigint,
        price_to_twin numeric, price_to_reseller numeric) LANGUAGE sql STABLE AS $$
    WITH step AS MATERIALIZED (SELECT * FROM oracle.steps(f, t, step, zone)),
    event AS MATERIALIZED (SELECT * FROM oracle.events(r, f, t) e WHERE company IS NULL OR e.company_id = company)
    SELECT p.step_from, p.step_to, s.service, count(e.service), count(*) FILTER (WHERE e.delivered),
        coalesce(sum(e.seconds), 0)::bigint, coalesce(sum(e.price_twin), 0.000000), coalesce(sum(e.price_reseller), 0.000000)
    FROM step p CROSS JOIN oracle.services() s
    LEFT JOIN event e ON e.service = s.service AND e.occurred_at >= p.step_from AND e.occurred_at < p.step_to
    GROUP BY p.step_from, p.step_to, s.number, s.service ORDER BY p.step_from, s.number
$$;

-- Compares the answers of a function with those of the oracle over random periods of every reseller, in order and in one snapshot:
-- both queries have the reseller and the bounds as $1, $2 and $3. Returns the periods that differ.
CREATE FUNCTION oracle.unlike(said text, truth text, rounds int, middle timestamptz, spread interval) RETURNS SETOF text
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    r bigint;
    f timestamptz;
    t timestamptz;
    same boolean;
BEGIN
    FOR r IN SELECT company_id FROM reseller_report.company WHERE is_reseller ORDER BY 1 LOOP
        FOR i IN 1 .. rounds LOOP
            f := oracle.random_moment(middle, spread);
            t := oracle.random_moment(middle, spread);
            CONTINUE WHEN f >= t;
            EXECUTE format('SELECT (SELECT coalesce(array_agg(x::text), ''{}'') FROM (%s) x)'
                ' = (SELECT coalesce(array_agg(x::text), ''{}'') FROM (%s) x)', said, truth) INTO same USING r, f, t;
            IF NOT same THEN RETURN NEXT format('reseller %s [%s, %s)', r, f, t); END IF;
        END LOOP;
    END LOOP;
END
$$;

-- A pgTAP test of that over random usage.
CREATE FUNCTION oracle.alike(said text, truth text, label text, rounds int DEFAULT 6) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT is_empty(format('SELECT * FROM oracle.unlike(%L, %L, %s, ''2024-03-01'', ''100 days'')', said, truth, rounds),
        label)
$$;

-- Moments at which clocks shift: at both ends of summer time, by an hour or half of one, at odd minutes, at midnight, and over a
-- day that the calendar skips; and moments in zones of half hours and quarters.
CREATE FUNCTION oracle.shifts() RETURNS TABLE (zone text, f timestamptz) LANGUAGE sql AS $$
    VALUES
    ('America/Chicago', timestamptz '2024-03-10 08:00+00'), ('America/Chicago', '2024-11-03 07:00+00'),
    ('Europe/Berlin', '2024-03-31 01:00+00'), ('Europe/Berlin', '2024-10-27 01:00+00'),
    ('Asia/Kolkata', '2024-05-01 00:00+00'), ('Asia/Kathmandu', '2024-05-01 00:00+00'),
    ('Australia/Lord_Howe', '2024-04-06 15:00+00'), ('Australia/Lord_Howe', '2024-10-05 15:30+00'),
    ('Pacific/Apia', '2011-12-30 10:00+00'), ('Pacific/Kwajalein', '1993-08-21 12:00+00'),
    ('America/St_Johns', '2006-10-29 02:31+00'), ('America/St_Johns', '2006-04-02 03:31+00'),
    ('America/Havana', '2024-03-10 05:00+00'), ('America/Havana', '2024-11-03 05:00+00'),
    ('America/Asuncion', '2023-03-26 03:00+00'), ('Asia/Beirut', '2024-03-30 22:00+00')
$$;
