-- ---------------------------------------------------------------------------------------------------------------------
-- Retention
-- ---------------------------------------------------------------------------------------------------------------------

-- The partitions that lie before a moment, as prune may drop them.
CREATE FUNCTION reseller_report._prunable(source regclass, older_than timestamptz)
    RETURNS TABLE (relid regclass, period_from timestamptz, period_to timestamptz)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    rules CONSTANT jsonb := reseller_report._rules_of_table(_prunable.source);
    moment CONSTANT name := (reseller_report._moment(rules)).column_name;
    child record;
BEGIN
    IF pg_get_partkeydef(_prunable.source) IS DISTINCT FROM format('RANGE (%I)', moment) THEN
        PERFORM reseller_report._refuse(format('table "%s" is not range-partitioned by %s',
            reseller_report._shown(_prunable.source), moment),
            'Only whole partitions are pruned. Delete old rows, and their usage leaves the reports; or partition the table.',
            '0A000');
    END IF;
    FOR child IN
        SELECT i.inhrelid::regclass AS relid, r.* FROM pg_inherits i,
            reseller_report._partition_range(i.inhrelid::regclass, rules) r
        WHERE i.inhparent = _prunable.source AND NOT i.inhdetachpending AND r.period_to <= older_than ORDER BY r.period_to
    LOOP
        IF extract(epoch FROM child.period_to) % 900 <> 0 OR extract(second FROM child.period_to AT TIME ZONE 'UTC') <> 0 THEN
            PERFORM reseller_report._refuse(format('partition "%s" ends at %s, which is no quarter hour UTC',
                reseller_report._shown(child.relid), child.period_to),
                'Its last quarter hour would be shared with the next partition. Keep it, or move its bound.', '0A000');
        END IF;
        relid := child.relid;
        period_from := child.period_from;
        period_to := child.period_to;
        RETURN NEXT;
    END LOOP;
END
$$;

CREATE FUNCTION reseller_report.prunable(INOUT source regclass, older_than timestamptz, OUT period_from timestamptz,
    OUT period_to timestamptz)
    RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_prunable';
COMMENT ON FUNCTION reseller_report.prunable(regclass, timestamptz) IS
    'The partitions that prune with the same arguments would drop, without doing it; refuses what prune refuses. 22004, 42704, '
    '0A000.';

-- Sets the horizon of a source, and forgets the partitions that went.
CREATE FUNCTION reseller_report._note_pruned(source_id bigint, root regclass, horizon timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
BEGIN
    UPDATE reseller_report.source s SET horizon = _note_pruned.horizon WHERE s.id = source_id;
    DELETE FROM reseller_report.source_leaf l
        WHERE l.source = source_id AND NOT EXISTS (
            SELECT FROM reseller_report._tree(root) t WHERE t.schema_name = l.schema_name AND t.table_name = l.table_name);
    DELETE FROM reseller_report.source_unbuilt u WHERE u.source = source_id AND u.unbuilt_to <= _note_pruned.horizon;
END
$$;

CREATE FUNCTION reseller_report.prune(INOUT source regclass, older_than timestamptz, OUT period_from timestamptz,
    OUT period_to timestamptz)
    RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_prune';
COMMENT ON FUNCTION reseller_report.prune(regclass, timestamptz) IS
    'Drops the whole partitions of a source that lie before a moment, and keeps their summaries: usage there counts as it was. '
    'Returns what was dropped. From then on periods before the horizon begin and end on quarter hours UTC (55000 otherwise). '
    'Refuses (0A000) days not built, tables not range-partitioned by occurred_at and partitions that do not end on a quarter hour '
    'UTC; 40001 where the table was changed past its trigger meanwhile.';
