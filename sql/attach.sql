-- ---------------------------------------------------------------------------------------------------------------------
-- Connecting and disconnecting tables
-- ---------------------------------------------------------------------------------------------------------------------

-- What a service needs of a row. kind says how a rule gives it; labels are the values that the channel, sender or direction has
-- where the mapping names no others.
CREATE FUNCTION reseller_report._roles(service text)
    RETURNS TABLE (role text, kind text, default_columns name[], labels text[])
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
    WITH known (services, role, kind, default_columns, labels) AS (VALUES
        (NULL::text[], 'company_id', 'integer', '{company_id}'::name[], NULL::text[]),
        (NULL, 'occurred_at', 'moment', '{occurred_at}', NULL),
        (NULL, 'price_twin', 'amount', '{price_twin}', NULL),
        (NULL, 'price_reseller', 'amount', '{price_reseller}', NULL),
        ('{text_messaging}', 'channel', 'label', '{channel}', '{sms,viber,whatsapp,email,push}'),
        ('{text_messaging}', 'delivered', 'delivered', '{delivered_at,delivered}', NULL),
        ('{chat}', 'sender', 'label', '{sender}', '{operator,bot,user}'),
        ('{chat}', 'via_alice', 'boolean', '{via_alice}', NULL),
        ('{telephony,telephony_outgoing,telephony_incoming}', 'direction', 'label', '{direction}', '{outgoing,incoming}'),
        ('{telephony,telephony_outgoing,telephony_incoming}', 'duration_seconds', 'integer', '{duration_seconds}', NULL),
        ('{bot}', 'billable', 'boolean', '{billable}', NULL))
    SELECT known.role, known.kind, known.default_columns, known.labels FROM known
    WHERE known.services IS NULL OR _roles.service = ANY (known.services)
$$;

CREATE FUNCTION reseller_report._refuse(message text, hint text, state text DEFAULT '22023') RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RAISE EXCEPTION '%', message USING ERRCODE = state, HINT = hint;
END
$$;

-- How far a fixed zone is ahead of UTC: UTC, an offset as timestamps are written with (east is positive), or Etc/GMT±n (east is
-- negative, by POSIX). NULL for zones whose offset changes: their hour of the change cannot be told apart.
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

-- What a constant stands for in the registry: a label, true or false, a number, or micro-units.
CREATE FUNCTION reseller_report._constant(role text, kind text, labels text[], value jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    text_value CONSTANT text := value #>> '{}';
BEGIN
    IF kind = 'label' AND text_value = ANY (labels) THEN
        RETURN to_jsonb(text_value);
    ELSIF kind IN ('boolean', 'delivered') AND text_value IN ('true', 'false') THEN
        RETURN to_jsonb(text_value = 'true');
    ELSIF kind = 'integer' AND text_value ~ '^-?[0-9]{1,19}$' AND text_value::numeric BETWEEN -9223372036854775808 AND 9223372036854775807
        AND (role = 'company_id' OR abs(text_value::numeric) < 1e15)
    THEN
        RETURN to_jsonb(text_value::bigint);
    ELSIF kind = 'amount' AND text_value ~ '^-?[0-9]{1,9}([.][0-9]{1,6})?$' THEN
        RETURN to_jsonb((text_value::numeric * 1000000)::bigint);
    END IF;
    PERFORM reseller_report._refuse(format('%s cannot be the constant %s', role, value),
        CASE kind WHEN 'label' THEN format('It can be %s.', array_to_string(labels, ', '))
            WHEN 'moment' THEN 'Every event has a moment of its own: map a column.'
            WHEN 'amount' THEN 'It can be an amount below 10^9 with at most 6 decimals.'
            WHEN 'integer' THEN 'It can be a whole number.'
            ELSE 'It can be true or false.' END);
END
$$;

-- The labels of a column, {text: meaning}, checked against its type: what the column cannot hold is a mistake.
CREATE FUNCTION reseller_report._checked_labels(column_name name, type oid, labels jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    strange text;
BEGIN
    SELECT key INTO strange FROM jsonb_object_keys(labels) AS key,
            (SELECT CASE type WHEN 'smallint'::regtype THEN 2.0 ^ 15 WHEN 'integer'::regtype THEN 2.0 ^ 31 ELSE 2.0 ^ 63 END) AS b (bound)
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
            coalesce((SELECT 'It can hold ' || string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) || '.' FROM pg_enum e WHERE e.enumtypid = type),
                CASE type WHEN 'boolean'::regtype THEN 'It can hold true, false.' ELSE 'It can hold whole numbers of its size.' END));
    END IF;
    IF labels = '{}' THEN
        PERFORM reseller_report._refuse(format('the mapping of column "%s" names no value', column_name), 'Name at least one.');
    END IF;
    RETURN labels;
END
$$;

-- A list of scalars as labels that all stand for true.
CREATE FUNCTION reseller_report._labels_of_list(label text, list jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF list IS NULL OR jsonb_typeof(list) <> 'array'
        OR EXISTS (SELECT FROM jsonb_array_elements(list) e WHERE jsonb_typeof(e) IN ('object', 'array'))
    THEN
        PERFORM reseller_report._refuse(format('%s must be a list of values', label), 'Write it as ["sent", "delivered"].');
    END IF;
    RETURN (SELECT coalesce(jsonb_object_agg(e #>> '{}', true), '{}') FROM jsonb_array_elements(list) e WHERE jsonb_typeof(e) <> 'null');
END
$$;

-- The types that a rule can be read from; must match mapping.cpp, which reads them. Numbers and booleans say which channel, sender or
-- direction they are by no name of their own.
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

-- The rule of a mapped column: checks its type, and that its values can be counted exactly.
CREATE FUNCTION reseller_report._column_rule(source regclass, role text, kind text, candidates name[], given jsonb, labels jsonb)
    RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    actual record;
    rule jsonb;
    type_name text;
    utc_offset interval;
    unit numeric;
BEGIN
    SELECT a.attname, a.atttypid, a.atttypmod, a.attcollation INTO actual
        FROM pg_attribute a
        WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = ANY (candidates)
        ORDER BY array_position(candidates, a.attname) LIMIT 1;
    IF NOT FOUND THEN
        PERFORM reseller_report._refuse(format('table "%s" has no column "%s"', source, candidates[1]),
            format('Name its column in columns, as in {"%s": "its_name"}%s.', role,
                CASE WHEN kind IN ('moment', 'only') THEN '' ELSE format(', or a constant, as in {"%s": {"value": ...}}', role) END), '42703');
    END IF;
    type_name := format_type(actual.atttypid, actual.atttypmod);
    IF NOT reseller_report._is_readable(kind, labels IS NOT NULL, given ? 'values', actual.atttypid) THEN
        PERFORM reseller_report._refuse(
            format('column "%s" of table "%s" has type %s, which cannot be read as %s', actual.attname, source, type_name, role),
            CASE WHEN kind = 'label' AND NOT given ? 'values' THEN
                    format('It can be text or an enum, or another with "values", as in {"%s": {"column": "%s", "values": {"%s": "%s"}}}.', role, actual.attname,
                        CASE actual.atttypid WHEN 'boolean'::regtype THEN 'true' ELSE '1' END, (SELECT min(k) FROM jsonb_object_keys(labels) k))
                WHEN labels IS NOT NULL THEN 'It can be text, an enum, a whole number or a boolean.'
                WHEN kind = 'integer' THEN 'It can be smallint, integer or bigint.'
                WHEN kind = 'moment' THEN 'It can be timestamptz, or timestamp with a "time_zone".'
                WHEN kind = 'amount' THEN 'It can be numeric with at most 6 decimals, or a whole number with a "unit".'
                WHEN kind = 'delivered' THEN 'It can be boolean or a timestamp, or text or an enum with "delivered_values".'
                ELSE format('It can be boolean, or another with "values", as in {"%s": {"column": "%s", "values": {"y": true, "n": false}}}.', role, actual.attname)
            END, '42804');
    END IF;
    rule := jsonb_build_object('role', role, 'column', actual.attname, 'type', type_name);
    IF labels IS NOT NULL THEN
        IF EXISTS (SELECT FROM pg_collation c WHERE c.oid = actual.attcollation AND NOT c.collisdeterministic) THEN
            PERFORM reseller_report._refuse(format('column "%s" of table "%s" has a nondeterministic collation', actual.attname, source),
                'Its values are told apart byte by byte here: give it another collation.', '42804');
        END IF;
        IF actual.atttypid = 'bpchar'::regtype THEN
            labels := (SELECT coalesce(jsonb_object_agg(rtrim(l.key, ' '), l.value), '{}') FROM jsonb_each(labels) l);
        END IF;
        rule := rule || jsonb_build_object('values', labels);
    END IF;
    IF kind = 'moment' AND (actual.atttypid = 'timestamp'::regtype OR given ? 'time_zone') THEN
        IF actual.atttypid <> 'timestamp'::regtype THEN
            PERFORM reseller_report._refuse(format('column "%s" has a time zone of its own', actual.attname), 'Leave "time_zone" out.');
        END IF;
        utc_offset := reseller_report._fixed_offset(given ->> 'time_zone');
        IF utc_offset IS NULL THEN
            PERFORM reseller_report._refuse(
                format('column "%s" of table "%s" has type %s and needs a time zone that never changes its offset', actual.attname, source, type_name),
                format('Name it, as in {"occurred_at": {"column": "%s", "time_zone": "UTC"}} or "+03:00". For a zone with summer time, '
                    'ALTER TABLE %s ALTER COLUMN %I TYPE timestamptz.', actual.attname, source, actual.attname));
        END IF;
        rule := rule || jsonb_build_object('utc_offset', extract(epoch FROM utc_offset)::integer);
    ELSIF kind = 'amount' AND actual.atttypid = 'numeric'::regtype THEN
        IF given ? 'unit' THEN
            PERFORM reseller_report._refuse(format('column "%s" has type %s, whose unit is 1', actual.attname, type_name), 'Leave "unit" out: it is for whole numbers.');
        END IF;
        -- The scale is in the low 11 bits of the modifier, signed: numeric_typmod_scale() of the server's numeric.c.
        IF actual.atttypmod < 4 OR (((actual.atttypmod - 4) & 2047) # 1024) - 1024 > 6 THEN
            PERFORM reseller_report._refuse(
                format('column "%s" of table "%s" has type %s, which may hold amounts with more than 6 decimals', actual.attname, source, type_name),
                format('ALTER TABLE %s ALTER COLUMN %I TYPE numeric(15,6).', source, actual.attname), '42804');
        END IF;
    ELSIF kind = 'amount' THEN
        IF coalesce(given ->> 'unit', '1') !~ '^[0-9]{1,9}([.][0-9]{1,6})?$' OR coalesce(given ->> 'unit', '1')::numeric = 0 THEN
            PERFORM reseller_report._refuse(format('the unit of column "%s" must be a positive amount with at most 6 decimals', actual.attname),
                'A column of cents has {"unit": "0.01"}.');
        END IF;
        unit := coalesce(given ->> 'unit', '1')::numeric;
        rule := rule || jsonb_build_object('unit', (unit * 1000000)::bigint);
    END IF;
    RETURN rule;
END
$$;

-- The rule of one role, from what `columns` says of it.
CREATE FUNCTION reseller_report._role_rule(
    source regclass, role text, kind text, default_columns name[], labels text[], given jsonb, delivered_values jsonb)
    RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    unknown text;
    given_values jsonb;
    meanings jsonb;
    rule jsonb;
BEGIN
    IF jsonb_typeof(given) = 'string' THEN
        given := jsonb_build_object('column', given);
    END IF;
    IF jsonb_typeof(coalesce(given, '{}')) <> 'object' OR jsonb_typeof(given -> 'column') <> 'string' THEN
        PERFORM reseller_report._refuse(format('the mapping of "%s" must name a column', role),
            format('Write {"%s": "its_name"}, or {"%s": {"column": "its_name", ...}}.', role, role));
    END IF;
    SELECT key INTO unknown FROM jsonb_object_keys(coalesce(given, '{}')) AS key
        WHERE key <> ALL (CASE kind WHEN 'label' THEN '{column,value,values}' WHEN 'boolean' THEN '{column,value,values}'
            WHEN 'delivered' THEN '{column,value,values,delivered_values}' WHEN 'moment' THEN '{column,value,time_zone}'
            WHEN 'amount' THEN '{column,value,unit}' ELSE '{column,value}' END::text[]) LIMIT 1;
    IF FOUND THEN
        PERFORM reseller_report._refuse(format('the mapping of "%s" has no "%s"', role, unknown), 'See "Connecting your own tables" in the documentation.');
    END IF;
    IF delivered_values IS NOT NULL AND kind = 'delivered' AND given ?| '{value,values}' THEN
        PERFORM reseller_report._refuse('the mapping of "delivered" says twice what counts as delivered',
            'Write one of "value", "values" and "delivered_values".');
    END IF;
    IF given ? 'value' THEN
        IF given - 'value' <> '{}' THEN
            PERFORM reseller_report._refuse(format('the mapping of "%s" has a constant and more', role), 'Write {"value": ...} alone.');
        END IF;
        RETURN jsonb_build_object('role', role, 'value', reseller_report._constant(role, kind, labels, given -> 'value'));
    END IF;
    IF given IS NOT NULL AND NOT given ? 'column' THEN
        PERFORM reseller_report._refuse(format('the mapping of "%s" must name a column', role), format('Write {"%s": {"column": "its_name", ...}}.', role));
    END IF;
    given_values := given -> 'values';
    IF given_values IS NOT NULL THEN
        IF jsonb_typeof(given_values) <> 'object' OR EXISTS (
            SELECT FROM jsonb_each(given_values) v WHERE jsonb_typeof(v.value) <> 'null'
                AND NOT CASE WHEN kind = 'label' THEN v.value #>> '{}' = ANY (labels) ELSE v.value #>> '{}' IN ('true', 'false') END)
        THEN
            PERFORM reseller_report._refuse(format('the values of "%s" must say what each of them stands for', role),
                format('They stand for %s, or null for rows that do not count.', CASE kind WHEN 'label' THEN array_to_string(labels, ', ') ELSE 'true, false' END));
        END IF;
        meanings := (SELECT coalesce(jsonb_object_agg(v.key, CASE WHEN kind = 'label' OR jsonb_typeof(v.value) = 'null' THEN v.value
            ELSE to_jsonb((v.value #>> '{}')::boolean) END), '{}') FROM jsonb_each(given_values) v);
    ELSIF kind = 'label' THEN
        meanings := (SELECT jsonb_object_agg(l, l) FROM unnest(labels) l);
    ELSIF delivered_values IS NOT NULL AND kind = 'delivered' THEN
        meanings := reseller_report._labels_of_list('delivered_values', delivered_values);
    END IF;
    rule := reseller_report._column_rule(source, role, kind,
        CASE WHEN given IS NULL THEN default_columns ELSE ARRAY[given ->> 'column']::name[] END, coalesce(given, '{}'), meanings);
    IF meanings IS NOT NULL AND (given_values IS NOT NULL OR kind <> 'label') THEN
        PERFORM reseller_report._checked_labels((rule ->> 'column')::name, (SELECT a.atttypid FROM pg_attribute a
            WHERE a.attrelid = source AND a.attname = rule ->> 'column'), meanings);
    END IF;
    RETURN CASE WHEN delivered_values IS NOT NULL AND given_values IS NULL AND kind = 'delivered' THEN rule || '{"otherwise": false}' ELSE rule END;
END
$$;

-- `columns` as the registry keeps it: a list of rules, {role, column, type, ...} or {role, value}, every one of them checked.
-- Conditions have the role "only". At most 16 in all; must match kMostRules.
CREATE FUNCTION reseller_report._rules(service text, source regclass, columns jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    result jsonb := '[]';
    unknown text;
    wanted record;
    condition record;
    given_delivered jsonb;
BEGIN
    IF jsonb_typeof(columns) <> 'object' THEN
        PERFORM reseller_report._refuse('columns must be a JSON object', 'Write it as {"company_id": "its_name", ...}.');
    END IF;
    IF service = 'text_messaging' AND columns ? 'delivered_at' AND NOT columns ? 'delivered' THEN
        columns := columns - 'delivered_at' || jsonb_build_object('delivered', columns -> 'delivered_at');
    END IF;
    SELECT key INTO unknown FROM jsonb_object_keys(columns) AS key
        WHERE key NOT IN (SELECT role FROM reseller_report._roles(service)) AND key NOT IN ('id', 'only', 'capture')
            AND NOT (key = 'delivered_values' AND service = 'text_messaging') LIMIT 1;
    IF FOUND THEN
        PERFORM reseller_report._refuse(format('service "%s" has no column "%s" to map', service, unknown),
            format('It has %s; and "only" and "capture".', (SELECT string_agg(role, ', ') FROM reseller_report._roles(service))));
    END IF;
    -- Nothing is counted by it: a row's primary key tells it apart, whatever its name.
    IF columns ? 'id' AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attname IN (columns ->> 'id', columns #>> '{id,column}'))
    THEN
        PERFORM reseller_report._refuse(format('table "%s" has no column "%s"', source, coalesce(columns #>> '{id,column}', columns ->> 'id')),
            'Name its primary key, or leave "id" out.', '42703');
    END IF;
    IF columns ? 'delivered_values' AND columns #> '{delivered,delivered_values}' IS NOT NULL THEN
        PERFORM reseller_report._refuse('"delivered_values" is given twice', 'Write {"delivered": "its_name", "delivered_values": [...]}.');
    END IF;
    given_delivered := coalesce(columns -> 'delivered_values', columns #> '{delivered,delivered_values}');
    FOR wanted IN SELECT * FROM reseller_report._roles(service) LOOP
        result := result || reseller_report._role_rule(source, wanted.role, wanted.kind, wanted.default_columns, wanted.labels,
            columns -> wanted.role, given_delivered);
    END LOOP;
    IF jsonb_typeof(coalesce(columns -> 'only', '{}')) <> 'object' THEN
        PERFORM reseller_report._refuse('"only" must be a JSON object', 'Write it as {"only": {"status": ["sent", "delivered"]}}.');
    END IF;
    FOR condition IN SELECT key AS column_name, value AS list FROM jsonb_each(coalesce(columns -> 'only', '{}')) LOOP
        result := result || (reseller_report._column_rule(source, 'only', 'only', ARRAY[condition.column_name]::name[], '{}',
            reseller_report._labels_of_list(format('"only" of column "%s"', condition.column_name), condition.list))
            || '{"otherwise": false}' || CASE WHEN condition.list @> 'null' THEN '{"null": true}' ELSE '{}' END::jsonb);
        IF condition.list <> '[null]' THEN
            PERFORM reseller_report._checked_labels(condition.column_name::name, (SELECT a.atttypid FROM pg_attribute a
                WHERE a.attrelid = source AND a.attname = condition.column_name), result -> -1 -> 'values');
        END IF;
    END LOOP;
    IF jsonb_array_length(result) > 16 THEN
        PERFORM reseller_report._refuse('"only" names too many columns', 'A mapping has at most 16 rules; name a view''s condition by a generated column.');
    END IF;
    RETURN result;
END
$$;

-- Warns of an index that raw rows are read by: where summaries do not reach, a report without it reads the whole table.
CREATE FUNCTION reseller_report._warn_of_indexes(source regclass, rules jsonb) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    company CONSTANT name := (SELECT rule ->> 'column' FROM jsonb_array_elements(rules) rule WHERE rule ->> 'role' = 'company_id');
    moment CONSTANT name := (SELECT column_name FROM reseller_report._moment(rules));
    wanted record;
BEGIN
    FOR wanted IN
        SELECT c.names FROM (VALUES (ARRAY[company, moment]), (ARRAY[moment])) AS c (names) WHERE c.names[1] IS NOT NULL
    LOOP
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
            WHERE i.indrelid = source AND i.indisvalid AND i.indpred IS NULL
                AND (m.amname = 'btree' OR (m.amname = 'brin' AND cardinality(wanted.names) = 1))
                AND (SELECT array_agg(a.attname ORDER BY k.n) FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, n)
                    JOIN pg_attribute a ON a.attrelid = source AND a.attnum = k.attnum
                    WHERE k.n <= least(i.indnkeyatts, cardinality(wanted.names))) = wanted.names);
        RAISE WARNING 'table "%" has no index that serves (%)', source, array_to_string(wanted.names, ', ')
            USING HINT = format('CREATE INDEX %sON %s (%s);',
                (SELECT CASE WHEN c.relkind = 'p' THEN '' ELSE 'CONCURRENTLY ' END FROM pg_class c WHERE c.oid = source), source,
                (SELECT string_agg(quote_ident(n), ', ') FROM unnest(wanted.names) n));
    END LOOP;
END
$$;

-- Why a relation cannot be connected, and what to change; NULL when it can.
CREATE FUNCTION reseller_report._obstacle(source regclass) RETURNS text[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE
        WHEN n.nspname IN ('reseller_report', 'pg_catalog', 'information_schema') THEN ARRAY['it is a system table', 'Connect a table of usage.']
        WHEN c.relkind IN ('v', 'm') THEN ARRAY['it is a view', 'Connect the table under it; "only" and "values" choose and name its rows.']
        WHEN c.relkind = 'f' THEN ARRAY['it is a foreign table', 'Writes to it elsewhere cannot be captured: connect it in its own database.']
        WHEN c.relkind NOT IN ('r', 'p') THEN ARRAY['it is not a table', 'Connect an ordinary or a partitioned table.']
        WHEN c.relpersistence = 't' THEN ARRAY['it is temporary', 'Connect a table that stays.']
        WHEN c.relpersistence = 'u' THEN ARRAY['it is unlogged, and a crash would empty it', format('ALTER TABLE %s SET LOGGED first.', source)]
        WHEN c.relispartition THEN ARRAY['it is a partition', format('Connect the whole table, %s.', pg_partition_root(source))]
        WHEN c.relkind = 'r' AND EXISTS (SELECT FROM reseller_report._family(source, true) f WHERE f.relid <> source) THEN
            ARRAY['it is part of an inheritance tree', 'Writes to children are not captured: use declarative partitioning.']
        WHEN EXISTS (SELECT FROM reseller_report._tree(source) t WHERE t.never_captured) THEN
            ARRAY['it has a foreign or unlogged partition', 'Detach that partition, or ALTER TABLE its name SET LOGGED.']
        WHEN c.relforcerowsecurity THEN
            ARRAY['its row-level security applies to its owner, too', format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY.', source)]
        END
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = source
$$;

-- What the capture trigger of a source is told: whose changes these are, and whether replicated ones are left out.
CREATE FUNCTION reseller_report._capture_arguments(id bigint, capture text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT concat_ws(', ', quote_literal(id), CASE capture WHEN 'origin' THEN quote_literal(capture) END)
$$;

-- The work of attach_source, as the extension's owner; the caller has shown that the table is the caller's.
CREATE FUNCTION reseller_report._attach_source(service text, source regclass, columns jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_variable
DECLARE
    id CONSTANT bigint := ('x' || left(replace(gen_random_uuid()::text, '-', ''), 15))::bit(60)::bigint;
    capture CONSTANT text := coalesce(columns ->> 'capture', 'always');
    rules jsonb;
    obstacle text[];
BEGIN
    IF service NOT IN ('text_messaging', 'chat', 'telephony', 'telephony_outgoing', 'telephony_incoming', 'bot') THEN
        PERFORM reseller_report._refuse(format('service "%s" does not exist', service),
            'Services are text_messaging, chat, telephony, telephony_outgoing, telephony_incoming and bot.');
    END IF;
    obstacle := reseller_report._obstacle(source);
    IF obstacle IS NOT NULL THEN
        PERFORM reseller_report._refuse(format('relation "%s" cannot be connected: %s', source, obstacle[1]), obstacle[2], '42809');
    END IF;
    IF capture NOT IN ('always', 'origin') THEN
        PERFORM reseller_report._refuse('"capture" must be always or origin', 'origin leaves out what replication writes.');
    END IF;
    IF EXISTS (SELECT FROM reseller_report._latest(NULL::reseller_report.lease) l WHERE l.restoring) THEN
        PERFORM reseller_report._refuse('a restore is under way, and nothing is captured', 'SELECT reseller_report.post_restore() first.', '55000');
    END IF;
    rules := reseller_report._rules(service, source, columns);
    -- Waits until no writer is at the table: a transaction in flight would otherwise be missed by the trigger.
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', source);
    IF reseller_report._obstacle(source) IS NOT NULL OR reseller_report._rules(service, source, columns) <> rules THEN
        RAISE EXCEPTION 'table "%" was altered meanwhile', source USING ERRCODE = 'serialization_failure', HINT = 'Try again.';
    END IF;
    IF EXISTS (SELECT FROM reseller_report._latest(NULL::reseller_report.source) s
        WHERE reseller_report._table(s.schema_name, s.table_name) = source)
    THEN
        PERFORM reseller_report._refuse(format('table "%s" is already connected', source),
            format('SELECT reseller_report.detach_source(%L) first.', source), '42710');
    END IF;
    INSERT INTO reseller_report.source (id, service, schema_name, table_name, rules, capture)
        SELECT id, service, n.nspname, c.relname, rules, capture FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = source;
    EXECUTE format('CREATE TRIGGER reseller_report_capture AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION reseller_report._capture(%s)',
        source, reseller_report._capture_arguments(id, capture));
    IF capture = 'always' THEN
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER reseller_report_capture', source);
    END IF;
    PERFORM reseller_report._follow_leaves(id, source, fresh => true);
    IF reseller_report._is_empty(source) THEN
        INSERT INTO reseller_report.source_built (source, built_from, built_to) VALUES (id, '-infinity', 'infinity');
    END IF;
    PERFORM reseller_report._warn_of_indexes(source, rules);
END
$$;

CREATE FUNCTION reseller_report._detach_source(source regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    gone bigint;
    ours record;
BEGIN
    UPDATE reseller_report.lease SET turn = turn + 1;
    DELETE FROM reseller_report.source s USING pg_class c, pg_namespace n
        WHERE c.oid = _detach_source.source AND n.oid = c.relnamespace
            AND s.schema_name = n.nspname AND s.table_name = c.relname
        RETURNING s.id INTO gone;
    IF gone IS NULL THEN
        PERFORM reseller_report._refuse(format('table "%s" is not connected', _detach_source.source),
            'SELECT * FROM reseller_report.sources() lists what is.', '42704');
    END IF;
    FOR ours IN
        SELECT t.tgrelid::regclass AS relid, t.tgname FROM pg_trigger t
        WHERE t.tgfoid IN ('reseller_report._capture'::regproc, 'reseller_report._truncated'::regproc) AND t.tgparentid = 0
            AND (t.tgrelid = _detach_source.source
                OR t.tgrelid IN (SELECT relid FROM pg_partition_tree(_detach_source.source)))
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', ours.tgname, ours.relid);
    END LOOP;
    PERFORM reseller_report._forget_sources(ARRAY[gone]);
    -- What this transaction has captured is written when it commits, and the next fold clears it.
    INSERT INTO reseller_report.source_gone (source) VALUES (gone);
END
$$;

CREATE FUNCTION reseller_report.attach_source(
    service text,
    source regclass,
    columns jsonb DEFAULT '{}')
    RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_attach_source';
COMMENT ON FUNCTION reseller_report.attach_source(text, regclass, jsonb) IS
    'Connects a table of usage to a service (text_messaging, chat, telephony, telephony_outgoing, telephony_incoming, bot). '
    'columns maps the service''s names to the table''s own columns, constants and values. Waits for writers in flight, then holds '
    'them up only while it makes triggers. Only the table''s owner may (42501). Refuses what cannot be exact: 22023, 42703, 42804, '
    '42809, 42710. A WARNING names an index that is missing.';

CREATE FUNCTION reseller_report.detach_source(source regclass) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_detach_source';
COMMENT ON FUNCTION reseller_report.detach_source(regclass) IS
    'Takes the table''s share out of all reports, also what was pruned, and leaves the table as it was. Only the table''s owner may '
    '(42501).';
