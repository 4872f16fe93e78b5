-- What is asked before and after: every report of every reseller, over periods that begin and end on quarter hours.
CREATE TABLE public.period AS
    SELECT r.company_id AS reseller, f, f + (1 + floor(random() * 9000)) * interval '15 minutes' AS t
    FROM reseller_report.company r, generate_series(1, 8) n,
        LATERAL (SELECT date_bin('15 minutes', timestamptz '2024-01-10 00:00+00' + (random() + n * 0) * interval '90 days',
            '2000-01-01')) x (f)
    WHERE r.is_reseller
    UNION ALL SELECT r.company_id, '-infinity', 'infinity' FROM reseller_report.company r WHERE r.is_reseller;
CREATE VIEW public.answer AS
    SELECT p.*, 'text_messaging' AS report, x::text AS row FROM period p, reseller_report.text_messaging(reseller, f, t) x
    UNION ALL SELECT p.*, 'chat', x::text FROM period p, reseller_report.chat(reseller, f, t) x
    UNION ALL SELECT p.*, 'telephony_outgoing', x::text FROM period p, reseller_report.telephony_outgoing(reseller, f, t) x
    UNION ALL SELECT p.*, 'telephony_incoming', x::text FROM period p, reseller_report.telephony_incoming(reseller, f, t) x
    UNION ALL SELECT p.*, 'bot', x::text FROM period p, reseller_report.bot(reseller, f, t) x;
CREATE TABLE public.answer_before AS TABLE public.answer;
CREATE VIEW public.different AS
    (SELECT 'before', * FROM (TABLE public.answer_before EXCEPT ALL TABLE public.answer) x)
    UNION ALL (SELECT 'after', * FROM (TABLE public.answer EXCEPT ALL TABLE public.answer_before) x);
