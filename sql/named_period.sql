-- ---------------------------------------------------------------------------------------------------------------------
-- Periods by name
-- ---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION reseller_report.named_period(
    reseller_id bigint,
    name text,
    at timestamptz DEFAULT now())
    RETURNS TABLE (period_from timestamptz, period_to timestamptz, previous_from timestamptz, previous_to timestamptz)
    LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY INVOKER ROWS 1 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_named_period';
COMMENT ON FUNCTION reseller_report.named_period(bigint, text, timestamptz) IS
    'A period by its name, in the reseller''s zone and as of a moment, and the one before it to compare it with: today, yesterday, '
    'this_ and last_ week, month, quarter or year, last_7_days, last_30_days, last_90_days. Both are half-open. '
    'Errors: 22004, 42501, 22023, 22008.';
