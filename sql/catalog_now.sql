-- ---------------------------------------------------------------------------------------------------------------------
-- The catalogs and the registry as of now, whatever snapshot the transaction has. DDL is not MVCC, so neither may what follows it
-- be: a snapshot from before a table was connected or a partition made would miss it.
-- ---------------------------------------------------------------------------------------------------------------------

-- The rows of a table of ours.
CREATE FUNCTION reseller_report._latest(rows_of anyelement) RETURNS SETOF anyelement
    LANGUAGE c STABLE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_latest_rows';

CREATE FUNCTION reseller_report._invalidate(relid regclass) RETURNS void
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_invalidate';

-- Whether a table has partitions or inheritance children, or is one itself.
CREATE FUNCTION reseller_report._has_relatives(relid regclass) RETURNS boolean
    LANGUAGE c STABLE STRICT SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_has_relatives';

CREATE FUNCTION reseller_report._name_of(relid regclass, OUT schema_name name, OUT table_name name)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT a.object_names[1], a.object_names[2] FROM pg_identify_object_as_address('pg_class'::regclass, relid, 0) a $$;
