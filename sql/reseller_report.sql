\echo Use "CREATE EXTENSION reseller_report CASCADE" to load this file. \quit

-- Everything is created plainly, never OR REPLACE, so that an object planted in the schema beforehand stops the installation.
DO $$
BEGIN
    IF (SELECT nspowner FROM pg_catalog.pg_namespace WHERE nspname = 'reseller_report') <> current_user::regrole THEN
        RAISE EXCEPTION 'schema "reseller_report" belongs to another role'
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'Drop the schema, or install the extension as its owner.';
    END IF;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Companies and who belongs to whom
-- ---------------------------------------------------------------------------------------------------------------------

CREATE TABLE reseller_report.company (
    company_id  bigint PRIMARY KEY,
    name        text NOT NULL,
    is_reseller boolean NOT NULL DEFAULT false,
    time_zone   text NOT NULL DEFAULT 'UTC',
    currency    text NOT NULL DEFAULT 'USD'
);
-- Lets a time zone that some company has already be accepted without reading the server's whole list.
CREATE INDEX company_time_zone_idx ON reseller_report.company (time_zone);
COMMENT ON TABLE reseller_report.company IS
    'Organisations that use the platform. Filled by plain INSERT, UPDATE and DELETE.';
COMMENT ON COLUMN reseller_report.company.is_reseller IS 'Whether the company has a reseller account, hence reports.';
COMMENT ON COLUMN reseller_report.company.time_zone IS
    'A reseller''s reporting zone, a name of pg_timezone_names in any case (22023 otherwise).';
COMMENT ON COLUMN reseller_report.company.currency IS 'The currency of all amounts of a reseller''s companies.';

CREATE TABLE reseller_report.dependency (
    reseller_id bigint NOT NULL REFERENCES reseller_report.company (company_id),
    company_id  bigint NOT NULL REFERENCES reseller_report.company (company_id),
    during      tstzrange NOT NULL DEFAULT '(,)',
    CONSTRAINT dependency_not_on_itself CHECK (reseller_id <> company_id),
    CONSTRAINT dependency_during_not_empty CHECK (NOT isempty(during)),
    -- Summaries are kept by quarter hour, so membership may change only there; [ ) is the only form without a lone instant.
    CONSTRAINT dependency_during_half_open_on_quarter_hours_utc CHECK (
        (lower_inf(during) OR lower(during) = '-infinity'
            OR (lower_inc(during) AND extract(epoch FROM lower(during)) % 900 = 0))
        AND (upper_inf(during) OR upper(during) = 'infinity'
            OR (NOT upper_inc(during) AND extract(epoch FROM upper(during)) % 900 = 0))),
    CONSTRAINT dependency_no_overlap EXCLUDE USING gist (company_id WITH =, during WITH &&)
);
CREATE INDEX dependency_company_idx ON reseller_report.dependency (company_id);
CREATE INDEX dependency_reseller_idx ON reseller_report.dependency (reseller_id, company_id);
COMMENT ON TABLE reseller_report.dependency IS
    'Which company belongs to which reseller, and when. Filled by plain INSERT, UPDATE and DELETE, also into the past: '
    'reports follow at once. A company belongs to one reseller at a time (23P01).';
COMMENT ON COLUMN reseller_report.dependency.during IS
    'Half-open, finite bounds on quarter hours UTC (23514), not empty.';

CREATE FUNCTION reseller_report._check_time_zone() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM reseller_report.company WHERE time_zone = NEW.time_zone)
        AND NOT EXISTS (SELECT FROM pg_timezone_names WHERE lower(name) = lower(NEW.time_zone))
    THEN
        RAISE EXCEPTION 'time zone "%" is not known', NEW.time_zone
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'SELECT name FROM pg_timezone_names lists the known ones.';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION reseller_report._check_reseller_withdrawn() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF EXISTS (SELECT FROM reseller_report.dependency WHERE reseller_id = NEW.company_id) THEN
        RAISE EXCEPTION 'company % has dependent companies and must stay a reseller', NEW.company_id
            USING ERRCODE = 'check_violation',
                  HINT = 'Delete its rows of reseller_report.dependency first; its reports of the past go with them.';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION reseller_report._refuse_truncate() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RAISE EXCEPTION 'table "reseller_report.%" must not be truncated', TG_TABLE_NAME
        USING ERRCODE = 'feature_not_supported',
              HINT = format('Use DELETE FROM reseller_report.%I.', TG_TABLE_NAME);
END
$$;

CREATE FUNCTION reseller_report._take_lease() RETURNS trigger
    LANGUAGE c SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_take_lease';

CREATE FUNCTION reseller_report._dependency_changed() RETURNS trigger
    LANGUAGE c SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_dependency_changed';

CREATE TRIGGER check_time_zone BEFORE INSERT OR UPDATE OF time_zone ON reseller_report.company
    FOR EACH ROW WHEN (NEW.time_zone <> 'UTC') EXECUTE FUNCTION reseller_report._check_time_zone();
CREATE TRIGGER take_lease BEFORE UPDATE OF is_reseller ON reseller_report.company
    FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._take_lease();
CREATE TRIGGER check_reseller_withdrawn AFTER UPDATE OF is_reseller ON reseller_report.company
    FOR EACH ROW WHEN (OLD.is_reseller AND NOT NEW.is_reseller)
    EXECUTE FUNCTION reseller_report._check_reseller_withdrawn();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON reseller_report.company
    FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._refuse_truncate();

-- The lease comes in a statement trigger of its own, before the snapshot that the moves are computed in.
CREATE TRIGGER take_lease BEFORE INSERT OR UPDATE OR DELETE ON reseller_report.dependency
    FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._take_lease();
CREATE TRIGGER move_inserted AFTER INSERT ON reseller_report.dependency
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._dependency_changed();
CREATE TRIGGER move_updated AFTER UPDATE ON reseller_report.dependency
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._dependency_changed();
CREATE TRIGGER move_deleted AFTER DELETE ON reseller_report.dependency
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._dependency_changed();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON reseller_report.dependency
    FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._refuse_truncate();

-- Writes under session_replication_role = replica must move figures, too.
ALTER TABLE reseller_report.company ENABLE ALWAYS TRIGGER check_reseller_withdrawn;
ALTER TABLE reseller_report.company ENABLE ALWAYS TRIGGER take_lease;
ALTER TABLE reseller_report.company ENABLE ALWAYS TRIGGER refuse_truncate;
ALTER TABLE reseller_report.dependency ENABLE ALWAYS TRIGGER take_lease;
ALTER TABLE reseller_report.dependency ENABLE ALWAYS TRIGGER move_inserted;
ALTER TABLE reseller_report.dependency ENABLE ALWAYS TRIGGER move_updated;
ALTER TABLE reseller_report.dependency ENABLE ALWAYS TRIGGER move_deleted;
ALTER TABLE reseller_report.dependency ENABLE ALWAYS TRIGGER refuse_truncate;

CREATE FUNCTION reseller_report.move_company(
    company_id bigint,
    reseller_id bigint,
    since timestamptz)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    onward CONSTANT tstzrange := tstzrange(nullif(since, '-infinity'), NULL);
BEGIN
    IF move_company.company_id IS NULL OR since IS NULL THEN
        RAISE EXCEPTION '% must not be NULL', CASE WHEN since IS NULL THEN 'since' ELSE 'company_id' END
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF since = 'infinity' THEN
        RAISE EXCEPTION 'since must be a moment that comes' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT EXISTS (SELECT FROM reseller_report.company c WHERE c.company_id = move_company.company_id) THEN
        RAISE EXCEPTION 'company % does not exist', move_company.company_id
            USING ERRCODE = 'foreign_key_violation',
                  HINT = 'Insert it into reseller_report.company first.';
    END IF;
    -- Takes the lease in a statement of its own, so that the next one sees what its last holder did.
    DELETE FROM reseller_report.dependency WHERE false;
    DELETE FROM reseller_report.dependency d
        WHERE d.company_id = move_company.company_id AND d.during <@ onward;
    UPDATE reseller_report.dependency d
        SET during = d.during - onward
        WHERE d.company_id = move_company.company_id AND d.during && onward;
    IF move_company.reseller_id IS NULL THEN
        RETURN;
    END IF;
    -- A company that stays where it is keeps one row.
    UPDATE reseller_report.dependency d
        SET during = d.during + onward
        WHERE d.company_id = move_company.company_id AND d.reseller_id = move_company.reseller_id
            AND upper(d.during) = since;
    IF NOT FOUND THEN
        INSERT INTO reseller_report.dependency (reseller_id, company_id, during)
            VALUES (move_company.reseller_id, move_company.company_id, onward);
    END IF;
END
$$;
COMMENT ON FUNCTION reseller_report.move_company(bigint, bigint, timestamptz) IS
    'From the moment since on, which lies on a quarter hour UTC and may be in the past, the company belongs to this reseller '
    '(NULL: to none). What was planned for later is replaced. Needs the rights of the change on table dependency.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Sources: the connected usage tables
-- ---------------------------------------------------------------------------------------------------------------------

CREATE TABLE reseller_report.source (
    id          bigint PRIMARY KEY,
    service     text NOT NULL,
    schema_name name NOT NULL,
    table_name  name NOT NULL,
    columns     jsonb NOT NULL,
    attached_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (schema_name, table_name)
);
COMMENT ON TABLE reseller_report.source IS
    'The connected usage tables, by name, so that a dump can be restored. The id is random, so that changes of several '
    'databases can meet in one.';

CREATE TABLE reseller_report.source_built (
    source     bigint NOT NULL,
    id         uuid NOT NULL DEFAULT gen_random_uuid(),
    built_from timestamptz NOT NULL,
    built_to   timestamptz NOT NULL
);
COMMENT ON TABLE reseller_report.source_built IS 'The whole UTC days that the summaries of a source answer for.';

CREATE TABLE reseller_report.source_unbuilt (
    source       bigint NOT NULL,
    id           uuid NOT NULL DEFAULT gen_random_uuid(),
    unbuilt_from timestamptz NOT NULL,
    unbuilt_to   timestamptz NOT NULL,
    reason       text NOT NULL,
    since        timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE reseller_report.source_unbuilt IS
    'Where raw rows may have changed unseen since the summaries were built: reports read raw rows there.';

CREATE TABLE reseller_report.source_leaf (
    source      bigint NOT NULL,
    schema_name name NOT NULL,
    table_name  name NOT NULL,
    leaf_from   timestamptz NOT NULL,
    leaf_to     timestamptz NOT NULL,
    relid       oid NOT NULL,  -- tells a rename from a change of tables; means nothing in another database
    PRIMARY KEY (source, schema_name, table_name)
);
COMMENT ON TABLE reseller_report.source_leaf IS
    'The tables that hold a source''s rows, itself or its partitions, and the days they may hold: event triggers name only one '
    'side of ATTACH and DETACH.';

CREATE TABLE reseller_report.source_gone (source bigint NOT NULL);
COMMENT ON TABLE reseller_report.source_gone IS 'Sources whose table was dropped, until a fold has cleared their summaries.';

-- Clears what is left of dropped and detached sources; under the lease.
CREATE FUNCTION reseller_report._forget_sources(sources bigint[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    DELETE FROM reseller_report.source_built WHERE source = ANY (sources);
    DELETE FROM reseller_report.source_unbuilt WHERE source = ANY (sources);
    DELETE FROM reseller_report.source_leaf WHERE source = ANY (sources);
    DELETE FROM reseller_report.source_gone WHERE source = ANY (sources);
    DELETE FROM reseller_report.usage_delta WHERE source = ANY (sources);
    DELETE FROM reseller_report.usage_quarter WHERE source = ANY (sources);
    DELETE FROM reseller_report.usage_hour WHERE source = ANY (sources);
    DELETE FROM reseller_report.usage_day WHERE source = ANY (sources);
    DELETE FROM reseller_report.usage_month WHERE source = ANY (sources);
    DELETE FROM reseller_report.usage_year WHERE source = ANY (sources);
END
$$;

CREATE FUNCTION reseller_report._capture() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'reseller_report_capture';
COMMENT ON FUNCTION reseller_report._capture() IS
    'Row trigger of connected tables. Executable by everyone, because partitions are made by the table''s owner and inherit it; '
    'it captures nothing on a table that its source does not name.';

-- Whatever may have changed raw rows unseen appends a row. It reads nothing that others write and waits for nobody.
CREATE FUNCTION reseller_report._unbuild(source bigint, unbuilt_from timestamptz, unbuilt_to timestamptz, reason text) RETURNS void
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO reseller_report.source_unbuilt (source, unbuilt_from, unbuilt_to, reason) VALUES ($1, $2, $3, $4)
$$;

-- The days that rows of a leaf may lie in, by the bounds of range partitions by the moment itself; else all time.
CREATE FUNCTION reseller_report._leaf_range(leaf regclass, moment name, OUT leaf_from timestamptz, OUT leaf_to timestamptz)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    level record;
    bounds text[];
BEGIN
    leaf_from := '-infinity';
    leaf_to := 'infinity';
    FOR level IN
        SELECT pg_get_expr(c.relpartbound, c.oid) AS bound
        FROM pg_partition_ancestors(leaf) AS a (relid)
        JOIN pg_class c ON c.oid = a.relid JOIN pg_inherits i ON i.inhrelid = c.oid
        WHERE c.relispartition AND pg_get_partkeydef(i.inhparent) = format('RANGE (%I)', moment)
    LOOP
        bounds := regexp_match(level.bound, '^FOR VALUES FROM \((.*)\) TO \((.*)\)$');
        CONTINUE WHEN bounds IS NULL;  -- the default partition
        IF bounds[1] <> 'MINVALUE' THEN
            leaf_from := greatest(leaf_from, date_trunc('day', trim(bounds[1], $q$'$q$)::timestamptz, 'UTC'));
        END IF;
        IF bounds[2] <> 'MAXVALUE' THEN
            leaf_to := least(leaf_to, date_trunc('day', trim(bounds[2], $q$'$q$)::timestamptz - interval '1 microsecond', 'UTC') + interval '24 hours');
        END IF;
    END LOOP;
END
$$;

-- A TRUNCATE trigger stands on every leaf: the parent's does not fire for a leaf.
CREATE FUNCTION reseller_report._truncated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    moment name;
    touched record;
BEGIN
    SELECT columns -> 'occurred_at' ->> 'column' INTO moment FROM reseller_report.source WHERE id = TG_ARGV[0]::bigint;
    IF FOUND THEN
        SELECT * INTO touched FROM reseller_report._leaf_range(TG_RELID, moment);
        PERFORM reseller_report._unbuild(TG_ARGV[0]::bigint, touched.leaf_from, touched.leaf_to,
            format('TRUNCATE of %I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME));
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION reseller_report._is_empty(source regclass) RETURNS boolean
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_is_empty';
COMMENT ON FUNCTION reseller_report._is_empty(regclass) IS
    'Whether the latest snapshot sees no row, whatever the isolation level of the transaction.';

CREATE FUNCTION reseller_report._moment_bounds(source regclass, moment name) RETURNS timestamptz[]
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_moment_bounds';
COMMENT ON FUNCTION reseller_report._moment_bounds(regclass, name) IS
    'The first and last finite moment of a table, read as the table''s owner.';

-- The columns of a source that attach_source maps: what a service needs and the types that can be counted exactly.
CREATE FUNCTION reseller_report._roles(service text)
    RETURNS TABLE (role text, default_columns name[], types regtype[])
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
    WITH kind (services, role, default_columns, types) AS (VALUES
        (NULL::text[], 'company_id', '{company_id}'::name[], '{smallint,integer,bigint}'::regtype[]),
        (NULL, 'occurred_at', '{occurred_at}', '{timestamptz}'),
        (NULL, 'price_twin', '{price_twin}', '{numeric}'),
        (NULL, 'price_reseller', '{price_reseller}', '{numeric}'),
        ('{text_messaging}', 'channel', '{channel}', '{text,varchar}'),
        ('{text_messaging}', 'delivered', '{delivered_at,delivered}', '{timestamptz,timestamp,boolean}'),
        ('{chat}', 'sender', '{sender}', '{text,varchar}'),
        ('{chat}', 'via_alice', '{via_alice}', '{boolean}'),
        ('{telephony,telephony_outgoing,telephony_incoming}', 'direction', '{direction}', '{text,varchar}'),
        ('{telephony,telephony_outgoing,telephony_incoming}', 'duration_seconds', '{duration_seconds}',
            '{smallint,integer,bigint}'),
        ('{bot}', 'billable', '{billable}', '{boolean}'))
    SELECT kind.role, kind.default_columns, kind.types FROM kind
    WHERE kind.services IS NULL OR _roles.service = ANY (kind.services)
$$;

-- The form of `columns` that the registry keeps: {role: {"column": name}}, every column checked.
CREATE FUNCTION reseller_report._normalized_columns(service text, source regclass, columns jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    result jsonb := '{}';
    unknown text;
    wanted record;
    given jsonb;
    candidates name[];
    actual record;
BEGIN
    IF jsonb_typeof(columns) <> 'object' THEN
        RAISE EXCEPTION 'columns must be a JSON object' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT key INTO unknown FROM jsonb_object_keys(columns) AS key
        WHERE key NOT IN (SELECT role FROM reseller_report._roles(service)) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'service "%" has no column "%" to map', service, unknown
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = format('It has %s.', (SELECT string_agg(role, ', ') FROM reseller_report._roles(service)));
    END IF;
    FOR wanted IN SELECT * FROM reseller_report._roles(service) LOOP
        given := columns -> wanted.role;
        IF jsonb_typeof(given) = 'object' AND given - 'column' = '{}' THEN
            given := given -> 'column';
        END IF;
        IF given IS NOT NULL AND jsonb_typeof(given) <> 'string' THEN
            RAISE EXCEPTION 'the mapping of "%" must name a column', wanted.role
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        candidates := CASE WHEN given IS NULL THEN wanted.default_columns ELSE ARRAY[given #>> '{}']::name[] END;
        SELECT a.attname, a.atttypid, a.atttypmod INTO actual
            FROM pg_attribute a
            WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = ANY (candidates)
            ORDER BY array_position(candidates, a.attname) LIMIT 1;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'table "%" has no column "%"', source, candidates[1]
                USING ERRCODE = 'undefined_column',
                      HINT = format('Name its column in columns, as in {"%s": "its_name"}.', wanted.role);
        END IF;
        IF NOT actual.atttypid = ANY (wanted.types::oid[]) THEN
            RAISE EXCEPTION 'column "%" of table "%" has type %, which cannot be read as %',
                actual.attname, source, format_type(actual.atttypid, actual.atttypmod), wanted.role
                USING ERRCODE = 'datatype_mismatch',
                      HINT = format('It can be %s.', array_to_string(wanted.types, ', '));
        END IF;
        -- The scale is in the low 11 bits of the modifier, signed: numeric_typmod_scale() of the server's numeric.c.
        IF actual.atttypid = 'numeric'::regtype
            AND (actual.atttypmod < 4 OR (((actual.atttypmod - 4) & 2047) # 1024) - 1024 > 6)
        THEN
            RAISE EXCEPTION 'column "%" of table "%" has type %, which may hold amounts with more than 6 decimals',
                actual.attname, source, format_type(actual.atttypid, actual.atttypmod)
                USING ERRCODE = 'datatype_mismatch',
                      HINT = format('ALTER TABLE %s ALTER COLUMN %I TYPE numeric(15,6).', source, actual.attname);
        END IF;
        result := result || jsonb_build_object(wanted.role,
            jsonb_build_object('column', actual.attname, 'type', format_type(actual.atttypid, actual.atttypmod)));
    END LOOP;
    RETURN result;
END
$$;

-- A table and its partitions of all levels, or its inheritance children. Nobody captures what is written to a foreign partition
-- or to a child.
CREATE FUNCTION reseller_report._tree(root regclass)
    RETURNS TABLE (relid regclass, schema_name name, table_name name, relkind "char", never_captured boolean)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    WITH RECURSIVE tree (relid) AS (
        SELECT root::oid UNION SELECT i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.relid)
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.relkind = 'f' OR (c.oid <> root AND NOT c.relispartition)
    FROM tree JOIN pg_class c ON c.oid = tree.relid JOIN pg_namespace n ON n.oid = c.relnamespace
$$;

-- Brings the registry of leaves up to date: leaves that came with rows (not fresh ones, at attach) and leaves that went un-build
-- their days, and every leaf has its TRUNCATE trigger.
CREATE FUNCTION reseller_report._follow_leaves(id bigint, root regclass, fresh boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_variable
DECLARE
    moment name;
    leaf record;
BEGIN
    SELECT s.columns -> 'occurred_at' ->> 'column' INTO moment FROM reseller_report.source s WHERE s.id = id;
    UPDATE reseller_report.source_leaf k SET relid = p.relid FROM reseller_report._tree(root) p
        WHERE k.source = id AND k.schema_name = p.schema_name AND k.table_name = p.table_name AND k.relid <> p.relid;
    UPDATE reseller_report.source_leaf k SET schema_name = p.schema_name, table_name = p.table_name FROM reseller_report._tree(root) p
        WHERE k.source = id AND k.relid = p.relid AND (k.schema_name, k.table_name) <> (p.schema_name, p.table_name);
    FOR leaf IN
        SELECT p.relid, coalesce(p.schema_name, l.schema_name) AS schema_name, coalesce(p.table_name, l.table_name) AS table_name,
            l.leaf_from, l.leaf_to, p.relkind, p.never_captured
        FROM reseller_report._tree(root) p FULL JOIN (SELECT * FROM reseller_report.source_leaf k WHERE k.source = id) l
            ON l.schema_name = p.schema_name AND l.table_name = p.table_name
        WHERE l.source IS NULL OR p.relid IS NULL
    LOOP
        IF leaf.relid IS NULL THEN
            PERFORM reseller_report._unbuild(id, leaf.leaf_from, leaf.leaf_to,
                format('%I.%I is no longer a partition', leaf.schema_name, leaf.table_name));
            DELETE FROM reseller_report.source_leaf k
                WHERE k.source = id AND k.schema_name = leaf.schema_name AND k.table_name = leaf.table_name;
            IF to_regclass(format('%I.%I', leaf.schema_name, leaf.table_name)) IS NOT NULL THEN
                EXECUTE format('DROP TRIGGER IF EXISTS reseller_report_truncated ON %I.%I', leaf.schema_name, leaf.table_name);
            END IF;
            CONTINUE;
        END IF;
        SELECT r.leaf_from, r.leaf_to INTO leaf.leaf_from, leaf.leaf_to FROM reseller_report._leaf_range(leaf.relid, moment) r;
        INSERT INTO reseller_report.source_leaf VALUES (id, leaf.schema_name, leaf.table_name, leaf.leaf_from, leaf.leaf_to, leaf.relid);
        IF leaf.never_captured THEN
            PERFORM reseller_report._unbuild(id, '-infinity', 'infinity',
                format('writes to %I.%I are not captured', leaf.schema_name, leaf.table_name));
            CONTINUE;
        END IF;
        IF NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = leaf.relid AND t.tgname = 'reseller_report_truncated') THEN
            EXECUTE format('CREATE TRIGGER reseller_report_truncated AFTER TRUNCATE ON %s '
                'FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._truncated(%L)', leaf.relid, id);
            EXECUTE format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER reseller_report_truncated', leaf.relid);
        END IF;
        IF NOT fresh AND leaf.relkind <> 'p' AND NOT reseller_report._is_empty(leaf.relid) THEN
            PERFORM reseller_report._unbuild(id, leaf.leaf_from, leaf.leaf_to,
                format('%I.%I came with rows', leaf.schema_name, leaf.table_name));
        END IF;
    END LOOP;
END
$$;

-- The work of attach_source, as the extension's owner; the caller has shown that the table is the caller's.
CREATE FUNCTION reseller_report._attach_source(service text, source regclass, columns jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_variable
DECLARE
    id CONSTANT bigint := ('x' || left(replace(gen_random_uuid()::text, '-', ''), 15))::bit(60)::bigint;
    class pg_class;
    schema_name name;
BEGIN
    IF service NOT IN ('text_messaging', 'chat', 'telephony', 'telephony_outgoing', 'telephony_incoming', 'bot') THEN
        RAISE EXCEPTION 'service "%" does not exist', service
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Services are text_messaging, chat, telephony, telephony_outgoing, telephony_incoming and bot.';
    END IF;
    -- Waits until no writer is at the table: a transaction in flight would otherwise be missed by the trigger.
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', source);
    SELECT c.* INTO class FROM pg_class c WHERE c.oid = source;
    SELECT n.nspname INTO schema_name FROM pg_namespace n WHERE n.oid = class.relnamespace;
    IF class.relkind NOT IN ('r', 'p') OR class.relpersistence <> 'p' OR class.relispartition OR class.relforcerowsecurity
        OR schema_name IN ('reseller_report', 'pg_catalog', 'information_schema')
        OR (class.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i WHERE source IN (i.inhparent, i.inhrelid)))
    THEN
        RAISE EXCEPTION 'relation "%" cannot be connected', source
            USING ERRCODE = 'wrong_object_type',
                  HINT = 'Connect an ordinary table, logged, without inheritance or forced row-level security, or a whole partitioned one.';
    END IF;
    IF EXISTS (SELECT FROM reseller_report.source s WHERE s.schema_name = schema_name AND s.table_name = class.relname) THEN
        RAISE EXCEPTION 'table "%" is already connected', source
            USING ERRCODE = 'duplicate_object',
                  HINT = format('SELECT reseller_report.detach_source(%L) first.', source);
    END IF;
    INSERT INTO reseller_report.source (id, service, schema_name, table_name, columns)
        VALUES (id, service, schema_name, class.relname, reseller_report._normalized_columns(service, source, columns));
    EXECUTE format('CREATE TRIGGER reseller_report_capture AFTER INSERT OR UPDATE OR DELETE ON %s '
        'FOR EACH ROW EXECUTE FUNCTION reseller_report._capture(%L)', source, id);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER reseller_report_capture', source);
    PERFORM reseller_report._follow_leaves(id, source, fresh => true);
    IF reseller_report._is_empty(source) THEN
        INSERT INTO reseller_report.source_built (source, built_from, built_to) VALUES (id, '-infinity', 'infinity');
    END IF;
END
$$;

CREATE FUNCTION reseller_report._detach_source(source regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    gone bigint;
    leaf regclass;
BEGIN
    UPDATE reseller_report.lease SET turn = turn + 1;
    DELETE FROM reseller_report.source s USING pg_class c, pg_namespace n
        WHERE c.oid = _detach_source.source AND n.oid = c.relnamespace
            AND s.schema_name = n.nspname AND s.table_name = c.relname
        RETURNING s.id INTO gone;
    IF gone IS NULL THEN
        RAISE EXCEPTION 'table "%" is not connected', _detach_source.source USING ERRCODE = 'undefined_object';
    END IF;
    EXECUTE format('DROP TRIGGER reseller_report_capture ON %s', _detach_source.source);
    FOR leaf IN
        SELECT t.tgrelid FROM pg_trigger t
        WHERE t.tgname = 'reseller_report_truncated'
            AND (t.tgrelid = _detach_source.source
                OR t.tgrelid IN (SELECT relid FROM pg_partition_tree(_detach_source.source)))
    LOOP
        EXECUTE format('DROP TRIGGER reseller_report_truncated ON %s', leaf);
    END LOOP;
    PERFORM reseller_report._forget_sources(ARRAY[gone]);
END
$$;

CREATE FUNCTION reseller_report.attach_source(
    service text,
    source regclass,
    columns jsonb DEFAULT '{}')
    RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_attach_source';
COMMENT ON FUNCTION reseller_report.attach_source(text, regclass, jsonb) IS
    'Connects a table of usage to a service (text_messaging, chat, telephony, telephony_outgoing, telephony_incoming, bot). '
    'columns maps the service''s names to the table''s own. Only the table''s owner may (42501).';

CREATE FUNCTION reseller_report.detach_source(source regclass) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_detach_source';
COMMENT ON FUNCTION reseller_report.detach_source(regclass) IS
    'Takes the table''s share out of all reports and leaves the table as it was. Only the table''s owner may (42501).';

-- Follows DDL on connected tables (law L4 of the design): what can change raw rows past the trigger un-builds the days it may
-- have touched, in the same transaction; renames are followed.
CREATE FUNCTION reseller_report._follow_source(id bigint, root regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_variable
DECLARE
    wanted record;
    actual_type text;
    renamed name;
    trigger record;
    old_columns jsonb;
    new_columns jsonb;
BEGIN
    UPDATE reseller_report.source s SET schema_name = n.nspname, table_name = c.relname
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE s.id = id AND c.oid = root AND (s.schema_name, s.table_name) <> (n.nspname, c.relname);
    SELECT columns INTO old_columns FROM reseller_report.source s WHERE s.id = id;
    new_columns := old_columns;
    FOR wanted IN SELECT key AS role, value ->> 'column' AS column_name, value ->> 'type' AS type_name FROM jsonb_each(old_columns) LOOP
        SELECT format_type(a.atttypid, a.atttypmod) INTO actual_type FROM pg_attribute a
            WHERE a.attrelid = root AND a.attname = wanted.column_name AND NOT a.attisdropped;
        IF NOT FOUND THEN
            -- Of a renamed column the command names the new name only.
            SELECT a.attname, format_type(a.atttypid, a.atttypmod) INTO renamed, actual_type
                FROM pg_event_trigger_ddl_commands() c JOIN pg_attribute a ON a.attrelid = c.objid AND a.attnum = c.objsubid
                WHERE c.classid = 'pg_class'::regclass AND c.objid = root AND c.objsubid > 0;
            IF FOUND THEN
                new_columns := jsonb_set(new_columns, ARRAY[wanted.role, 'column'], to_jsonb(renamed));
            ELSE
                PERFORM reseller_report._unbuild(id, '-infinity', 'infinity', format('column %I is gone', wanted.column_name));
            END IF;
        END IF;
        IF actual_type <> wanted.type_name THEN
            new_columns := jsonb_set(new_columns, ARRAY[wanted.role, 'type'], to_jsonb(actual_type));
            PERFORM reseller_report._unbuild(id, '-infinity', 'infinity', format('column %I has another type', wanted.column_name));
        END IF;
    END LOOP;
    IF new_columns <> old_columns THEN
        UPDATE reseller_report.source s SET columns = new_columns WHERE s.id = id;
    END IF;
    FOR trigger IN
        SELECT t.tgrelid::regclass AS relid, t.tgenabled, t.tgname FROM pg_trigger t
        WHERE t.tgfoid IN ('reseller_report._capture'::regproc, 'reseller_report._truncated'::regproc) AND t.tgenabled <> 'A'
            AND (t.tgrelid = root OR t.tgrelid IN (SELECT p.relid FROM pg_partition_tree(root) p))
    LOOP
        PERFORM reseller_report._unbuild(id, '-infinity', 'infinity',
            format('trigger %I of %s was %s', trigger.tgname, trigger.relid,
                CASE trigger.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'enabled for replicas only' ELSE 'not enabled always' END));
        IF trigger.tgenabled = 'O' THEN
            EXECUTE format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER %I', trigger.relid, trigger.tgname);
        END IF;
    END LOOP;
    PERFORM reseller_report._follow_leaves(id, root, fresh => false);
END
$$;

-- The sources that the DDL command just done may concern, by the argument of the capture trigger on the table itself.
CREATE FUNCTION reseller_report._follow_ddl(tag text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM reseller_report._follow_source(s.id, t.tgrelid)
        FROM (
            SELECT coalesce(pg_partition_root(c.objid), c.objid) AS root FROM pg_event_trigger_ddl_commands() c
                WHERE c.classid = 'pg_class'::regclass
            UNION SELECT coalesce(pg_partition_root(g.tgrelid), g.tgrelid) FROM pg_event_trigger_ddl_commands() c JOIN pg_trigger g ON g.oid = c.objid
                WHERE c.classid = 'pg_trigger'::regclass
            UNION SELECT i.inhparent FROM pg_event_trigger_ddl_commands() c JOIN pg_inherits i ON i.inhrelid = c.objid
                WHERE c.classid = 'pg_class'::regclass
            UNION SELECT r.oid FROM pg_class r WHERE tag = 'ALTER SCHEMA' AND r.relkind IN ('r', 'p') AND NOT r.relispartition
        ) AS touched
        JOIN pg_trigger t ON t.tgrelid = touched.root AND t.tgfoid = 'reseller_report._capture'::regproc AND t.tgparentid = 0
        JOIN reseller_report.source s ON s.id = substring(encode(t.tgargs, 'escape') FROM '^[0-9]+')::bigint;
END
$$;

CREATE FUNCTION reseller_report._ddl_command_end() RETURNS event_trigger
    LANGUAGE c SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_ddl_command_end';

-- A dropped partition un-builds its days; a dropped source is nobody's from now on, and the next fold clears its summaries; a
-- dropped trigger of ours leaves a source whose table is there without it. (So is a source that a restore has not got to yet,
-- but restoring drops no trigger.)
CREATE FUNCTION reseller_report._sql_drop() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    leaf record;
BEGIN
    FOR leaf IN
        SELECT l.* FROM pg_event_trigger_dropped_objects() d
        JOIN reseller_report.source_leaf l ON l.schema_name = d.schema_name AND l.table_name = d.object_name
        WHERE d.object_type IN ('table', 'foreign table')
    LOOP
        DELETE FROM reseller_report.source_leaf k
            WHERE k.source = leaf.source AND k.schema_name = leaf.schema_name AND k.table_name = leaf.table_name;
        DELETE FROM reseller_report.source s
            WHERE s.id = leaf.source AND s.schema_name = leaf.schema_name AND s.table_name = leaf.table_name;
        IF FOUND THEN
            INSERT INTO reseller_report.source_gone (source) VALUES (leaf.source);
        ELSE
            PERFORM reseller_report._unbuild(leaf.source, leaf.leaf_from, leaf.leaf_to,
                format('%I.%I was dropped', leaf.schema_name, leaf.table_name));
        END IF;
    END LOOP;
    PERFORM reseller_report._unbuild(s.id, '-infinity', 'infinity',
            format('trigger %I of %I.%I was dropped', d.address_names[3], s.schema_name, s.table_name))
        FROM pg_event_trigger_dropped_objects() d
        JOIN reseller_report.source_leaf l ON l.schema_name = d.address_names[1] AND l.table_name = d.address_names[2]
        JOIN reseller_report.source s ON s.id = l.source
        WHERE d.object_type = 'trigger' AND d.original AND NOT EXISTS (
            SELECT FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = l.schema_name AND c.relname = l.table_name
            HAVING count(*) FILTER (WHERE t.tgfoid = 'reseller_report._capture'::regproc) > 0
                AND count(*) FILTER (WHERE t.tgfoid = 'reseller_report._truncated'::regproc) > 0);
END
$$;

CREATE FUNCTION reseller_report._table_rewrite() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM reseller_report._unbuild(l.source, l.leaf_from, l.leaf_to, format('%I.%I was rewritten by %s', l.schema_name, l.table_name, TG_TAG))
        FROM reseller_report.source_leaf l JOIN pg_namespace n ON n.nspname = l.schema_name
        JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = l.table_name
        WHERE c.oid = pg_event_trigger_table_rewrite_oid();
END
$$;

CREATE EVENT TRIGGER reseller_report_ddl_command_end ON ddl_command_end
    WHEN TAG IN ('ALTER TABLE', 'CREATE TABLE', 'ALTER SCHEMA', 'ALTER TRIGGER', 'CREATE FOREIGN TABLE', 'ALTER FOREIGN TABLE')
    EXECUTE FUNCTION reseller_report._ddl_command_end();
CREATE EVENT TRIGGER reseller_report_sql_drop ON sql_drop
    WHEN TAG IN ('DROP TABLE', 'DROP FOREIGN TABLE', 'DROP SCHEMA', 'DROP OWNED', 'DROP TRIGGER', 'DROP EXTENSION', 'DROP SEQUENCE')
    EXECUTE FUNCTION reseller_report._sql_drop();
CREATE EVENT TRIGGER reseller_report_table_rewrite ON table_rewrite EXECUTE FUNCTION reseller_report._table_rewrite();
ALTER EVENT TRIGGER reseller_report_ddl_command_end ENABLE ALWAYS;
ALTER EVENT TRIGGER reseller_report_sql_drop ENABLE ALWAYS;
ALTER EVENT TRIGGER reseller_report_table_rewrite ENABLE ALWAYS;

CREATE FUNCTION reseller_report.create_usage_tables(schema_name name DEFAULT 'usage') RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    wanted record;
    relation text;
    month timestamp;  -- in UTC
BEGIN
    IF schema_name IS NULL THEN
        RAISE EXCEPTION 'schema_name must not be NULL' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF to_regnamespace(quote_ident(schema_name)) IS NULL THEN
        EXECUTE format('CREATE SCHEMA %I', schema_name);
    END IF;
    FOR wanted IN
        SELECT * FROM (VALUES
            ('text_message', 'text_messaging', 'channel text NOT NULL,', 'delivered_at timestamptz,'),
            ('chat_message', 'chat', 'sender text NOT NULL, via_alice boolean NOT NULL DEFAULT false,', ''),
            ('phone_call', 'telephony', 'direction text NOT NULL,',
                'duration_seconds integer NOT NULL DEFAULT 0 CHECK (duration_seconds >= 0),'),
            ('bot_message', 'bot', '', '')) AS t (table_name, service, before_moment, after_moment)
    LOOP
        relation := format('%I.%I', schema_name, wanted.table_name);
        -- A sequence and not an identity column: before PostgreSQL 17 partitioned tables cannot have those.
        EXECUTE format('CREATE SEQUENCE %I.%I', schema_name, wanted.table_name || '_id_seq');
        EXECUTE format($table$
            CREATE TABLE %1$s (
                id bigint NOT NULL DEFAULT nextval(%2$L),
                company_id bigint NOT NULL,
                %3$s
                occurred_at timestamptz NOT NULL CHECK (isfinite(occurred_at)),
                %4$s
                %5$s
                price_twin numeric(15,6) NOT NULL DEFAULT 0 CHECK (price_twin <> 'NaN'),
                price_reseller numeric(15,6) NOT NULL DEFAULT 0 CHECK (price_reseller <> 'NaN'),
                PRIMARY KEY (occurred_at, id)
            ) PARTITION BY RANGE (occurred_at)$table$,
            relation, format('%I.%I', schema_name, wanted.table_name || '_id_seq'),
            wanted.before_moment, wanted.after_moment,
            CASE WHEN wanted.service = 'bot' THEN 'billable boolean NOT NULL DEFAULT true,' ELSE '' END);
        EXECUTE format('ALTER SEQUENCE %I.%I OWNED BY %s.id', schema_name, wanted.table_name || '_id_seq', relation);
        EXECUTE format('CREATE INDEX ON %s (company_id, occurred_at)', relation);
        EXECUTE format('CREATE TABLE %I.%I PARTITION OF %s DEFAULT', schema_name, wanted.table_name || '_default', relation);
        FOR month IN
            SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month' FROM generate_series(0, 3) AS n
        LOOP
            EXECUTE format('CREATE TABLE %I.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                schema_name, wanted.table_name || to_char(month, '_YYYY_MM'), relation,
                to_char(month, 'YYYY-MM-DD HH24:MI:SS+00'),
                to_char(month + interval '1 month', 'YYYY-MM-DD HH24:MI:SS+00'));
        END LOOP;
        PERFORM reseller_report.attach_source(wanted.service, relation::regclass);
    END LOOP;
END
$$;
COMMENT ON FUNCTION reseller_report.create_usage_tables(name) IS
    'Makes text_message, chat_message, phone_call and bot_message as ordinary tables of the caller, partitioned by month (UTC) '
    'with a default partition, and connects them. Needs CREATE on the database or an existing schema to create in.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Summaries
-- ---------------------------------------------------------------------------------------------------------------------

-- No key, no index, no trigger: writers only append, and wait for nobody. Every report reads all of it, so it is vacuumed
-- early; a vacuum gives the end of a table swollen by a bulk load back when no writer is at it, and yields to one that comes.
CREATE TABLE reseller_report.usage_delta (
    source         bigint NOT NULL,
    company_id     bigint NOT NULL,
    bucket         timestamptz NOT NULL,
    recorded_at    timestamptz NOT NULL,
    events         bigint NOT NULL,
    delivered      bigint NOT NULL,
    seconds        bigint NOT NULL,
    price_twin     bigint NOT NULL,
    price_reseller bigint NOT NULL,
    reseller_id    bigint,
    item           smallint NOT NULL,
    set_aside      boolean NOT NULL
) WITH (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000,
    autovacuum_vacuum_cost_delay = 0
);
COMMENT ON TABLE reseller_report.usage_delta IS
    'Signed changes of usage that wait to be folded, by quarter hour. Prices in micro-units. reseller_id is set only by '
    'dependency changes; otherwise a change belongs to the company''s reseller when it is read or folded.';

CREATE TABLE reseller_report.usage_quarter (
    source         bigint NOT NULL,
    reseller_id    bigint NOT NULL,
    item           smallint NOT NULL,
    bucket         timestamptz NOT NULL,
    company_gaps   bigint[] NOT NULL,
    events         bigint[],
    delivered      bigint[],
    seconds        bigint[],
    price_twin     bigint[],
    price_reseller bigint[],
    PRIMARY KEY (source, reseller_id, item, bucket)
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_scale_factor = 0.05
);
COMMENT ON TABLE reseller_report.usage_quarter IS
    'Sums by quarter hour UTC. Arrays side by side: company_gaps, the sorted company ids as distances, each from '
    'the one before, the first from zero; and for each figure a value a company, NULL where all are zero. Prices in micro-units.';
DO $$
DECLARE
    array_column text;
BEGIN
    IF 'lz4' = ANY ((SELECT enumvals FROM pg_catalog.pg_settings WHERE name = 'default_toast_compression')::text[]) THEN
        FOREACH array_column IN ARRAY ARRAY['company_gaps', 'events', 'delivered', 'seconds', 'price_twin', 'price_reseller'] LOOP
            EXECUTE format('ALTER TABLE reseller_report.usage_quarter ALTER COLUMN %I SET COMPRESSION lz4', array_column);
        END LOOP;
    END IF;
END
$$;
CREATE TABLE reseller_report.usage_hour (
    LIKE reseller_report.usage_quarter INCLUDING COMPRESSION, PRIMARY KEY (source, reseller_id, item, bucket)
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_scale_factor = 0.05
);
COMMENT ON TABLE reseller_report.usage_hour IS 'As usage_quarter, by hour UTC.';
CREATE TABLE reseller_report.usage_day (
    LIKE reseller_report.usage_quarter INCLUDING COMPRESSION, PRIMARY KEY (source, reseller_id, item, bucket)
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_scale_factor = 0.05
);
COMMENT ON TABLE reseller_report.usage_day IS 'As usage_quarter, by day UTC.';
CREATE TABLE reseller_report.usage_month (
    LIKE reseller_report.usage_quarter INCLUDING COMPRESSION, PRIMARY KEY (source, reseller_id, item, bucket)
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_scale_factor = 0.05
);
COMMENT ON TABLE reseller_report.usage_month IS 'As usage_quarter, by month UTC.';
CREATE TABLE reseller_report.usage_year (
    LIKE reseller_report.usage_quarter INCLUDING COMPRESSION, PRIMARY KEY (source, reseller_id, item, bucket)
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_scale_factor = 0.05
);
COMMENT ON TABLE reseller_report.usage_year IS 'As usage_quarter, by year UTC.';

CREATE TABLE reseller_report.lease (
    only_row             boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    turn                 bigint NOT NULL DEFAULT 0,
    last_materialized_at timestamptz,
    last_deltas          bigint,
    last_duration        interval
);
INSERT INTO reseller_report.lease DEFAULT VALUES;
COMMENT ON TABLE reseller_report.lease IS
    'One row that every change of the summaries updates first, so that they take turns.';

CREATE FUNCTION reseller_report.materialize(
    max_deltas integer DEFAULT 100000,
    only_what_pays boolean DEFAULT false,
    OUT deltas bigint,
    OUT summary_rows bigint)
    RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_materialize';
COMMENT ON FUNCTION reseller_report.materialize(integer, boolean) IS
    'Folds at most max_deltas pending changes into the summaries and tells how many, and how many summary rows were written. '
    'Waits for its turn, so 0 deltas means that nothing was left; with only_what_pays, nothing that pays: changes of a wide '
    'reseller''s row wait until they are worth rewriting it, ten minutes at most. 40001 where a REPEATABLE READ snapshot is too old.';

-- Marks a rebuilt slice, and cuts it out of the un-built ranges that its snapshot saw.
CREATE FUNCTION reseller_report._mark_built(source bigint, slice_from timestamptz, slice_to timestamptz, mended uuid[])
    RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
BEGIN
    WITH gone AS (DELETE FROM reseller_report.source_unbuilt u WHERE u.id = ANY (mended) RETURNING u.*)
    INSERT INTO reseller_report.source_unbuilt (source, unbuilt_from, unbuilt_to, reason, since)
        SELECT source, unbuilt_from, slice_from, reason, since FROM gone WHERE unbuilt_from < slice_from
        UNION ALL SELECT source, slice_to, unbuilt_to, reason, since FROM gone WHERE unbuilt_to > slice_to;
    WITH gone AS (
        DELETE FROM reseller_report.source_built b
        WHERE b.source = _mark_built.source AND b.built_from < slice_to AND b.built_to > slice_from RETURNING b.*)
    INSERT INTO reseller_report.source_built (source, built_from, built_to)
        SELECT source, built_from, slice_from FROM gone WHERE built_from < slice_from
        UNION ALL SELECT source, slice_to, built_to FROM gone WHERE built_to > slice_to
        UNION ALL VALUES (_mark_built.source, slice_from, slice_to);
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
    'Recomputes the summaries of whole UTC days from raw usage, in the caller''s transaction, while writers go on. 55000 when '
    'capture is off, or in a savepoint whose parents have changed usage; 40001 where a REPEATABLE READ snapshot is too old.';

-- The slices that a rebuild of this period takes, days not built first: nothing before and after the data, then day by day.
CREATE FUNCTION reseller_report._slices(source regclass, period_from timestamptz, period_to timestamptz)
    RETURNS TABLE (slice_from timestamptz, slice_to timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    source_id bigint;
    moment name;
    bounds timestamptz[];
    first_day timestamptz;
    end_day timestamptz;
BEGIN
    SELECT s.id, s.columns -> 'occurred_at' ->> 'column' INTO source_id, moment FROM reseller_report.source s
        JOIN pg_namespace n ON n.nspname = s.schema_name JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.table_name
        WHERE c.oid = _slices.source;
    IF source_id IS NULL THEN
        RAISE EXCEPTION 'table "%" is not connected', _slices.source
            USING ERRCODE = 'undefined_object', HINT = 'Use reseller_report.attach_source.';
    END IF;
    IF period_from IS NULL OR period_to IS NULL THEN
        RAISE EXCEPTION 'the period must have two bounds' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF period_from >= period_to THEN
        RAISE EXCEPTION 'the period must end after it begins' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    bounds := reseller_report._moment_bounds(_slices.source, moment);
    first_day := bounds[1];
    end_day := bounds[2];
    SELECT least(first_day, min(d.bucket)), greatest(end_day, max(d.bucket)) INTO first_day, end_day
        FROM (SELECT bucket FROM reseller_report.usage_day WHERE source = source_id
            UNION ALL SELECT bucket FROM reseller_report.usage_delta WHERE source = source_id) d;
    period_from := date_trunc('day', period_from, 'UTC');
    period_to := CASE WHEN period_to = date_trunc('day', period_to, 'UTC') THEN period_to
        ELSE date_trunc('day', period_to, 'UTC') + interval '24 hours' END;
    first_day := least(greatest(date_trunc('day', coalesce(first_day, 'epoch'), 'UTC'), period_from), period_to);
    end_day := least(greatest(date_trunc('day', coalesce(end_day, 'epoch'), 'UTC') + interval '24 hours', first_day), period_to);
    RETURN QUERY
        WITH slice AS (
            SELECT period_from AS f, first_day AS t WHERE period_from < first_day
            UNION ALL SELECT day, day + interval '24 hours' FROM generate_series(first_day, end_day - interval '24 hours', '24 hours') AS day
                WHERE isfinite(first_day) AND isfinite(end_day)
            UNION ALL SELECT greatest(end_day, period_from), period_to WHERE greatest(end_day, period_from) < period_to)
        SELECT f, t FROM slice
        ORDER BY EXISTS (SELECT FROM reseller_report.source_built b WHERE b.source = source_id AND b.built_from <= f AND b.built_to >= t)
            AND NOT EXISTS (SELECT FROM reseller_report.source_unbuilt u WHERE u.source = source_id AND u.unbuilt_from < t AND u.unbuilt_to > f),
            f;
END
$$;

-- Neither SECURITY DEFINER nor SET, with which a procedure could not commit: every name is qualified instead.
CREATE PROCEDURE reseller_report.rebuild(
    source regclass,
    period_from timestamptz DEFAULT '-infinity',
    period_to timestamptz DEFAULT 'infinity')
    LANGUAGE plpgsql
    AS $$
DECLARE
    slice record;
    n integer := 0;
    total integer;
BEGIN
    SELECT pg_catalog.count(*) INTO total FROM reseller_report._slices(source, period_from, period_to);
    FOR slice IN SELECT * FROM reseller_report._slices(source, period_from, period_to) LOOP
        PERFORM reseller_report.rebuild_slice(source, slice.slice_from, slice.slice_to);
        COMMIT;
        n := n OPERATOR(pg_catalog.+) 1;
        RAISE NOTICE 'rebuilt % from % to % (% of %)', source, slice.slice_from, slice.slice_to, n, total;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE reseller_report.rebuild(regclass, timestamptz, timestamptz) IS
    'Recomputes the summaries of the period, widened to whole UTC days, from raw usage while writers go on: a transaction and a '
    'NOTICE a day, days not built first, so that a rebuild which was cut short goes on with what is missing.';

CREATE VIEW reseller_report.materializer_state AS
    WITH pending AS (
        SELECT count(*) AS deltas, min(d.recorded_at) AS oldest
        FROM reseller_report.usage_delta d
        LEFT JOIN reseller_report.source s ON s.id = d.source
        WHERE NOT d.set_aside
            AND (s.id IS NULL
                OR to_regclass(format('%I.%I', s.schema_name, s.table_name)) IS NULL
                OR (EXISTS (SELECT FROM reseller_report.source_built b
                        WHERE b.source = d.source AND b.built_from <= d.bucket AND d.bucket < b.built_to)
                    AND NOT EXISTS (SELECT FROM reseller_report.source_unbuilt u
                        WHERE u.source = d.source AND u.unbuilt_from <= d.bucket AND d.bucket < u.unbuilt_to)))),
    unbuilt AS (
        SELECT format('%I.%I: %s', s.schema_name, s.table_name, coalesce(
            (SELECT string_agg(DISTINCT u.reason, '; ') FROM reseller_report.source_unbuilt u WHERE u.source = s.id),
            'not built yet')) AS description
        FROM reseller_report.source s
        WHERE EXISTS (SELECT FROM reseller_report.source_unbuilt u WHERE u.source = s.id)
            OR (SELECT range_agg(tstzrange(b.built_from, b.built_to)) FROM reseller_report.source_built b WHERE b.source = s.id)
                @> tstzrange('-infinity', 'infinity') IS NOT TRUE)
    SELECT p.deltas AS pending_deltas, p.oldest AS oldest_pending_at, l.last_materialized_at, l.last_deltas,
        l.last_duration,
        ARRAY(SELECT description FROM unbuilt ORDER BY description) AS unbuilt_sources
    FROM pending p CROSS JOIN reseller_report.lease l;
COMMENT ON VIEW reseller_report.materializer_state IS
    'One row: what waits to be folded and since when, the last run that folded anything, and which sources have days that are '
    'answered from raw rows, and why.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Access
-- ---------------------------------------------------------------------------------------------------------------------

CREATE TABLE reseller_report.access (
    role        regrole NOT NULL,
    reseller_id bigint,
    UNIQUE NULLS NOT DISTINCT (role, reseller_id)
);
COMMENT ON TABLE reseller_report.access IS
    'Which role may read which reseller''s reports; reseller_id NULL means every reseller. Kept by grant_access and revoke_access.';

CREATE FUNCTION reseller_report.grant_access(role regrole, reseller_id bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF grant_access.role IS NULL OR NOT EXISTS (SELECT FROM pg_authid a WHERE a.oid = grant_access.role) THEN
        RAISE EXCEPTION 'role must name an existing role'
            USING ERRCODE = CASE WHEN grant_access.role IS NULL THEN 'null_value_not_allowed' ELSE 'undefined_object' END;
    END IF;
    INSERT INTO reseller_report.access VALUES (grant_access.role, grant_access.reseller_id) ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION reseller_report.grant_access(regrole, bigint) IS
    'Lets a role and its members read the reports of a reseller; NULL: of every reseller.';

CREATE FUNCTION reseller_report.revoke_access(role regrole, reseller_id bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF revoke_access.role IS NULL THEN
        RAISE EXCEPTION 'role must name an existing role' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    DELETE FROM reseller_report.access a
        WHERE a.role = revoke_access.role AND a.reseller_id IS NOT DISTINCT FROM revoke_access.reseller_id;
END
$$;
COMMENT ON FUNCTION reseller_report.revoke_access(regrole, bigint) IS
    'Takes back what grant_access gave with the same arguments; at once, also for transactions under way.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Reports
-- ---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION reseller_report.text_messaging(
    reseller_id bigint,
    period_from timestamptz,
    period_to timestamptz,
    has_expenses boolean DEFAULT false)
    RETURNS TABLE (
        id bigint, name text,
        delivered_sms bigint, price_sms numeric,
        sent_viber bigint, delivered_viber bigint, price_viber numeric,
        sent_whatsapp bigint, delivered_whatsapp bigint, price_whatsapp numeric,
        sent_email bigint, delivered_email bigint, price_email numeric,
        sent_push bigint, delivered_push bigint, price_push numeric,
        total_price_to_twin numeric, total_price_to_reseller numeric)
    LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY INVOKER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_text_messaging';
COMMENT ON FUNCTION reseller_report.text_messaging(bigint, timestamptz, timestamptz, boolean) IS
    'Text messages of a reseller''s companies over [period_from, period_to), a row a company: sent, delivered, price of each '
    'channel to Twin, totals to Twin and to the reseller. has_expenses keeps companies with total_price_to_twin > 0. '
    'Errors: 22004, 42501, 22023, 55000, 22003.';

CREATE FUNCTION reseller_report.chat(
    reseller_id bigint,
    period_from timestamptz,
    period_to timestamptz,
    has_expenses boolean DEFAULT false)
    RETURNS TABLE (
        id bigint, name text,
        operator_messages bigint, operator_messages_price numeric,
        bot_messages_with_first bigint, bot_messages_price numeric,
        user_messages bigint, user_messages_price numeric,
        operator_messages_alice bigint, bot_messages_alice bigint, user_messages_alice bigint, alice_messages_price numeric,
        total_price_to_twin numeric, total_price_to_reseller numeric)
    LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY INVOKER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_chat';
COMMENT ON FUNCTION reseller_report.chat(bigint, timestamptz, timestamptz, boolean) IS
    'Chat messages of a reseller''s companies over [period_from, period_to), a row a company, by sender; those through Alice '
    'count in the Alice columns only. Otherwise as text_messaging.';

CREATE FUNCTION reseller_report.telephony_outgoing(
    reseller_id bigint,
    period_from timestamptz,
    period_to timestamptz,
    has_expenses boolean DEFAULT false)
    RETURNS TABLE (
        id bigint, name text, calls bigint, total_duration_seconds bigint,
        total_price_to_twin numeric, total_price_to_reseller numeric)
    LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY INVOKER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_telephony_outgoing';
COMMENT ON FUNCTION reseller_report.telephony_outgoing(bigint, timestamptz, timestamptz, boolean) IS
    'Outgoing calls (on the page: Telephony service, legacy) of a reseller''s companies over [period_from, period_to), a row a '
    'company. Otherwise as text_messaging.';

CREATE FUNCTION reseller_report.telephony_incoming(
    reseller_id bigint,
    period_from timestamptz,
    period_to timestamptz,
    has_expenses boolean DEFAULT false)
    RETURNS TABLE (
        id bigint, name text, calls bigint, total_duration_seconds bigint,
        total_price_to_twin numeric, total_price_to_reseller numeric)
    LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY INVOKER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_telephony_incoming';
COMMENT ON FUNCTION reseller_report.telephony_incoming(bigint, timestamptz, timestamptz, boolean) IS
    'Incoming calls (on the page: Telephony service, new) of a reseller''s companies over [period_from, period_to), a row a '
    'company. Otherwise as text_messaging.';

CREATE FUNCTION reseller_report.bot(
    reseller_id bigint,
    period_from timestamptz,
    period_to timestamptz,
    has_expenses boolean DEFAULT false)
    RETURNS TABLE (
        id bigint, name text, billable_messages bigint,
        total_price_to_twin numeric, total_price_to_reseller numeric)
    LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY INVOKER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_bot';
COMMENT ON FUNCTION reseller_report.bot(bigint, timestamptz, timestamptz, boolean) IS
    'Bot messages over the API of a reseller''s companies over [period_from, period_to), a row a company. Otherwise as '
    'text_messaging.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Rights and dumps
-- ---------------------------------------------------------------------------------------------------------------------

REVOKE ALL ON ALL ROUTINES IN SCHEMA reseller_report FROM PUBLIC;
GRANT USAGE ON SCHEMA reseller_report TO PUBLIC;
GRANT EXECUTE ON FUNCTION
    reseller_report._capture(),
    reseller_report.text_messaging(bigint, timestamptz, timestamptz, boolean),
    reseller_report.chat(bigint, timestamptz, timestamptz, boolean),
    reseller_report.telephony_outgoing(bigint, timestamptz, timestamptz, boolean),
    reseller_report.telephony_incoming(bigint, timestamptz, timestamptz, boolean),
    reseller_report.bot(bigint, timestamptz, timestamptz, boolean)
    TO PUBLIC;

-- What a dump must carry. usage tables are the user's own and dumped as such.
SELECT pg_catalog.pg_extension_config_dump('reseller_report.company', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.dependency', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.source', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.source_built', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.source_unbuilt', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.source_leaf', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.source_gone', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.usage_delta', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.usage_quarter', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.usage_hour', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.usage_day', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.usage_month', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.usage_year', '');
-- A grant to a dropped role would be dumped as a bare number, which may be somebody else where it is restored.
SELECT pg_catalog.pg_extension_config_dump('reseller_report.access',
    'WHERE role IN (SELECT oid FROM pg_catalog.pg_roles)');
