-- ---------------------------------------------------------------------------------------------------------------------
-- State
-- ---------------------------------------------------------------------------------------------------------------------

-- What the next folds and merges would take. PUBLIC may execute it, because a view's functions are called with the rights of its
-- reader; but it refuses (42501) whoever may not read the view.
CREATE FUNCTION reseller_report._pending(
    OUT deltas bigint, OUT oldest timestamptz, OUT unmerged bigint, OUT oldest_unmerged timestamptz)
    RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL RESTRICTED ROWS 1 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_pending';

CREATE VIEW reseller_report.materializer_state AS
    SELECT p.deltas AS pending_deltas, p.oldest AS oldest_pending_at, l.last_materialized_at, l.last_deltas,
        l.last_duration,
        ARRAY(SELECT format(CASE WHEN (SELECT count(*) FROM reseller_report.source o
            WHERE (o.schema_name, o.table_name) = (s.schema_name, s.table_name)) > 1
                    THEN '%I.%I (%s): %s' ELSE '%1$I.%2$I: %4$s' END, s.schema_name, s.table_name, s.service, s.reasons)
            FROM reseller_report._source_state s WHERE NOT s.is_built ORDER BY 1) AS unbuilt_sources,
        p.unmerged AS unmerged_entries, p.oldest_unmerged AS oldest_unmerged_at
    FROM reseller_report._pending() p CROSS JOIN reseller_report.lease l;
COMMENT ON VIEW reseller_report.materializer_state IS
    'One row: what waits to be folded and since when, the last run that folded or merged anything, which sources have days that '
    'are answered from raw rows, and why, and what is folded and waits to be merged, and since when.';

CREATE FUNCTION reseller_report.health(OUT dead_deltas bigint, OUT oldest_xmin_age bigint, OUT restoring boolean)
    RETURNS SETOF record
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT coalesce((SELECT t.n_dead_tup FROM pg_stat_all_tables t WHERE t.relid = 'reseller_report.usage_delta'::regclass), 0),
        (SELECT coalesce(max(age(x.held)), 0)::bigint FROM (
            SELECT a.backend_xmin FROM pg_stat_activity a WHERE a.pid <> pg_backend_pid()
            UNION ALL SELECT s.xmin FROM pg_replication_slots s
            UNION ALL SELECT s.catalog_xmin FROM pg_replication_slots s
            UNION ALL SELECT p.transaction FROM pg_prepared_xacts p) AS x (held)
        WHERE x.held IS NOT NULL),
        l.restoring
    FROM reseller_report.lease l
$$;
COMMENT ON FUNCTION reseller_report.health() IS
    'What stops folding: restoring, true between pre_restore and post_restore, when nothing is captured either. What slows folding '
    'and reports down: dead rows of usage_delta that wait for autovacuum, and the age, in transactions, of the oldest snapshot, '
    'slot or prepared transaction that keeps it from removing them.';
