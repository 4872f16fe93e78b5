-- ---------------------------------------------------------------------------------------------------------------------
-- Rebuild and verify
-- ---------------------------------------------------------------------------------------------------------------------

-- Marks a rebuilt slice, and cuts it out of the un-built ranges that its snapshot saw. Before the horizon nothing is un-built.
CREATE FUNCTION reseller_report._note_built(source bigint, slice_from timestamptz, slice_to timestamptz, mended uuid[])
    RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    earliest CONSTANT timestamptz := (SELECT s.horizon FROM reseller_report.source s WHERE s.id = _note_built.source);
BEGIN
    WITH gone AS (DELETE FROM reseller_report.source_unbuilt u WHERE u.id = ANY (mended) RETURNING u.*)
    INSERT INTO reseller_report.source_unbuilt (source, unbuilt_from, unbuilt_to, reason, since)
        SELECT source, greatest(unbuilt_from, earliest), slice_from, reason, since FROM gone
            WHERE greatest(unbuilt_from, earliest) < slice_from
        UNION ALL SELECT source, slice_to, unbuilt_to, reason, since FROM gone WHERE unbuilt_to > slice_to;
    -- What is left of a row gets an id of its own: an older snapshot may rely on a row for as long as its id is there.
    WITH gone AS (
        DELETE FROM reseller_report.source_built b
        WHERE b.source = _note_built.source AND b.built_from < slice_to AND b.built_to > slice_from RETURNING b.*)
    INSERT INTO reseller_report.source_built (source, built_from, built_to)
        SELECT source, built_from, slice_from FROM gone WHERE built_from < slice_from
        UNION ALL SELECT source, slice_to, built_to FROM gone WHERE built_to > slice_to;
    UPDATE reseller_report.source_built b SET built_to = slice_to WHERE b.source = _note_built.source AND b.built_to = slice_from;
    IF NOT FOUND THEN
        INSERT INTO reseller_report.source_built (source, built_from, built_to) VALUES (_note_built.source, slice_from, slice_to);
    END IF;
END
$$;

CREATE FUNCTION reseller_report.rebuild_slice(
    INOUT source regclass,
    INOUT period_from timestamptz,
    INOUT period_to timestamptz)
    RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_rebuild_slice';
COMMENT ON FUNCTION reseller_report.rebuild_slice(regclass, timestamptz, timestamptz) IS
    'Recomputes the summaries of whole UTC days from raw usage, in the caller''s transaction, while writers go on; returns what '
    'was rebuilt, which never crosses the horizon. 55000 when capture is off, or in a savepoint whose parents have changed usage; '
    '40001 where a REPEATABLE READ snapshot is too old.';

-- How many days a slice takes: about 10 MB of raw rows, a month at most. Each slice rewrites the wide rows of summaries once, so
-- small tables gain by taking more days at once, and memory stays bounded by the slice.
CREATE FUNCTION reseller_report._days_a_slice(source regclass, days numeric) RETURNS integer
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT greatest(1, least(31, floor(10000000 * days / greatest(sum(pg_relation_size(t.relid)), 1))))::integer
    FROM reseller_report._tree(source) t WHERE t.relkind = 'r'
$$;

-- The days of a period that sources of one table have anything in, with a piece for all time before and one for all after. Single
-- days only in this age: one row of the year 294276 must not make millions of slices.
CREATE FUNCTION reseller_report._days(source_ids bigint[], source regclass, period_from timestamptz, period_to timestamptz)
    RETURNS TABLE (slice_from timestamptz, slice_to timestamptz)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    age CONSTANT tstzrange := tstzrange('1970-01-01 00:00:00+00', date_trunc('day', now(), 'UTC') + interval '3660 days');
    moment record;
    bounds timestamptz[];
    first_day timestamptz;
    end_day timestamptz;
    step interval := interval '24 hours';
BEGIN
    -- None when it was detached since the caller's snapshot.
    SELECT m.* INTO moment FROM reseller_report._latest(NULL::reseller_report.source) s, reseller_report._moment(s.rules) m
        WHERE s.id = ANY (source_ids) LIMIT 1;
    bounds := ARRAY(SELECT least(greatest(b, lower(age)), upper(age))
        FROM unnest(reseller_report._moment_bounds(source, moment.column_name, moment.utc_offset)) b WHERE b IS NOT NULL
            ORDER BY b);
    SELECT min(d.at), max(d.at) INTO first_day, end_day
        FROM (SELECT least(greatest(u.bucket, lower(age)), upper(age)) FROM reseller_report.usage_day u
            WHERE u.source = ANY (source_ids)
            UNION ALL SELECT least(greatest(p.day, lower(age)), upper(age)) FROM reseller_report.usage_packed p
                WHERE p.source = ANY (source_ids)
            UNION ALL SELECT least(greatest(r.day, lower(age)), upper(age)) FROM reseller_report.usage_run r
                WHERE r.source = ANY (source_ids)
            UNION ALL SELECT unnest(bounds)) d (at);
    first_day := least(greatest(date_trunc('day', coalesce(first_day, period_from), 'UTC'), period_from), period_to);
    end_day := least(greatest(date_trunc('day', end_day, 'UTC') + interval '24 hours', first_day), period_to);
    IF cardinality(bounds) > 0 THEN
        step := step * reseller_report._days_a_slice(source, ceil(extract(epoch FROM bounds[2] - bounds[1]) / 86400 + 1));
    END IF;
    RETURN QUERY
        SELECT period_from, first_day WHERE period_from < first_day
        UNION ALL SELECT greatest(day, first_day), least(day + step, end_day)
            FROM generate_series(date_trunc('day', first_day, 'UTC'), CASE WHEN first_day < end_day
                THEN end_day - interval '1 microsecond' END, step) AS day
            WHERE isfinite(first_day) AND isfinite(end_day)
        UNION ALL SELECT CASE WHEN isfinite(first_day) THEN end_day ELSE first_day END, period_to
            WHERE CASE WHEN isfinite(first_day) THEN end_day ELSE first_day END < period_to;
END
$$;

CREATE FUNCTION reseller_report.rebuild_slices(
    source regclass,
    period_from timestamptz DEFAULT '-infinity',
    period_to timestamptz DEFAULT 'infinity',
    only_unbuilt boolean DEFAULT false)
    RETURNS TABLE (slice_from timestamptz, slice_to timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    known CONSTANT reseller_report.source[] := ARRAY(SELECT c FROM reseller_report._connected(rebuild_slices.source) c);
    earliest CONSTANT timestamptz := (SELECT min(k.horizon) FROM unnest(known) k);
BEGIN
    PERFORM reseller_report._require_given('period_from', period_from);
    PERFORM reseller_report._require_given('period_to', period_to);
    IF period_from >= period_to THEN
        PERFORM reseller_report._refuse('the period must end after it begins', 'A period is half-open.');
    END IF;
    period_from := greatest(date_trunc('day', period_from, 'UTC'), date_trunc('day', earliest, 'UTC'));
    period_to := reseller_report._end_of_day(period_to);
    IF period_from >= period_to THEN
        RETURN;
    END IF;
    RETURN QUERY
        WITH slice AS (
            SELECT d.slice_from, d.slice_to, NOT EXISTS (
                SELECT FROM unnest(known) k WHERE k.horizon < d.slice_to AND (
                    (SELECT range_agg(tstzrange(b.built_from, b.built_to)) FROM reseller_report.source_built b
                        WHERE b.source = k.id) @> tstzrange(greatest(d.slice_from, k.horizon), d.slice_to) IS NOT TRUE
                    OR EXISTS (SELECT FROM reseller_report.source_unbuilt u
                        WHERE u.source = k.id AND u.unbuilt_from < d.slice_to
                            AND u.unbuilt_to > greatest(d.slice_from, k.horizon)))) AS is_built
            FROM reseller_report._days(ARRAY(SELECT k.id FROM unnest(known) k), rebuild_slices.source, period_from, period_to) d)
        SELECT s.slice_from, s.slice_to FROM slice s
        WHERE NOT (s.is_built AND coalesce(only_unbuilt, false))
        ORDER BY s.is_built, s.slice_from;
END
$$;
COMMENT ON FUNCTION reseller_report.rebuild_slices(regclass, timestamptz, timestamptz, boolean) IS
    'What a rebuild of the period takes, slice by slice in whole UTC days, a day or as many as hold about 10 MB of rows: days not '
    'built first, or with only_unbuilt only those. A rebuild that was cut short goes on with what is missing.';

-- The two halves of rebuild, which a procedure that commits cannot do with another's rights: whoever may call it may call these.
CREATE FUNCTION reseller_report._rebuild_procedure_slices(
    INOUT source regclass, INOUT period_from timestamptz, INOUT period_to timestamptz) RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_rebuild_procedure_slices';
CREATE FUNCTION reseller_report._rebuild_procedure_slice(source regclass, slice_from timestamptz, slice_to timestamptz) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_rebuild_procedure_slice';

-- Neither SECURITY DEFINER nor SET, with which a procedure could not commit: every name is qualified instead.
CREATE PROCEDURE reseller_report.rebuild(
    source regclass,
    period_from timestamptz DEFAULT '-infinity',
    period_to timestamptz DEFAULT 'infinity')
    LANGUAGE plpgsql
    AS $$
DECLARE
    slice record;
BEGIN
    -- Counted by the query that makes them: a table that grows is cut into more slices by the next.
    FOR slice IN
        SELECT s.*, pg_catalog.count(*) OVER () AS total
        FROM reseller_report._rebuild_procedure_slices(source, period_from, period_to) WITH ORDINALITY s (name, slice_from,
            slice_to, number)
        ORDER BY s.number
    LOOP
        COMMIT;  -- lets go of the table, which was read to cut it into slices: who waits for it may have what the slice waits for
        PERFORM pg_catalog.set_config('application_name',
            -- The name last: it may be long, and beyond ASCII it is not shown as it is.
            pg_catalog.format('rebuild %s of %s, %s: %s', slice.number, slice.total, slice.slice_from, source), true);
        PERFORM reseller_report._rebuild_procedure_slice(source, slice.slice_from, slice.slice_to);
        COMMIT;
        RAISE NOTICE 'rebuilt % from % to % (% of %)', source, slice.slice_from, slice.slice_to, slice.number, slice.total;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE reseller_report.rebuild(regclass, timestamptz, timestamptz) IS
    'Recomputes the summaries of the period, widened to whole UTC days, from raw usage while writers go on: one transaction '
    'and one NOTICE for each slice, days not built first, so that a rebuild which was cut short goes on with what is missing. '
    'pg_stat_activity shows in application_name which slice it is at. EXECUTE on it is all that its caller needs. 25001 in a '
    'transaction block, which it could not commit: there, use rebuild_slice.';

CREATE FUNCTION reseller_report.verify(period_from timestamptz, period_to timestamptz, service text DEFAULT NULL)
    RETURNS TABLE (source regclass, reseller_id bigint, company_id bigint, service text, item text, bucket timestamptz, figure text,
        raw bigint, summary bigint)
    LANGUAGE c STABLE PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_verify';
COMMENT ON FUNCTION reseller_report.verify(timestamptz, timestamptz, text) IS
    'Compares raw usage with what summaries and pending changes say, in one snapshot, in the days that are built and not '
    'pruned; every level of the summaries with the one below it; and the sums of their rows with what they are sums of. One row '
    'for each figure of a key that differs, none when all is well: raw and summary are events, seconds or micro-units (10^-6) '
    'of the bucket. The figure of a wider level is called "events by hour" and so on, and its raw is the sum of the level below; '
    'a sum of a row is called "events of all companies" or "events by hour of all companies", and has no company_id. CALL '
    'rebuild mends it. 55000 where a table cannot be read: verify the others one by one. 22004, 22023.';

CREATE FUNCTION reseller_report.verify(period_from timestamptz, period_to timestamptz, service text, INOUT source regclass,
        OUT reseller_id bigint, OUT company_id bigint, OUT service text, OUT item text, OUT bucket timestamptz, OUT figure text,
        OUT raw bigint, OUT summary bigint)
    RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_verify_source';
COMMENT ON FUNCTION reseller_report.verify(timestamptz, timestamptz, text, regclass) IS
    'The same for one source (service NULL: all that it feeds), so that a table which cannot be read stops no other. 42704 when it '
    'is not connected.';
