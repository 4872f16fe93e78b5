-- ---------------------------------------------------------------------------------------------------------------------
-- Connecting and disconnecting tables
-- ---------------------------------------------------------------------------------------------------------------------

-- Warns where the table lacks an index by which raw rows are read. Without it, a report that the summaries do not answer reads the
-- whole table.
CREATE FUNCTION reseller_report._warn_of_indexes(source regclass, rules jsonb) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    company CONSTANT name := (SELECT rule ->> 'column' FROM jsonb_array_elements(rules) rule WHERE rule ->> 'field' = 'company_id');
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
        RAISE WARNING 'table "%" has no index that serves (%)', reseller_report._shown(source), array_to_string(wanted.names, ', ')
            USING HINT = format('CREATE INDEX %sON %s (%s);',
                (SELECT CASE WHEN c.relkind = 'p' THEN '' ELSE 'CONCURRENTLY ' END FROM pg_class c WHERE c.oid = source), source,
                (SELECT string_agg(quote_ident(n), ', ') FROM unnest(wanted.names) n));
    END LOOP;
END
$$;

-- Why a relation cannot be connected, and what to do about it; NULL when it can be connected.
CREATE FUNCTION reseller_report._obstacle(source regclass) RETURNS text[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE
        WHEN n.nspname IN ('reseller_report', 'pg_catalog', 'information_schema')
            THEN ARRAY['it is a system table', 'Connect a table of usage.']
        WHEN c.relkind = 'v' THEN ARRAY['it is a view', 'Connect the table that it reads, and choose its rows by "only".']
        WHEN c.relkind = 'm' THEN ARRAY['it is a materialized view', 'Connect the tables that it is made of.']
        WHEN c.relkind = 'f' THEN
            ARRAY['it is a foreign table', 'Writes to it in its own database cannot be captured here: connect it there.']
        WHEN c.relkind NOT IN ('r', 'p') THEN ARRAY['it is not a table', 'Connect an ordinary or a partitioned table.']
        WHEN c.relpersistence = 't' THEN ARRAY['it is temporary', 'Connect a table that stays.']
        WHEN c.relpersistence = 'u' THEN
            ARRAY['it is unlogged, and a crash would empty it', format('Run ALTER TABLE %s SET LOGGED; first.', source)]
        WHEN c.relispartition THEN ARRAY['it is a partition', format('Connect the whole table, %s.', pg_partition_root(source))]
        WHEN c.relkind = 'r' AND reseller_report._has_relatives(source) THEN
            ARRAY['it is part of an inheritance tree', 'Writes to children are not captured: use declarative partitioning.']
        WHEN uncapturable.relkind = 'f' THEN ARRAY['it has a foreign or unlogged partition',
            format('Writes to %s in its own database cannot be captured here. Connect it there, and a table without it here.',
                uncapturable.relid)]
        WHEN uncapturable.relid IS NOT NULL THEN ARRAY['it has a foreign or unlogged partition',
            format('Run ALTER TABLE %s SET LOGGED; first.', uncapturable.relid)]
        WHEN c.relforcerowsecurity THEN
            ARRAY['its row-level security applies to its owner, too',
                format('Run ALTER TABLE %s NO FORCE ROW LEVEL SECURITY; first.', source)]
        END
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN LATERAL (SELECT t.relid, t.relkind FROM reseller_report._tree(source) t WHERE NOT t.can_be_captured LIMIT 1)
        uncapturable ON true
    WHERE c.oid = source
$$;

CREATE FUNCTION reseller_report._require_service(service text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF service <> ALL (reseller_report._services()) THEN
        PERFORM reseller_report._refuse(format('service "%s" does not exist', service),
            'Services are text_messaging, chat, telephony, telephony_outgoing, telephony_incoming and bot.');
    END IF;
END
$$;

-- Whether two services have usage in common: telephony includes telephony_outgoing and telephony_incoming.
CREATE FUNCTION reseller_report._overlap(service text, other text) RETURNS boolean
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT service = other OR (least(service, other) = 'telephony' AND starts_with(greatest(service, other), 'telephony_'))
$$;

-- Refuses to connect a table to another service with a different "capture" or moment than to those that it feeds already. One
-- trigger captures for all of them, and one moment decides on the table's partitions, days and horizon.
CREATE FUNCTION reseller_report._require_compatible(service text, source regclass, capture text, rules jsonb) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_variable
DECLARE
    other reseller_report.source;
BEGIN
    FOR other IN
        SELECT s.* FROM reseller_report._latest(NULL::reseller_report.source) s
        WHERE reseller_report._table(s.id, s.schema_name, s.table_name) = source
        ORDER BY reseller_report._overlap(s.service, service) DESC
    LOOP
        IF reseller_report._overlap(other.service, service) THEN
            PERFORM reseller_report._refuse(
                format('table "%s" is already connected as %s', reseller_report._shown(source), other.service),
                format('SELECT reseller_report.detach_source(%L, %L) first.', source, other.service), '42710');
        ELSIF other.capture <> capture THEN
            PERFORM reseller_report._refuse(
                format('table "%s" is captured differently for %s', reseller_report._shown(source), other.service),
                format('A table is captured in the same way for all services: %s.',
                    CASE other.capture WHEN 'origin' THEN 'write {"capture": "origin"}' ELSE 'leave "capture" out' END));
        ELSIF reseller_report._rule_of_moment(other.rules) <> reseller_report._rule_of_moment(rules) THEN
            PERFORM reseller_report._refuse(
                format('table "%s" has another occurred_at for %s', reseller_report._shown(source), other.service),
                format('Map the same column, %s, in the same way for all services.',
                    reseller_report._rule_of_moment(other.rules) ->> 'column'));
        END IF;
    END LOOP;
END
$$;

CREATE FUNCTION reseller_report._rule_of_moment(rules jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT rule FROM jsonb_array_elements(rules) AS rule WHERE rule ->> 'field' = 'occurred_at' $$;

-- Does the work of attach_source as the extension's owner. attach_source has checked before that the caller owns the table.
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
    PERFORM reseller_report._require_service(service);
    obstacle := reseller_report._obstacle(source);
    IF obstacle IS NOT NULL THEN
        PERFORM reseller_report._refuse(
            format('relation "%s" cannot be connected: %s', reseller_report._shown(source), obstacle[1]), obstacle[2], '42809');
    END IF;
    IF capture NOT IN ('always', 'origin') THEN
        PERFORM reseller_report._refuse('"capture" must be always or origin', '"origin" leaves out what replication writes.');
    END IF;
    IF EXISTS (SELECT FROM reseller_report._latest(NULL::reseller_report.lease) l WHERE l.restoring) THEN
        PERFORM reseller_report._refuse('a restore is under way, and nothing is captured',
            'SELECT reseller_report.post_restore() first.', '55000');
    END IF;
    rules := reseller_report._rules(service, source, columns);
    -- Waits until no transaction that has written to the table is under way. The trigger would miss what such a transaction has
    -- written.
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', source);
    IF reseller_report._obstacle(source) IS NOT NULL OR reseller_report._rules(service, source, columns) <> rules THEN
        PERFORM reseller_report._refuse(format('table "%s" was altered meanwhile', reseller_report._shown(source)),
            'Try again.', '40001');
    END IF;
    PERFORM reseller_report._require_compatible(service, source, capture, rules);
    PERFORM reseller_report._follow_names();
    INSERT INTO reseller_report.source (id, service, schema_name, table_name, rules, capture)
        SELECT id, service, n.nspname, c.relname, rules, capture
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = source;
    PERFORM reseller_report._note_table(id, source, false);
    PERFORM reseller_report._set_capture_trigger(source);
    PERFORM reseller_report._follow_leaves(id, source);
    IF reseller_report._is_empty(source) THEN
        INSERT INTO reseller_report.source_built (source, built_from, built_to) VALUES (id, '-infinity', 'infinity');
    END IF;
    PERFORM reseller_report._warn_of_indexes(source, rules);
END
$$;

-- The ids of the sources to detach: all that the table is, or the one of the service that is named.
CREATE FUNCTION reseller_report._detachable(source regclass, service text) RETURNS bigint[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_variable
DECLARE
    known CONSTANT text[] := ARRAY(SELECT c.service FROM reseller_report._connected(source) c);
BEGIN
    PERFORM reseller_report._require_service(service);
    IF starts_with(service, 'telephony_') AND 'telephony' = ANY (known) THEN
        PERFORM reseller_report._refuse(
            format('table "%s" is connected as telephony, of which %s is one half', reseller_report._shown(source), service),
            format('SELECT reseller_report.detach_source(%L, %L), then attach it as %s.', source, 'telephony',
                CASE service WHEN 'telephony_outgoing' THEN 'telephony_incoming' ELSE 'telephony_outgoing' END));
    ELSIF service <> ALL (known) THEN
        PERFORM reseller_report._refuse(format('table "%s" is not connected as %s', reseller_report._shown(source), service),
            format('It is connected as %s.', array_to_string(known, ', ')), '42704');
    END IF;
    RETURN ARRAY(SELECT c.id FROM reseller_report._connected(source) c WHERE c.service = coalesce(service, c.service));
END
$$;

-- Does the work of detach_source as the extension's owner. The lease is taken and the table locked already.
CREATE FUNCTION reseller_report._detach_source(source regclass, service text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    gone bigint[];
    deleted integer;
    ours record;
BEGIN
    gone := reseller_report._detachable(_detach_source.source, _detach_source.service);
    DELETE FROM reseller_report.source s WHERE s.id = ANY (gone);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    IF deleted <> cardinality(gone) THEN
        PERFORM reseller_report._refuse_old_snapshot();
    END IF;
    IF EXISTS (SELECT FROM reseller_report._latest(NULL::reseller_report.source) s
        WHERE reseller_report._table(s.id, s.schema_name, s.table_name) = _detach_source.source)
    THEN
        PERFORM reseller_report._set_capture_trigger(_detach_source.source);
    ELSE
        FOR ours IN
            SELECT t.tgrelid::regclass AS relid, t.tgname FROM pg_trigger t
            WHERE t.tgfoid IN ('reseller_report._capture'::regproc, 'reseller_report._truncated'::regproc) AND t.tgparentid = 0
                AND (t.tgrelid = _detach_source.source
                    OR t.tgrelid IN (SELECT relid FROM pg_partition_tree(_detach_source.source)))
        LOOP
            EXECUTE format('DROP TRIGGER %I ON %s', ours.tgname, ours.relid);
        END LOOP;
    END IF;
    PERFORM reseller_report._forget_sources(gone);
    -- The changes that this transaction has captured are written when it commits, and the next fold clears them.
    INSERT INTO reseller_report.source_gone (source) SELECT unnest(gone);
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
    'them up only while it makes triggers. Only the table''s owner may (42501), and needs EXECUTE, which the extension''s owner '
    'grants: GRANT EXECUTE ON FUNCTION reseller_report.attach_source, reseller_report.detach_source TO its_owner. Refuses what '
    'cannot be exact: 22023, 42703, 42804, 42809, 42710. A WARNING names an index that is missing. A table may feed several '
    'services, attached once for each, with the same occurred_at and capture.';

CREATE FUNCTION reseller_report.detach_source(source regclass, service text DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_detach_source';
COMMENT ON FUNCTION reseller_report.detach_source(regclass, text) IS
    'Takes the table''s share out of all reports, or of those of one service that it feeds, also what was pruned, and leaves the '
    'table as it was. Only the table''s owner may (42501). 42704 where it is not connected, or not as this service; 22023 for one '
    'half of a table connected as telephony.';
