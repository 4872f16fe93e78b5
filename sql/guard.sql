-- ---------------------------------------------------------------------------------------------------------------------
-- DDL on the extension's own tables. C++ reads and writes them past the executor and finds columns by their numbers, so the tables
-- must stay as the extension made them. Some things are not recorded here and may be altered: owner, tablespace, storage and its
-- options, replica identity, statistics, rights, comments. Users fill company and dependency, and may add columns, constraints,
-- indexes and triggers to these two.
-- ---------------------------------------------------------------------------------------------------------------------

CREATE TABLE reseller_report.own_part (
    relation name NOT NULL,
    part     text NOT NULL,
    detail   text NOT NULL,
    PRIMARY KEY (relation, part)
);
COMMENT ON TABLE reseller_report.own_part IS
    'The parts that the extension''s tables and views were made of. DDL that would change any of them is refused.';
-- Each database has its own: rows that a publication brings from another database are ignored.
CREATE TRIGGER ignore_row BEFORE INSERT OR UPDATE OR DELETE ON reseller_report.own_part
    FOR EACH ROW EXECUTE FUNCTION reseller_report._ignore_row();
ALTER TABLE reseller_report.own_part ENABLE REPLICA TRIGGER ignore_row;

-- The tables, views and indexes that are members of the extension.
CREATE VIEW reseller_report._own_relations AS
    SELECT c.oid, c.relname, c.relname NOT IN ('company', 'dependency') AS is_internal,
        concat_ws(' ', c.relnamespace::regnamespace, c.relkind, c.relpersistence,
            (SELECT m.amname FROM pg_catalog.pg_am m WHERE m.oid = c.relam),
            c.relrowsecurity, c.relforcerowsecurity, c.reloftype) AS kind
    FROM pg_catalog.pg_extension e
    JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
    JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
    WHERE e.extname = 'reseller_report';

-- The parts that they are made of now. What is recorded must mean the same in every version of the server, because pg_upgrade keeps
-- the record. No query here joins a catalog with itself: PostgreSQL 18.6 crashes where it removes such a join.
CREATE VIEW reseller_report._parts AS
    SELECT o.relname AS relation, o.is_internal, 'relation' AS part, o.kind AS detail FROM reseller_report._own_relations o
    UNION ALL SELECT o.relname, o.is_internal, format('column %s', a.attnum),
            concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), a.attidentity, a.attgenerated,
                'default ' || pg_get_expr(d.adbin, d.adrelid), CASE WHEN a.attnotnull THEN 'not null' END)
        FROM reseller_report._own_relations o JOIN pg_catalog.pg_attribute a ON a.attrelid = o.oid
        LEFT JOIN pg_catalog.pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        WHERE a.attnum > 0 AND NOT a.attisdropped
    -- Not constraints of NOT NULL, which only PostgreSQL 18 and later have.
    UNION ALL SELECT o.relname, o.is_internal, format('constraint %I', k.conname),
            concat_ws(' ', k.contype, k.condeferrable, k.condeferred, k.convalidated)
        FROM reseller_report._own_relations o JOIN pg_catalog.pg_constraint k ON k.conrelid = o.oid
        WHERE k.contype IN ('p', 'u', 'c', 'f', 'x')
    UNION ALL SELECT o.relname, o.is_internal, format('foreign key %I of %s', k.conname, k.conrelid::regclass), ''
        FROM reseller_report._own_relations o JOIN pg_catalog.pg_constraint k ON k.confrelid = o.oid
        WHERE k.conrelid <> 'reseller_report.dependency'::regclass
    -- An index that is not valid is being rebuilt by REINDEX, or building it has failed.
    UNION ALL SELECT o.relname, o.is_internal, format('index %s', i.indexrelid::regclass), ''
        FROM reseller_report._own_relations o JOIN pg_catalog.pg_index i ON i.indrelid = o.oid WHERE i.indisvalid
    UNION ALL SELECT o.relname, o.is_internal, format('trigger %I', t.tgname),
            concat_ws(' ', t.tgenabled, t.tgtype, t.tgfoid::regproc)
        FROM reseller_report._own_relations o JOIN pg_catalog.pg_trigger t ON t.tgrelid = o.oid WHERE NOT t.tgisinternal
    UNION ALL SELECT o.relname, o.is_internal, format('rule %I', r.rulename), r.ev_enabled::text
        FROM reseller_report._own_relations o JOIN pg_catalog.pg_rewrite r ON r.ev_class = o.oid WHERE r.rulename <> '_RETURN'
    UNION ALL SELECT o.relname, o.is_internal, format('policy %I', p.polname), ''
        FROM reseller_report._own_relations o JOIN pg_catalog.pg_policy p ON p.polrelid = o.oid
    UNION ALL SELECT o.relname, o.is_internal, 'table it inherits from', ''
        FROM reseller_report._own_relations o JOIN pg_catalog.pg_inherits h ON h.inhrelid = o.oid
    UNION ALL SELECT o.relname, o.is_internal, 'table that inherits from it', ''
        FROM reseller_report._own_relations o JOIN pg_catalog.pg_inherits h ON h.inhparent = o.oid;

-- Records the parts of relations: of all, or of those that an update script has changed.
CREATE FUNCTION reseller_report._keep_parts(relations name[] DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    DELETE FROM reseller_report.own_part WHERE relations IS NULL OR relation = ANY (relations);
    INSERT INTO reseller_report.own_part SELECT DISTINCT relation, part, detail FROM reseller_report._parts
        WHERE relations IS NULL OR relation = ANY (relations)
$$;

-- Refuses a command after which a table is not as it was made. After a DROP only missing parts count, because dropping a part that
-- was added mends the table. In a restore the state of triggers does not count, because a restore of data alone switches them off
-- and on.
CREATE FUNCTION reseller_report._guard_parts(dropped boolean, restoring boolean) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    wrong record;
BEGIN
    SELECT relation, part, k.part IS NULL AS is_new INTO wrong
        FROM reseller_report.own_part k FULL JOIN reseller_report._parts p USING (relation, part)
        WHERE k.detail IS DISTINCT FROM p.detail
            AND NOT (dropped AND p.part IS NOT NULL)
            AND NOT (restoring AND part LIKE 'trigger %' AND p.part IS NOT NULL)
            AND NOT (k.part IS NULL AND NOT p.is_internal AND (part ~ '^(constraint|foreign key|index|trigger) '
                OR part ~ '^column ' AND (p.detail !~ ' not null$' OR p.detail ~ ' default ')))
        ORDER BY is_new, relation, part LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '"reseller_report.%" must stay as the extension made it', wrong.relation
            USING ERRCODE = 'feature_not_supported',
                DETAIL = format(
                    CASE WHEN wrong.is_new THEN 'The command would add a part to it: %s.'
                        ELSE 'The command would change or drop a part of it: %s.' END,
                    wrong.part),
                HINT = CASE WHEN wrong.relation IN ('company', 'dependency')
                    THEN 'You can add constraints, indexes, triggers, and columns that an INSERT may leave out.'
                    ELSE 'Use tables of your own for what you need. '
                        'Owner, tablespace, storage options, replica identity and statistics may be altered.' END;
    END IF;
END
$$;

-- In PL/pgSQL, which keeps its plans, because this runs after every command that might concern our tables.
CREATE FUNCTION reseller_report._guard_command(restoring boolean) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    own CONSTANT oid[] := (SELECT array_agg(o.oid) FROM reseller_report._own_relations o);
BEGIN
    IF EXISTS (
        SELECT FROM pg_event_trigger_ddl_commands() c
        WHERE c.objid = ANY (own)
            OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = c.classid AND d.objid = c.objid
                AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (own))
            OR EXISTS (SELECT FROM pg_index i WHERE i.indexrelid = c.objid AND i.indrelid = ANY (own))
            OR EXISTS (SELECT FROM pg_constraint k JOIN reseller_report._own_relations o ON o.oid = k.confrelid
                WHERE k.conrelid = c.objid AND k.confrelid = ANY (own) AND o.is_internal)
            OR c.classid = 'pg_extension'::regclass AND c.object_identity = 'reseller_report')
    THEN
        PERFORM reseller_report._guard_parts(false, restoring);
    END IF;
END
$$;

CREATE FUNCTION reseller_report._guard_drop(restoring boolean) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_event_trigger_dropped_objects() d WHERE 'reseller_report' IN (d.schema_name, d.address_names[1])) THEN
        PERFORM reseller_report._guard_parts(true, restoring);
    END IF;
END
$$;

-- CREATE and DROP INDEX CONCURRENTLY commit before they end, so they are refused when they begin. Refused are a new index on a
-- table of ours, and the dropping of an index that the extension made.
CREATE FUNCTION reseller_report._guard_concurrent(target oid) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF EXISTS (SELECT FROM reseller_report._own_relations o WHERE o.oid = target AND o.is_internal)
        OR EXISTS (SELECT FROM pg_index i JOIN reseller_report._own_relations o ON o.oid = i.indrelid
            JOIN reseller_report.own_part p ON (p.relation, p.part) = (o.relname, format('index %s', i.indexrelid::regclass))
            WHERE i.indexrelid = target)
    THEN
        RAISE EXCEPTION 'the indexes of the extension''s own tables must stay as it made them'
            USING ERRCODE = 'feature_not_supported', HINT = 'Use tables of your own for what you need.';
    END IF;
END
$$;

-- It sets no search path, so that it resolves the name in a command as the command itself does.
CREATE FUNCTION reseller_report._guard() RETURNS event_trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'reseller_report_guard';
CREATE FUNCTION reseller_report._guard_dropped() RETURNS event_trigger
    LANGUAGE c SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_guard_dropped';

REVOKE ALL ON FUNCTION reseller_report._keep_parts(name[]), reseller_report._guard_parts(boolean, boolean),
    reseller_report._guard_command(boolean),
    reseller_report._guard_drop(boolean), reseller_report._guard_concurrent(oid), reseller_report._guard(),
    reseller_report._guard_dropped() FROM PUBLIC;
SELECT reseller_report._keep_parts();

CREATE EVENT TRIGGER reseller_report_guard_start ON ddl_command_start
    WHEN TAG IN ('CREATE INDEX', 'DROP INDEX') EXECUTE FUNCTION reseller_report._guard();
-- All commands that can alter a table or view, add something to it or refer to it.
CREATE EVENT TRIGGER reseller_report_guard_end ON ddl_command_end
    WHEN TAG IN ('ALTER TABLE', 'ALTER INDEX', 'ALTER VIEW', 'ALTER MATERIALIZED VIEW', 'ALTER SEQUENCE', 'ALTER FOREIGN TABLE',
        'CREATE TABLE', 'CREATE FOREIGN TABLE', 'CREATE INDEX', 'CREATE TRIGGER', 'ALTER TRIGGER', 'CREATE RULE', 'ALTER RULE',
        'CREATE POLICY', 'ALTER POLICY', 'CREATE VIEW', 'ALTER EXTENSION') EXECUTE FUNCTION reseller_report._guard();
CREATE EVENT TRIGGER reseller_report_guard_dropped ON sql_drop EXECUTE FUNCTION reseller_report._guard_dropped();
ALTER EVENT TRIGGER reseller_report_guard_start ENABLE ALWAYS;
ALTER EVENT TRIGGER reseller_report_guard_end ENABLE ALWAYS;
ALTER EVENT TRIGGER reseller_report_guard_dropped ENABLE ALWAYS;
