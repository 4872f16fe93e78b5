-- ---------------------------------------------------------------------------------------------------------------------
-- Summaries
-- ---------------------------------------------------------------------------------------------------------------------

-- No key, no index, no trigger: writers only append, and wait for nobody. Every report reads all of it, so it is vacuumed
-- early; a vacuum gives the end of a table swollen by a bulk load back when no writer is at it, and yields to one that comes.
CREATE TABLE reseller_report.usage_delta (
    source         bigint NOT NULL,
    recorded_at    timestamptz NOT NULL,
    entries        integer NOT NULL,
    is_rest        boolean NOT NULL,
    packed         bytea NOT NULL
) WITH (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000,
    autovacuum_vacuum_cost_delay = 0
);
COMMENT ON TABLE reseller_report.usage_delta IS
    'Signed changes of usage that wait to be folded, as transactions leave them: they belong to the reseller that the company has '
    'when they are read or folded. entries counts the changes of a row, which _unpacked(packed) shows. is_rest is true where a '
    'fold or a rebuild took the other changes of a row.';

-- Runs come with every fold and go with every merge.
CREATE TABLE reseller_report.usage_run (
    source         bigint NOT NULL,
    reseller_id    bigint NOT NULL,
    day            timestamptz NOT NULL,
    entries        integer NOT NULL,
    packed         bytea NOT NULL,
    recorded_at    timestamptz NOT NULL,
    set_aside      boolean NOT NULL
) WITH (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000,
    autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX usage_run_key ON reseller_report.usage_run (source, reseller_id, day);
COMMENT ON TABLE reseller_report.usage_run IS
    'Runs: changes of usage that folds have attributed to a reseller, or that moved with a company from one reseller to another, '
    'and that wait to be merged into the summaries. A row holds changes of one UTC day, which _unpacked(packed, day) shows; a day '
    'may have many. set_aside is true where a sum would exceed 64 bits: reports count such a row, and merges leave it.';

CREATE TABLE reseller_report.usage_packed (
    source         bigint NOT NULL,
    reseller_id    bigint NOT NULL,
    day            timestamptz NOT NULL,
    entries        integer NOT NULL,
    packed         bytea NOT NULL,
    sums           bytea,
    PRIMARY KEY (source, reseller_id, day)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE reseller_report.usage_packed IS
    'Sums by quarter hour of days on which a reseller has few, a row a UTC day, in place of rows of usage_quarter, usage_hour and '
    'usage_day: _unpacked(packed, day) shows them. usage_month and usage_year hold them, too. sums has their sums over companies '
    'and half hours, packed likewise, with company 0; NULL where there are hardly fewer of them.';

CREATE FUNCTION reseller_report._unpacked(packed bytea, base timestamptz DEFAULT '2000-01-01 00:00:00+00')
    RETURNS TABLE (item smallint, bucket timestamptz, company_id bigint, events bigint, delivered bigint, seconds bigint,
        price_twin bigint, price_reseller bigint)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 100 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_unpacked';
COMMENT ON FUNCTION reseller_report._unpacked(bytea, timestamptz) IS
    'The changes that a row of usage_delta, usage_run or usage_packed holds, by quarter hour UTC; base is the day of a row that '
    'has one. Prices in micro-units (10^-6), durations in seconds.';

CREATE TABLE reseller_report.usage_quarter (
    source         bigint NOT NULL,
    reseller_id    bigint NOT NULL,
    item           smallint NOT NULL,
    bucket         timestamptz NOT NULL,
    company_gaps   bigint[] NOT NULL,
    events         bigint[],
    delivered      bigint[],
    seconds        bigint[],
    price_twin     bigint[],
    price_reseller bigint[],
    sum_events         bigint,
    sum_delivered      bigint,
    sum_seconds        bigint,
    sum_price_twin     bigint,
    sum_price_reseller bigint,
    PRIMARY KEY (source, reseller_id, bucket, item)
);
COMMENT ON TABLE reseller_report.usage_quarter IS
    'Sums by quarter hour UTC. Arrays side by side: company_gaps, the sorted company ids as distances, each from the one '
    'before, the first from zero; and for each figure one value for each company, NULL where all are zero. sum_events and '
    'so on are the sums over the companies, NULL where one does not fit. Prices in micro-units.';
DO $$
DECLARE
    array_column text;
BEGIN
    IF 'lz4' = ANY ((SELECT enumvals FROM pg_catalog.pg_settings WHERE name = 'default_toast_compression')::text[]) THEN
        FOREACH array_column IN ARRAY ARRAY['company_gaps', 'events', 'delivered', 'seconds', 'price_twin', 'price_reseller'] LOOP
            EXECUTE format('ALTER TABLE reseller_report.usage_quarter ALTER COLUMN %I SET COMPRESSION lz4', array_column);
        END LOOP;
    END IF;
END
$$;
DO $$
DECLARE
    level text;
BEGIN
    FOREACH level IN ARRAY '{hour,day,month,year}'::text[] LOOP
        EXECUTE format('CREATE TABLE reseller_report.usage_%s (LIKE reseller_report.usage_quarter INCLUDING COMPRESSION, '
            'PRIMARY KEY (source, reseller_id, bucket, item))', level);
        EXECUTE format('COMMENT ON TABLE reseller_report.usage_%s IS %L', level, format('As usage_quarter, by %s UTC.', level));
    END LOOP;
    -- Three rows of about 2 kB, which are frequent, fill a page to three quarters. The rest is for the next version of one of them.
    FOREACH level IN ARRAY '{quarter,hour,day,month,year}'::text[] LOOP
        EXECUTE format('ALTER TABLE reseller_report.usage_%s SET (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.05, '
            'toast.autovacuum_vacuum_scale_factor = 0.05)', level);
    END LOOP;
END
$$;

CREATE TABLE reseller_report.lease (
    only_row             boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    restoring            boolean NOT NULL DEFAULT false,
    turn                 bigint NOT NULL DEFAULT 0,
    last_materialized_at timestamptz,
    last_deltas          bigint,
    last_duration        interval
);
INSERT INTO reseller_report.lease DEFAULT VALUES;
COMMENT ON TABLE reseller_report.lease IS
    'One row that every change of the summaries updates first, so that they take turns. turn counts them: 0 where '
    'nothing has happened yet, as where a dump is being restored. restoring is true between pre_restore and post_restore.';

CREATE FUNCTION reseller_report.materialize(
    max_deltas integer DEFAULT 100000,
    only_what_pays boolean DEFAULT false,
    OUT deltas bigint,
    OUT summary_rows bigint)
    RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_materialize';
COMMENT ON FUNCTION reseller_report.materialize(integer, boolean) IS
    'Folds pending changes into runs, then merges runs into the summaries, at most max_deltas changes in all. Returns how many '
    'changes it folded and merged, and how many rows of the summaries it wrote. Waits for its turn, so 0 deltas means that nothing '
    'was left; with only_what_pays, nothing that pays: runs of a reseller with many companies wait until they are worth rewriting '
    'its rows, ten minutes at most. 40001 where a REPEATABLE READ snapshot is too old.';

CREATE FUNCTION reseller_report.fold(max_deltas integer DEFAULT 100000)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_fold';
COMMENT ON FUNCTION reseller_report.fold(integer) IS
    'The first half of materialize: folds at most max_deltas pending changes into runs and returns how many; 0 when nothing was '
    'left. Its cost follows the changes that it folds. 40001 where a REPEATABLE READ snapshot is too old.';
