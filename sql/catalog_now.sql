-- ---------------------------------------------------------------------------------------------------------------------
-- The catalogs and the registry as of now, whatever snapshot the transaction has. DDL is not MVCC, so what follows it cannot rely
-- on a snapshot: an older one would miss a table that was connected, or a partition that was made, since.
-- ---------------------------------------------------------------------------------------------------------------------

-- All rows of a table of ours, which is told by its row type: _latest(NULL::reseller_report.source).
CREATE FUNCTION reseller_report._latest(rows_of anyelement) RETURNS SETOF anyelement
    LANGUAGE c STABLE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_latest_rows';

-- Makes every session read anew what it has cached of a table.
CREATE FUNCTION reseller_report._invalidate(relid regclass) RETURNS void
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_invalidate';

-- Whether a table has partitions or inheritance children, or is one itself.
CREATE FUNCTION reseller_report._has_relatives(relid regclass) RETURNS boolean
    LANGUAGE c STABLE STRICT SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_has_relatives';

-- The schema and the name of a table.
CREATE FUNCTION reseller_report._name_of(relid regclass, OUT schema_name name, OUT table_name name)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT a.object_names[1], a.object_names[2] FROM pg_identify_object_as_address('pg_class'::regclass, relid, 0) a $$;
