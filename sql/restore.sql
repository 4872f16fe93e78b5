-- ---------------------------------------------------------------------------------------------------------------------
-- Restoring dumps
-- ---------------------------------------------------------------------------------------------------------------------

-- A restore brings raw usage, summaries, pending changes and dependencies as they were, in any order and by several workers at
-- once. restore.cpp recognizes it. Rows of dependency that come with it move nothing, and the constraints and triggers that it
-- makes are not followed. Between pre_restore and post_restore no session captures or moves anything, and DDL un-builds nothing.

CREATE FUNCTION reseller_report._set_restoring(restoring boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    captured regclass;
BEGIN
    UPDATE reseller_report.lease SET restoring = _set_restoring.restoring;
    -- The lock waits for writers in flight. The invalidation makes every session read the new setting before it writes to the table
    -- again.
    FOR captured IN
        SELECT t.tgrelid FROM pg_trigger t WHERE t.tgfoid = 'reseller_report._capture'::regproc AND t.tgparentid = 0 ORDER BY 1
    LOOP
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', captured);
        PERFORM reseller_report._invalidate(p.relid) FROM reseller_report._tree(captured) p;
    END LOOP;
END
$$;

CREATE FUNCTION reseller_report.pre_restore() RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF EXISTS (SELECT FROM reseller_report.source) THEN
        PERFORM reseller_report._refuse('this database has connected tables already',
            'Restore the data into a database in which only the schema was restored.', '55000');
    END IF;
    PERFORM reseller_report._set_restoring(true);
END
$$;
COMMENT ON FUNCTION reseller_report.pre_restore() IS
    'To be called before the data of a dump is loaded into a database that has its schema already (pg_dump --schema-only, then '
    '--data-only). Until post_restore nothing is captured, because the dump holds what was captured. A dump that is restored in '
    'one piece needs neither. 55000 where tables are connected already.';

CREATE FUNCTION reseller_report.post_restore() RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_post_restore';
COMMENT ON FUNCTION reseller_report.post_restore() IS
    'To be called after the data of a dump was loaded: capture goes on. Triggers of connected tables that are missing are made '
    'again, and those that are off are switched on. What was written without them stays un-built until CALL rebuild.';

-- A dump of data alone may switch off triggers of the extension's own tables. This switches them on again.
CREATE FUNCTION reseller_report._switch_on_own_triggers() RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    own record;
BEGIN
    FOR own IN
        SELECT t.tgrelid::regclass AS relid, t.tgname FROM pg_trigger t
        WHERE t.tgrelid IN ('reseller_report.source'::regclass, 'reseller_report.source_leaf'::regclass,
                'reseller_report.company'::regclass, 'reseller_report.dependency'::regclass,
                'reseller_report.statement_turn'::regclass, 'reseller_report.statement_company'::regclass,
                'reseller_report.statement'::regclass, 'reseller_report.statement_line'::regclass,
                'reseller_report.statement_withdrawal'::regclass)
            AND NOT t.tgisinternal AND t.tgname <> 'check_time_zone' AND t.tgenabled <> 'A'
    LOOP
        EXECUTE format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER %I', own.relid, own.tgname);
    END LOOP;
END
$$;
