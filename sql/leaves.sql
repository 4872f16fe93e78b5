-- ---------------------------------------------------------------------------------------------------------------------
-- Brings the registry up to date: the leaves of a source, and the names of tables.
-- ---------------------------------------------------------------------------------------------------------------------

-- Raised where a REPEATABLE READ transaction would have to update a row of the registry that others have changed since it began.
CREATE FUNCTION reseller_report._refuse_old_snapshot() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM reseller_report._refuse('could not serialize access: a connected table was altered after this transaction began',
        'Try again.', '40001');
END
$$;

-- A table, its partitions of all levels and its inheritance children. can_be_captured says whether the capture trigger would see
-- every change of a table's rows.
CREATE FUNCTION reseller_report._tree(root regclass)
    RETURNS TABLE (relid regclass, schema_name name, table_name name, relkind "char", can_be_captured boolean)
    LANGUAGE c STABLE STRICT SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_tree';

-- Stores the names that the leaves of a source have now.
CREATE FUNCTION reseller_report._follow_leaf_names(id bigint, root regclass) RETURNS void
    LANGUAGE c VOLATILE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_follow_leaf_names';

-- Brings the leaves of a source in the registry up to date: their names, those that came, and those that went, whose days are
-- un-built. Those that came un-build nothing, because the caller knows their rows.
CREATE FUNCTION reseller_report._follow_leaves(id bigint, root regclass) RETURNS void
    LANGUAGE c VOLATILE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_follow_leaves';

-- Stores the names of connected tables that were renamed while no event trigger saw it. Passes over those that another session is
-- storing right now.
CREATE FUNCTION reseller_report._follow_names() RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    moved bigint[];
BEGIN
    moved := ARRAY(SELECT s.id FROM reseller_report.source s
        JOIN reseller_report._latest(NULL::reseller_report.source_table) t ON t.source = s.id
        CROSS JOIN reseller_report._name_of(t.relid) n
        WHERE (n.schema_name, n.table_name) <> (s.schema_name, s.table_name)
        FOR UPDATE OF s SKIP LOCKED);
    -- All in one statement, because two tables may have swapped their names.
    UPDATE reseller_report.source s SET schema_name = n.schema_name, table_name = n.table_name
        FROM reseller_report._latest(NULL::reseller_report.source_table) t CROSS JOIN reseller_report._name_of(t.relid) n
        WHERE s.id = ANY (moved) AND t.source = s.id;
    PERFORM reseller_report._follow_leaf_names(t.source, t.relid)
        FROM reseller_report._latest(NULL::reseller_report.source_table) t WHERE t.source = ANY (moved);
END
$$;

