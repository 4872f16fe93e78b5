-- The independent oracle: the definition of every report in docs/reference.md, evaluated by plain SQL over the raw usage tables of
-- schema usage. It shares nothing with the extension but the tables that users fill.
CREATE SCHEMA oracle;

-- The dependent companies of a period.
CREATE FUNCTION oracle.companies(r bigint, f timestamptz, t timestamptz) RETURNS TABLE (id bigint, name text)
    LANGUAGE sql STABLE AS $$
    SELECT c.company_id, c.name FROM reseller_report.company c
    WHERE EXISTS (SELECT FROM reseller_report.dependency d
        WHERE d.reseller_id = r AND d.company_id = c.company_id AND d.during && tstzrange(f, t))
$$;

CREATE FUNCTION oracle.text_messaging(r bigint, f timestamptz, t timestamptz, e boolean)
    RETURNS SETOF record LANGUAGE sql STABLE AS $$
    SELECT c.id, c.name,
        count(*) FILTER (WHERE channel = 'sms' AND delivered_at IS NOT NULL),
        coalesce(sum(price_twin) FILTER (WHERE channel = 'sms'), 0),
        count(*) FILTER (WHERE channel = 'viber'),
        count(*) FILTER (WHERE channel = 'viber' AND delivered_at IS NOT NULL),
        coalesce(sum(price_twin) FILTER (WHERE channel = 'viber'), 0),
        count(*) FILTER (WHERE channel = 'whatsapp'),
        count(*) FILTER (WHERE channel = 'whatsapp' AND delivered_at IS NOT NULL),
        coalesce(sum(price_twin) FILTER (WHERE channel = 'whatsapp'), 0),
        count(*) FILTER (WHERE channel = 'email'),
        count(*) FILTER (WHERE channel = 'email' AND delivered_at IS NOT NULL),
        coalesce(sum(price_twin) FILTER (WHERE channel = 'email'), 0),
        count(*) FILTER (WHERE channel = 'push'),
        count(*) FILTER (WHERE channel = 'push' AND delivered_at IS NOT NULL),
        coalesce(sum(price_twin) FILTER (WHERE channel = 'push'), 0),
        coalesce(sum(price_twin), 0), coalesce(sum(price_reseller), 0)
    FROM oracle.companies(r, f, t) c
    LEFT JOIN (
        SELECT m.* FROM usage.text_message m
        JOIN reseller_report.dependency d ON d.reseller_id = r AND d.company_id = m.company_id AND d.during @> m.occurred_at
        WHERE m.occurred_at >= f AND m.occurred_at < t) m ON m.company_id = c.id
    GROUP BY c.id, c.name
    HAVING NOT coalesce(e, false) OR sum(price_twin) > 0
$$;

CREATE FUNCTION oracle.chat(r bigint, f timestamptz, t timestamptz, e boolean)
    RETURNS SETOF record LANGUAGE sql STABLE AS $$
    SELECT c.id, c.name,
        count(*) FILTER (WHERE sender = 'operator' AND NOT via_alice),
        coalesce(sum(price_twin) FILTER (WHERE sender = 'operator' AND NOT via_alice), 0),
        count(*) FILTER (WHERE sender = 'bot' AND NOT via_alice),
        coalesce(sum(price_twin) FILTER (WHERE sender = 'bot' AND NOT via_alice), 0),
        count(*) FILTER (WHERE sender = 'user' AND NOT via_alice),
        coalesce(sum(price_twin) FILTER (WHERE sender = 'user' AND NOT via_alice), 0),
        count(*) FILTER (WHERE sender = 'operator' AND via_alice),
        count(*) FILTER (WHERE sender = 'bot' AND via_alice),
        count(*) FILTER (WHERE sender = 'user' AND via_alice),
        coalesce(sum(price_twin) FILTER (WHERE via_alice), 0),
        coalesce(sum(price_twin), 0), coalesce(sum(price_reseller), 0)
    FROM oracle.companies(r, f, t) c
    LEFT JOIN (
        SELECT m.* FROM usage.chat_message m
        JOIN reseller_report.dependency d ON d.reseller_id = r AND d.company_id = m.company_id AND d.during @> m.occurred_at
        WHERE m.occurred_at >= f AND m.occurred_at < t) m ON m.company_id = c.id
    GROUP BY c.id, c.name
    HAVING NOT coalesce(e, false) OR sum(price_twin) > 0
$$;

CREATE FUNCTION oracle.telephony(way text, r bigint, f timestamptz, t timestamptz, e boolean)
    RETURNS SETOF record LANGUAGE sql STABLE AS $$
    SELECT c.id, c.name, count(m.id), coalesce(sum(duration_seconds), 0)::bigint,
        coalesce(sum(price_twin), 0), coalesce(sum(price_reseller), 0)
    FROM oracle.companies(r, f, t) c
    LEFT JOIN (
        SELECT m.* FROM usage.phone_call m
        JOIN reseller_report.dependency d ON d.reseller_id = r AND d.company_id = m.company_id AND d.during @> m.occurred_at
        WHERE m.occurred_at >= f AND m.occurred_at < t AND m.direction = way) m ON m.company_id = c.id
    GROUP BY c.id, c.name
    HAVING NOT coalesce(e, false) OR sum(price_twin) > 0
$$;

CREATE FUNCTION oracle.bot(r bigint, f timestamptz, t timestamptz, e boolean)
    RETURNS SETOF record LANGUAGE sql STABLE AS $$
    SELECT c.id, c.name, count(*) FILTER (WHERE billable), coalesce(sum(price_twin), 0), coalesce(sum(price_reseller), 0)
    FROM oracle.companies(r, f, t) c
    LEFT JOIN (
        SELECT m.* FROM usage.bot_message m
        JOIN reseller_report.dependency d ON d.reseller_id = r AND d.company_id = m.company_id AND d.during @> m.occurred_at
        WHERE m.occurred_at >= f AND m.occurred_at < t) m ON m.company_id = c.id
    GROUP BY c.id, c.name
    HAVING NOT coalesce(e, false) OR sum(price_twin) > 0
$$;

-- The five reports, each with the call of its oracle and the columns of both.
CREATE FUNCTION oracle.reports() RETURNS TABLE (name text, call text, columns text) LANGUAGE sql IMMUTABLE AS $$
    VALUES
        ('text_messaging', 'text_messaging($1, $2, $3, $4)',
            'id bigint, n text, a bigint, b numeric, c bigint, d bigint, e numeric, f bigint, g bigint, h numeric, i bigint,'
            ' j bigint, k numeric, l bigint, m bigint, o numeric, p numeric, q numeric'),
        ('chat', 'chat($1, $2, $3, $4)',
            'id bigint, n text, a bigint, b numeric, c bigint, d numeric, e bigint, f numeric, g bigint, h bigint, i bigint,'
            ' j numeric, k numeric, l numeric'),
        ('telephony_outgoing', 'telephony(''outgoing'', $1, $2, $3, $4)',
            'id bigint, n text, a bigint, b bigint, c numeric, d numeric'),
        ('telephony_incoming', 'telephony(''incoming'', $1, $2, $3, $4)',
            'id bigint, n text, a bigint, b bigint, c numeric, d numeric'),
        ('bot', 'bot($1, $2, $3, $4)', 'id bigint, n text, a bigint, b numeric, c numeric')
$$;

-- The rows in which the five reports and the oracle differ, both ways, each comparison in one snapshot.
CREATE FUNCTION oracle.differences(r bigint, f timestamptz, t timestamptz, e boolean DEFAULT false)
    RETURNS TABLE (service text, side text, difference text) LANGUAGE plpgsql STABLE AS $$
DECLARE
    s record;
BEGIN
    FOR s IN SELECT * FROM oracle.reports()
    LOOP
        RETURN QUERY EXECUTE format(
            'WITH report AS MATERIALIZED (SELECT * FROM reseller_report.%1$I($1, $2, $3, $4)),'
            ' truth AS MATERIALIZED (SELECT * FROM oracle.%2$s AS t (%3$s))'
            ' SELECT %1$L, ''report'', x::text FROM (TABLE report EXCEPT ALL TABLE truth) AS x'
            ' UNION ALL SELECT %1$L, ''truth'', x::text FROM (TABLE truth EXCEPT ALL TABLE report) AS x',
            s.name, s.call, s.columns) USING r, f, t, e;
    END LOOP;
END
$$;

-- A moment near `middle`, sometimes on an awkward bound, sometimes infinite.
CREATE FUNCTION oracle.random_moment(middle timestamptz, spread interval) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    at timestamptz := middle + (random() - 0.5) * spread;
BEGIN
    RETURN CASE floor(random() * 9)::int
        WHEN 0 THEN date_trunc('month', at)
        WHEN 1 THEN date_trunc('day', at) + interval '3 hours'
        WHEN 2 THEN date_trunc('hour', at)
        WHEN 3 THEN date_trunc('day', at) - interval '1 second'
        WHEN 4 THEN date_bin('15 minutes', at, '2000-01-01')
        WHEN 5 THEN date_trunc('day', at, 'Asia/Kolkata')
        WHEN 6 THEN date_trunc('month', at, 'Europe/Moscow')
        ELSE at END;
END
$$;

-- Compares `rounds` random periods of every reseller, and all time; returns the differences, each with its period.
CREATE FUNCTION oracle.compare(rounds int, middle timestamptz, spread interval) RETURNS SETOF text
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    r bigint;
    f timestamptz;
    t timestamptz;
    x timestamptz;
    e boolean;
BEGIN
    FOR r IN SELECT company_id FROM reseller_report.company WHERE is_reseller ORDER BY 1 LOOP
        FOR i IN 0 .. rounds LOOP
            f := oracle.random_moment(middle, spread);
            t := oracle.random_moment(middle, spread);
            e := random() < 0.3;
            IF f > t THEN x := f; f := t; t := x; END IF;
            IF i = 0 THEN f := '-infinity'; t := 'infinity'; END IF;
            IF i % 7 = 1 THEN f := '-infinity'; END IF;
            IF i % 7 = 2 THEN t := 'infinity'; END IF;
            CONTINUE WHEN f >= t;
            RETURN QUERY SELECT format('reseller %s [%s, %s) has_expenses %s, %s, %s: %s', r, f, t, e, d.service, d.side,
                d.difference)
                FROM oracle.differences(r, f, t, e) d;
        END LOOP;
    END LOOP;
END
$$;

-- A pgTAP test: the reports agree with the oracle on random periods.
CREATE FUNCTION oracle.agrees(label text) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT is_empty($q$SELECT * FROM oracle.compare(12, '2024-03-01', '100 days')$q$, label)
$$;

-- Why days are not built, each reason once.
CREATE FUNCTION oracle.why() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(DISTINCT u.reason, '; ') FROM reseller_report.source_unbuilt u
$$;

-- Builds all days of all sources, in this transaction.
CREATE PROCEDURE oracle.rebuild() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reseller_report.rebuild_slice(s.source, '-infinity', 'infinity') FROM reseller_report.sources() s;
END
$$;

-- What waits, change by change.
CREATE VIEW oracle.deltas AS
    SELECT d.source, d.recorded_at, d.is_rest, u.* FROM reseller_report.usage_delta d, reseller_report._unpacked(d.packed) u;
CREATE VIEW oracle.runs AS
    SELECT r.source, r.reseller_id, r.recorded_at, r.set_aside, u.*
    FROM reseller_report.usage_run r, reseller_report._unpacked(r.packed, r.day) u;

-- The hint of the error that a command raises; NULL where it raises none.
CREATE FUNCTION oracle.hint(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    EXECUTE command;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN hint;
END
$$;
