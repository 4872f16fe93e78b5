-- What generators ask of the catalogs about the schema that create_api makes, as a role that may only read: which arguments a
-- function needs and what it returns, which columns a view has, what may be written, and what comments say. And calls in the forms
-- that they make of that.
SELECT no_plan();
SELECT setseed(0.53) \g /dev/null
DO $$ BEGIN PERFORM random_usage.companies(), random_usage.events(40); END $$;
SELECT reseller_report.issue_statement(1, '2024-03-01', '2024-04-01') \g /dev/null
CREATE ROLE catalogs_web;
SELECT reseller_report.grant_access('catalogs_web', 1), reseller_report.create_api() \g /dev/null
GRANT USAGE ON SCHEMA api TO catalogs_web;
GRANT USAGE, CREATE ON SCHEMA public TO catalogs_web;
SET ROLE catalogs_web;

-- PostgREST: the arguments of each function that may be called, and which a call must have.
CREATE VIEW public.catalogs_function AS
    SELECT p.oid, p.proname::text COLLATE "default" AS name, p.proretset AS is_set, p.provolatile AS volatility,
        p.provariadic <> 0 AS is_variadic,
        t.typname AS row_type, t.typtype AS kind, tn.nspname AS schema_of_type, d.description,
        (SELECT array_agg(a.name COLLATE "default" ORDER BY a.n) FILTER (WHERE a.n <= p.pronargs - p.pronargdefaults)
            FROM unnest(p.proargnames, p.proargtypes::oid[]) WITH ORDINALITY AS a (name, type, n)) AS required,
        (SELECT array_agg(a.name COLLATE "default" ORDER BY a.n) FILTER (WHERE a.n > p.pronargs - p.pronargdefaults)
            FROM unnest(p.proargnames, p.proargtypes::oid[]) WITH ORDINALITY AS a (name, type, n)) AS optional
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_type t ON t.oid = p.prorettype
    JOIN pg_namespace tn ON tn.oid = t.typnamespace
    LEFT JOIN pg_description d ON d.objoid = p.oid AND d.classoid = 'pg_proc'::regclass
    WHERE n.nspname = 'api' AND p.prokind = 'f' AND has_function_privilege(p.oid, 'EXECUTE');
SELECT results_eq('SELECT name, required, optional FROM public.catalogs_function ORDER BY name', $$VALUES
    ('bot', '{reseller_id,period_from,period_to}'::text[], '{has_expenses}'::text[]),
    ('chat', '{reseller_id,period_from,period_to}', '{has_expenses}'),
    ('counted_as', '{source,key}', NULL),
    ('named_period', '{reseller_id,name}', '{at}'),
    ('open_corrections', '{reseller_id}', NULL),
    ('reseller_and_companies', '{reseller_id,period_from,period_to}',
        '{has_expenses,services,search,order_by,row_limit,row_offset}'),
    ('telephony_incoming', '{reseller_id,period_from,period_to}', '{has_expenses}'),
    ('telephony_outgoing', '{reseller_id,period_from,period_to}', '{has_expenses}'),
    ('text_messaging', '{reseller_id,period_from,period_to}', '{has_expenses}'),
    ('totals', '{reseller_id,period_from,period_to}', NULL),
    ('usage', '{reseller_id,period_from,period_to}', '{only_service}'),
    ('usage_events', '{reseller_id,company_id,service,period_from,period_to}', '{only_item,row_limit,after}'),
    ('usage_series', '{reseller_id,period_from,period_to}', '{step,only_service,only_company_id,in_time_zone}'),
    ('verify_statements', NULL, '{reseller_id}')$$,
    'the arguments that a call must and may have');
SELECT is_empty($$SELECT name FROM public.catalogs_function WHERE volatility <> 's' OR is_variadic OR description IS NULL$$,
    'all may be called by GET, and are described');
-- Hasura takes all names of arguments for inputs, so there are no others. It offers a function only where the rows are of a table
-- or a view.
SELECT is_empty($$SELECT f.name FROM public.catalogs_function f JOIN pg_proc p USING (oid) WHERE p.proallargtypes IS NOT NULL
    OR cardinality(p.proargnames) <> p.pronargs$$, 'no argument is an output');
SELECT results_eq($$SELECT name FROM public.catalogs_function WHERE NOT is_set$$, $$VALUES ('reseller_and_companies')$$,
    'all but the page return rows');
SELECT is_empty($$SELECT name FROM public.catalogs_function f WHERE is_set AND (kind <> 'c' OR schema_of_type <> 'api'
    OR EXISTS (SELECT FROM information_schema.tables t WHERE t.table_schema = 'api' AND t.table_name = f.row_type))$$,
    'of types in the same schema that are no tables');

-- Views: their columns, in order, and what may be done to them.
SELECT is_empty($$
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'api' AND c.relkind IN ('v', 'r', 'm', 'f', 'p') AND (c.relkind <> 'v'
        OR pg_relation_is_updatable(c.oid, true) <> 0 OR NOT has_table_privilege(c.oid, 'SELECT')
        OR has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
        OR obj_description(c.oid, 'pg_class') IS NULL)$$, 'all are views that may be read and not written, and are described');
SELECT is_empty($$SELECT table_name FROM information_schema.views WHERE table_schema = 'api'
    AND (is_updatable, is_insertable_into, is_trigger_updatable) <> ('NO', 'NO', 'NO')$$, 'also as the standard asks');
SELECT is_empty($$SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'api' AND is_updatable <> 'NO'$$, 'column by column');
SELECT results_eq($$
    SELECT column_name::text COLLATE "default", data_type::text COLLATE "default", numeric_scale::int
    FROM information_schema.columns WHERE table_schema = 'api' AND table_name = 'daily_usage' ORDER BY ordinal_position$$, $$VALUES
    ('reseller_id', 'bigint', 0), ('company_id', 'bigint', 0), ('company_name', 'text', NULL), ('service', 'text', NULL),
    ('item', 'text', NULL), ('day', 'date', NULL), ('bucket', 'timestamp with time zone', NULL), ('events', 'bigint', 0),
    ('delivered', 'bigint', 0), ('seconds', 'bigint', 0), ('price_to_twin', 'numeric', 6), ('price_to_reseller', 'numeric', 6)$$,
    'columns have plain types');
SELECT is_empty($$
    SELECT c.oid::regclass, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace IN ('api'::regnamespace, 'reseller_report'::regnamespace) AND c.relkind = 'v' AND a.attnum > 0
        AND has_table_privilege('public', c.oid, 'SELECT') AND col_description(c.oid, a.attnum) IS NULL$$,
    'each column says what it is, and its unit where it has one');
SELECT isnt_empty($$SELECT FROM pg_class WHERE relnamespace = 'reseller_report'::regnamespace AND relkind = 'v'
    AND has_table_privilege('public', oid, 'SELECT')$$, 'of the views that PUBLIC may read');
SELECT is_empty($$SELECT FROM pg_constraint WHERE connamespace = 'api'::regnamespace$$, 'there is no key');
-- Comments can give keys: each view has columns by which its rows differ.
SELECT is_empty(format('SELECT %2$s FROM api.%1$I GROUP BY %2$s HAVING count(*) > 1 OR num_nulls(%2$s) > 0', v, k),
    v || ' by ' || k)
FROM (VALUES ('resellers', 'reseller_id'), ('reseller_companies', 'reseller_id, company_id'),
    ('quarter_hourly_usage', 'reseller_id, company_id, service, item, bucket'),
    ('hourly_usage', 'reseller_id, company_id, service, item, bucket'),
    ('daily_usage', 'reseller_id, company_id, service, item, day'),
    ('monthly_usage', 'reseller_id, company_id, service, item, month'), ('statements', 'id')) t (v, k);

-- A call of PostgREST, of its version 12, with the parameters as JSON; filters, order and pages around it.
PREPARE postgrest(json) AS
    WITH pgrst_source AS (
        SELECT pgrst_call.* FROM (SELECT $1 AS json_data) pgrst_payload,
            LATERAL (SELECT reseller_id, period_from, period_to, only_service FROM json_to_record(pgrst_payload.json_data)
                AS _(reseller_id bigint, period_from timestamptz, period_to timestamptz, only_service text) LIMIT 1) pgrst_body,
            LATERAL api.usage(reseller_id := pgrst_body.reseller_id, period_from := pgrst_body.period_from,
                period_to := pgrst_body.period_to, only_service := pgrst_body.only_service) pgrst_call)
    SELECT pg_catalog.count(t) AS page_total, coalesce(json_agg(t), '[]') AS body
    FROM (SELECT api_usage.company_id, api_usage.item, api_usage.price_to_twin FROM pgrst_source api_usage
        WHERE api_usage.events > '0' ORDER BY api_usage.price_to_twin DESC, api_usage.company_id LIMIT 5 OFFSET 1) t;
CREATE TABLE public.catalogs_said AS EXECUTE postgrest(
    '{"reseller_id":"1","period_from":"2024-02-01T00:00:00+03:00","period_to":"2024-04-01T00:00:00+03:00","only_service":"chat"}');
SELECT is((SELECT body::text FROM public.catalogs_said), (SELECT json_agg(t)::text FROM (SELECT company_id, item, price_to_twin
    FROM reseller_report.usage(1, '2024-02-01 00:00+03', '2024-04-01 00:00+03', 'chat')
    ORDER BY price_to_twin DESC, company_id LIMIT 5 OFFSET 1) t), 'a call of PostgREST');
-- A read of PostgREST, and the aggregates of its version 12.
SELECT results_eq($$
    WITH pgrst_source AS (SELECT "api"."daily_usage"."day", sum("api"."daily_usage"."events") AS "sum" FROM "api"."daily_usage"
        WHERE "api"."daily_usage"."reseller_id" = '1' AND "api"."daily_usage"."day" >= '2024-03-01'
        GROUP BY "api"."daily_usage"."day" ORDER BY "api"."daily_usage"."day" DESC LIMIT 3 OFFSET 0)
    SELECT json_agg(_postgrest_t)::text FROM pgrst_source _postgrest_t$$, $$
    SELECT json_agg(t)::text FROM (SELECT day, sum(events) FROM reseller_report.daily_usage
        WHERE reseller_id = 1 AND day >= '2024-03-01' GROUP BY day ORDER BY day DESC LIMIT 3) t$$, 'a read of PostgREST');
-- A read of Hasura: a row as JSON, its numbers as strings where it is told to.
SELECT results_eq($$
    SELECT coalesce(json_agg("root"), '[]')::jsonb AS "root" FROM (
        SELECT row_to_json((SELECT "_e" FROM (SELECT "_root.base"."company_id"::text AS "company_id",
            "_root.base"."price_to_twin"::text AS "price_to_twin") AS "_e")) AS "root"
        FROM (SELECT * FROM "api"."monthly_usage" WHERE (("monthly_usage"."reseller_id") = (('1')::bigint))
            ORDER BY "bucket" ASC NULLS LAST, company_id, item LIMIT 4) AS "_root.base") AS "_root"$$, $$
    SELECT json_agg(t)::jsonb FROM (SELECT company_id::text, price_to_twin::text FROM reseller_report.monthly_usage
        WHERE reseller_id = 1 ORDER BY bucket, company_id, item LIMIT 4) t$$, 'a read of Hasura');
RESET ROLE;
REVOKE ALL ON SCHEMA public FROM catalogs_web;
DROP OWNED BY catalogs_web;
DROP ROLE catalogs_web;
SELECT * FROM finish();
