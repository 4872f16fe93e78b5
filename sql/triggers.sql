-- ---------------------------------------------------------------------------------------------------------------------
-- Makes the triggers of a connected table: one captures every change of a row, and one on each leaf notices TRUNCATE. triggers.cpp
-- alone decides whether a trigger that is there does this.
-- ---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION reseller_report._capture() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'reseller_report_capture';
COMMENT ON FUNCTION reseller_report._capture() IS
    'Row trigger of connected tables. Executable by everyone, because partitions are made by the table''s owner and inherit it; '
    'it captures nothing on a table that its source does not name.';

-- Un-builds the days of a leaf that is truncated, for all that the table feeds.
CREATE FUNCTION reseller_report._truncated() RETURNS trigger
    LANGUAGE c SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_truncated';

-- The arguments of a table's capture trigger: the ids of the sources that the table is, and "origin" where replicated writes are
-- left out.
CREATE FUNCTION reseller_report._capture_arguments(ids bigint[], capture text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT concat_ws(', ', (SELECT string_agg(quote_literal(id), ', ' ORDER BY id) FROM unnest(ids) AS id),
        CASE capture WHEN 'origin' THEN quote_literal(capture) END)
$$;

-- Makes the one trigger that captures a table for all sources that it is, or replaces it. Where another trigger has the name, the
-- server raises an error.
CREATE FUNCTION reseller_report._set_capture_trigger(source regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    capture CONSTANT text := (SELECT c.capture FROM reseller_report._connected(source) c LIMIT 1);
BEGIN
    EXECUTE format('CREATE %s TRIGGER reseller_report_capture AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW '
            'EXECUTE FUNCTION reseller_report._capture(%s)',
        CASE WHEN EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = source AND t.tgfoid = 'reseller_report._capture'::regproc)
            THEN 'OR REPLACE' ELSE '' END,
        source,
        reseller_report._capture_arguments(ARRAY(SELECT c.id FROM reseller_report._connected(source) c), capture));
    IF capture = 'always' THEN
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER reseller_report_capture', source);
    END IF;
END
$$;

-- Makes the TRUNCATE trigger of a leaf. That of the whole table does not fire when a leaf is truncated.
CREATE FUNCTION reseller_report._make_truncate_trigger(leaf regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER reseller_report_truncated BEFORE TRUNCATE ON %s FOR EACH STATEMENT '
        'EXECUTE FUNCTION reseller_report._truncated()', leaf);
    EXECUTE format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER reseller_report_truncated', leaf);
END
$$;

CREATE FUNCTION reseller_report._drop_truncate_trigger(leaf regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    EXECUTE format('DROP TRIGGER reseller_report_truncated ON %s', leaf);
END
$$;
