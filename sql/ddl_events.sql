-- ---------------------------------------------------------------------------------------------------------------------
-- DDL on connected tables (law L4, docs/internals.md). A command that can change raw rows past the trigger un-builds the days that
-- it may have touched, in the same transaction. Renames are followed. The event triggers are C functions. They read the registry
-- and the catalogs as of now, decide, and call the functions here to store what they have found.
-- ---------------------------------------------------------------------------------------------------------------------

-- Stores the name that a connected table has now.
CREATE FUNCTION reseller_report._store_name(id bigint, schema_name name, table_name name) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    UPDATE reseller_report.source s SET schema_name = _store_name.schema_name, table_name = _store_name.table_name
        WHERE s.id = _store_name.id;
    IF NOT FOUND THEN
        PERFORM reseller_report._refuse_old_snapshot();
    END IF;
END
$$;

-- Stores the name and the type that the column of a rule has now. Rules are counted from 0. A column of moments that has got a time
-- zone needs no offset from UTC any more.
CREATE FUNCTION reseller_report._store_column(id bigint, rule integer, column_name text, type text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    outdated CONSTANT text[] := CASE WHEN type LIKE 'timestamp% with time zone' THEN '{utc_offset}' ELSE '{}' END;
BEGIN
    UPDATE reseller_report.source s
        SET rules = jsonb_set(s.rules, ARRAY[rule::text],
            (s.rules -> rule) - outdated || jsonb_build_object('column', column_name, 'type', type))
        WHERE s.id = _store_column.id;
    IF NOT FOUND THEN
        PERFORM reseller_report._refuse_old_snapshot();
    END IF;
END
$$;

-- It sets no search path, so that it resolves the names in a command as the command itself does.
CREATE FUNCTION reseller_report._ddl_command_start() RETURNS event_trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'reseller_report_ddl_command_start';
CREATE FUNCTION reseller_report._ddl_command_end() RETURNS event_trigger
    LANGUAGE c SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_ddl_command_end';
CREATE FUNCTION reseller_report._sql_drop() RETURNS event_trigger
    LANGUAGE c SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_sql_drop';
CREATE FUNCTION reseller_report._table_rewrite() RETURNS event_trigger
    LANGUAGE c SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_table_rewrite';

CREATE EVENT TRIGGER reseller_report_ddl_command_start ON ddl_command_start
    WHEN TAG IN ('ALTER TABLE', 'DROP TABLE') EXECUTE FUNCTION reseller_report._ddl_command_start();
-- All commands that can change a table or rename one of its columns. ALTER INDEX, ALTER VIEW and their like accept the name of a
-- table, too.
CREATE EVENT TRIGGER reseller_report_ddl_command_end ON ddl_command_end
    WHEN TAG IN ('ALTER TABLE', 'CREATE TABLE', 'CREATE SCHEMA', 'ALTER SCHEMA', 'ALTER EXTENSION', 'CREATE TRIGGER',
        'ALTER TRIGGER', 'ALTER TYPE', 'ALTER INDEX', 'ALTER VIEW', 'ALTER MATERIALIZED VIEW', 'ALTER SEQUENCE',
        'CREATE FOREIGN TABLE', 'ALTER FOREIGN TABLE', 'IMPORT FOREIGN SCHEMA')
    EXECUTE FUNCTION reseller_report._ddl_command_end();
-- Any DROP may take a table, a column or a trigger along.
CREATE EVENT TRIGGER reseller_report_sql_drop ON sql_drop EXECUTE FUNCTION reseller_report._sql_drop();
CREATE EVENT TRIGGER reseller_report_table_rewrite ON table_rewrite EXECUTE FUNCTION reseller_report._table_rewrite();
ALTER EVENT TRIGGER reseller_report_ddl_command_start ENABLE ALWAYS;
ALTER EVENT TRIGGER reseller_report_ddl_command_end ENABLE ALWAYS;
ALTER EVENT TRIGGER reseller_report_sql_drop ENABLE ALWAYS;
ALTER EVENT TRIGGER reseller_report_table_rewrite ENABLE ALWAYS;
