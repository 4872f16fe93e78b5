-- The law of statements, by plain SQL over raw usage: for every company and item, the lines of all statements in force plus what
-- open_corrections says equal the truth over their periods. Needs usage_oracle.sql.

-- Where they differ: a row of side `law` is billed or open and not true, a row of side `truth` the other way round.
CREATE FUNCTION oracle.unlawful(r bigint)
    RETURNS TABLE (side text, company_id bigint, item text, events numeric, delivered numeric, seconds numeric,
        price_to_twin numeric, price_to_reseller numeric) LANGUAGE sql STABLE AS $$
    WITH law AS (
        SELECT x.company_id, x.item, sum(x.events) AS events, sum(x.delivered) AS delivered, sum(x.seconds) AS seconds,
            sum(x.price_to_twin) AS price_to_twin, sum(x.price_to_reseller) AS price_to_reseller
        FROM (SELECT l.company_id, l.item, l.events, l.delivered, l.seconds, l.price_to_twin, l.price_to_reseller
            FROM reseller_report.statements s JOIN reseller_report.statement_lines l ON l.statement_id = s.id
            WHERE s.reseller_id = r AND s.withdrawn_at IS NULL
            UNION ALL SELECT o.company_id, o.item, o.events_difference, o.delivered_difference, o.seconds_difference,
                o.price_to_twin_difference, o.price_to_reseller_difference
            FROM reseller_report.open_corrections(r) o) x
        GROUP BY 1, 2
        HAVING (sum(x.events), sum(x.delivered), sum(x.seconds), sum(x.price_to_twin), sum(x.price_to_reseller))
            <> (0, 0, 0, 0, 0)),
    truth AS (
        SELECT u.company_id, u.item, sum(u.events), sum(u.delivered), sum(u.seconds), sum(u.price_to_twin),
            sum(u.price_to_reseller)
        FROM reseller_report.statements s, oracle.usage(s.reseller_id, s.period_from, s.period_to) u
        WHERE s.reseller_id = r AND s.withdrawn_at IS NULL GROUP BY 1, 2)
    (SELECT 'law', * FROM law EXCEPT ALL SELECT 'law', * FROM truth)
    UNION ALL (SELECT 'truth', * FROM truth EXCEPT ALL SELECT 'truth', * FROM law)
$$;

-- What is not as the contract says of any reseller: the law, differences that do not add up, numbers with gaps, totals, companies
-- that are gone or have another name, hashes.
CREATE FUNCTION oracle.unlawful() RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT format('law: reseller %s %s', c.company_id, u::text)
    FROM reseller_report.company c, oracle.unlawful(c.company_id) u WHERE c.is_reseller
    UNION ALL SELECT format('does not add up: reseller %s %s', c.company_id, o::text)
    FROM reseller_report.company c, reseller_report.open_corrections(c.company_id) o
    WHERE c.is_reseller AND (events_now - events_billed <> events_difference
        OR delivered_now - delivered_billed <> delivered_difference OR seconds_now - seconds_billed <> seconds_difference
        OR price_to_twin_now - price_to_twin_billed <> price_to_twin_difference
        OR price_to_reseller_now - price_to_reseller_billed <> price_to_reseller_difference
        OR (events_difference, delivered_difference, seconds_difference, price_to_twin_difference, price_to_reseller_difference)
            = (0, 0, 0, 0, 0))
    UNION ALL SELECT format('numbers of reseller %s have gaps', reseller_id) FROM reseller_report.statements
    GROUP BY reseller_id HAVING min(number) <> 1 OR max(number) <> count(*)
    UNION ALL SELECT format('totals of statement %s', s.id) FROM reseller_report.statements s
    WHERE (total_price_to_twin, total_price_to_reseller, corrections_price_to_twin, corrections_price_to_reseller)
        IS DISTINCT FROM (
        SELECT (coalesce(sum(price_to_twin), 0), coalesce(sum(price_to_reseller), 0),
            coalesce(sum(price_to_twin) FILTER (WHERE corrects IS NOT NULL), 0),
            coalesce(sum(price_to_reseller) FILTER (WHERE corrects IS NOT NULL), 0))
        FROM reseller_report.statement_lines l WHERE l.statement_id = s.id)
    UNION ALL SELECT format('company %s has a line of statement %s, and is gone', company_id, statement_id)
    FROM reseller_report.statement_lines l
    WHERE NOT EXISTS (SELECT FROM reseller_report.company c WHERE c.company_id = l.company_id)
    UNION ALL SELECT format('open_corrections has another name of company %s', o.company_id)
    FROM reseller_report.company r, reseller_report.open_corrections(r.company_id) o
    WHERE r.is_reseller AND o.company_name IS DISTINCT FROM (
        SELECT c.name FROM reseller_report.company c WHERE c.company_id = o.company_id)
    UNION ALL SELECT format('verify_statements: %s %s', statement_id, what) FROM reseller_report.verify_statements()
$$;

-- Issues a statement of a random period near 2024-03-01, whose lines have the names of the day, or withdraws a random one; either
-- may be refused.
CREATE FUNCTION oracle.bill() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    r bigint := (SELECT (array_agg(company_id ORDER BY company_id))[1 + floor(random() * count(*))]
        FROM reseller_report.company WHERE is_reseller);
    f timestamptz := date_bin('15 minutes', timestamptz '2024-03-01' + (random() - 0.5) * interval '75 days', '2000-01-01');
    id bigint;
BEGIN
    IF random() < 0.25 THEN
        id := (SELECT (array_agg(s.id ORDER BY s.id))[1 + floor(random() * count(*))]
            FROM reseller_report.statements s WHERE withdrawn_at IS NULL);
        IF id IS NOT NULL THEN
            PERFORM reseller_report.withdraw_statement(id, 'random');
        END IF;
        RETURN 'withdrawn';
    END IF;
    id := reseller_report.issue_statement(r, f, f + (1 + floor(random() * 1500)) * interval '15 minutes');
    IF EXISTS (SELECT FROM reseller_report.statement_lines l JOIN reseller_report.company c USING (company_id)
        WHERE l.statement_id = id AND l.company_name <> c.name)
    THEN
        RAISE 'statement % has another name of a company than reseller_report.company', id;
    END IF;
    RETURN 'issued';
EXCEPTION WHEN exclusion_violation THEN
    RETURN 'overlaps';
END
$$;
