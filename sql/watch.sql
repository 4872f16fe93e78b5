-- ---------------------------------------------------------------------------------------------------------------------
-- DDL on connected tables (law L4 of the design): what can change raw rows past the trigger un-builds the days it may have
-- touched, in the same transaction; renames are followed. All of it reads the registry as of now, by _latest.
-- ---------------------------------------------------------------------------------------------------------------------

-- A table with all that descends from it and, when wanted, all that it descends from, as of now, whatever the snapshot: partitions and
-- inheritance children alike, but those being detached.
CREATE FUNCTION reseller_report._family(INOUT relid regclass, with_ancestors boolean,
    OUT relkind "char", OUT persistence "char", OUT is_partition boolean) RETURNS SETOF record
    LANGUAGE c STABLE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_family';

-- The type of a column as of now, the one under it where it is a domain; NULL when there is none of that name.
CREATE FUNCTION reseller_report._column_type(relid regclass, column_name name) RETURNS text
    LANGUAGE c STABLE STRICT SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_column_type';

-- Whether a table has a TRUNCATE trigger of ours, as of now.
CREATE FUNCTION reseller_report._has_truncate_trigger(relid regclass) RETURNS boolean
    LANGUAGE c VOLATILE STRICT SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_has_truncate_trigger';

CREATE FUNCTION reseller_report._name_of(relid regclass, OUT schema_name name, OUT table_name name)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT a.object_names[1], a.object_names[2] FROM pg_identify_object_as_address('pg_class'::regclass, relid, 0) a $$;

-- The catalogs, as a REPEATABLE READ transaction sees them, lack what others have changed since it began.
CREATE FUNCTION reseller_report._refuse_old_snapshot() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM reseller_report._refuse('could not serialize access: a connected table was altered after this transaction began', 'Try again.', '40001');
END
$$;

-- A table and its partitions of all levels, or its inheritance children. Nobody captures what is written to a foreign partition
-- or to a child, and a crash takes the rows of an unlogged one.
CREATE FUNCTION reseller_report._tree(root regclass)
    RETURNS TABLE (relid regclass, schema_name name, table_name name, relkind "char", never_captured boolean)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT t.relid, n.schema_name, n.table_name, t.relkind,
        t.relkind = 'f' OR (t.relid <> root AND NOT t.is_partition) OR (t.relkind <> 'p' AND t.persistence <> 'p')
    FROM reseller_report._family(root, false) AS t, reseller_report._name_of(t.relid) n
$$;

-- Brings the registry of leaves up to date: leaves that came with rows (not fresh ones, at attach) and leaves that went un-build
-- their days, and every leaf has its TRUNCATE trigger.
CREATE FUNCTION reseller_report._follow_leaves(id bigint, root regclass, fresh boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_variable
DECLARE
    rules jsonb;
    leaf record;
BEGIN
    SELECT s.rules INTO rules FROM reseller_report._latest(NULL::reseller_report.source) s WHERE s.id = id;
    -- By deleting and inserting, since UPDATE finds what the transaction's snapshot sees. The name tells first: numbers may be of before a restore.
    FOR leaf IN
        SELECT k AS known, p.* FROM reseller_report._latest(NULL::reseller_report.source_leaf) k JOIN reseller_report._tree(root) p
            ON (k.schema_name, k.table_name) = (p.schema_name, p.table_name) WHERE k.source = id AND k.relid <> p.relid
        UNION ALL SELECT k, p.* FROM reseller_report._latest(NULL::reseller_report.source_leaf) k JOIN reseller_report._tree(root) p ON k.relid = p.relid
            WHERE k.source = id AND (k.schema_name, k.table_name) <> (p.schema_name, p.table_name)
                AND NOT EXISTS (SELECT FROM reseller_report._tree(root) o WHERE (k.schema_name, k.table_name) = (o.schema_name, o.table_name))
    LOOP
        PERFORM reseller_report._delete_latest(leaf.known);
        INSERT INTO reseller_report.source_leaf VALUES (id, leaf.schema_name, leaf.table_name, (leaf.known).leaf_from, (leaf.known).leaf_to, leaf.relid);
    END LOOP;
    FOR leaf IN
        SELECT p.relid, coalesce(p.schema_name, l.schema_name) AS schema_name, coalesce(p.table_name, l.table_name) AS table_name,
            l.leaf_from, l.leaf_to, p.relkind, p.never_captured
        FROM reseller_report._tree(root) p
        FULL JOIN (SELECT * FROM reseller_report._latest(NULL::reseller_report.source_leaf) k WHERE k.source = id) l
            ON l.schema_name = p.schema_name AND l.table_name = p.table_name
        WHERE l.source IS NULL OR p.relid IS NULL
    LOOP
        IF leaf.relid IS NULL THEN
            PERFORM reseller_report._follow_rows(id, reseller_report._table(leaf.schema_name, leaf.table_name), leaf.leaf_from, leaf.leaf_to, -1,
                format('%I.%I is no longer a partition', leaf.schema_name, leaf.table_name));
            PERFORM reseller_report._delete_latest(k) FROM reseller_report._latest(NULL::reseller_report.source_leaf) k
                WHERE k.source = id AND k.schema_name = leaf.schema_name AND k.table_name = leaf.table_name;
            IF reseller_report._has_truncate_trigger(reseller_report._table(leaf.schema_name, leaf.table_name)) THEN
                EXECUTE format('DROP TRIGGER reseller_report_truncated ON %I.%I', leaf.schema_name, leaf.table_name);
            END IF;
            CONTINUE;
        END IF;
        SELECT r.leaf_from, r.leaf_to INTO leaf.leaf_from, leaf.leaf_to FROM reseller_report._leaf_range(leaf.relid, rules) r;
        INSERT INTO reseller_report.source_leaf VALUES (id, leaf.schema_name, leaf.table_name, leaf.leaf_from, leaf.leaf_to, leaf.relid);
        IF leaf.never_captured THEN
            PERFORM reseller_report._unbuild(id, '-infinity', 'infinity',
                format('writes to %I.%I are not captured', leaf.schema_name, leaf.table_name));
            CONTINUE;
        END IF;
        IF NOT reseller_report._has_truncate_trigger(leaf.relid) THEN
            EXECUTE format('CREATE TRIGGER reseller_report_truncated BEFORE TRUNCATE ON %s '
                'FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._truncated()', leaf.relid);
            EXECUTE format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER reseller_report_truncated', leaf.relid);
        END IF;
        -- Rows that were deleted are rows to older snapshots.
        IF NOT fresh AND leaf.relkind = 'r' AND pg_relation_size(leaf.relid) > 0 THEN
            PERFORM reseller_report._follow_rows(id, leaf.relid, leaf.leaf_from, leaf.leaf_to, 1,
                format('%I.%I came with rows', leaf.schema_name, leaf.table_name));
        END IF;
    END LOOP;
END
$$;

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
-- or that calls something else, not for this source, or beside another; must match source.cpp. Concerns the triggers of the table that the command named, and capture of its partitions.
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

-- Follows a renamed column, if one was, and notices retyped and dropped ones. ALTER SCHEMA retypes none: it renames the type's schema.
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
            IF tag <> 'ALTER SCHEMA' THEN
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

-- The sources whose tables the DDL command just done may concern: those of that name, and one that had this very table under another.
CREATE FUNCTION reseller_report._follow_ddl(tag text, old_column name, new_column name) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    hit record;
BEGIN
    FOR hit IN
        -- A source is found by its name, and by its number where it has got another name.
        WITH known AS MATERIALIZED (
            SELECT s.id, s.schema_name, s.table_name, reseller_report._table(s.schema_name, s.table_name) AS relid, l.relid::regclass AS noted
            FROM reseller_report._latest(NULL::reseller_report.source) s
            LEFT JOIN reseller_report._latest(NULL::reseller_report.source_leaf) l ON (l.source, l.schema_name, l.table_name) = (s.id, s.schema_name, s.table_name)
        ), named (relid) AS (
            SELECT c.objid::regclass FROM pg_event_trigger_ddl_commands() c WHERE c.classid = 'pg_class'::regclass
            UNION SELECT g.tgrelid FROM pg_event_trigger_ddl_commands() c JOIN pg_trigger g ON g.oid = c.objid WHERE c.classid = 'pg_trigger'::regclass
        ), touched (root, relid) AS (
            SELECT f.relid, named.relid FROM named, reseller_report._family(named.relid, true) AS f
            UNION SELECT k.noted, k.noted FROM known k LEFT JOIN pg_class r ON r.oid = k.noted
                WHERE tag = 'ALTER SCHEMA' OR tag = 'ALTER TYPE' AND r.reloftype IN (SELECT t.oid FROM named JOIN pg_type t ON t.typrelid = named.relid)
        )
        SELECT k.id, touched.root, touched.relid, n.schema_name, n.table_name, (k.schema_name, k.table_name) <> (n.schema_name, n.table_name) AS is_renamed
        FROM touched JOIN known k ON touched.root IN (k.relid, k.noted) CROSS JOIN reseller_report._name_of(touched.root) n
        ORDER BY touched.root, touched.relid
    LOOP
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
        FROM reseller_report._latest(NULL::reseller_report.source) s, reseller_report._table(s.schema_name, s.table_name) AS t (root),
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
        WHERE reseller_report._table(l.schema_name, l.table_name) = partition
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
        CROSS JOIN reseller_report._table(s.schema_name, s.table_name) AS r (relid)
        JOIN reseller_report._latest(NULL::reseller_report.source_leaf) l ON l.source = s.id AND l.leaf_from < s.horizon
        CROSS JOIN unnest(dropped) AS d (relid) CROSS JOIN reseller_report._family(d.relid, false) f
        WHERE f.relkind = 'r' AND f.relid = reseller_report._table(l.schema_name, l.table_name) AND r.relid <> ALL (dropped)
        ORDER BY f.relid
    LOOP
        -- One that another session has dropped meanwhile is left to the command, which knows what to say.
        IF reseller_report._lock_out(leaf.root, leaf.relid) THEN
            PERFORM reseller_report._follow_rows(leaf.source, leaf.relid, leaf.leaf_from, leaf.leaf_to, -1, format('%s is being dropped', leaf.relid));
        END IF;
    END LOOP;
END
$$;

-- A dropped partition un-builds its days; a dropped source is nobody's from now on, and the next fold clears its summaries; a
-- dropped column may come back by its name in the same command; a dropped trigger of ours leaves a source whose table is there without it.
CREATE FUNCTION reseller_report._follow_drop() RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    leaf record;
BEGIN
    FOR leaf IN
        SELECT l.*, s.id IS NOT NULL AS is_source FROM pg_event_trigger_dropped_objects() d
        JOIN reseller_report._latest(NULL::reseller_report.source_leaf) l ON l.schema_name = d.schema_name AND l.table_name = d.object_name
        LEFT JOIN reseller_report._latest(NULL::reseller_report.source) s
            ON s.id = l.source AND s.schema_name = l.schema_name AND s.table_name = l.table_name
        WHERE d.object_type IN ('table', 'foreign table')
    LOOP
        PERFORM reseller_report._delete_latest(k) FROM reseller_report._latest(NULL::reseller_report.source_leaf) k
            WHERE k.source = leaf.source AND k.schema_name = leaf.schema_name AND k.table_name = leaf.table_name;
        IF leaf.is_source THEN
            PERFORM reseller_report._delete_latest(s) FROM reseller_report._latest(NULL::reseller_report.source) s WHERE s.id = leaf.source;
            INSERT INTO reseller_report.source_gone (source) VALUES (leaf.source);
        ELSE
            PERFORM reseller_report._unbuild(leaf.source, leaf.leaf_from, leaf.leaf_to,
                format('%I.%I was dropped', leaf.schema_name, leaf.table_name));
        END IF;
    END LOOP;
    PERFORM reseller_report._unbuild(s.id, '-infinity', 'infinity', format('column %I was dropped', d.address_names[3]))
        FROM pg_event_trigger_dropped_objects() d
        JOIN reseller_report._latest(NULL::reseller_report.source) s ON s.schema_name = d.address_names[1] AND s.table_name = d.address_names[2]
        WHERE d.object_type = 'table column' AND EXISTS (SELECT FROM jsonb_array_elements(s.rules) r WHERE r ->> 'column' = d.address_names[3]);
    PERFORM reseller_report._unbuild(dropped.source, '-infinity', 'infinity', dropped.reason) FROM (
        SELECT DISTINCT s.id, format('trigger %I of %I.%I was dropped', d.address_names[3], s.schema_name, s.table_name)
        FROM pg_event_trigger_dropped_objects() d
        JOIN reseller_report._latest(NULL::reseller_report.source_leaf) l ON l.schema_name = d.address_names[1] AND l.table_name = d.address_names[2]
        JOIN reseller_report._latest(NULL::reseller_report.source) s ON s.id = l.source
        WHERE d.object_type = 'trigger' AND NOT EXISTS (
            SELECT FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = l.schema_name AND c.relname = l.table_name
            HAVING count(*) FILTER (WHERE t.tgfoid = 'reseller_report._capture'::regproc) > 0
                AND count(*) FILTER (WHERE t.tgfoid = 'reseller_report._truncated'::regproc) > 0)) AS dropped (source, reason);
END
$$;

CREATE FUNCTION reseller_report._follow_rewrite(tag text) RETURNS void
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT reseller_report._unbuild(l.source, l.leaf_from, l.leaf_to, format('%I.%I was rewritten by %s', l.schema_name, l.table_name, tag))
        FROM reseller_report._latest(NULL::reseller_report.source_leaf) l
        WHERE reseller_report._table(l.schema_name, l.table_name) = pg_event_trigger_table_rewrite_oid()
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
    WHEN TAG IN ('ALTER TABLE', 'CREATE TABLE', 'CREATE SCHEMA', 'ALTER SCHEMA', 'CREATE TRIGGER', 'ALTER TRIGGER', 'ALTER TYPE', 'ALTER INDEX', 'ALTER VIEW',
        'ALTER MATERIALIZED VIEW', 'ALTER SEQUENCE', 'CREATE FOREIGN TABLE', 'ALTER FOREIGN TABLE', 'IMPORT FOREIGN SCHEMA')
    EXECUTE FUNCTION reseller_report._ddl_command_end();
-- Whatever is dropped may take a table, a column or a trigger along.
CREATE EVENT TRIGGER reseller_report_sql_drop ON sql_drop EXECUTE FUNCTION reseller_report._sql_drop();
CREATE EVENT TRIGGER reseller_report_table_rewrite ON table_rewrite EXECUTE FUNCTION reseller_report._table_rewrite();
ALTER EVENT TRIGGER reseller_report_ddl_command_start ENABLE ALWAYS;
ALTER EVENT TRIGGER reseller_report_ddl_command_end ENABLE ALWAYS;
ALTER EVENT TRIGGER reseller_report_sql_drop ENABLE ALWAYS;
ALTER EVENT TRIGGER reseller_report_table_rewrite ENABLE ALWAYS;
