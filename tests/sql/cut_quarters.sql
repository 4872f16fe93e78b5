-- Where a period cuts a quarter hour, raw rows are read of the companies that have events in it, wherever what is known of the
-- quarter hour is kept; and where there are no events, no raw row is looked for.
SELECT no_plan();
SET client_min_messages = error;
SELECT setseed(0.31) \g /dev/null
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'Reseller', true), (2, 'Other', true);
INSERT INTO reseller_report.company (company_id, name) SELECT n, 'Company ' || n FROM generate_series(11, 40) n;
INSERT INTO reseller_report.dependency (reseller_id, company_id) SELECT 1 + n % 2, n FROM generate_series(11, 40) n;
CREATE FUNCTION pg_temp.agrees(label text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    period record;
BEGIN
    FOR period IN SELECT * FROM (VALUES ('2024-03-05 10:07+00', '2024-03-05 10:11+00'),
        ('2024-03-05 10:07+00', '2024-03-05 12:03+00'), ('2024-03-05 09:59+00', '2024-03-05 10:16+00'),
        ('2024-03-04 23:53+00', '2024-03-05 23:59:59+00'),
        ('2024-02-11 11:11:11+00', '2024-03-05 10:08+00'), ('2024-03-05 10:08+00', 'infinity')) p (f, t)
    LOOP
        RETURN QUERY SELECT is_empty(format('SELECT * FROM oracle.differences(%s, %L, %L)', r, period.f, period.t),
            format('%s: reseller %s, %s to %s', label, r, period.f, period.t)) FROM generate_series(1, 2) r;
    END LOOP;
END
$$;
-- Reads of the tables of messages in this transaction, by a scan or an index, and reports that cause none.
CREATE FUNCTION pg_temp.reads() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT sum(pg_stat_get_xact_numscans(c.oid) + coalesce(i.scans, 0))::bigint
    FROM pg_class c
    LEFT JOIN LATERAL (SELECT sum(pg_stat_get_xact_numscans(x.indexrelid)) AS scans FROM pg_index x WHERE x.indrelid = c.oid) i
        ON true
    WHERE c.relnamespace = 'usage'::regnamespace AND c.relkind = 'r'
$$;
CREATE FUNCTION pg_temp.reads_of(r bigint, f text, t text) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    before CONSTANT bigint := pg_temp.reads();
BEGIN
    PERFORM FROM reseller_report.bot(r, f::timestamptz, t::timestamptz);
    PERFORM FROM reseller_report.text_messaging(r, f::timestamptz, t::timestamptz);
    RETURN pg_temp.reads() - before;
END
$$;

INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin)
    SELECT 11 + n % 30, 'sms', '2024-03-05 10:00+00'::timestamptz + n % 16 * interval '1 minute', n FROM generate_series(1, 40) n;
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin)
    VALUES (11, '2024-03-05 10:05+00', 1), (11, '2024-03-05 10:12+00', -1), (12, '2024-03-05 23:59+00', 2);
SELECT reseller_report.materialize() \g /dev/null
CALL oracle.rebuild();
SELECT pg_temp.agrees('in summaries');
SELECT is(pg_temp.reads_of(1, '2024-03-05 09:07+00', '2024-03-05 11:07+00'), 0::bigint, 'no row is looked for where no events are');
SELECT is(pg_temp.reads_of(2, '2024-03-05 00:00:01+00', '2024-03-05 23:29:59+00'), 0::bigint, 'nor at the ends of a day');
SELECT isnt(pg_temp.reads_of(1, '2024-03-05 10:07+00', '2024-03-05 11:07+00'), 0::bigint, 'rows are where events are');

-- Prices that cancel leave events.
SELECT results_eq($$ SELECT billable_messages, total_price_to_twin FROM reseller_report.bot(2, '2024-03-05 10:06+00',
    '2024-03-05 10:14+00') WHERE id = 11 $$, 'VALUES (1::bigint, -1.000000)', 'half of a quarter hour that comes to nothing');

-- What waits, what was folded since, and what this transaction has written.
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin)
    SELECT 11 + n % 30, '2024-03-05 12:00+00'::timestamptz + n % 16 * interval '1 minute', n FROM generate_series(1, 40) n;
SELECT pg_temp.agrees('in deltas');
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.agrees('in runs');
BEGIN;
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (13, '2024-03-05 10:09+00', 3),
    (14, '2024-03-05 12:01+00', 3);
DELETE FROM usage.bot_message WHERE company_id IN (11, 15);
SELECT pg_temp.agrees('in a transaction that writes');
COMMIT;
UPDATE reseller_report.dependency SET reseller_id = 3 - reseller_id WHERE company_id < 25;
SELECT pg_temp.agrees('after companies have moved');
SELECT reseller_report.materialize() \g /dev/null
SELECT pg_temp.agrees('after all is folded');

-- Steps that cut many quarter hours, and none of the events twice.
SELECT results_eq($$ SELECT sum(events) FROM reseller_report.usage_series(1, '2024-03-05 09:07+00', '2024-03-05 13:07+00', 'hour')
    WHERE service = 'bot' $$, $$ SELECT count(*)::numeric FROM usage.bot_message m
    JOIN reseller_report.dependency d USING (company_id)
    WHERE d.reseller_id = 1 AND occurred_at >= '2024-03-05 09:07+00' AND occurred_at < '2024-03-05 13:07+00' $$,
    'a series over cut quarter hours');
SELECT * FROM finish();
