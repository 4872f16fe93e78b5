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
    currency    text NOT NULL DEFAULT 'USD',
    -- As a reseller, 0 stands for nobody, who holds pruned usage of companies without one.
    CONSTRAINT company_reseller_not_0 CHECK (company_id <> 0 OR NOT is_reseller)
);
-- Finds whether some company has a time zone already. Then it is accepted without reading the server's whole list of zones.
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
    -- Summaries are kept by quarter hour, so membership may change only there; [ ) is the only form without a lone instant. Seconds
    -- by themselves, too: from the year 294247 on, the server rounds an epoch to milliseconds.
    CONSTRAINT dependency_during_half_open_on_quarter_hours_utc CHECK (
        (lower_inf(during) OR lower(during) = '-infinity'
            OR (lower_inc(during) AND extract(epoch FROM lower(during)) % 900 = 0
                AND extract(second FROM lower(during) AT TIME ZONE 'UTC') = 0))
        AND (upper_inf(during) OR upper(during) = 'infinity'
            OR (NOT upper_inc(during) AND extract(epoch FROM upper(during)) % 900 = 0
                AND extract(second FROM upper(during) AT TIME ZONE 'UTC') = 0))),
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

CREATE FUNCTION reseller_report._await_company() RETURNS trigger
    LANGUAGE c SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_await_company';

CREATE TRIGGER check_time_zone BEFORE INSERT OR UPDATE OF time_zone ON reseller_report.company
    FOR EACH ROW WHEN (NEW.time_zone <> 'UTC') EXECUTE FUNCTION reseller_report._check_time_zone();
CREATE TRIGGER take_lease BEFORE UPDATE OF is_reseller ON reseller_report.company
    FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._take_lease();
CREATE TRIGGER check_reseller_withdrawn AFTER UPDATE OF is_reseller ON reseller_report.company
    FOR EACH ROW WHEN (OLD.is_reseller AND NOT NEW.is_reseller)
    EXECUTE FUNCTION reseller_report._check_reseller_withdrawn();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON reseller_report.company
    FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._refuse_truncate();

-- The lease is taken by a statement trigger of its own, so that it comes before the snapshot in which moves are computed.
CREATE TRIGGER take_lease BEFORE INSERT OR UPDATE OR DELETE ON reseller_report.dependency
    FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._take_lease();
CREATE TRIGGER await_company BEFORE INSERT ON reseller_report.dependency
    FOR EACH ROW EXECUTE FUNCTION reseller_report._await_company();
CREATE TRIGGER move_inserted AFTER INSERT ON reseller_report.dependency
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._dependency_changed();
CREATE TRIGGER move_updated AFTER UPDATE ON reseller_report.dependency
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._dependency_changed();
CREATE TRIGGER move_deleted AFTER DELETE ON reseller_report.dependency
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._dependency_changed();
-- Logical replication applies rows without statements, so these triggers follow each row. Where a transition table is there, a
-- statement was run, and they leave the work to its own trigger. They do not read the transition tables.
CREATE TRIGGER move_applied_insert AFTER INSERT ON reseller_report.dependency
    REFERENCING NEW TABLE AS new_rows
    FOR EACH ROW EXECUTE FUNCTION reseller_report._dependency_changed();
CREATE TRIGGER move_applied_update AFTER UPDATE ON reseller_report.dependency
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH ROW EXECUTE FUNCTION reseller_report._dependency_changed();
CREATE TRIGGER move_applied_delete AFTER DELETE ON reseller_report.dependency
    REFERENCING OLD TABLE AS old_rows
    FOR EACH ROW EXECUTE FUNCTION reseller_report._dependency_changed();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON reseller_report.dependency
    FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._refuse_truncate();

-- Writes under session_replication_role = replica must move figures, too.
ALTER TABLE reseller_report.company ENABLE ALWAYS TRIGGER check_reseller_withdrawn;
ALTER TABLE reseller_report.company ENABLE ALWAYS TRIGGER take_lease;
ALTER TABLE reseller_report.company ENABLE ALWAYS TRIGGER refuse_truncate;
ALTER TABLE reseller_report.dependency ENABLE ALWAYS TRIGGER take_lease;
ALTER TABLE reseller_report.dependency ENABLE ALWAYS TRIGGER await_company;
ALTER TABLE reseller_report.dependency ENABLE ALWAYS TRIGGER move_inserted;
ALTER TABLE reseller_report.dependency ENABLE ALWAYS TRIGGER move_updated;
ALTER TABLE reseller_report.dependency ENABLE ALWAYS TRIGGER move_deleted;
ALTER TABLE reseller_report.dependency ENABLE ALWAYS TRIGGER move_applied_insert;
ALTER TABLE reseller_report.dependency ENABLE ALWAYS TRIGGER move_applied_update;
ALTER TABLE reseller_report.dependency ENABLE ALWAYS TRIGGER move_applied_delete;
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
        RAISE EXCEPTION 'since must be before infinity' USING ERRCODE = 'invalid_parameter_value';
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
    '(NULL: to none). What was planned for later is replaced. Needs the rights of the change on table dependency, and SELECT on '
    'company.';
