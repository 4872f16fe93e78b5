-- ---------------------------------------------------------------------------------------------------------------------
-- Usage over time
-- ---------------------------------------------------------------------------------------------------------------------

-- Tells the planner how many rows usage_series() returns.
CREATE FUNCTION reseller_report._usage_series_rows(internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'reseller_report_usage_series_rows';

CREATE FUNCTION reseller_report.usage_series(
    reseller_id bigint,
    period_from timestamptz,
    period_to timestamptz,
    step text DEFAULT 'day',
    only_service text DEFAULT NULL,
    only_company_id bigint DEFAULT NULL,
    in_time_zone text DEFAULT NULL)
    RETURNS TABLE (
        step_from timestamptz, step_to timestamptz, service text, events bigint, delivered bigint, seconds bigint,
        price_to_twin numeric, price_to_reseller numeric)
    LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY INVOKER SUPPORT reseller_report._usage_series_rows
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_usage_series';
COMMENT ON FUNCTION reseller_report.usage_series(bigint, timestamptz, timestamptz, text, text, bigint, text) IS
    'What a reseller''s companies used over [period_from, period_to), one row for each step and service, in order of both: '
    'step is hour, day, week, month, quarter or year on the clock of the reseller''s zone, or of in_time_zone. All services '
    'and companies, or one. Steps without usage are there with zeros; the first and the last are cut to the period. events, '
    'delivered and seconds are counts, money is in the reseller''s currency. Errors: 22004, 42501, 22023, 55000, 22003.';
