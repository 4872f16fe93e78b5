-- ---------------------------------------------------------------------------------------------------------------------
-- Reports
-- ---------------------------------------------------------------------------------------------------------------------

-- Tells the planner how many rows a report has.
CREATE FUNCTION reseller_report._report_rows(internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'reseller_report_report_rows';

CREATE FUNCTION reseller_report.text_messaging(
    reseller_id bigint,
    period_from timestamptz,
    period_to timestamptz,
    has_expenses boolean DEFAULT false)
    RETURNS TABLE (
        id bigint, name text,
        delivered_sms bigint, price_sms numeric,
        sent_viber bigint, delivered_viber bigint, price_viber numeric,
        sent_whatsapp bigint, delivered_whatsapp bigint, price_whatsapp numeric,
        sent_email bigint, delivered_email bigint, price_email numeric,
        sent_push bigint, delivered_push bigint, price_push numeric,
        total_price_to_twin numeric, total_price_to_reseller numeric)
    LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY INVOKER SUPPORT reseller_report._report_rows
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_text_messaging';
COMMENT ON FUNCTION reseller_report.text_messaging(bigint, timestamptz, timestamptz, boolean) IS
    'Text messages of a reseller''s companies over [period_from, period_to), one row for each company: sent, delivered, price '
    'of each channel to Twin, totals to Twin and to the reseller. has_expenses keeps companies with total_price_to_twin > 0. '
    'Errors: 22004, 42501, 22023, 55000, 22003.';

CREATE FUNCTION reseller_report.chat(
    reseller_id bigint,
    period_from timestamptz,
    period_to timestamptz,
    has_expenses boolean DEFAULT false)
    RETURNS TABLE (
        id bigint, name text,
        operator_messages bigint, operator_messages_price numeric,
        bot_messages_with_first bigint, bot_messages_price numeric,
        user_messages bigint, user_messages_price numeric,
        operator_messages_alice bigint, bot_messages_alice bigint, user_messages_alice bigint, alice_messages_price numeric,
        total_price_to_twin numeric, total_price_to_reseller numeric)
    LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY INVOKER SUPPORT reseller_report._report_rows
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_chat';
COMMENT ON FUNCTION reseller_report.chat(bigint, timestamptz, timestamptz, boolean) IS
    'Chat messages of a reseller''s companies over [period_from, period_to), one row for each company, by sender; those '
    'through Alice count in the Alice columns only. Otherwise as text_messaging.';

CREATE FUNCTION reseller_report.telephony_outgoing(
    reseller_id bigint,
    period_from timestamptz,
    period_to timestamptz,
    has_expenses boolean DEFAULT false)
    RETURNS TABLE (
        id bigint, name text, calls bigint, total_duration_seconds bigint,
        total_price_to_twin numeric, total_price_to_reseller numeric)
    LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY INVOKER SUPPORT reseller_report._report_rows
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_telephony_outgoing';
COMMENT ON FUNCTION reseller_report.telephony_outgoing(bigint, timestamptz, timestamptz, boolean) IS
    'Outgoing calls (on the page: Telephony service, legacy) of a reseller''s companies over [period_from, period_to), a row a '
    'company. Otherwise as text_messaging.';

CREATE FUNCTION reseller_report.telephony_incoming(
    reseller_id bigint,
    period_from timestamptz,
    period_to timestamptz,
    has_expenses boolean DEFAULT false)
    RETURNS TABLE (
        id bigint, name text, calls bigint, total_duration_seconds bigint,
        total_price_to_twin numeric, total_price_to_reseller numeric)
    LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY INVOKER SUPPORT reseller_report._report_rows
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_telephony_incoming';
COMMENT ON FUNCTION reseller_report.telephony_incoming(bigint, timestamptz, timestamptz, boolean) IS
    'Incoming calls (on the page: Telephony service, new) of a reseller''s companies over [period_from, period_to), a row a '
    'company. Otherwise as text_messaging.';

CREATE FUNCTION reseller_report.bot(
    reseller_id bigint,
    period_from timestamptz,
    period_to timestamptz,
    has_expenses boolean DEFAULT false)
    RETURNS TABLE (
        id bigint, name text, billable_messages bigint,
        total_price_to_twin numeric, total_price_to_reseller numeric)
    LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY INVOKER SUPPORT reseller_report._report_rows
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_bot';
COMMENT ON FUNCTION reseller_report.bot(bigint, timestamptz, timestamptz, boolean) IS
    'Bot messages over the API of a reseller''s companies over [period_from, period_to), one row for each company. Otherwise '
    'as text_messaging.';
