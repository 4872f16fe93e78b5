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
    PERFORM reseller_report._require_given('role', grant_access.role);
    IF NOT EXISTS (SELECT FROM pg_authid a WHERE a.oid = grant_access.role) THEN
        RAISE EXCEPTION 'role must name an existing role' USING ERRCODE = 'undefined_object';
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
    PERFORM reseller_report._require_given('role', revoke_access.role);
    DELETE FROM reseller_report.access a
        WHERE a.role = revoke_access.role AND a.reseller_id IS NOT DISTINCT FROM revoke_access.reseller_id;
END
$$;
COMMENT ON FUNCTION reseller_report.revoke_access(regrole, bigint) IS
    'Takes back what grant_access gave with the same arguments; at once, also for transactions under way.';
