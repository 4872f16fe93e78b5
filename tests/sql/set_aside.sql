-- A merge sets a key aside when its sum leaves 64 bits. Reports go on counting it exactly, also when its company moves in the same
-- transaction, and back.
SELECT no_plan();
SET client_min_messages = error;
\ir ../lib/bot_tables.sql

CREATE TABLE calls (id bigint, company_id bigint, occurred_at timestamptz, direction text, duration_seconds bigint,
    price_twin numeric(15,6), price_reseller numeric(15,6));
SELECT reseller_report.attach_source('telephony', 'calls') \g /dev/null
INSERT INTO calls SELECT n, 11, '2024-03-05 10:00+00'::timestamptz + n * interval '1 minute', 'outgoing', 999999999999999, 1, 0
    FROM generate_series(1, 9000) n;
SELECT reseller_report.materialize(1000000) \g /dev/null
INSERT INTO calls SELECT n, 11, '2024-03-05 10:00+00'::timestamptz + n * interval '1 minute', 'outgoing', 999999999999999, 1, 0
    FROM generate_series(1, 900) n;
BEGIN;
SELECT reseller_report.materialize(1000000) \g /dev/null
SELECT is((SELECT count(*) > 0 FROM reseller_report.usage_run WHERE set_aside), true, 'a key is set aside');
UPDATE reseller_report.dependency SET reseller_id = 2 WHERE company_id = 11;
COMMIT;
CREATE FUNCTION pg_temp.calls(label text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT is((SELECT array_agg((r, t.id, t.calls, t.total_duration_seconds, t.total_price_to_twin)::text ORDER BY r, t.id)
        FROM (VALUES (1), (2)) AS reseller (r), reseller_report.telephony_outgoing(r, '-infinity', 'infinity') t
            WHERE t.calls <> 0),
        (SELECT array_agg((r, id, n, seconds, price)::text)
            FROM (SELECT d.reseller_id, c.company_id, count(*), sum(duration_seconds)::bigint, sum(price_twin)
            FROM calls c JOIN reseller_report.dependency d USING (company_id) GROUP BY 1, 2) AS s (r, id, n, seconds, price)),
                label)
    UNION ALL SELECT pg_temp.clean(label)
$$;
SELECT is(pg_temp.state('SELECT reseller_report.telephony_outgoing(2, ''-infinity'', ''infinity'')'),
    '22003', 'when its company moves, the sum is too much for the new reseller');
SELECT is((SELECT sum(calls) FROM reseller_report.telephony_outgoing(1, '-infinity', 'infinity')), 0::numeric,
    'and nothing of it is left with the old one');
DELETE FROM calls WHERE id > 500;
SELECT pg_temp.calls('reports are exact for a key that was set aside and moved');
SELECT reseller_report.materialize(1000000) \g /dev/null
SELECT pg_temp.calls('and folded');
UPDATE reseller_report.dependency SET reseller_id = 1 WHERE company_id = 11;
SELECT pg_temp.calls('and moved back');
SELECT pg_temp.gone('calls') \g /dev/null
SELECT * FROM finish();
