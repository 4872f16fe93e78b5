-- All raw usage with the reseller it counts for, by its definition: for what the page sums up over services.
CREATE SCHEMA oracle_usage;
CREATE VIEW oracle_usage.priced AS
    SELECT d.reseller_id, u.*
    FROM (
        SELECT 'text_messaging' AS service, company_id, occurred_at, price_twin, price_reseller FROM usage.text_message
        UNION ALL SELECT 'chat', company_id, occurred_at, price_twin, price_reseller FROM usage.chat_message
        UNION ALL SELECT 'telephony_' || direction, company_id, occurred_at, price_twin, price_reseller FROM usage.phone_call
        UNION ALL SELECT 'bot', company_id, occurred_at, price_twin, price_reseller FROM usage.bot_message) AS u
    JOIN reseller_report.dependency d ON d.company_id = u.company_id AND d.during @> u.occurred_at;
