-- Two companies of reseller 1, and tables fit for the bot service, whose reports bots.sql compares with their rows.
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'R1', true), (2, 'R2', true), (11, 'C11', false),
    (12, 'C12', false);
INSERT INTO reseller_report.dependency VALUES (1, 11), (1, 12);
\ir bots.sql

-- A plain table, and one to be partitioned by time. They are not connected yet.
CREATE FUNCTION pg_temp.plain(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %s (company_id bigint, occurred_at timestamptz NOT NULL, billable boolean DEFAULT true, '
        'price_twin numeric(15,6) DEFAULT 0, price_reseller numeric(15,6) DEFAULT 0)', name);
END
$$;
CREATE FUNCTION pg_temp.parted(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %s (company_id bigint, occurred_at timestamptz NOT NULL, billable boolean DEFAULT true, '
        'price_twin numeric(15,6) DEFAULT 0, price_reseller numeric(15,6) DEFAULT 0) PARTITION BY RANGE (occurred_at)', name);
END
$$;
CREATE FUNCTION pg_temp.attach(name text) RETURNS void LANGUAGE sql AS $$
    SELECT reseller_report.attach_source('bot', name::regclass)
$$;
-- A connected table with a default partition and one for each month.
CREATE FUNCTION pg_temp.by_month(name text, months text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month text;
BEGIN
    PERFORM pg_temp.parted(name);
    EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', name || '_rest', name);
    FOREACH month IN ARRAY months LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
            name || '_' || replace(month, '-', '_'), name,
            (month || '-01 00:00+00')::timestamptz, (month || '-01 00:00+00')::timestamptz + interval '1 month');
    END LOOP;
    PERFORM reseller_report.attach_source('bot', name::regclass);
END
$$;
-- The tables are dropped, and all companies are reseller 1's again.
CREATE FUNCTION pg_temp.gone(tables text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'DROP TABLE ' || tables || ' CASCADE';
    PERFORM reseller_report.materialize();
    UPDATE reseller_report.dependency SET reseller_id = 1 WHERE reseller_id <> 1;
END
$$;

-- How a statement ends here. One that must end its transaction goes to a session of its own.
CREATE FUNCTION pg_temp.state(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RETURN '00000';
EXCEPTION WHEN query_canceled OR OTHERS THEN
    RETURN SQLSTATE;
END
$$;

CREATE FUNCTION pg_temp.rebuild(source regclass) RETURNS void LANGUAGE sql AS $$
    SELECT reseller_report.rebuild_slice(source, '-infinity', 'infinity')
$$;
-- As right(), also once rebuilt; and TRUNCATE of the table, or of the given partition, un-builds it.
CREATE FUNCTION pg_temp.right_and_watched(label text, root regclass, leaf regclass DEFAULT NULL) RETURNS SETOF text
    LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT pg_temp.right(label, root::text);
    PERFORM reseller_report.rebuild_slice(root, '-infinity', 'infinity');
    RETURN NEXT is(pg_temp.is_built(root), true, label || ': rebuilt');
    EXECUTE format('INSERT INTO %s (company_id, occurred_at, price_twin) VALUES (11, ''2024-01-05 10:07+00'', 1000)', root);
    RETURN QUERY SELECT pg_temp.right(label || ': rebuilt and written to', root::text);
    EXECUTE format('TRUNCATE %s', coalesce(leaf, root));
    RETURN NEXT is(pg_temp.is_built(root), false, label || ': TRUNCATE is noticed');
    RETURN QUERY SELECT pg_temp.right(label || ': truncated', root::text);
EXCEPTION WHEN OTHERS THEN
    RETURN NEXT fail(label || ': rebuilt and truncated') || E'\n' || diag(SQLSTATE || ' ' || SQLERRM);
END
$$;
