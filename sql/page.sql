-- ---------------------------------------------------------------------------------------------------------------------
-- The page "Reseller and companies"
-- ---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION reseller_report.reseller_and_companies(
    reseller_id bigint,
    period_from timestamptz,
    period_to timestamptz,
    has_expenses boolean DEFAULT false,
    services text[] DEFAULT NULL,
    search text DEFAULT NULL,
    order_by text DEFAULT NULL,
    row_limit integer DEFAULT NULL,
    row_offset integer DEFAULT 0)
    RETURNS json
    LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY INVOKER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_reseller_and_companies';
COMMENT ON FUNCTION reseller_report.reseller_and_companies(
    bigint, timestamptz, timestamptz, boolean, text[], text, text, integer, integer) IS
    'The page of a reseller''s companies over [period_from, period_to) as one JSON object: reseller, period, and a section a '
    'service with columns, rows, row_count and totals. has_expenses keeps companies with total_price_to_twin > 0, a section by '
    'its own; services names the sections to keep; search keeps companies by a part of their name or by id; order_by is the key '
    'of a column, with - before it for descending; row_limit and row_offset choose the rows of each section. Money and ids are '
    'strings, counts and seconds are numbers; money is in the reseller''s currency. '
    'Errors: 22004, 42501, 22023, 55000, 22003, 54000.';
