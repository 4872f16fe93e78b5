-- ---------------------------------------------------------------------------------------------------------------------
-- Mapped columns: whether their values can be counted exactly, by their types
-- ---------------------------------------------------------------------------------------------------------------------

-- Whether a rule can be read from a column of this type; must match mapping.cpp, which reads it. A number or boolean can stand for
-- a channel, sender or direction only where the mapping has "values".
CREATE FUNCTION reseller_report._is_readable(kind text, has_labels boolean, has_values boolean, type oid) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE
        WHEN kind = 'label' AND NOT has_values AND type = ANY ('{smallint,integer,bigint,boolean}'::regtype[]::oid[]) THEN false
        WHEN has_labels THEN type = ANY ('{smallint,integer,bigint,text,varchar,bpchar,boolean}'::regtype[]::oid[])
            OR EXISTS (SELECT FROM pg_type t WHERE t.oid = type AND t.typtype = 'e')
        WHEN kind = 'integer' THEN type = ANY ('{smallint,integer,bigint}'::regtype[]::oid[])
        WHEN kind = 'moment' THEN type = ANY ('{timestamptz,timestamp}'::regtype[]::oid[])
        WHEN kind = 'amount' THEN type = ANY ('{smallint,integer,bigint,numeric}'::regtype[]::oid[])
        WHEN kind = 'delivered' THEN type = ANY ('{boolean,timestamptz,timestamp}'::regtype[]::oid[])
        ELSE type = 'boolean'::regtype END
$$;

-- The type under a domain, and its modifier.
CREATE FUNCTION reseller_report._base_type(INOUT type oid, INOUT modifier integer)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    WITH RECURSIVE level (type, modifier, depth) AS (
        SELECT _base_type.type, _base_type.modifier, 0
        UNION ALL SELECT t.typbasetype, t.typtypmod, level.depth + 1
            FROM level JOIN pg_type t ON t.oid = level.type WHERE t.typtype = 'd')
    SELECT level.type, level.modifier FROM level ORDER BY level.depth DESC LIMIT 1
$$;

-- The first of the candidates that is a column of the table. `type` is the type under a domain; `shown` is the type that was
-- declared; `loose_collation` is the clause of a collation under which texts that differ may be equal. `expression` stands for the
-- column in a generated column, which must not refer to another generated one.
CREATE FUNCTION reseller_report._column(source regclass, candidates name[],
    OUT name name, OUT type oid, OUT modifier integer, OUT shown text, OUT loose_collation text, OUT is_virtual boolean,
    OUT expression text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT a.attname, b.type, b.modifier, format_type(a.atttypid, a.atttypmod),
        CASE WHEN NOT c.is_deterministic THEN c.clause END, a.attgenerated = 'v',
        CASE a.attgenerated WHEN '' THEN quote_ident(a.attname) ELSE (
            SELECT format('((%s)::%s%s)', pg_get_expr(d.adbin, d.adrelid), format_type(a.atttypid, a.atttypmod), c.clause)
            FROM pg_attrdef d WHERE (d.adrelid, d.adnum) = (a.attrelid, a.attnum)) END
    FROM pg_attribute a CROSS JOIN reseller_report._base_type(a.atttypid, a.atttypmod) b
        LEFT JOIN LATERAL (
            SELECT c.collisdeterministic, format(' COLLATE %I.%I', n.nspname, c.collname)
            FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
            WHERE c.oid = a.attcollation) AS c (is_deterministic, clause) ON true
    WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = ANY (candidates)
    ORDER BY array_position(candidates, a.attname) LIMIT 1
$$;

-- Checks the labels of a column, {text: meaning}. Refuses a label that a column of this type cannot hold.
CREATE FUNCTION reseller_report._checked_labels(source regclass, column_name name, labels jsonb) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    type CONSTANT oid := (reseller_report._column(source, ARRAY[column_name])).type;
    strange text;
BEGIN
    SELECT key INTO strange FROM jsonb_object_keys(labels) AS key,
            (SELECT CASE type WHEN 'smallint'::regtype THEN 2.0 ^ 15 WHEN 'integer'::regtype THEN 2.0 ^ 31 ELSE 2.0 ^ 63 END)
                AS b (bound)
        WHERE CASE
            WHEN type IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype) THEN CASE
                WHEN key ~ '^(0|-?[1-9][0-9]{0,18})$' THEN key::numeric NOT BETWEEN -b.bound AND b.bound - 1
                ELSE true END
            WHEN type = 'boolean'::regtype THEN key NOT IN ('true', 'false')
            WHEN EXISTS (SELECT FROM pg_enum e WHERE e.enumtypid = type) THEN
                NOT EXISTS (SELECT FROM pg_enum e WHERE e.enumtypid = type AND e.enumlabel = key)
            ELSE false END
        LIMIT 1;
    IF FOUND THEN
        PERFORM reseller_report._refuse(format('column "%s" of type %s cannot hold "%s"', column_name, type::regtype, strange),
            coalesce((SELECT 'It can hold ' || string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) || '.'
                    FROM pg_enum e WHERE e.enumtypid = type),
                CASE type WHEN 'boolean'::regtype THEN 'It can hold true, false.'
                    ELSE 'It can hold whole numbers within its range.' END));
    END IF;
    IF labels = '{}' THEN
        PERFORM reseller_report._refuse(format('the mapping of column "%s" names no value', column_name),
            'Name at least one value.');
    END IF;
END
$$;

-- How far a zone with a fixed offset is ahead of UTC. Such are UTC, an offset as timestamps are written with (east is positive),
-- and Etc/GMT±n (east is negative, by POSIX). NULL for zones whose offset changes: where it goes back, the same local time comes
-- twice.
CREATE FUNCTION reseller_report._fixed_offset(zone text) RETURNS interval
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE
        WHEN upper(zone) IN ('UTC', 'GMT', 'Z', 'UCT', 'ZULU') THEN interval '0'
        WHEN zone ~ '^[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?$' THEN
            (left(zone, 1) || '1')::integer * (substring(zone FROM 2 FOR 2) || ' hours')::interval
            + (left(zone, 1) || '1')::integer * (coalesce(substring(zone FROM '^...:?([0-9][0-9])$'), '0') || ' minutes')::interval
        WHEN lower(zone) LIKE 'etc/%' THEN (SELECT n.utc_offset FROM pg_timezone_names n WHERE lower(n.name) = lower(zone))
    END
$$;

-- How far the clock of a column without time zone is ahead of UTC. Refuses a zone whose offset changes.
CREATE FUNCTION reseller_report._checked_offset(source regclass, column_name name, shown text, expression text, zone text)
    RETURNS integer
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    utc_offset CONSTANT interval := reseller_report._fixed_offset(zone);
    local_zone text;
BEGIN
    IF utc_offset IS NULL THEN
        local_zone := coalesce((SELECT n.name FROM pg_timezone_names n WHERE lower(n.name) = lower(zone) LIMIT 1), 'Europe/Berlin');
        PERFORM reseller_report._refuse(
            format('column "%s" of table "%s" has type %s and needs a time zone that never changes its offset',
                column_name, reseller_report._shown(source), shown),
            format('Name it, as in %s or "+03:00". ',
                jsonb_build_object('occurred_at', jsonb_build_object('column', column_name, 'time_zone', 'UTC')))
            || reseller_report._advise_stored(source, 'occurred_at', '{}', format('For a clock of %s run', local_zone),
                'timestamptz', format('%s AT TIME ZONE %L', expression, local_zone),
                'An hour that comes twice is read as the second of the two, as the server reads it.'));
    END IF;
    RETURN extract(epoch FROM utc_offset);
END
$$;

-- The unit of a price that is a whole number, in micro-units.
CREATE FUNCTION reseller_report._checked_unit(column_name name, unit text) RETURNS bigint
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF unit !~ '^[0-9]{1,9}([.][0-9]{1,6})?$' OR unit::numeric = 0 THEN
        PERFORM reseller_report._refuse(
            format('the unit of column "%s" must be a positive amount with at most 6 decimals', column_name),
            'A column of cents has {"unit": "0.01"}.');
    END IF;
    RETURN (unit::numeric * 1000000)::bigint;
END
$$;

-- Makes the rule of a mapped column. Checks that its values can be counted exactly, by its type.
CREATE FUNCTION reseller_report._column_rule(source regclass, field text, kind text, candidates name[], given jsonb, labels jsonb)
    RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    shown CONSTANT text := reseller_report._shown(source);
    actual record;
    rule jsonb;
BEGIN
    SELECT * INTO actual FROM reseller_report._column(source, candidates);
    IF actual.name IS NULL THEN
        PERFORM reseller_report._refuse(format('table "%s" has no column "%s"', shown, candidates[1]),
            format('Name its column in columns, as in {"%s": "its_name"}%s.', field, CASE WHEN kind IN ('moment', 'only') THEN ''
                ELSE format(', or a constant, as in {"%s": {"value": ...}}', field) END), '42703');
    END IF;
    IF NOT reseller_report._is_readable(kind, labels IS NOT NULL, given ? 'values', actual.type) THEN
        PERFORM reseller_report._refuse(
            format('column "%s" of table "%s" has type %s, which cannot be read as %s', actual.name, shown, actual.shown, field),
            reseller_report._advise_for_type(source, field, kind, given, labels, actual.name, actual.type, actual.expression),
            '42804');
    END IF;
    rule := jsonb_build_object('field', field, 'column', actual.name, 'type', format_type(actual.type, actual.modifier));
    IF labels IS NOT NULL THEN
        IF actual.loose_collation IS NOT NULL THEN
            PERFORM reseller_report._refuse(
                format('column "%s" of table "%s" has a nondeterministic collation', actual.name, shown),
                coalesce(reseller_report._advise_for_labels(source, field, kind, given, labels, actual.type, actual.loose_collation,
                        actual.expression),
                    -- No value is compared.
                    reseller_report._advise_stored(source, field, given, 'Run', 'text COLLATE "C"', actual.expression, NULL)),
                '42804');
        END IF;
        IF actual.type = 'bpchar'::regtype THEN
            labels := (SELECT coalesce(jsonb_object_agg(rtrim(l.key, ' '), l.value), '{}') FROM jsonb_each(labels) l);
        END IF;
        rule := rule || jsonb_build_object('values', labels);
    END IF;
    IF kind = 'moment' AND actual.type = 'timestamp'::regtype THEN
        rule := rule || jsonb_build_object('utc_offset',
            reseller_report._checked_offset(source, actual.name, actual.shown, actual.expression, given ->> 'time_zone'));
    ELSIF kind = 'moment' AND given ? 'time_zone' THEN
        PERFORM reseller_report._refuse(format('column "%s" has a time zone of its own', actual.name), 'Leave "time_zone" out.');
    ELSIF kind = 'amount' AND actual.type = 'numeric'::regtype THEN
        IF given ? 'unit' THEN
            PERFORM reseller_report._refuse(format('column "%s" has type %s, whose unit is 1', actual.name, actual.shown),
                'Leave "unit" out: it is for whole numbers.');
        END IF;
        -- The scale is in the low 11 bits of the modifier, signed: numeric_typmod_scale() of the server's numeric.c.
        IF actual.modifier < 4 OR (((actual.modifier - 4) & 2047) # 1024) - 1024 > 6 THEN
            PERFORM reseller_report._refuse(
                format('column "%s" of table "%s" has type %s, which may hold amounts with more than 6 decimals',
                    actual.name, shown, actual.shown),
                reseller_report._advise_for_type(source, field, kind, given, labels, actual.name, actual.type, actual.expression),
                '42804');
        END IF;
    ELSIF kind = 'amount' THEN
        rule := rule || jsonb_build_object('unit', reseller_report._checked_unit(actual.name, coalesce(given ->> 'unit', '1')));
    END IF;
    IF actual.is_virtual THEN
        PERFORM reseller_report._refuse(
            format('column "%s" of table "%s" is a virtual generated column, whose value is not in the row', actual.name, shown),
            reseller_report._advise_stored(source, field, given, 'Run', actual.shown, actual.expression, NULL), '42804');
    END IF;
    RETURN rule;
END
$$;
