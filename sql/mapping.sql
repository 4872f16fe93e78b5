-- ---------------------------------------------------------------------------------------------------------------------
-- Mappings: checks what attach_source is told of a table's columns, and brings it into the registry's form
-- ---------------------------------------------------------------------------------------------------------------------

-- The fields that a service needs of a row. kind says which forms the mapping of a field may have. labels are the values of a
-- channel, sender or direction where the mapping names no others.
CREATE FUNCTION reseller_report._fields(service text)
    RETURNS TABLE (field text, kind text, default_columns name[], labels text[])
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
    WITH known (services, field, kind, default_columns, labels) AS (VALUES
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
    SELECT known.field, known.kind, known.default_columns, known.labels FROM known
    WHERE known.services IS NULL OR _fields.service = ANY (known.services)
$$;

-- A constant in the registry's form: a label, true or false, a number, or micro-units.
CREATE FUNCTION reseller_report._constant(field text, kind text, labels text[], value jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    text_value CONSTANT text := value #>> '{}';
BEGIN
    IF kind = 'label' AND text_value = ANY (labels) THEN
        RETURN to_jsonb(text_value);
    ELSIF kind IN ('boolean', 'delivered') AND text_value IN ('true', 'false') THEN
        RETURN to_jsonb(text_value = 'true');
    ELSIF kind = 'integer' AND text_value ~ '^-?[0-9]{1,19}$'
        AND text_value::numeric BETWEEN -9223372036854775808 AND 9223372036854775807
        AND (field = 'company_id' OR abs(text_value::numeric) < 1e15)
    THEN
        RETURN to_jsonb(text_value::bigint);
    ELSIF kind = 'amount' AND text_value ~ '^-?[0-9]{1,9}([.][0-9]{1,6})?$' THEN
        RETURN to_jsonb((text_value::numeric * 1000000)::bigint);
    END IF;
    PERFORM reseller_report._refuse(format('%s cannot be the constant %s', field, value),
        CASE kind WHEN 'label' THEN format('It can be %s.', array_to_string(labels, ', '))
            WHEN 'moment' THEN 'Every event has a moment of its own: map a column.'
            WHEN 'amount' THEN 'It can be an amount below 10^9 with at most 6 decimals.'
            WHEN 'integer' THEN 'It can be a whole number.'
            ELSE 'It can be true or false.' END);
END
$$;

-- A list of values as an object, in which each of them stands for true.
CREATE FUNCTION reseller_report._labels_of_list(label text, list jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF list IS NULL OR jsonb_typeof(list) <> 'array'
        OR EXISTS (SELECT FROM jsonb_array_elements(list) e WHERE jsonb_typeof(e) IN ('object', 'array'))
    THEN
        PERFORM reseller_report._refuse(format('%s must be a list of values', label), 'Write it as ["sent", "delivered"].');
    END IF;
    RETURN (SELECT coalesce(jsonb_object_agg(e #>> '{}', true), '{}')
        FROM jsonb_array_elements(list) e WHERE jsonb_typeof(e) <> 'null');
END
$$;

-- What a value of a column stands for, in the registry's form; null where its rows do not count.
CREATE FUNCTION reseller_report._meaning(what text, kind text, labels text[], value jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    word CONSTANT text := value #>> '{}';
BEGIN
    IF jsonb_typeof(value) = 'null' THEN
        RETURN value;
    ELSIF kind = 'label' AND word = ANY (labels) THEN
        RETURN to_jsonb(word);
    ELSIF kind <> 'label' AND word IN ('true', 'false') THEN
        RETURN word::jsonb;
    END IF;
    PERFORM reseller_report._refuse(format('%s must say what each of them stands for', what),
        format('Each can be %s, or null for rows that do not count.',
            CASE kind WHEN 'label' THEN array_to_string(labels, ', ') ELSE 'true, false' END));
END
$$;

-- The rest of a rule that lists the values which stand for true: every other value stands for false, and so does NULL where the
-- list does not hold null.
CREATE FUNCTION reseller_report._rest_of_list(list jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT jsonb_build_object('null', list @> 'null', 'otherwise', false) $$;

-- Makes the rule of one field from what `columns` says of it.
CREATE FUNCTION reseller_report._field_rule(
    source regclass, field text, kind text, default_columns name[], labels text[], given jsonb, delivered_values jsonb)
    RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    is_given CONSTANT boolean := given IS NOT NULL;
    unknown text;
    meanings jsonb;
    rule jsonb;
BEGIN
    given := CASE WHEN NOT is_given THEN '{}'
        WHEN jsonb_typeof(given) = 'string' THEN jsonb_build_object('column', given) ELSE given END;
    IF jsonb_typeof(given) <> 'object' OR jsonb_typeof(given -> 'column') <> 'string' THEN
        PERFORM reseller_report._refuse(format('the mapping of "%s" must name a column', field),
            format('Write {"%s": "its_name"}, or {"%s": {"column": "its_name", ...}}.', field, field));
    END IF;
    SELECT key INTO unknown FROM jsonb_object_keys(given) AS key
        WHERE key <> ALL (CASE WHEN kind IN ('label', 'boolean') THEN '{column,value,values,"null",other}'
            WHEN kind = 'delivered' THEN '{column,value,values,"null",other,delivered_values}'
            WHEN kind = 'moment' THEN '{column,value,time_zone}'
            WHEN kind = 'amount' THEN '{column,value,unit}' ELSE '{column,value}' END::text[]) LIMIT 1;
    IF FOUND THEN
        PERFORM reseller_report._refuse(format('the mapping of "%s" has no "%s"', field, unknown),
            'See "Connecting your own tables" in the documentation.');
    END IF;
    IF delivered_values IS NOT NULL AND kind = 'delivered'
        AND (given ?| '{value,values,other}' OR given ? 'null' AND delivered_values @> 'null')
    THEN
        PERFORM reseller_report._refuse('the mapping of "delivered" says twice what counts as delivered',
            'Write "value", "values" or "delivered_values". With "delivered_values", all other values mean not delivered.');
    END IF;
    IF given ? 'value' THEN
        IF given - 'value' <> '{}' THEN
            PERFORM reseller_report._refuse(format('the mapping of "%s" has a constant and more', field),
                'Write {"value": ...} alone.');
        END IF;
        RETURN jsonb_build_object('field', field, 'value', reseller_report._constant(field, kind, labels, given -> 'value'));
    END IF;
    IF is_given AND NOT given ? 'column' THEN
        PERFORM reseller_report._refuse(format('the mapping of "%s" must name a column', field),
            format('Write {"%s": {"column": "its_name", ...}}.', field));
    END IF;
    IF given ? 'values' THEN
        IF jsonb_typeof(given -> 'values') <> 'object' THEN
            PERFORM reseller_report._refuse(format('the values of "%s" must be a JSON object', field),
                'Write it as {"values": {"1": "...", "2": null}}.');
        END IF;
        meanings := (SELECT coalesce(jsonb_object_agg(v.key,
                reseller_report._meaning(format('the values of "%s"', field), kind, labels, v.value)), '{}')
            FROM jsonb_each(given -> 'values') v);
    ELSIF kind = 'label' THEN
        meanings := (SELECT jsonb_object_agg(l, l) FROM unnest(labels) l);
    ELSIF delivered_values IS NOT NULL AND kind = 'delivered' THEN
        meanings := reseller_report._labels_of_list('delivered_values', delivered_values);
    END IF;
    IF given ? 'other' AND meanings IS NULL THEN
        PERFORM reseller_report._refuse(format('the mapping of "%s" has "other" without "values"', field),
            '"other" is for values that "values" does not list. Write "values", too.');
    END IF;
    rule := reseller_report._column_rule(source, field, kind,
        CASE WHEN is_given THEN ARRAY[given ->> 'column']::name[] ELSE default_columns END,
        given || CASE WHEN kind = 'delivered' AND delivered_values IS NOT NULL
            THEN jsonb_build_object('list', delivered_values) ELSE '{}' END, meanings);
    IF given ? 'values' OR kind = 'delivered' AND delivered_values <> '[null]' THEN
        PERFORM reseller_report._checked_labels(source, (rule ->> 'column')::name, meanings);
    END IF;
    IF kind = 'delivered' THEN
        rule := rule || CASE WHEN delivered_values IS NULL THEN '{"null": false}'
            ELSE reseller_report._rest_of_list(delivered_values) END;
    END IF;
    RETURN rule || (SELECT coalesce(jsonb_object_agg(CASE e.key WHEN 'other' THEN 'otherwise' ELSE e.key END,
            reseller_report._meaning(format('"null" and "other" of "%s"', field), kind, labels, e.value)), '{}')
        FROM jsonb_each(given) e WHERE e.key IN ('null', 'other'));
END
$$;

-- Makes the registry's form of `columns`: a list of rules, {field, column, type, ...} or {field, value}. Checks every one of them.
-- Conditions have the field "only". There are at most 16 rules; must match kMostRules.
CREATE FUNCTION reseller_report._rules(service text, source regclass, columns jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    result jsonb := '[]';
    unknown text;
    wanted record;
    condition record;
    meanings jsonb;
    given_delivered jsonb;
BEGIN
    IF jsonb_typeof(columns) <> 'object' THEN
        PERFORM reseller_report._refuse('columns must be a JSON object', 'Write it as {"company_id": "its_name", ...}.');
    END IF;
    IF service = 'text_messaging' AND columns ? 'delivered_at' AND NOT columns ? 'delivered' THEN
        columns := columns - 'delivered_at' || jsonb_build_object('delivered', columns -> 'delivered_at');
    END IF;
    SELECT key INTO unknown FROM jsonb_object_keys(columns) AS key
        WHERE key NOT IN (SELECT field FROM reseller_report._fields(service)) AND key NOT IN ('id', 'only', 'capture')
            AND NOT (key = 'delivered_values' AND service = 'text_messaging') LIMIT 1;
    IF FOUND THEN
        PERFORM reseller_report._refuse(format('service "%s" has no column "%s" to map', service, unknown),
            format('It has %s; and "only" and "capture".', (SELECT string_agg(field, ', ') FROM reseller_report._fields(service))));
    END IF;
    -- "id" is accepted and ignored: nothing is counted by it.
    IF columns ? 'id'
        AND (reseller_report._column(source, ARRAY[columns #>> '{id,column}', columns ->> 'id'])).is_virtual IS NOT FALSE
    THEN
        PERFORM reseller_report._refuse(format('table "%s" has no stored column "%s"', reseller_report._shown(source),
            coalesce(columns #>> '{id,column}', columns ->> 'id')), 'Name its primary key, or leave "id" out.', '42703');
    END IF;
    IF columns ? 'delivered_values' AND columns #> '{delivered,delivered_values}' IS NOT NULL THEN
        PERFORM reseller_report._refuse('"delivered_values" is given twice',
            'Write {"delivered": "its_name", "delivered_values": [...]}.');
    END IF;
    given_delivered := coalesce(columns -> 'delivered_values', columns #> '{delivered,delivered_values}');
    FOR wanted IN SELECT * FROM reseller_report._fields(service) LOOP
        result := result || reseller_report._field_rule(source, wanted.field, wanted.kind, wanted.default_columns, wanted.labels,
            columns -> wanted.field, given_delivered);
    END LOOP;
    IF jsonb_typeof(coalesce(columns -> 'only', '{}')) <> 'object' THEN
        PERFORM reseller_report._refuse('"only" must be a JSON object', 'Write it as {"only": {"status": ["sent", "delivered"]}}.');
    END IF;
    FOR condition IN SELECT key::name AS column_name, value AS list FROM jsonb_each(coalesce(columns -> 'only', '{}')) LOOP
        meanings := reseller_report._labels_of_list(format('"only" of column "%s"', condition.column_name), condition.list);
        result := result || (reseller_report._column_rule(source, 'only', 'only', ARRAY[condition.column_name],
            jsonb_build_object('list', condition.list), meanings) || reseller_report._rest_of_list(condition.list));
        IF condition.list <> '[null]' THEN
            PERFORM reseller_report._checked_labels(source, condition.column_name, meanings);
        END IF;
    END LOOP;
    IF jsonb_array_length(result) > 16 THEN
        PERFORM reseller_report._refuse('"only" names too many columns',
            'A mapping has at most 16 rules: make one boolean of several conditions, by a stored generated column.');
    END IF;
    RETURN result;
END
$$;
