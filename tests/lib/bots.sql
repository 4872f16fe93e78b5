-- Compares the reports of tables that are connected to the bot service with their raw rows.

-- The bot reports of both resellers equal the raw rows, in periods on quarter hours. `rows` follows FROM.
CREATE FUNCTION pg_temp.report(label text, rows text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    wrong text;
BEGIN
    EXECUTE format($q$
        SELECT string_agg(format('reseller %%s [%%s, %%s) says %%s, truth is %%s', r, f, t, said, truth), '; ')
        FROM (VALUES (timestamptz '-infinity', timestamptz 'infinity'), ('2023-12-01 00:00+00', '2024-02-10 12:00+00'),
            ('2024-01-01 00:00+00', '2024-02-01 00:00+00'),
            ('2024-02-01 00:00+00', '2024-03-01 00:00+00'), ('2024-03-01 00:00+00', '2024-04-01 00:00+00'),
            ('2024-03-05 10:00+00', '2024-03-05 10:15+00'), ('2024-03-05 10:15+00', 'infinity')) AS period (f, t),
            (VALUES (1::bigint), (2)) AS reseller (r),
            LATERAL (SELECT array_agg(format('%%s: %%s %%s %%s', b.id, b.billable_messages, trim_scale(b.total_price_to_twin),
                trim_scale(b.total_price_to_reseller))
                    ORDER BY b.id)
                FROM reseller_report.bot(r, f, t) b
                    WHERE (b.billable_messages, b.total_price_to_twin, b.total_price_to_reseller) <> (0, 0, 0)) AS report (said),
            LATERAL (SELECT array_agg(format('%%s: %%s %%s %%s', s.id, s.billable, trim_scale(s.twin), trim_scale(s.reseller))
                ORDER BY s.id)
                FROM (SELECT m.company_id, count(*) FILTER (WHERE m.billable), sum(m.price_twin)::numeric,
                    sum(m.price_reseller)::numeric
                    FROM %s JOIN reseller_report.dependency d ON d.reseller_id = r AND d.company_id = m.company_id
                        AND d.during @> m.occurred_at
                    WHERE m.occurred_at >= f AND m.occurred_at < t GROUP BY 1) AS s (id, billable, twin, reseller)
                WHERE (s.billable, s.twin, s.reseller) <> (0, 0, 0)) AS truth (truth)
        WHERE said IS DISTINCT FROM truth$q$, rows || ' AS m') INTO wrong;
    RETURN is(wrong, NULL, label);
EXCEPTION WHEN OTHERS THEN
    RETURN fail(label) || E'\n' || diag(SQLSTATE || ' ' || SQLERRM);
END
$$;
CREATE FUNCTION pg_temp.clean(label text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN is_empty($q$SELECT * FROM reseller_report.verify('-infinity', 'infinity')$q$, label || ': verified');
EXCEPTION WHEN OTHERS THEN
    RETURN fail(label || ': verified') || E'\n' || diag(SQLSTATE || ' ' || SQLERRM);
END
$$;
-- They do before and after a fold, and verify finds nothing.
CREATE FUNCTION pg_temp.right(label text, rows text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT pg_temp.report(label, rows);
    RETURN NEXT pg_temp.clean(label);
    PERFORM reseller_report.materialize();
    RETURN NEXT pg_temp.report(label || ': folded', rows);
    RETURN NEXT pg_temp.clean(label || ': folded');
END
$$;
CREATE FUNCTION pg_temp.is_built(source regclass) RETURNS boolean
    LANGUAGE sql AS $$ SELECT s.is_built FROM reseller_report.sources() s WHERE s.source = $1 $$;
-- How a command ends in a session of its own.
CREATE FUNCTION pg_temp.state(session text, command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dblink_exec(session, command);
    RETURN '00000';
EXCEPTION WHEN query_canceled OR OTHERS THEN
    RETURN SQLSTATE;
END
$$;
