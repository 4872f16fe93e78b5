-- ---------------------------------------------------------------------------------------------------------------------
-- Summaries
-- ---------------------------------------------------------------------------------------------------------------------

-- No key, no index, no trigger: writers only append, and wait for nobody. Every report reads all of it, so it is vacuumed
-- early; a vacuum gives the end of a table swollen by a bulk load back when no writer is at it, and yields to one that comes.
CREATE TABLE reseller_report.usage_delta (
    source         bigint NOT NULL,
    company_id     bigint NOT NULL,
    bucket         timestamptz NOT NULL,
    recorded_at    timestamptz NOT NULL,
    events         bigint NOT NULL,
    delivered      bigint NOT NULL,
    seconds        bigint NOT NULL,
    price_twin     bigint NOT NULL,
    price_reseller bigint NOT NULL,
    reseller_id    bigint,
    item           smallint NOT NULL,
    set_aside      boolean NOT NULL
) WITH (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000,
    autovacuum_vacuum_cost_delay = 0
);
COMMENT ON TABLE reseller_report.usage_delta IS
    'Signed changes of usage that wait to be folded, by quarter hour. Prices in micro-units. reseller_id is set only by '
    'dependency changes; otherwise a change belongs to the company''s reseller when it is read or folded.';

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
    PRIMARY KEY (source, reseller_id, item, bucket)
);
COMMENT ON TABLE reseller_report.usage_quarter IS
    'Sums by quarter hour UTC. Arrays side by side: company_gaps, the sorted company ids as distances, each from '
    'the one before, the first from zero; and for each figure a value a company, NULL where all are zero. Prices in micro-units.';
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
            'PRIMARY KEY (source, reseller_id, item, bucket))', level);
        EXECUTE format('COMMENT ON TABLE reseller_report.usage_%s IS %L', level, format('As usage_quarter, by %s UTC.', level));
    END LOOP;
    FOREACH level IN ARRAY '{quarter,hour,day,month,year}'::text[] LOOP
        EXECUTE format('ALTER TABLE reseller_report.usage_%s SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, '
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
    'Folds at most max_deltas pending changes into the summaries and tells how many, and how many summary rows were written. Waits '
    'for its turn, so 0 deltas means that nothing was left; with only_what_pays, nothing that pays: changes of a wide reseller''s '
    'row wait until they are worth rewriting it, ten minutes at most. 40001 where a REPEATABLE READ snapshot is too old.';
