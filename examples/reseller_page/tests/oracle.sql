-- All raw usage with the reseller it counts for, by its definition: for what the page sums up over services, and what statements
-- keep.
CREATE SCHEMA oracle_usage;
CREATE VIEW oracle_usage.priced AS
    SELECT d.reseller_id, u.*
    FROM (
        SELECT 'text_messaging' AS service, channel AS item, company_id, occurred_at, price_twin, price_reseller
            FROM usage.text_message
        UNION ALL SELECT 'chat', sender || CASE WHEN via_alice THEN '_alice' ELSE '' END, company_id, occurred_at, price_twin,
            price_reseller FROM usage.chat_message
        UNION ALL SELECT 'telephony_' || direction, direction || '_call', company_id, occurred_at, price_twin, price_reseller
            FROM usage.phone_call
        UNION ALL SELECT 'bot', CASE WHEN billable THEN 'billable' ELSE 'free' END, company_id, occurred_at, price_twin,
            price_reseller FROM usage.bot_message) AS u
    JOIN reseller_report.dependency d ON d.company_id = u.company_id AND d.during @> u.occurred_at;
