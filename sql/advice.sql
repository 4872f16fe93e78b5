-- ---------------------------------------------------------------------------------------------------------------------
-- Refusals, and advice on columns that cannot be counted exactly: it shows a stored generated column that can. No advice alters a
-- column that the application has. Where an expression rounds values or decides what they mean, the advice says so.
-- ---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION reseller_report._refuse(message text, hint text, state text DEFAULT '22023') RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_refuse';

-- Refuses an argument that is NULL. create_usage_tables and move_company run with their caller's rights, so they cannot call it.
CREATE FUNCTION reseller_report._require_given(argument text, value anyelement) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF value IS NULL THEN
        PERFORM reseller_report._refuse(argument || ' must not be NULL', NULL, '22004');
    END IF;
END
$$;

-- A table's name as messages show it in quotes.
CREATE FUNCTION reseller_report._shown(relation regclass) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT coalesce((SELECT CASE WHEN n.oid = pg_my_temp_schema() THEN '' ELSE n.nspname || '.' END || c.relname
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation), relation::text)
$$;

-- A name for a new column, which no column of the table has.
CREATE FUNCTION reseller_report._new_column(source regclass, field text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT c.name
    FROM (SELECT 'usage_' || field || CASE n WHEN 1 THEN '' ELSE '_' || n END, n FROM generate_series(1, 1700) AS n) AS c (name, n)
    WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = source AND a.attname = c.name)
    ORDER BY c.n LIMIT 1
$$;

-- Advises a command that adds a column, and how to map the new column: as the one that was `given`, or as a condition on a list of
-- values. With "is_one" in `given`, the new column says whether a value is one of the "list".
CREATE FUNCTION reseller_report._advise_stored(
    source regclass, field text, given jsonb, lead text, new_type text, expression text, note text)
    RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT format(
        '%s ALTER TABLE %s ADD COLUMN %I %s GENERATED ALWAYS AS (%s) STORED; and map %s. The command rewrites the table.%s',
        lead, source, n.name, new_type, expression, CASE
            WHEN field = 'only' THEN jsonb_build_object(field, jsonb_build_object(n.name, g.list))
            ELSE jsonb_build_object(field, CASE g.more WHEN '{}' THEN to_jsonb(n.name)
                    ELSE jsonb_build_object('column', n.name) || g.more END)
                || CASE WHEN g.is_beside THEN jsonb_build_object('delivered_values', g.list) ELSE '{}' END END,
        ' ' || note)
    FROM reseller_report._new_column(source, field) AS n (name), LATERAL (
        SELECT l.list, l.list IS NOT NULL AND NOT given ? 'delivered_values' AS is_beside,
            given - '{column,list,is_one}'::text[] || CASE WHEN given ? 'delivered_values'
                THEN jsonb_build_object('delivered_values', l.list) ELSE '{}' END AS more
        FROM (SELECT CASE WHEN given ? 'is_one' THEN '[true]' ELSE given -> 'list' END) AS l (list)) AS g
$$;

-- Whether the text of a type's values depends on nothing else, such as settings or the time: neither as written nor as read.
CREATE FUNCTION reseller_report._has_immutable_text(type oid) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT i.provolatile = 'i' AND o.provolatile = 'i'
    FROM pg_type t JOIN pg_proc i ON i.oid = t.typinput JOIN pg_proc o ON o.oid = t.typoutput WHERE t.oid = type
$$;

-- Comparisons of a column with the labels that its type can hold, as the type compares: '1.5' is 1.50 of numeric, and citext has no
-- case. Types that have no order are compared by their texts. None where texts depend on settings, or where the type is an array, a
-- range, a composite type or a domain: functions of these may be anybody's, and this runs as the extension's owner.
CREATE FUNCTION reseller_report._comparisons(
    type oid, expression text, labels jsonb, OUT label text, OUT comparison text, OUT literal text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    is_text CONSTANT boolean := type = ANY ('{text,varchar,bpchar}'::regtype[]::oid[]);
    shown CONSTANT text := format_type(type, -1);
    equality record;
    written text;
BEGIN
    -- The operator of a type that is not the server's own is found whatever search_path the command runs with.
    SELECT CASE n.nspname WHEN 'pg_catalog' THEN '=' ELSE format('OPERATOR(%I.%s)', n.nspname, o.oprname) END AS operator,
            CASE n.nspname WHEN 'pg_catalog' THEN '' ELSE '::' || shown END AS its_type
        INTO equality
        FROM pg_opclass c
            JOIN pg_am m ON m.oid = c.opcmethod AND m.amname = 'btree'
            JOIN pg_amop a ON a.amopfamily = c.opcfamily AND a.amopstrategy = 3 AND a.amoplefttype = type AND a.amoprighttype = type
            JOIN pg_operator o ON o.oid = a.amopopr JOIN pg_namespace n ON n.oid = o.oprnamespace
        WHERE c.opcintype = type AND c.opcdefault;
    FOR label IN SELECT key FROM jsonb_object_keys(labels) AS key
        WHERE (SELECT t.typtype = 'b' FROM pg_type t WHERE t.oid = type) AND reseller_report._has_immutable_text(type)
        ORDER BY key
    LOOP
        BEGIN
            IF is_text THEN
                literal := quote_literal(label) || '::' || shown;
                comparison := expression || ' = ' || quote_literal(label);
            ELSIF equality.operator IS NULL THEN
                EXECUTE format('SELECT concat(%L::%s)', label, shown) INTO written;
                literal := quote_literal(written);
                comparison := expression || '::text = ' || literal;
            ELSE
                EXECUTE format('SELECT %L::%s', label, shown);
                literal := quote_literal(label) || '::' || shown;
                comparison := expression || ' ' || equality.operator || ' ' || quote_literal(label) || equality.its_type;
            END IF;
            RETURN NEXT;
        EXCEPTION WHEN OTHERS THEN
            -- The type does not take the label, so no row has it.
            NULL;
        END;
    END LOOP;
END
$$;

-- The hint for a column whose values are compared with labels, but not by their texts: a column of what the comparisons say. NULL
-- where a column in text does.
CREATE FUNCTION reseller_report._advise_for_labels(
    source regclass, field text, kind text, given jsonb, labels jsonb, type oid, its_collation text, expression text)
    RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    is_one text;
    its_label text;
    literals text;
    named bigint;
    kinds bigint;
BEGIN
    SELECT string_agg(comparison, ' OR ' ORDER BY label),
            string_agg(format(' WHEN %s THEN %L', comparison, label), '' ORDER BY label),
            string_agg(literal, ', '), count(*)
        INTO is_one, its_label, literals, named
        FROM reseller_report._comparisons(type, expression, labels);
    IF is_one IS NULL THEN
        RETURN NULL;
    ELSIF given ? 'list' THEN
        RETURN reseller_report._advise_stored(source, field, given || '{"is_one": true}', 'Run', 'boolean',
            CASE WHEN given -> 'list' @> 'null' THEN expression || ' IS NULL OR ' ELSE '' END || is_one, NULL);
    END IF;
    EXECUTE format('SELECT count(DISTINCT label%s) FROM unnest(ARRAY[%s]) AS label', its_collation, literals) INTO kinds;
    IF kinds < named THEN
        RETURN 'Several of the values that are named are equal to its type: name one of these.';
    END IF;
    RETURN reseller_report._advise_stored(source, field, given, 'Run', 'text COLLATE "C"',
        format('CASE%s ELSE %s::text END', its_label, expression), NULL);
END
$$;

-- How to make a column that can be read from one that cannot: the new type, and an expression in which %s stands for the old
-- column. NULLs where no immutable expression does it.
CREATE FUNCTION reseller_report._conversion(
    field text, kind text, given jsonb, type oid, OUT lead text, OUT new_type text, OUT expression text, OUT note text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT coalesce(c.lead, 'Run'), c.new_type, c.expression, c.note
    FROM (VALUES
        (1, 'company_id', '{text,varchar,bpchar}', NULL, 'bigint', '%s::bigint',
            'Text that is no whole number is refused. "What no expression says" in the documentation shows how to look up others.'),
        (2, 'company_id', '{numeric}', NULL, 'bigint', 'trim_scale(%s)::text::bigint', 'A number that is not whole is refused.'),
        (3, 'company_id', '{real,double precision}', NULL, 'bigint', '%s::text::bigint', 'A number that is not whole is refused.'),
        (4, 'duration_seconds', '{interval,time}', NULL, 'bigint', 'trunc(extract(epoch FROM %s))::bigint',
            'Parts of a second are left out.'),
        (5, 'duration_seconds', '{numeric,real,double precision}', NULL, 'bigint', 'trunc(%s)::bigint',
            'Parts of a second are left out.'),
        (6, 'duration_seconds', '{text,varchar,bpchar}', NULL, 'bigint', '%s::bigint', 'Text that is no whole number is refused.'),
        (7, 'moment', '{smallint,integer,bigint,numeric,real,double precision}', 'For seconds since 1970 run', 'timestamptz',
            'to_timestamp(%s)', 'For milliseconds write to_timestamp(its_name / 1000.0) there.'),
        (8, 'moment', '{date}', 'For days of UTC run', 'timestamptz', '%s::timestamp AT TIME ZONE ''UTC''',
            'An event counts at the beginning of its day.'),
        (9, 'amount', '{numeric}', NULL, 'numeric(15,6)', 'round(%s, 6)', 'Amounts with more than 6 decimals are rounded to 6.'),
        (10, 'amount', '{real,double precision}', NULL, 'numeric(15,6)', 'round(%s::double precision::numeric, 6)',
            'Floating-point values are rounded to 6 decimals.'),
        (11, 'amount', '{text,varchar,bpchar}', NULL, 'numeric(15,6)', 'round(%s::numeric, 6)',
            'Text that is no number is refused; amounts with more than 6 decimals are rounded to 6.'),
        (12, 'amount', '{money}', NULL, 'numeric(15,6)', '(%s / ''1''::money)::numeric(15,6)', NULL),
        (13, 'delivered', NULL, NULL, 'boolean', '%s IS NOT NULL', 'A message that has a value there counts as delivered.'),
        (14, 'null alone', NULL, NULL, 'boolean', '%s IS NULL', NULL),
        (15, 'yes or no', '{json,jsonb}', NULL, 'boolean', '(%s #>> ''{}'')::boolean',
            'A value that means neither true nor false is refused.'),
        (16, 'yes or no', NULL, NULL, 'boolean', '%s::text::boolean',
            'A value that means neither true nor false is refused.'),
        (17, 'words', '{json,jsonb}', NULL, 'text', '%s #>> ''{}''', NULL),
        (18, 'words', NULL, NULL, 'text', '%s::text', NULL)) AS c (n, what, types, lead, new_type, expression, note)
    CROSS JOIN LATERAL (SELECT CASE
        WHEN given ->> 'list' = '[null]' THEN 'null alone'
        WHEN kind = 'boolean' AND NOT given ? 'values' THEN 'yes or no'
        WHEN kind IN ('label', 'boolean') OR given ?| '{values,list}' THEN 'words' END) AS asked (what)
    WHERE c.what IN (field, kind, asked.what) AND c.what = coalesce(asked.what, c.what)
        AND (c.types IS NULL OR _conversion.type = ANY (c.types::regtype[]::oid[]))
        AND (c.n NOT IN (16, 18) OR reseller_report._has_immutable_text(_conversion.type))
    ORDER BY c.n LIMIT 1
$$;

-- The hint for a column from whose type a field cannot be read.
CREATE FUNCTION reseller_report._advise_for_type(
    source regclass, field text, kind text, given jsonb, labels jsonb, column_name name, type oid, expression text)
    RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    other record;
    advice text;
BEGIN
    -- Columns of this type can be mapped by naming their values, but none was named.
    IF kind IN ('label', 'boolean') AND NOT given ? 'values' AND reseller_report._is_readable(kind, true, true, type) THEN
        RETURN format('It can be %s, or of another type with "values", as in %s.',
            CASE kind WHEN 'label' THEN 'text or an enum' ELSE 'boolean' END,
            jsonb_build_object(field, jsonb_build_object('column', column_name, 'values', CASE
                WHEN kind = 'boolean' AND type = ANY ('{smallint,integer,bigint}'::regtype[]::oid[]) THEN '{"1": true, "0": false}'
                WHEN kind = 'boolean' THEN '{"y": true, "n": false}'
                ELSE jsonb_build_object(CASE type WHEN 'boolean'::regtype THEN 'true' ELSE '1' END,
                    (SELECT min(k) FROM jsonb_object_keys(labels) k)) END)));
    ELSIF kind = 'delivered' AND labels IS NULL AND reseller_report._is_readable(kind, true, true, type) THEN
        RETURN format('It can be boolean or a timestamp, or of another type with the values that mean delivered, as in '
            '{"delivered": %s, "delivered_values": [...]}.', to_json(column_name));
    END IF;
    -- The texts of json say the same in several ways, too, but no comparison is there, or none with what the labels are. The other
    -- two cut off labels that are too long for them.
    IF labels IS NOT NULL AND type <> ALL (ARRAY['json', 'jsonb', 'name', '"char"']::regtype[]::oid[]) THEN
        advice := reseller_report._advise_for_labels(source, field, kind, given, labels, type, '', expression);
        IF advice IS NOT NULL THEN
            RETURN advice;
        END IF;
    END IF;
    SELECT * INTO other FROM reseller_report._conversion(field, kind, given, type);
    IF other.new_type IS NOT NULL THEN
        RETURN reseller_report._advise_stored(source, field, given - '{unit,time_zone}'::text[]
                || CASE given ->> 'list' WHEN '[null]' THEN '{"is_one": true}' ELSE '{}' END::jsonb, other.lead, other.new_type,
            replace(other.expression, '%s', expression), replace(other.note, 'its_name', expression));
    END IF;
    IF kind = 'moment' OR field = 'company_id' THEN
        RETURN CASE kind WHEN 'moment' THEN 'It can be timestamptz, or timestamp with a "time_zone".'
            ELSE 'It can be smallint, integer or bigint.' END
            || ' "What no expression says" in the documentation shows the trigger that fills such a column beside it.';
    END IF;
    RETURN CASE
        WHEN kind = 'integer' THEN 'It can be smallint, integer or bigint.'
        WHEN kind = 'amount' THEN 'It can be numeric with at most 6 decimals, or a whole number with a "unit".'
        ELSE 'It can be text, an enum, a whole number or a boolean.'
        END || ' "Columns of another shape" in the documentation shows the column to add beside it.';
END
$$;
