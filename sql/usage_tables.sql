-- ---------------------------------------------------------------------------------------------------------------------
-- Usage tables of our own, and their partitions
-- ---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION reseller_report.create_usage_tables(schema_name name DEFAULT 'usage') RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    wanted record;
    relation text;
    month timestamp;  -- in UTC
BEGIN
    IF schema_name IS NULL THEN
        RAISE EXCEPTION 'schema_name must not be NULL' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF to_regnamespace(quote_ident(schema_name)) IS NULL THEN
        EXECUTE format('CREATE SCHEMA %I', schema_name);
    END IF;
    FOR wanted IN
        SELECT * FROM (VALUES
            ('text_message', 'text_messaging', 'channel text NOT NULL,', 'delivered_at timestamptz,'),
            ('chat_message', 'chat', 'sender text NOT NULL, via_alice boolean NOT NULL DEFAULT false,', ''),
            ('phone_call', 'telephony', 'direction text NOT NULL,',
                'duration_seconds integer NOT NULL DEFAULT 0 CHECK (duration_seconds >= 0),'),
            ('bot_message', 'bot', '', '')) AS t (table_name, service, before_moment, after_moment)
    LOOP
        relation := format('%I.%I', schema_name, wanted.table_name);
        -- A sequence and not an identity column: before PostgreSQL 17 partitioned tables cannot have those.
        EXECUTE format('CREATE SEQUENCE %I.%I', schema_name, wanted.table_name || '_id_seq');
        EXECUTE format($table$
            CREATE TABLE %1$s (
                id bigint NOT NULL DEFAULT nextval(%2$L),
                company_id bigint NOT NULL,
                %3$s
                occurred_at timestamptz NOT NULL CHECK (isfinite(occurred_at)),
                %4$s
                %5$s
                price_twin numeric(15,6) NOT NULL DEFAULT 0 CHECK (price_twin <> 'NaN'),
                price_reseller numeric(15,6) NOT NULL DEFAULT 0 CHECK (price_reseller <> 'NaN'),
                PRIMARY KEY (occurred_at, id)
            ) PARTITION BY RANGE (occurred_at)$table$,
            relation, format('%I.%I', schema_name, wanted.table_name || '_id_seq'),
            wanted.before_moment, wanted.after_moment,
            CASE WHEN wanted.service = 'bot' THEN 'billable boolean NOT NULL DEFAULT true,' ELSE '' END);
        EXECUTE format('ALTER SEQUENCE %I.%I OWNED BY %s.id', schema_name, wanted.table_name || '_id_seq', relation);
        EXECUTE format('CREATE INDEX ON %s (company_id, occurred_at)', relation);
        EXECUTE format('CREATE TABLE %I.%I PARTITION OF %s DEFAULT', schema_name, wanted.table_name || '_default', relation);
        FOR month IN
            SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month' FROM generate_series(0, 3) AS n
        LOOP
            EXECUTE format('CREATE TABLE %I.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                schema_name, wanted.table_name || to_char(month, '_YYYY_MM'), relation,
                to_char(month, 'YYYY-MM-DD HH24:MI:SS+00'),
                to_char(month + interval '1 month', 'YYYY-MM-DD HH24:MI:SS+00'));
        END LOOP;
        PERFORM reseller_report.attach_source(wanted.service, relation::regclass);
    END LOOP;
END
$$;
COMMENT ON FUNCTION reseller_report.create_usage_tables(name) IS
    'Makes text_message, chat_message, phone_call and bot_message as ordinary tables of the caller, partitioned by month (UTC) '
    'with a default partition, and connects them. Needs CREATE on the database or an existing schema to create in.';

-- Whether a source is partitioned the way create_usage_tables does it: its default partition and the column of its moment, or why
-- not.
CREATE FUNCTION reseller_report._monthly(source regclass, OUT fallback regclass, OUT moment name, OUT reason text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO'
    AS $$
DECLARE
    rules CONSTANT jsonb := reseller_report._rules_of_table(source);
    rule CONSTANT record := reseller_report._moment(rules);
BEGIN
    moment := rule.column_name;
    SELECT p.partdefid INTO fallback FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partdefid
        WHERE p.partrelid = source AND c.relkind = 'r';
    reason := CASE
        WHEN pg_get_partkeydef(source) IS NULL THEN 'it is not partitioned'
        WHEN pg_get_partkeydef(source) <> format('RANGE (%I)', moment) THEN
            format('it is partitioned by %s, not by RANGE (%I)', pg_get_partkeydef(source), moment)
        WHEN rule.utc_offset IS NOT NULL THEN format('its column "%s" has no time zone', moment)
        WHEN fallback IS NULL THEN 'it has no default partition that is an ordinary table'
        ELSE (SELECT CASE
                WHEN p.month_from <> date_trunc('month', p.month_from, 'UTC')
                    OR p.month_to <> reseller_report._next_month(p.month_from) THEN
                    format('partition "%s", from %s to %s, is no month UTC', p.table_name, p.month_from, p.month_to)
                WHEN p.table_name !~ '_[0-9]{4,}_[0-9][0-9](_[0-9]+)?$' THEN
                    format('the name of partition "%s" does not end in its month, as %s does', p.table_name,
                        to_char(p.month_from, '_YYYY_MM'))
                END AS problem
            FROM reseller_report._months_made(source, rules) p ORDER BY problem LIMIT 1)
    END;
END
$$;

-- The months UTC that want a partition of a source partitioned the way create_usage_tables does it, by month with a default
-- partition: those ahead, and past ones that the default partition holds rows of. With each the statements around moving rows, for
-- the table's owner. Whoever uses the table waits meanwhile: a statement that has read the list of partitions would look for rows
-- where they no longer are. Indexes come with ATTACH, and the rows after it.
CREATE FUNCTION reseller_report._months_to_make(source regclass, ahead interval)
    RETURNS TABLE (month_from timestamptz, month_to timestamptz, fallback regclass, part text, moment name, create_it text,
        attach_it text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO'
    AS $$
DECLARE
    rules CONSTANT jsonb := reseller_report._rules_of_table(source);
    layout CONSTANT record := reseller_report._monthly(source);
    schema_name name;
    base name;
    held timestamptz[];
    unchecked name;
    taken text[] := '{}';  -- by months before: those of BC print like those of AD
    month record;
BEGIN
    IF layout.reason IS NOT NULL THEN
        RETURN;
    END IF;
    fallback := layout.fallback;
    moment := layout.moment;
    -- A name has at most 63 bytes, 18 of which the month and a number may take.
    SELECT n.nspname, (SELECT left(c.relname, l) FROM generate_series(1, 45) l WHERE octet_length(left(c.relname, l)) <= 45
        ORDER BY l DESC LIMIT 1)
        INTO schema_name, base FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = source;
    held := reseller_report._months_held(fallback, moment);
    unchecked := (SELECT k.conname FROM pg_constraint k WHERE k.conrelid IN (source, fallback) AND k.contype = 'c'
        AND NOT k.convalidated LIMIT 1);
    FOR month IN
        SELECT h.at FROM unnest(held) AS h (at) WHERE h.at < now()
        UNION SELECT date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
        UNION SELECT m AT TIME ZONE 'UTC' FROM generate_series(date_trunc('month', now() AT TIME ZONE 'UTC'),
            (now() + ahead) AT TIME ZONE 'UTC', interval '1 month') AS m
        EXCEPT SELECT p.month_from FROM reseller_report._months_made(source, rules) p
        ORDER BY 1
    LOOP
        -- The new partition's copy of the constraint would be valid, whatever its rows hold.
        IF month.at = ANY (held) AND unchecked IS NOT NULL THEN
            PERFORM reseller_report._refuse(format('constraint "%s" of table "%s" is not validated, and rows are to be moved',
                unchecked, reseller_report._shown(source)),
                format('Run ALTER TABLE %s VALIDATE CONSTRAINT %I; first.', source, unchecked), '55000');
        END IF;
        month_from := month.at;
        month_to := reseller_report._next_month(month_from);
        SELECT format('%I.%I', schema_name, c.name) INTO part FROM (
            SELECT base || to_char(month_from AT TIME ZONE 'UTC', '_YYYY_MM') || CASE n WHEN 0 THEN '' ELSE '_' || n END AS name, n
                FROM generate_series(0, 1000) AS n) c
            WHERE to_regclass(format('%I.%I', schema_name, c.name)) IS NULL AND format('%I.%I', schema_name, c.name) <> ALL (taken)
                AND NOT EXISTS (SELECT FROM pg_type t WHERE t.typname = c.name
                    AND t.typnamespace = to_regnamespace(quote_ident(schema_name)))
            ORDER BY c.n LIMIT 1;
        IF part IS NULL THEN
            PERFORM reseller_report._refuse(format('no name is left for the partition of table "%s" from %s on',
                reseller_report._shown(source), month_from),
                'Rename or drop what has the names of its partitions.', '42P07');
        END IF;
        taken := taken || part;
        create_it := format('CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING IDENTITY EXCLUDING INDEXES)', part, source)
            || (SELECT CASE c.relreplident WHEN 'f' THEN format('; ALTER TABLE %s REPLICA IDENTITY FULL', part)
                WHEN 'n' THEN format('; ALTER TABLE %s REPLICA IDENTITY NOTHING', part) ELSE '' END FROM pg_class c
                    WHERE c.oid = fallback);
        attach_it := format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', source, part, month_from, month_to);
        RETURN NEXT;
    END LOOP;
END
$$;

CREATE FUNCTION reseller_report._next_month(month timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT ((month AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC' $$;

-- The partitions of a source but for the default one.
CREATE FUNCTION reseller_report._months_made(source regclass, rules jsonb)
    RETURNS TABLE (month_from timestamptz, month_to timestamptz, table_name name)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT r.period_from, r.period_to, c.relname
    FROM pg_partitioned_table p JOIN pg_inherits i ON i.inhparent = p.partrelid AND i.inhrelid <> p.partdefid
        JOIN pg_class c ON c.oid = i.inhrelid, reseller_report._partition_range(i.inhrelid::regclass, rules) r
    WHERE p.partrelid = source
$$;

CREATE FUNCTION reseller_report._months_held(partition regclass, moment name) RETURNS timestamptz[]
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_months_held';

CREATE FUNCTION reseller_report.create_partitions(ahead interval, OUT source regclass, OUT period_from timestamptz,
    OUT period_to timestamptz)
    RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_create_partitions';
COMMENT ON FUNCTION reseller_report.create_partitions(interval) IS
    'Makes the monthly partitions (UTC) of usage tables from this month until now() + ahead, and of every past month that the '
    'default partition holds rows of, which it moves; returns those it made. For tables made by create_usage_tables, and others '
    'partitioned like them: by month UTC, with a default partition, partitions named ..._YYYY_MM. Holds each of these tables '
    'against everybody until the transaction ends: call it by itself. A source that fails gets a WARNING and does not stop the '
    'others.';

CREATE FUNCTION reseller_report.create_partitions(ahead interval, INOUT source regclass, OUT period_from timestamptz,
    OUT period_to timestamptz)
    RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_create_partitions_of';
COMMENT ON FUNCTION reseller_report.create_partitions(interval, regclass) IS
    'The same for one source, so that no more than one table is held at a time; what fails raises, and a NOTICE says why a table '
    'is left alone. 42704 when it is not connected.';
