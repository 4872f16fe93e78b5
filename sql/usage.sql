-- ---------------------------------------------------------------------------------------------------------------------
-- Usage of all services
-- ---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION reseller_report.totals(
    reseller_id bigint,
    period_from timestamptz,
    period_to timestamptz)
    RETURNS TABLE (
        service text, companies bigint, events bigint, delivered bigint, seconds bigint,
        total_price_to_twin numeric, total_price_to_reseller numeric)
    LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY INVOKER ROWS 5 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_totals';
COMMENT ON FUNCTION reseller_report.totals(bigint, timestamptz, timestamptz) IS
    'What a reseller''s companies used over [period_from, period_to): one row for each service, in the order of the page. '
    'companies counts those with total_price_to_twin > 0; events, delivered and seconds are counts, money is in the '
    'reseller''s currency. Errors: 22004, 42501, 22023, 55000, 22003.';

-- Tells the planner how many rows usage() returns.
CREATE FUNCTION reseller_report._usage_rows(internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'reseller_report_usage_rows';

CREATE FUNCTION reseller_report.usage(
    reseller_id bigint,
    period_from timestamptz,
    period_to timestamptz,
    only_service text DEFAULT NULL)
    RETURNS TABLE (
        company_id bigint, name text, service text, item text, events bigint, delivered bigint, seconds bigint,
        price_to_twin numeric, price_to_reseller numeric)
    LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY INVOKER SUPPORT reseller_report._usage_rows
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_usage';
COMMENT ON FUNCTION reseller_report.usage(bigint, timestamptz, timestamptz, text) IS
    'What a reseller''s companies used over [period_from, period_to): one row for each company and item with any usage, in '
    'order of company_id, service and item; of one service where it is named. events, delivered and seconds are counts, money '
    'is in the reseller''s currency. Errors: 22004, 42501, 22023, 55000, 22003.';
