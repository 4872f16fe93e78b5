\echo Use "ALTER EXTENSION reseller_report UPDATE" to load this file. \quit

-- From 0.1.0 to 0.2.0. Changes that wait are packed, and are folded into runs before they are merged; rows of the levels have their
-- sums over companies, and an index that leads to buckets before items. The levels keep what they hold. Reports answer the same
-- before and after.

-- Made anew below. Until then, what this script does to tables is not followed.
DROP EVENT TRIGGER reseller_report_ddl_command_start;
DROP EVENT TRIGGER reseller_report_ddl_command_end;
DROP EVENT TRIGGER reseller_report_sql_drop;
DROP EVENT TRIGGER reseller_report_table_rewrite;
DROP EVENT TRIGGER reseller_report_guard_start;
DROP EVENT TRIGGER reseller_report_guard_end;
DROP EVENT TRIGGER reseller_report_guard_dropped;

-- Waits for transactions that have captured changes. Those that come wait in turn, and find the new table.
LOCK TABLE reseller_report.usage_delta IN ACCESS EXCLUSIVE MODE;
ALTER TABLE reseller_report.usage_delta RENAME TO usage_delta_of_0_1_0;
@create TABLE usage_delta usage_run usage_packed applied
@create INDEX usage_run_key
@create SEQUENCE statement_id_seq
@create TABLE statement_turn statement statement_line statement_company statement_withdrawal
@create INDEX statement_line_corrections statement_company_id

ALTER TABLE reseller_report.usage_quarter ADD COLUMN sum_events bigint, ADD COLUMN sum_delivered bigint,
    ADD COLUMN sum_seconds bigint, ADD COLUMN sum_price_twin bigint, ADD COLUMN sum_price_reseller bigint;
ALTER TABLE reseller_report.usage_hour ADD COLUMN sum_events bigint, ADD COLUMN sum_delivered bigint,
    ADD COLUMN sum_seconds bigint, ADD COLUMN sum_price_twin bigint, ADD COLUMN sum_price_reseller bigint;
ALTER TABLE reseller_report.usage_day ADD COLUMN sum_events bigint, ADD COLUMN sum_delivered bigint,
    ADD COLUMN sum_seconds bigint, ADD COLUMN sum_price_twin bigint, ADD COLUMN sum_price_reseller bigint;
ALTER TABLE reseller_report.usage_month ADD COLUMN sum_events bigint, ADD COLUMN sum_delivered bigint,
    ADD COLUMN sum_seconds bigint, ADD COLUMN sum_price_twin bigint, ADD COLUMN sum_price_reseller bigint;
ALTER TABLE reseller_report.usage_year ADD COLUMN sum_events bigint, ADD COLUMN sum_delivered bigint,
    ADD COLUMN sum_seconds bigint, ADD COLUMN sum_price_twin bigint, ADD COLUMN sum_price_reseller bigint;

-- The sum of an array, 0 of none; NULL where it does not fit.
CREATE FUNCTION reseller_report._sum_of(figures bigint[]) RETURNS bigint
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE WHEN s BETWEEN -9223372036854775808 AND 9223372036854775807 THEN s::bigint END
    FROM (SELECT coalesce(sum(figure), 0) FROM unnest(figures) AS figure) AS total (s)
$$;
DO $$
DECLARE
    level text;
BEGIN
    FOREACH level IN ARRAY '{quarter,hour,day,month,year}'::text[] LOOP
        RAISE NOTICE 'adding up the rows of usage_%', level;
        EXECUTE format('UPDATE reseller_report.usage_%s SET sum_events = reseller_report._sum_of(events), '
            'sum_delivered = reseller_report._sum_of(delivered), sum_seconds = reseller_report._sum_of(seconds), '
            'sum_price_twin = reseller_report._sum_of(price_twin), sum_price_reseller = reseller_report._sum_of(price_reseller)',
            level);
        EXECUTE format('ALTER TABLE reseller_report.usage_%1$s DROP CONSTRAINT usage_%1$s_pkey, '
            'ADD PRIMARY KEY (source, reseller_id, bucket, item)', level);
        EXECUTE format('ALTER TABLE reseller_report.usage_%s RESET (fillfactor, autovacuum_vacuum_scale_factor), '
            'SET (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.05)', level);
    END LOOP;
END
$$;

-- A number as docs/internals.md says it is packed.
CREATE FUNCTION reseller_report._packed_number(value numeric) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    bytes bytea := '';
BEGIN
    WHILE value >= 128 LOOP
        bytes := bytes || set_byte('\x00', 0, (128 + value % 128)::int);
        value := div(value, 128);
    END LOOP;
    RETURN bytes || set_byte('\x00', 0, value::int);
END
$$;
CREATE FUNCTION reseller_report._packed_signed(value numeric) RETURNS bytea
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT reseller_report._packed_number(CASE WHEN value < 0 THEN -2 * value - 1 ELSE 2 * value END) $$;
-- The entry of a company: its distance from the one before it, which wraps around, and its figures.
CREATE FUNCTION reseller_report._packed_entry(distance numeric, figures bigint[]) RETURNS bytea
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT reseller_report._packed_signed(CASE WHEN distance > 9223372036854775807 THEN distance - 18446744073709551616
            WHEN distance < -9223372036854775808 THEN distance + 18446744073709551616 ELSE distance END)
        || set_byte('\x00', 0, sum(CASE WHEN figure <> 0 THEN 1 << n::int - 1 ELSE 0 END)::int)
        || string_agg(CASE WHEN figure <> 0 THEN reseller_report._packed_signed(figure) ELSE '' END, '' ORDER BY n)
    FROM unnest(figures) WITH ORDINALITY AS f (figure, n)
$$;

-- Changes that a move of a company has left belong to a reseller: they are runs now. All others are deltas, as before.
WITH change AS (
    SELECT d.*, CASE WHEN reseller_id IS NULL THEN timestamptz '2000-01-01 00:00+00'
            ELSE date_trunc('day', bucket, 'UTC') END AS day,
        CASE WHEN reseller_id IS NULL THEN
            (row_number() OVER (PARTITION BY source, reseller_id IS NULL ORDER BY item, bucket, company_id) - 1) / 100 END AS part,
        reseller_id IS NOT NULL AND set_aside AS aside
    FROM reseller_report.usage_delta_of_0_1_0 d),
packed_group AS (
    SELECT source, reseller_id, day, part, aside, item, bucket, count(*) AS entries, min(recorded_at) AS recorded_at,
        string_agg(reseller_report._packed_entry(distance, ARRAY[events, delivered, seconds, price_twin, price_reseller]), ''
            ORDER BY company_id, n) AS packed
    FROM (SELECT c.*, row_number() OVER w AS n, company_id::numeric - lag(company_id, 1, 0::bigint) OVER w AS distance FROM change c
        WINDOW w AS (PARTITION BY source, reseller_id, day, part, aside, item, bucket ORDER BY company_id)) AS e
    GROUP BY source, reseller_id, day, part, aside, item, bucket),
packed_row AS (
    SELECT source, reseller_id, day, aside, sum(entries)::int AS entries, min(recorded_at) AS recorded_at,
        string_agg(reseller_report._packed_number(item)
            || reseller_report._packed_signed(extract(epoch FROM bucket - day) / 900)
            || reseller_report._packed_number(length(packed)) || packed, '' ORDER BY item, bucket) AS packed
    FROM packed_group GROUP BY source, reseller_id, day, part, aside),
run AS (
    INSERT INTO reseller_report.usage_run (source, reseller_id, day, entries, packed, recorded_at, set_aside)
    SELECT source, reseller_id, day, entries, packed, recorded_at, aside FROM packed_row WHERE reseller_id IS NOT NULL)
INSERT INTO reseller_report.usage_delta (source, recorded_at, entries, is_rest, packed)
    SELECT source, recorded_at, entries, false, packed FROM packed_row WHERE reseller_id IS NULL;
ALTER EXTENSION reseller_report DROP TABLE reseller_report.usage_delta_of_0_1_0;
DROP TABLE reseller_report.usage_delta_of_0_1_0;
DROP FUNCTION reseller_report._packed_entry, reseller_report._packed_signed, reseller_report._packed_number,
    reseller_report._sum_of;

-- A view of a user's may stand on this one. So it stays, without what it called, until it is made anew below.
CREATE OR REPLACE VIEW reseller_report.materializer_state AS
    SELECT NULL::bigint AS pending_deltas, NULL::timestamptz AS oldest_pending_at, NULL::timestamptz AS last_materialized_at,
        NULL::bigint AS last_deltas, NULL::interval AS last_duration, NULL::text[] COLLATE "C" AS unbuilt_sources;
DROP FUNCTION reseller_report._delete_latest, reseller_report._family, reseller_report._follow_frozen,
    reseller_report._follow_unread, reseller_report._follow_unseen, reseller_report._has_truncate_trigger,
    reseller_report._mark_built, reseller_report._pending, reseller_report._post_restore, reseller_report._switch_on_triggers,
    reseller_report._tree;

@replace
