-- ---------------------------------------------------------------------------------------------------------------------
-- A schema for generators
-- ---------------------------------------------------------------------------------------------------------------------

-- All of it in one function: it runs as its caller, who may execute no helper of ours.
CREATE FUNCTION reseller_report.create_api(schema_name name DEFAULT 'api') RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    command text;
BEGIN
    IF schema_name IS NULL THEN
        RAISE EXCEPTION 'schema_name must not be NULL' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    EXECUTE format('CREATE SCHEMA %I', schema_name);
    -- What PUBLIC may read by in an installation as it comes, and nothing else. Who may do so here is copied with the rights.
    FOR command IN
        WITH view AS (
            SELECT c.oid, c.relname AS name, c.relowner AS owner, c.relacl AS acl, format('%I.%I', schema_name, c.relname) AS made
            FROM pg_class c
            WHERE c.relnamespace = 'reseller_report'::regnamespace AND c.relkind = 'v'
                AND EXISTS (SELECT FROM pg_init_privs i, aclexplode(i.initprivs) a
                    WHERE (i.classoid, i.objoid, i.objsubid) = ('pg_class'::regclass, c.oid, 0)
                        AND a.grantee = 0 AND a.privilege_type = 'SELECT')),
        routine AS (
            SELECT p.*, format('%I.%I', schema_name, p.proname) AS made,
                format('%I.%I', schema_name, p.proname || '_row') AS row_type,
                format('FUNCTION %I.%I(%s)', schema_name, p.proname, pg_get_function_identity_arguments(p.oid)) AS signature,
                (SELECT string_agg('$' || n, ', ' ORDER BY n) FROM generate_series(1, p.pronargs) n) AS passed
            FROM pg_proc p
            WHERE p.pronamespace = 'reseller_report'::regnamespace AND NOT starts_with(p.proname, '_') AND p.provolatile = 's'
                AND EXISTS (SELECT FROM pg_init_privs i, aclexplode(i.initprivs) a
                    WHERE (i.classoid, i.objoid) = ('pg_proc'::regclass, p.oid)
                        AND a.grantee = 0 AND a.privilege_type = 'EXECUTE')),
        made AS (
            SELECT 1 AS place,
                format('CREATE VIEW %s WITH (security_invoker = true) AS SELECT * FROM reseller_report.%I', made, name) AS command
            FROM view
            UNION ALL SELECT 2, format('COMMENT ON VIEW %s IS %L', made, obj_description(oid, 'pg_class')) FROM view
            UNION ALL
            SELECT 2, format('COMMENT ON COLUMN %s.%I IS %L', v.made, a.attname, col_description(v.oid, a.attnum))
            FROM view v JOIN pg_attribute a ON a.attrelid = v.oid
            WHERE col_description(v.oid, a.attnum) IS NOT NULL
            -- A set of rows has a type of its own, for generators name their types after it.
            UNION ALL
            SELECT 3, format('CREATE TYPE %s AS (%s)', row_type, (
                SELECT string_agg(format('%I %s', c.name, format_type(c.type, NULL)), ', ' ORDER BY c.n)
                FROM unnest(proargnames, proargmodes, proallargtypes) WITH ORDINALITY AS c (name, mode, type, n)
                WHERE c.mode = 't'))
            FROM routine WHERE proretset
            UNION ALL
            SELECT 4, format('CREATE FUNCTION %s(%s) RETURNS SETOF %s LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS %s AS %L', made,
                pg_get_function_arguments(oid), row_type, prorows, format('SELECT * FROM reseller_report.%I(%s)', proname, passed))
            FROM routine WHERE proretset
            UNION ALL
            SELECT 4, format('CREATE FUNCTION %s(%s) RETURNS %s LANGUAGE sql STABLE PARALLEL RESTRICTED AS %L', made,
                pg_get_function_arguments(oid), format_type(prorettype, NULL),
                format('SELECT reseller_report.%I(%s)', proname, passed))
            FROM routine WHERE NOT proretset
            UNION ALL SELECT 5, format('COMMENT ON %s IS %L', signature, obj_description(oid, 'pg_proc')) FROM routine
            UNION ALL SELECT 5, format('REVOKE ALL ON %s FROM PUBLIC', signature) FROM routine
            UNION ALL
            SELECT 6, format('GRANT %s ON %s TO %s', a.privilege_type, o.made,
                CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END)
            FROM (SELECT made, owner, acl FROM view UNION ALL SELECT signature, proowner, proacl FROM routine) o,
                aclexplode(o.acl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
            WHERE a.privilege_type IN ('SELECT', 'EXECUTE') AND a.grantee <> o.owner AND (a.grantee = 0 OR r.oid IS NOT NULL))
        SELECT m.command FROM made m ORDER BY m.place, m.command
    LOOP
        EXECUTE command;
    END LOOP;
END
$$;
COMMENT ON FUNCTION reseller_report.create_api(name) IS
    'Makes a schema with a view and a function for each one that PUBLIC may read by as installed, as ordinary objects of the '
    'caller, for tools that offer all of a schema: PostgREST, PostGraphile, Hasura. A set of rows has a named type, name_row. '
    'Comments and rights are those of '
    'the originals; USAGE on the schema is the caller''s to give. Needs CREATE on the database. Errors: 22004, 42P06.';
