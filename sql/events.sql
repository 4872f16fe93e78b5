-- ---------------------------------------------------------------------------------------------------------------------
-- The raw events behind a cell
-- ---------------------------------------------------------------------------------------------------------------------

-- Tells the planner how many rows usage_events() returns.
CREATE FUNCTION reseller_report._usage_events_rows(internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'reseller_report_usage_events_rows';

CREATE FUNCTION reseller_report.usage_events(
    reseller_id bigint,
    company_id bigint,
    service text,
    period_from timestamptz,
    period_to timestamptz,
    only_item text DEFAULT NULL,
    row_limit integer DEFAULT NULL,
    after jsonb DEFAULT NULL)
    RETURNS TABLE (
        source text, occurred_at timestamptz, item text, delivered boolean, seconds bigint,
        price_to_twin numeric, price_to_reseller numeric, source_key jsonb, "position" jsonb)
    LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY INVOKER SUPPORT reseller_report._usage_events_rows
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_usage_events';
COMMENT ON FUNCTION reseller_report.usage_events(bigint, bigint, text, timestamptz, timestamptz, text, integer, jsonb) IS
    'The raw events of a company and service over [period_from, period_to), as far as the company was the reseller''s, in order of '
    'occurred_at, source and key; of one item where it is named. They add up to the cell. source is the table, source_key the '
    'row''s primary key. after takes the position of the last row of a page, for the next one of row_limit rows. seconds is a '
    'duration, money is in the reseller''s currency. Errors: 22004, 42501, 22023, 55000, 23514, 22003, 22008.';

CREATE FUNCTION reseller_report.counted_as(source regclass, key jsonb)
    RETURNS TABLE (
        service text, item text, company_id bigint, company_name text, reseller_id bigint, occurred_at timestamptz,
        bucket timestamptz, counted boolean, state text, reason text)
    LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY INVOKER ROWS 1 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_counted_as';
COMMENT ON FUNCTION reseller_report.counted_as(regclass, jsonb) IS
    'Where one raw row of a connected table is counted, or the reason why it is not: a row for each service that the table feeds, '
    'none where there is no such row. key is the row''s primary key, as usage_events returns it. state is raw where the day is not '
    'built, pending where changes of its company, item and quarter hour wait to be folded, else folded. For roles that may read '
    'every reseller. Errors: 22004, 42501, 42704, 55000.';
