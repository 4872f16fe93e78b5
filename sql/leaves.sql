-- ---------------------------------------------------------------------------------------------------------------------
-- The tables that hold the rows of a source: the registry of partitions and of names, brought up to date with the catalogs as of now.
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

-- Writes down under which names the leaves of a source are now. Numbers tell where they are this database's own; elsewhere, after a
-- restore, names do, and a number tells a rename where no leaf has the name any more. All are taken out before any is put back, for
-- names may have been swapped; by deleting and inserting, since UPDATE finds what the transaction's snapshot sees.
CREATE FUNCTION reseller_report._follow_leaf_names(id bigint, root regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_variable
DECLARE
    knows_numbers CONSTANT boolean := EXISTS (SELECT FROM reseller_report._latest(NULL::reseller_report.source_table) t WHERE t.source = id AND t.knows_leaves);
    stale reseller_report.source_leaf[];
    fresh reseller_report.source_leaf[];
BEGIN
    SELECT array_agg(k), array_agg(ROW(id, p.schema_name, p.table_name, k.leaf_from, k.leaf_to, p.relid)::reseller_report.source_leaf) INTO stale, fresh
        FROM reseller_report._latest(NULL::reseller_report.source_leaf) k
        CROSS JOIN LATERAL (SELECT (k.schema_name, k.table_name) = (t.schema_name, t.table_name) AS has_name, k.relid = t.relid AS has_number, t.*
            FROM reseller_report._tree(root) t) p
        WHERE k.source = id AND p.has_name <> p.has_number AND CASE
            WHEN knows_numbers THEN p.has_number
            ELSE p.has_name OR NOT EXISTS (SELECT FROM reseller_report._tree(root) o WHERE (k.schema_name, k.table_name) = (o.schema_name, o.table_name)) END;
    PERFORM reseller_report._delete_latest(k) FROM unnest(stale) k;
    INSERT INTO reseller_report.source_leaf SELECT * FROM unnest(fresh);
END
$$;

-- Writes down under which names the connected tables are now, where nobody saw them move; leaves those that another session is
-- following.
CREATE FUNCTION reseller_report._follow_names() RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    moved bigint[];
BEGIN
    moved := ARRAY(SELECT s.id FROM reseller_report.source s JOIN reseller_report._latest(NULL::reseller_report.source_table) t ON t.source = s.id
        CROSS JOIN reseller_report._name_of(t.relid) n WHERE (n.schema_name, n.table_name) <> (s.schema_name, s.table_name)
        FOR UPDATE OF s SKIP LOCKED);
    -- All in one statement: names may have been swapped.
    UPDATE reseller_report.source s SET schema_name = n.schema_name, table_name = n.table_name
        FROM reseller_report._latest(NULL::reseller_report.source_table) t CROSS JOIN reseller_report._name_of(t.relid) n
        WHERE s.id = ANY (moved) AND t.source = s.id;
    PERFORM reseller_report._follow_leaf_names(t.source, t.relid) FROM reseller_report._latest(NULL::reseller_report.source_table) t WHERE t.source = ANY (moved);
END
$$;

-- What nobody saw: sources whose table is gone, and names. Under the lease.
CREATE FUNCTION reseller_report._follow_unseen() RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    gone reseller_report.source;
BEGIN
    FOR gone IN
        SELECT s.* FROM reseller_report._latest(NULL::reseller_report.source) s JOIN reseller_report._latest(NULL::reseller_report.source_table) t ON t.source = s.id
        WHERE reseller_report._table(s.id, s.schema_name, s.table_name) IS NULL
    LOOP
        PERFORM reseller_report._delete_latest(gone);
        INSERT INTO reseller_report.source_gone (source) VALUES (gone.id);
    END LOOP;
    PERFORM reseller_report._follow_names();
END
$$;

-- Brings the registry of leaves up to date: leaves that came with rows (not fresh ones, at attach) and leaves that went un-build
-- their days, and every leaf has its TRUNCATE trigger. One that came unseen may have been emptied since.
CREATE FUNCTION reseller_report._follow_leaves(id bigint, root regclass, fresh boolean, unseen boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_variable
DECLARE
    rules jsonb;
    leaf record;
BEGIN
    SELECT s.rules INTO rules FROM reseller_report._latest(NULL::reseller_report.source) s WHERE s.id = id;
    PERFORM reseller_report._follow_leaf_names(id, root);
    -- Those that went first: one that came may have the name.
    FOR leaf IN
        SELECT p.relid, coalesce(p.schema_name, l.schema_name) AS schema_name, coalesce(p.table_name, l.table_name) AS table_name,
            l.leaf_from, l.leaf_to, p.relkind, p.never_captured, l.former, reseller_report._leaf(l.former) AS former_table
        FROM reseller_report._tree(root) p
        FULL JOIN (SELECT k.*, k AS former FROM reseller_report._latest(NULL::reseller_report.source_leaf) k WHERE k.source = id) l ON l.relid = p.relid
        WHERE l.source IS NULL OR p.relid IS NULL
        ORDER BY p.relid IS NOT NULL
    LOOP
        IF leaf.relid IS NULL THEN
            PERFORM reseller_report._follow_rows(id, leaf.former_table, leaf.leaf_from, leaf.leaf_to, -1,
                format('%I.%I is no longer a partition', leaf.schema_name, leaf.table_name));
            PERFORM reseller_report._delete_latest(leaf.former);
            IF reseller_report._has_truncate_trigger(leaf.former_table) THEN
                EXECUTE format('DROP TRIGGER reseller_report_truncated ON %s', leaf.former_table);
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
        IF NOT fresh AND leaf.relkind = 'r' AND (unseen OR pg_relation_size(leaf.relid) > 0) THEN
            PERFORM reseller_report._follow_rows(id, leaf.relid, leaf.leaf_from, leaf.leaf_to, 1,
                format('%I.%I came with rows', leaf.schema_name, leaf.table_name));
        END IF;
    END LOOP;
    PERFORM reseller_report._note_table(id, root, true);
END
$$;
