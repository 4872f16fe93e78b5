-- The page "Reseller and companies" of reseller 1 for last month in its zone, and how long each section takes.
\set ON_ERROR_STOP on
\set QUIET on
\pset footer off
\pset border 2
SET client_min_messages = warning;
SET timezone = 'Europe/Moscow';
SELECT date_trunc('month', now()) - interval '1 month' AS f, date_trunc('month', now()) AS t \gset
SELECT format('%s, %s to %s (%s)', name, to_char(:'f'::timestamptz, 'YYYY-MM-DD HH24:MI'),
    to_char(:'t'::timestamptz, 'YYYY-MM-DD HH24:MI'), time_zone) AS heading
    FROM reseller_report.company WHERE company_id = 1 \gset
\echo
\echo '== 4. Reseller and companies:' :heading
\echo
\echo 'Text messaging'
SELECT id, name AS "Company", delivered_sms AS "SMS dlv", round(price_sms, 2) AS "price",
    sent_viber AS "Viber sent", delivered_viber AS "dlv", round(price_viber, 2) AS "price",
    sent_whatsapp AS "WhatsApp sent", delivered_whatsapp AS "dlv", round(price_whatsapp, 2) AS "price",
    sent_email AS "E-mail sent", delivered_email AS "dlv", round(price_email, 2) AS "price",
    sent_push AS "Push sent", delivered_push AS "dlv", round(price_push, 2) AS "price",
    round(total_price_to_twin, 2) AS "Total to Twin", round(total_price_to_reseller, 2) AS "to reseller"
FROM reseller_report.text_messaging(1, :'f', :'t');
\echo 'Chat'
SELECT id, name AS "Company", operator_messages AS "Operator", round(operator_messages_price, 2) AS "price",
    bot_messages_with_first AS "Bot", round(bot_messages_price, 2) AS "price",
    user_messages AS "User", round(user_messages_price, 2) AS "price",
    operator_messages_alice AS "Alice: operator", bot_messages_alice AS "bot", user_messages_alice AS "user",
    round(alice_messages_price, 2) AS "price",
    round(total_price_to_twin, 2) AS "Total to Twin", round(total_price_to_reseller, 2) AS "to reseller"
FROM reseller_report.chat(1, :'f', :'t');
\echo 'Telephony service (legacy): outgoing'
SELECT id, name AS "Company", calls AS "Calls", make_interval(secs => total_duration_seconds) AS "Duration",
    round(total_price_to_twin, 2) AS "Total to Twin", round(total_price_to_reseller, 2) AS "to reseller"
FROM reseller_report.telephony_outgoing(1, :'f', :'t');
\echo 'Telephony service (new): incoming'
SELECT id, name AS "Company", calls AS "Calls", make_interval(secs => total_duration_seconds) AS "Duration",
    round(total_price_to_twin, 2) AS "Total to Twin", round(total_price_to_reseller, 2) AS "to reseller"
FROM reseller_report.telephony_incoming(1, :'f', :'t');
\echo 'Bot messages over the API'
SELECT id, name AS "Company", billable_messages AS "Billable", round(total_price_to_twin, 2) AS "Total to Twin",
    round(total_price_to_reseller, 2) AS "to reseller"
FROM reseller_report.bot(1, :'f', :'t');
\echo 'The same with "There are expenses": Quiet Archive is left out'
SELECT id, name AS "Company", billable_messages AS "Billable", round(total_price_to_twin, 2) AS "Total to Twin",
    round(total_price_to_reseller, 2) AS "to reseller"
FROM reseller_report.bot(1, :'f', :'t', has_expenses => true);

\echo '== 5. How long each section takes, against GROUP BY over the raw tables (the faster of three runs each)'
CREATE TEMP TABLE taken (section text, report_ms numeric, group_by_ms numeric);
CREATE FUNCTION pg_temp.milliseconds(query text, f timestamptz, t timestamptz) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    best numeric := 'infinity';
    began timestamptz;
    row record;
BEGIN
    FOR i IN 1 .. 3 LOOP
        began := clock_timestamp();
        FOR row IN EXECUTE query USING f, t LOOP END LOOP;
        best := least(best, extract(epoch FROM clock_timestamp() - began) * 1000);
    END LOOP;
    RETURN round(best, 2);
END
$$;
INSERT INTO taken
    SELECT section, pg_temp.milliseconds(format('SELECT * FROM reseller_report.%I(1, $1, $2)', section), :'f', :'t'),
        pg_temp.milliseconds(format('SELECT u.company_id, %s, sum(price_twin), sum(price_reseller) FROM usage.%I u '
            'JOIN reseller_report.dependency d ON d.reseller_id = 1 AND d.company_id = u.company_id AND d.during @> u.occurred_at '
            'WHERE u.occurred_at >= $1 AND u.occurred_at < $2 %s GROUP BY 1', figures, source, direction), :'f', :'t')
    FROM (VALUES
        ('text_messaging', 'text_message',
            'count(*) FILTER (WHERE channel = ''sms''), sum(price_twin) FILTER (WHERE channel = ''sms''), '
            'count(*) FILTER (WHERE channel = ''viber''), count(delivered_at) FILTER (WHERE channel = ''viber'')', ''),
        ('chat', 'chat_message', 'count(*) FILTER (WHERE sender = ''operator''), count(*) FILTER (WHERE sender = ''bot''), '
            'count(*) FILTER (WHERE via_alice)', ''),
        ('telephony_outgoing', 'phone_call', 'count(*), sum(duration_seconds)', 'AND direction = ''outgoing'''),
        ('telephony_incoming', 'phone_call', 'count(*), sum(duration_seconds)', 'AND direction = ''incoming'''),
        ('bot', 'bot_message', 'count(*) FILTER (WHERE billable)', '')) AS s (section, source, figures, direction);
SELECT section, report_ms AS "report, ms", group_by_ms AS "GROUP BY, ms", round(group_by_ms / report_ms) AS "times faster"
    FROM taken;
