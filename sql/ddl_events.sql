-- ---------------------------------------------------------------------------------------------------------------------
-- DDL on connected tables (law L4 of the design): what can change raw rows past the trigger un-builds the days it may have
-- touched, in the same transaction; renames are followed. All of it reads the registry as of now, by _latest.
-- ---------------------------------------------------------------------------------------------------------------------

-- The sources that a capture trigger was made for: its arguments, each of which ends with a byte of zeros.
CREATE FUNCTION reseller_report._arguments_of_trigger(trigger pg_trigger) RETURNS text[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT string_to_array(encode(trigger.tgargs, 'escape'), E'\\000') $$;

-- The state that a trigger of ours should be in: always, but for capture of a source that leaves replicated writes out.
CREATE FUNCTION reseller_report._wanted_state(trigger pg_trigger) RETURNS "char"
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE WHEN trigger.tgfoid = 'reseller_report._capture'::regproc AND 'origin' = ANY (reseller_report._arguments_of_trigger(trigger)) THEN 'O' ELSE 'A' END::"char"
$$;

-- A disabled trigger un-builds all of its source. One that was switched on again the wrong way is put right in the same command:
-- nothing was written in between. So does one that does not fire after every change of a row any more (29: its tgtype, all of them)
-- or that calls something else, not for this source, or beside another; must match triggers.cpp. Concerns the triggers of the table that the command named, and capture of its partitions.
CREATE FUNCTION reseller_report._follow_triggers(id bigint, root regclass, touched regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    ours record;
BEGIN
    FOR ours IN
        SELECT t.tgrelid::regclass AS relid, t.tgname, t.tgenabled, reseller_report._wanted_state(t) AS wanted,
            f.is_foreign OR t.tgfoid = 'reseller_report._capture'::regproc AND (t.tgtype <> 29 OR t.tgqual IS NOT NULL OR t.tgattr <> '' OR t.tgdeferrable
                OR cardinality(array_positions(reseller_report._arguments_of_trigger(t), id::text)) <> 1
                OR EXISTS (SELECT FROM pg_trigger o WHERE o.tgrelid = t.tgrelid AND o.tgfoid = t.tgfoid AND o.oid <> t.oid)) AS is_partial,
            f.is_foreign
        FROM pg_trigger t,
            LATERAL (SELECT t.tgfoid NOT IN ('reseller_report._capture'::regproc, 'reseller_report._truncated'::regproc)) AS f (is_foreign)
        WHERE (t.tgrelid = touched AND (NOT f.is_foreign OR t.tgname IN ('reseller_report_capture', 'reseller_report_truncated')))
            OR (t.tgrelid IN (SELECT p.relid FROM pg_partition_tree(touched) p) AND t.tgfoid = 'reseller_report._capture'::regproc)
    LOOP
        IF ours.is_partial THEN
            PERFORM reseller_report._unbuild(id, '-infinity', 'infinity', format('trigger %I of %s was replaced', ours.tgname, ours.relid));
        END IF;
        CONTINUE WHEN ours.is_foreign OR ours.tgenabled = ours.wanted;
        IF ours.tgenabled = 'O' OR (ours.tgenabled = 'A' AND ours.wanted = 'O') THEN
            EXECUTE format('ALTER TABLE ONLY %s ENABLE %s TRIGGER %I', ours.relid, CASE ours.wanted WHEN 'A' THEN 'ALWAYS' ELSE '' END, ours.tgname);
        ELSE
            PERFORM reseller_report._unbuild(id, '-infinity', 'infinity', format('trigger %I of %s was %s', ours.tgname, ours.relid,
                CASE ours.tgenabled WHEN 'D' THEN 'disabled' ELSE 'enabled for replicas only' END));
        END IF;
    END LOOP;
END
$$;

-- Follows a renamed column, if one was, and notices retyped and dropped ones. ALTER SCHEMA and ALTER EXTENSION
-- retype none: they change the type's schema.
CREATE FUNCTION reseller_report._follow_columns(id bigint, root regclass, tag text, old_name name, new_name name) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_variable
DECLARE
    old_rules jsonb;
    new_rules jsonb := '[]';
    rule jsonb;
    actual_type text;
BEGIN
    SELECT s.rules INTO old_rules FROM reseller_report._latest(NULL::reseller_report.source) s WHERE s.id = id;
    FOR rule IN SELECT jsonb_array_elements(old_rules) LOOP
        IF rule ->> 'column' = old_name THEN
            rule := rule || jsonb_build_object('column', new_name);
        END IF;
        actual_type := reseller_report._column_type(root, (rule ->> 'column')::name);
        IF actual_type IS NULL AND rule ? 'column' THEN
            PERFORM reseller_report._unbuild(id, '-infinity', 'infinity', format('column %I is gone', rule ->> 'column'));
        ELSIF actual_type <> rule ->> 'type' THEN
            IF tag NOT IN ('ALTER SCHEMA', 'ALTER EXTENSION') THEN
                PERFORM reseller_report._unbuild(id, '-infinity', 'infinity', format('column %I has another type', rule ->> 'column'));
            END IF;
            rule := rule || jsonb_build_object('type', actual_type);
            -- Moments that have got a time zone are of no clock any more.
            IF actual_type LIKE 'timestamp% with time zone' THEN
                rule := rule - 'utc_offset';
            END IF;
        END IF;
        new_rules := new_rules || rule;
    END LOOP;
    IF new_rules <> old_rules THEN
        UPDATE reseller_report.source s SET rules = new_rules WHERE s.id = id;
        IF NOT FOUND THEN
            PERFORM reseller_report._refuse_old_snapshot();
        END IF;
    END IF;
END
$$;

-- Renames and drops are followed in silence by restores, which know what they do.
CREATE FUNCTION reseller_report._is_silent() RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT current_setting('check_function_bodies')::boolean IS FALSE AND current_setting('client_min_messages') = 'warning' $$;

-- An online schema change lets another table take the name of the connected one, which goes on feeding reports all the same.
CREATE FUNCTION reseller_report._warn_of_rename(root regclass, schema_name name, table_name name, services text[]) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NOT reseller_report._is_silent() THEN
        RAISE WARNING 'connected table %.% is % now, and goes on feeding %', quote_ident(schema_name), quote_ident(table_name), root, array_to_string(services, ', ')
            USING HINT = format('If another table takes its place: SELECT reseller_report.detach_source(%L), then SELECT reseller_report.attach_source(%L, %L, ...).',
                root, services[1], format('%I.%I', schema_name, table_name));
    END IF;
END
$$;

CREATE FUNCTION reseller_report._warn_of_drop(schema_name name, table_name name, services text[]) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NOT reseller_report._is_silent() THEN
        RAISE WARNING 'connected table %.% was dropped, and its usage has left the reports of %', quote_ident(schema_name), quote_ident(table_name), array_to_string(services, ', ')
            USING HINT = format('If another table takes its place: SELECT reseller_report.attach_source(%L, %L, ...).', services[1], format('%I.%I', schema_name, table_name));
    END IF;
END
$$;

-- The sources whose tables the DDL command just done may concern: those of that name, and one that had this very table under another.
CREATE FUNCTION reseller_report._follow_ddl(tag text, old_column name, new_column name) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    hit record;
BEGIN
    FOR hit IN
        -- Where no number is noted, after a restore, the leaf of that name has one.
        WITH known AS MATERIALIZED (
            SELECT s.id, s.service, s.schema_name, s.table_name, coalesce(reseller_report._table(s.id, s.schema_name, s.table_name), l.relid::regclass) AS relid
            FROM reseller_report._latest(NULL::reseller_report.source) s
            LEFT JOIN reseller_report._latest(NULL::reseller_report.source_leaf) l ON (l.source, l.schema_name, l.table_name) = (s.id, s.schema_name, s.table_name)
        ), named (relid) AS (
            SELECT c.objid::regclass FROM pg_event_trigger_ddl_commands() c WHERE c.classid = 'pg_class'::regclass
            UNION SELECT g.tgrelid FROM pg_event_trigger_ddl_commands() c JOIN pg_trigger g ON g.oid = c.objid WHERE c.classid = 'pg_trigger'::regclass
        ), touched (root, relid) AS (
            SELECT f.relid, named.relid FROM named, reseller_report._family(named.relid, true) AS f
            UNION SELECT k.relid, k.relid FROM known k LEFT JOIN pg_class r ON r.oid = k.relid
                WHERE tag IN ('ALTER SCHEMA', 'ALTER EXTENSION') OR tag = 'ALTER TYPE' AND r.reloftype IN (SELECT t.oid FROM named JOIN pg_type t ON t.typrelid = named.relid)
        )
        SELECT k.id, touched.root, touched.relid, n.schema_name, n.table_name, (k.schema_name, k.table_name) <> (n.schema_name, n.table_name) AS is_renamed,
            k.schema_name AS old_schema_name, k.table_name AS old_table_name, row_number() OVER (PARTITION BY touched.root ORDER BY touched.relid, k.id) = 1 AS is_first,
            ARRAY(SELECT o.service FROM known o WHERE o.relid = k.relid ORDER BY array_position(reseller_report._services(), o.service)) AS services
        FROM touched JOIN known k ON touched.root = k.relid CROSS JOIN reseller_report._name_of(touched.root) n
        ORDER BY touched.root, touched.relid, k.id
    LOOP
        IF hit.is_renamed AND hit.is_first THEN
            PERFORM reseller_report._warn_of_rename(hit.root, hit.old_schema_name, hit.old_table_name, hit.services);
        END IF;
        IF hit.is_renamed THEN
            UPDATE reseller_report.source s SET schema_name = hit.schema_name, table_name = hit.table_name WHERE s.id = hit.id;
            IF NOT FOUND THEN
                PERFORM reseller_report._refuse_old_snapshot();
            END IF;
        END IF;
        PERFORM reseller_report._follow_columns(hit.id, hit.root, tag, old_column, new_column),
            reseller_report._follow_triggers(hit.id, hit.root, hit.relid),
            reseller_report._follow_leaves(hit.id, hit.root, fresh => false);
    END LOOP;
    IF tag = 'ALTER TYPE' THEN
        PERFORM reseller_report._follow_renamed_label(c.objid) FROM pg_event_trigger_ddl_commands() c WHERE c.classid = 'pg_type'::regclass;
    END IF;
END
$$;

-- A label of an enum stands for something else from now on. Writers in flight have captured the old one, so they must end first.
CREATE FUNCTION reseller_report._follow_renamed_label(enum oid) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    hit record;
BEGIN
    FOR hit IN
        SELECT DISTINCT s.id, t.root, enum::regtype AS type
        FROM reseller_report._latest(NULL::reseller_report.source) s, reseller_report._table(s.id, s.schema_name, s.table_name) AS t (root),
            jsonb_array_elements(s.rules) rule
        WHERE reseller_report._column_type(t.root, (rule ->> 'column')::name) = format_type(enum, NULL)
        ORDER BY t.root
    LOOP
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', hit.root);
        PERFORM reseller_report._unbuild(hit.id, '-infinity', 'infinity', format('a value of type %s was renamed', hit.type));
    END LOOP;
END
$$;

CREATE FUNCTION reseller_report._follow_detach(partition regclass) RETURNS void
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT reseller_report._unbuild(l.source, l.leaf_from, l.leaf_to, format('%s is being detached', partition))
        FROM reseller_report._latest(NULL::reseller_report.source_leaf) l
        WHERE reseller_report._leaf(l) = partition;
    -- CONCURRENTLY, the server invalidates the parent alone: sessions would go on taking what is written to the partition for usage.
    SELECT reseller_report._invalidate(f.relid) FROM reseller_report._family(partition, false) f
$$;

-- Locks a table and then a partition against everybody, by number; false when one of them is gone by then.
CREATE FUNCTION reseller_report._lock_out(root regclass, leaf regclass) RETURNS boolean
    LANGUAGE c VOLATILE STRICT SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_lock_out';

-- The rows of partitions that are about to be dropped, which nothing can read afterwards; not those of a source that goes as a whole.
CREATE FUNCTION reseller_report._follow_dropping(dropped regclass[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    leaf record;
BEGIN
    FOR leaf IN
        SELECT DISTINCT l.source, l.leaf_from, l.leaf_to, f.relid, r.relid AS root
        FROM reseller_report._latest(NULL::reseller_report.source) s
        CROSS JOIN reseller_report._table(s.id, s.schema_name, s.table_name) AS r (relid)
        JOIN reseller_report._latest(NULL::reseller_report.source_leaf) l ON l.source = s.id AND l.leaf_from < s.horizon
        CROSS JOIN unnest(dropped) AS d (relid) CROSS JOIN reseller_report._family(d.relid, false) f
        WHERE f.relkind = 'r' AND f.relid = reseller_report._leaf(l) AND r.relid <> ALL (dropped)
        ORDER BY f.relid
    LOOP
        -- One that another session has dropped meanwhile is left to the command, which knows what to say.
        IF reseller_report._lock_out(leaf.root, leaf.relid) THEN
            PERFORM reseller_report._follow_rows(leaf.source, leaf.relid, leaf.leaf_from, leaf.leaf_to, -1, format('%s is being dropped', leaf.relid));
        END IF;
    END LOOP;
END
$$;

-- The leaves that are being dropped, each with its source where it is the whole table.
CREATE FUNCTION reseller_report._dropped_leaves() RETURNS TABLE (leaf reseller_report.source_leaf, root reseller_report.source)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT l, s FROM pg_event_trigger_dropped_objects() d
    CROSS JOIN reseller_report._latest(NULL::reseller_report.source_leaf) l
    LEFT JOIN reseller_report._latest(NULL::reseller_report.source_table) n ON n.source = l.source
    LEFT JOIN reseller_report._latest(NULL::reseller_report.source) s
        ON s.id = l.source AND coalesce(n.relid = l.relid, (s.schema_name, s.table_name) = (l.schema_name, l.table_name))
    WHERE d.object_type IN ('table', 'foreign table')
        AND CASE WHEN n.knows_leaves THEN d.objid = l.relid ELSE (d.schema_name, d.object_name) = (l.schema_name, l.table_name) END
$$;

-- A dropped partition un-builds its days; a dropped source is nobody's from now on, and the next fold clears its summaries; a
-- dropped column may come back by its name in the same command; a dropped trigger of ours leaves a source whose table is there without it.
CREATE FUNCTION reseller_report._follow_drop() RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    gone record;
BEGIN
    PERFORM reseller_report._warn_of_drop((d.leaf).schema_name, (d.leaf).table_name,
            array_agg((d.root).service ORDER BY array_position(reseller_report._services(), (d.root).service)))
        FROM reseller_report._dropped_leaves() d WHERE (d.root).id IS NOT NULL GROUP BY (d.leaf).schema_name, (d.leaf).table_name;
    FOR gone IN SELECT d.*, (d.leaf).*, (d.root).id AS root_id FROM reseller_report._dropped_leaves() d LOOP
        PERFORM reseller_report._delete_latest(gone.leaf);
        IF gone.root_id IS NOT NULL THEN
            PERFORM reseller_report._delete_latest(gone.root);
            INSERT INTO reseller_report.source_gone (source) VALUES (gone.root_id);
        ELSE
            PERFORM reseller_report._unbuild(gone.source, gone.leaf_from, gone.leaf_to,
                format('%I.%I was dropped', gone.schema_name, gone.table_name));
        END IF;
    END LOOP;
    PERFORM reseller_report._unbuild(s.id, '-infinity', 'infinity', format('column %I was dropped', d.address_names[3]))
        FROM pg_event_trigger_dropped_objects() d
        JOIN reseller_report._latest(NULL::reseller_report.source) s ON reseller_report._table(s.id, s.schema_name, s.table_name) = d.objid
        WHERE d.object_type = 'table column' AND EXISTS (SELECT FROM jsonb_array_elements(s.rules) r WHERE r ->> 'column' = d.address_names[3]);
    PERFORM reseller_report._unbuild(dropped.source, '-infinity', 'infinity', dropped.reason) FROM (
        SELECT DISTINCT s.id, format('trigger %I of %I.%I was dropped', d.address_names[3], s.schema_name, s.table_name)
        FROM pg_event_trigger_dropped_objects() d
        JOIN reseller_report._latest(NULL::reseller_report.source_leaf) l
            ON reseller_report._leaf(l) = to_regclass(format('%I.%I', d.address_names[1], d.address_names[2]))
        JOIN reseller_report._latest(NULL::reseller_report.source) s ON s.id = l.source
        WHERE d.object_type = 'trigger' AND NOT EXISTS (
            SELECT FROM pg_trigger t WHERE t.tgrelid = reseller_report._leaf(l)
            HAVING count(*) FILTER (WHERE t.tgfoid = 'reseller_report._capture'::regproc) > 0
                AND count(*) FILTER (WHERE t.tgfoid = 'reseller_report._truncated'::regproc) > 0)) AS dropped (source, reason);
END
$$;

CREATE FUNCTION reseller_report._follow_rewrite(tag text) RETURNS void
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT reseller_report._unbuild(l.source, l.leaf_from, l.leaf_to, format('%I.%I was rewritten by %s', l.schema_name, l.table_name, tag))
        FROM reseller_report._latest(NULL::reseller_report.source_leaf) l
        WHERE reseller_report._leaf(l) = pg_event_trigger_table_rewrite_oid()
$$;

-- Without a search path of its own: it resolves the name in the command as the command does.
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
-- The commands that can change a table or rename one of its columns, under whatever name; ALTER INDEX and ALTER VIEW take tables, too.
CREATE EVENT TRIGGER reseller_report_ddl_command_end ON ddl_command_end
    WHEN TAG IN ('ALTER TABLE', 'CREATE TABLE', 'CREATE SCHEMA', 'ALTER SCHEMA', 'ALTER EXTENSION', 'CREATE TRIGGER', 'ALTER TRIGGER', 'ALTER TYPE', 'ALTER INDEX', 'ALTER VIEW',
        'ALTER MATERIALIZED VIEW', 'ALTER SEQUENCE', 'CREATE FOREIGN TABLE', 'ALTER FOREIGN TABLE', 'IMPORT FOREIGN SCHEMA')
    EXECUTE FUNCTION reseller_report._ddl_command_end();
-- Whatever is dropped may take a table, a column or a trigger along.
CREATE EVENT TRIGGER reseller_report_sql_drop ON sql_drop EXECUTE FUNCTION reseller_report._sql_drop();
CREATE EVENT TRIGGER reseller_report_table_rewrite ON table_rewrite EXECUTE FUNCTION reseller_report._table_rewrite();
ALTER EVENT TRIGGER reseller_report_ddl_command_start ENABLE ALWAYS;
ALTER EVENT TRIGGER reseller_report_ddl_command_end ENABLE ALWAYS;
ALTER EVENT TRIGGER reseller_report_sql_drop ENABLE ALWAYS;
ALTER EVENT TRIGGER reseller_report_table_rewrite ENABLE ALWAYS;
