-- ---------------------------------------------------------------------------------------------------------------------
-- Sources: the registry of connected usage tables
-- ---------------------------------------------------------------------------------------------------------------------

CREATE TABLE reseller_report.source (
    id          bigint PRIMARY KEY,
    service     text NOT NULL,
    schema_name name NOT NULL,
    table_name  name NOT NULL,
    rules       jsonb NOT NULL,
    horizon     timestamptz NOT NULL DEFAULT '-infinity',
    moves       bigint NOT NULL DEFAULT 0,
    attached_at timestamptz NOT NULL DEFAULT now(),
    restored    boolean NOT NULL DEFAULT false,
    restored_captured boolean NOT NULL DEFAULT false,
    capture     text NOT NULL DEFAULT 'always',
    UNIQUE (schema_name, table_name, service)
);
COMMENT ON TABLE reseller_report.source IS
    'The connected usage tables: a row for each table and service that it feeds. Tables are named, so that a dump can be restored. '
    'The id is random, so that changes of several databases can meet in one. rules says how rows are read. Raw usage before '
    'horizon was pruned. moves counts how often rows were moved to partitions of their own. restored: the row came with a dump; '
    'restored_captured: its table was captured by then. capture is origin where replicated writes are left out.';

-- Marks rows that come with a dump, and notes which tables of this database they are.
CREATE FUNCTION reseller_report._check_registration() RETURNS trigger
    LANGUAGE c SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_check_registration';
CREATE TRIGGER check_registration BEFORE INSERT ON reseller_report.source
    FOR EACH ROW EXECUTE FUNCTION reseller_report._check_registration();
ALTER TABLE reseller_report.source ENABLE ALWAYS TRIGGER check_registration;

CREATE TABLE reseller_report.source_built (
    source     bigint NOT NULL,
    id         uuid NOT NULL DEFAULT gen_random_uuid(),
    built_from timestamptz NOT NULL,
    built_to   timestamptz NOT NULL
);
COMMENT ON TABLE reseller_report.source_built IS 'The whole UTC days, cut at the horizon, that the summaries of a source answer '
'for.';

CREATE TABLE reseller_report.source_unbuilt (
    source       bigint NOT NULL,
    id           uuid NOT NULL DEFAULT gen_random_uuid(),
    unbuilt_from timestamptz NOT NULL,
    unbuilt_to   timestamptz NOT NULL,
    reason       text NOT NULL,
    since        timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE reseller_report.source_unbuilt IS
    'The days whose raw rows may have changed unseen since their summaries were built, and why. Reports read raw rows there.';

CREATE TABLE reseller_report.source_leaf (
    source      bigint NOT NULL,
    schema_name name NOT NULL,
    table_name  name NOT NULL,
    leaf_from   timestamptz NOT NULL,
    leaf_to     timestamptz NOT NULL,
    relid       oid NOT NULL,  -- stays the same when the table is renamed
    PRIMARY KEY (source, schema_name, table_name)
);
COMMENT ON TABLE reseller_report.source_leaf IS
    'The tables that hold a source''s rows, itself or its partitions, and the days that their rows may be of. Kept because event '
    'triggers name only one side of ATTACH and DETACH.';

-- Which table of this database each source is. A table keeps its OID when its name changes. Dumps leave this table out, because
-- OIDs are a database's own. Only C++ writes it, past the executor. Rows that a publication of all tables brings from another
-- database come through the executor, and a trigger ignores them.
CREATE TABLE reseller_report.source_table (
    source bigint PRIMARY KEY,
    relid  oid NOT NULL,
    knows_leaves boolean NOT NULL
);
COMMENT ON TABLE reseller_report.source_table IS
    'The OID of each connected table in this database. A table stays the source when it is renamed, and another table that takes '
    'its name is not the source. knows_leaves says that source_leaf was brought up to date in this database, so that a partition '
    'which it lacks has come unseen. Only the extension writes here.';

CREATE FUNCTION reseller_report._ignore_row() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER ignore_row BEFORE INSERT OR UPDATE OR DELETE ON reseller_report.source_table
    FOR EACH ROW EXECUTE FUNCTION reseller_report._ignore_row();
ALTER TABLE reseller_report.source_table ENABLE ALWAYS TRIGGER ignore_row;

CREATE FUNCTION reseller_report._note_table(source bigint, relid regclass, knows_leaves boolean) RETURNS void
    LANGUAGE c VOLATILE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_note_table';
COMMENT ON FUNCTION reseller_report._note_table(bigint, regclass, boolean) IS
    'Notes which table a source is and, with knows_leaves, that source_leaf has its leaves in this database. Writes nothing that '
    'is noted already.';

CREATE FUNCTION reseller_report._forget_table(source bigint) RETURNS void
    LANGUAGE c VOLATILE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_forget_table';
COMMENT ON FUNCTION reseller_report._forget_table(bigint) IS
    'Deletes the row of source_table that notes which table a source is.';

-- Rows may come with a dump from another database. Each gets the OID of the table that has its name here.
CREATE FUNCTION reseller_report._number_leaf() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    NEW.relid := coalesce(to_regclass(format('%I.%I', NEW.schema_name, NEW.table_name))::oid, 0);
    RETURN NEW;
END
$$;
CREATE TRIGGER number_leaf BEFORE INSERT ON reseller_report.source_leaf
    FOR EACH ROW EXECUTE FUNCTION reseller_report._number_leaf();
ALTER TABLE reseller_report.source_leaf ENABLE ALWAYS TRIGGER number_leaf;

CREATE TABLE reseller_report.source_gone (source bigint NOT NULL);
COMMENT ON TABLE reseller_report.source_gone IS
    'Sources that were dropped or detached, until a fold has cleared what is left of their summaries.';

-- The table of a source as of now: by its OID where one is noted, else by name; NULL when it is gone.
CREATE FUNCTION reseller_report._table(id bigint, schema_name name, table_name name) RETURNS regclass
    LANGUAGE c STABLE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_table_of_source';

-- The services that a table can be connected as, in the order of the page.
CREATE FUNCTION reseller_report._services() RETURNS text[]
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT '{text_messaging,chat,telephony,telephony_outgoing,telephony_incoming,bot}'::text[] $$;

-- The sources that a table is as of now, one for each service; 42704 when it is not connected.
CREATE FUNCTION reseller_report._connected(relid regclass) RETURNS SETOF reseller_report.source
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM reseller_report._require_given('source', relid);
    RETURN QUERY SELECT s.* FROM reseller_report._latest(NULL::reseller_report.source) s
        WHERE reseller_report._table(s.id, s.schema_name, s.table_name) = relid
        ORDER BY array_position(reseller_report._services(), s.service);
    IF NOT FOUND THEN
        PERFORM reseller_report._refuse(format('table "%s" is not connected', reseller_report._shown(relid)),
            'SELECT * FROM reseller_report.sources() lists the connected tables; reseller_report.attach_source connects one.',
            '42704');
    END IF;
END
$$;

-- The rules of any one of the sources that a table is. That is enough to read the moment, which all of them map alike.
CREATE FUNCTION reseller_report._rules_of_table(relid regclass) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT c.rules FROM reseller_report._connected(relid) c LIMIT 1 $$;

-- The column that holds the moment of an event, and how far its clock is ahead of UTC (NULL: the column has a time zone).
CREATE FUNCTION reseller_report._moment(rules jsonb, OUT column_name name, OUT utc_offset interval)
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT rule ->> 'column', (rule ->> 'utc_offset')::integer * interval '1 second'
    FROM jsonb_array_elements(rules) AS rule WHERE rule ->> 'field' = 'occurred_at'
$$;

-- Clears what is left of dropped and detached sources. The caller holds the lease.
CREATE FUNCTION reseller_report._forget_sources(sources bigint[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    DELETE FROM reseller_report.source_built WHERE source = ANY (sources);
    DELETE FROM reseller_report.source_unbuilt WHERE source = ANY (sources);
    DELETE FROM reseller_report.source_leaf WHERE source = ANY (sources);
    DELETE FROM reseller_report.source_gone WHERE source = ANY (sources);
    PERFORM reseller_report._forget_table(s) FROM unnest(sources) s;
    DELETE FROM reseller_report.usage_delta WHERE source = ANY (sources);
    DELETE FROM reseller_report.usage_run WHERE source = ANY (sources);
    DELETE FROM reseller_report.usage_packed WHERE source = ANY (sources);
    DELETE FROM reseller_report.usage_quarter WHERE source = ANY (sources);
    DELETE FROM reseller_report.usage_hour WHERE source = ANY (sources);
    DELETE FROM reseller_report.usage_day WHERE source = ANY (sources);
    DELETE FROM reseller_report.usage_month WHERE source = ANY (sources);
    DELETE FROM reseller_report.usage_year WHERE source = ANY (sources);
END
$$;

-- Marks days as un-built, because raw rows may have changed uncaptured. It only appends, reads nothing that others write, and waits
-- for nobody.
CREATE FUNCTION reseller_report._unbuild(source bigint, unbuilt_from timestamptz, unbuilt_to timestamptz, reason text) RETURNS void
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO reseller_report.source_unbuilt (source, unbuilt_from, unbuilt_to, reason) VALUES ($1, $2, $3, $4)
$$;

-- The period that the rows of a partition may lie in. The bounds of a partition say it where its table is partitioned by ranges of
-- the moment itself. Other partitions may hold rows of all time.
CREATE FUNCTION reseller_report._partition_range(
    relid regclass, rules jsonb, OUT period_from timestamptz, OUT period_to timestamptz)
    -- The bounds are read from their printed form, which these settings decide.
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO'
    AS $$
DECLARE
    moment record;
    level record;
    bounds text[];
BEGIN
    SELECT * INTO moment FROM reseller_report._moment(rules);
    period_from := '-infinity';
    period_to := 'infinity';
    FOR level IN
        SELECT pg_get_expr(c.relpartbound, c.oid) AS bound, i.inhparent
        FROM pg_partition_ancestors(relid) AS a (relid)
        JOIN pg_class c ON c.oid = a.relid JOIN pg_inherits i ON i.inhrelid = c.oid
        WHERE c.relispartition
    LOOP
        -- Not a condition of the query: the server might evaluate it for every partitioned table in the database, and wait for its
        -- lock.
        CONTINUE WHEN pg_get_partkeydef(level.inhparent) <> format('RANGE (%I)', moment.column_name);
        bounds := regexp_match(level.bound, '^FOR VALUES FROM [(](.*)[)] TO [(](.*)[)]$');
        CONTINUE WHEN bounds IS NULL;  -- the default partition
        IF bounds[1] <> 'MINVALUE' THEN
            period_from := greatest(period_from, reseller_report._moment_of(trim(bounds[1], $q$'$q$), moment.utc_offset));
        END IF;
        IF bounds[2] <> 'MAXVALUE' THEN
            period_to := least(period_to, reseller_report._moment_of(trim(bounds[2], $q$'$q$), moment.utc_offset));
        END IF;
    END LOOP;
END
$$;

-- The moment that the printed bound of a partition means. The bound has a time zone, or is of the clock of a column without one.
CREATE FUNCTION reseller_report._moment_of(shown text, utc_offset interval) RETURNS timestamptz
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE WHEN utc_offset IS NULL THEN shown::timestamptz ELSE (shown::timestamp - utc_offset) AT TIME ZONE 'UTC' END
$$;

-- The end of the day UTC that a moment lies in, or the moment itself where a day begins with it. The end of the last day is beyond
-- the range of timestamps, so it is infinity.
CREATE FUNCTION reseller_report._end_of_day(moment timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE
        WHEN moment = date_trunc('day', moment, 'UTC') THEN moment
        WHEN moment > '294276-12-31 00:00:00+00' THEN 'infinity'
        ELSE date_trunc('day', moment, 'UTC') + interval '24 hours' END
$$;

-- The whole days UTC that the rows of a partition may be of.
CREATE FUNCTION reseller_report._leaf_range(leaf regclass, rules jsonb, OUT leaf_from timestamptz, OUT leaf_to timestamptz)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT date_trunc('day', period_from, 'UTC'), reseller_report._end_of_day(period_to)
    FROM reseller_report._partition_range(leaf, rules)
$$;

CREATE FUNCTION reseller_report._capture_rows(source bigint, leaf regclass, before timestamptz, sign integer) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_capture_rows';
COMMENT ON FUNCTION reseller_report._capture_rows(bigint, regclass, timestamptz, integer) IS
    'Captures the rows of a partition from before a moment, read as its owner, as if they were inserted (1) or deleted (-1).';

CREATE FUNCTION reseller_report._is_empty(source regclass) RETURNS boolean
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_is_empty';
COMMENT ON FUNCTION reseller_report._is_empty(regclass) IS
    'Whether the latest snapshot sees no row of a table, neither with the transaction''s own changes nor without them. This holds '
    'at every isolation level.';

CREATE FUNCTION reseller_report._moment_bounds(source regclass, moment name, utc_offset interval) RETURNS timestamptz[]
    LANGUAGE c SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_moment_bounds';
COMMENT ON FUNCTION reseller_report._moment_bounds(regclass, name, interval) IS
    'The first and last finite moment of a table, read as the table''s owner.';

-- Whether the summaries of a source answer for all time, and if not, why. Marks of days before the horizon do not count.
CREATE VIEW reseller_report._source_state AS
    SELECT s.id, s.service, s.schema_name, s.table_name, s.attached_at, s.horizon, w.reasons IS NULL AS is_built, w.reasons
    FROM reseller_report.source s,
        LATERAL (SELECT coalesce(
            (SELECT string_agg(DISTINCT u.reason, '; ') FROM reseller_report.source_unbuilt u
                WHERE u.source = s.id AND u.unbuilt_to > s.horizon),
            CASE WHEN (
                SELECT range_agg(tstzrange(b.built_from, b.built_to)) FROM reseller_report.source_built b WHERE b.source = s.id)
                @> tstzrange('-infinity', 'infinity') IS NOT TRUE THEN 'not built yet' END)) AS w (reasons);

CREATE FUNCTION reseller_report.sources()
    RETURNS TABLE (
        source regclass, service text, attached_at timestamptz, is_built boolean, unbuilt_reasons text, horizon timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT t.relid, s.service, s.attached_at, s.is_built, s.reasons, s.horizon
    FROM reseller_report._source_state s, reseller_report._table(s.id, s.schema_name, s.table_name) AS t (relid)
    WHERE t.relid IS NOT NULL
    ORDER BY s.schema_name, s.table_name, array_position(reseller_report._services(), s.service)
$$;
COMMENT ON FUNCTION reseller_report.sources() IS
    'A row for each connected table and service that it feeds: whether its summaries answer for all time, why not (NULL: they do), '
    'and the horizon before which its raw usage was pruned (-infinity: none was).';
