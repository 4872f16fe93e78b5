-- Who may read a reseller may do so by every function that reads, and who may not gets 42501 from all of them: by grants of one
-- reseller and of all, through membership, SET ROLE and a SECURITY DEFINER wrapper, and as superuser.
SELECT no_plan();
SET client_min_messages = error;
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'One', true), (2, 'Two', true), (11, 'A',
    false), (12, 'B', false);
INSERT INTO reseller_report.dependency VALUES (1, 11), (2, 12);
SELECT reseller_report.issue_statement(r, '2024-03-01 00:00+00', '2024-04-01 00:00+00') FROM generate_series(1, 2) r \g /dev/null
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2024-03-01 10:05+00', 5), (12,
    '2024-03-01 10:05+00', 7);
CREATE ROLE access_of_one;
CREATE ROLE access_of_all;
CREATE ROLE access_of_none;
CREATE ROLE access_by_membership IN ROLE access_of_one;
CREATE ROLE access_by_set_role NOINHERIT IN ROLE access_of_one;
CREATE ROLE access_of_superuser SUPERUSER;
SELECT reseller_report.grant_access('access_of_one', 1), reseller_report.grant_access('access_of_all', NULL) \g /dev/null

-- Each function that reads, as a query of one number: the money that it shows of bots.
CREATE TABLE pg_temp.reading (name text, query text);
INSERT INTO pg_temp.reading
    SELECT s,
        format('SELECT sum(total_price_to_twin)
        FROM reseller_report.%I(%%s, ''2024-03-01 00:00+00'', ''2024-04-01 00:00+00'')', s)
    FROM unnest(ARRAY['text_messaging', 'chat', 'telephony_outgoing', 'telephony_incoming', 'bot', 'totals']) s
    UNION ALL SELECT s,
        format('SELECT sum(price_to_twin) FROM reseller_report.%I(%%s, ''2024-03-01 00:00+00'', ''2024-04-01 00:00+00'')', s)
    FROM unnest(ARRAY['usage', 'usage_series']) s
    UNION ALL VALUES
    ('usage_events',
        'SELECT sum(price_to_twin)
        FROM reseller_report.usage_events(%1$s, 10 + abs(%1$s), ''bot'', ''2024-03-01 00:00+00'', ''2024-04-01 00:00+00'')'),
    ('reseller_and_companies',
        'SELECT (reseller_report.reseller_and_companies(%s, ''2024-03-01 00:00+00'', ''2024-04-01 00:00+00'', services => ''{bot}'')
        #>> ''{sections,0,totals,3}'')::numeric'),
    ('open_corrections', 'SELECT sum(price_to_twin_difference) FROM reseller_report.open_corrections(%s)'),
    ('verify_statements', 'SELECT 1 + count(*) FROM reseller_report.verify_statements(%s)'),
    ('named_period', 'SELECT count(*) FROM reseller_report.named_period(%s, ''today'')');
-- counted_as is for who may read every reseller: counted_as.sql.
SELECT set_eq('SELECT name FROM pg_temp.reading UNION ALL SELECT ''counted_as''', $$
    SELECT p.proname::text FROM pg_proc p WHERE p.pronamespace = 'reseller_report'::regnamespace AND p.proname !~ '^_'
        AND has_function_privilege('access_of_none', p.oid, 'EXECUTE')$$, 'these are the functions that PUBLIC may call');
SELECT is_empty($$
    SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_temp.reading r ON r.name = p.proname
    WHERE p.pronamespace = 'reseller_report'::regnamespace
        AND (p.provolatile <> 's' OR p.proparallel <> 'r' OR p.prosecdef OR p.proisstrict OR obj_description(p.oid,
            'pg_proc') IS NULL)$$,
    'all are STABLE, PARALLEL RESTRICTED, SECURITY INVOKER, and have a comment');
SELECT is_empty($$
    SELECT p.oid::regprocedure, a.name FROM pg_proc p JOIN pg_temp.reading r ON r.name = p.proname,
        unnest(p.proargnames, p.proargmodes) AS a (name, mode), unnest(p.proargnames, p.proargmodes) AS b (name, mode)
    WHERE p.pronamespace = 'reseller_report'::regnamespace AND a.mode = 'i' AND b.mode = 't' AND a.name = b.name$$,
    'no argument is named like a column of the result');

CREATE FUNCTION pg_temp.tried(role name, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    BEGIN
        EXECUTE query INTO result;
    EXCEPTION WHEN OTHERS THEN
        result := SQLSTATE || ' ' || SQLERRM;
    END;
    RESET ROLE;
    RETURN result;
END
$$;
CREATE FUNCTION pg_temp.expected(name text, reseller bigint) RETURNS text LANGUAGE sql AS $$
    SELECT CASE name WHEN 'named_period' THEN '1' WHEN 'verify_statements' THEN '1' WHEN 'text_messaging' THEN '0.000000'
        WHEN 'chat' THEN '0.000000'
        WHEN 'telephony_outgoing' THEN '0.000000' WHEN 'telephony_incoming' THEN '0.000000'
        ELSE CASE reseller WHEN 1 THEN '5.000000' ELSE '7.000000' END END
$$;
SELECT is(pg_temp.tried(w.role, format(r.query, w.reseller)),
    CASE WHEN NOT w.may_read THEN format('42501 permission denied for reseller %s', w.reseller)
        WHEN w.reseller NOT IN (1, 2) THEN format('22023 company %s is not a reseller', w.reseller)
        ELSE pg_temp.expected(r.name, w.reseller) END, format('%s reads reseller %s by %s', w.role, w.reseller, r.name))
FROM pg_temp.reading r, (
    SELECT role, reseller, CASE WHEN role IN ('access_of_all',
        'access_of_superuser') THEN true WHEN role IN ('access_of_one',
        'access_by_membership') THEN reseller = 1 ELSE false END
    FROM unnest(ARRAY['access_of_one', 'access_of_all', 'access_of_none', 'access_by_membership', 'access_by_set_role',
        'access_of_superuser']) AS role,
        unnest(ARRAY[1, 2, 11, 99, -1]) AS reseller) AS w (role, reseller, may_read);

-- SET ROLE to a granted role, from one that does not inherit.
SET SESSION AUTHORIZATION access_by_set_role;
SET ROLE access_of_one;
SELECT reseller_report.reseller_and_companies(1, '2024-03-01 00:00+00', '2024-04-01 00:00+00',
    services => '{bot}') #>> '{sections,0,totals,3}' AS said \gset
RESET ROLE;
RESET SESSION AUTHORIZATION;
SELECT is(:'said'::text, '5.000000', 'SET ROLE reads for the role');

-- A SECURITY DEFINER wrapper reads with its owner's grants, and with no more.
CREATE SCHEMA access_app;
GRANT ALL ON SCHEMA access_app TO access_of_one;
GRANT USAGE ON SCHEMA access_app TO access_of_none, access_of_all;
SET ROLE access_of_one;
CREATE FUNCTION access_app.money(query text) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    result text;
BEGIN
    EXECUTE query INTO result;
    RETURN result;
END
$$;
RESET ROLE;
SELECT is(pg_temp.tried(role, format('SELECT access_app.money(%L)', format(r.query, 1))), pg_temp.expected(r.name, 1),
    format('%s by the wrapper of a granted role: %s', role, r.name))
FROM pg_temp.reading r, unnest(ARRAY['access_of_none', 'access_of_all']) role;
SELECT is(pg_temp.tried(role, format('SELECT access_app.money(%L)', format(r.query, 2))),
    '42501 permission denied for reseller 2', format('%s by it another reseller: %s', role, r.name))
FROM pg_temp.reading r, unnest(ARRAY['access_of_none', 'access_of_all']) role;
-- A view of the application's own does not delegate its owner's grants: it asks for who reads.
GRANT CREATE ON SCHEMA access_app TO access_of_all;
SET ROLE access_of_all;
CREATE VIEW access_app.everything AS SELECT * FROM reseller_report.totals(2, '2024-03-01 00:00+00', '2024-04-01 00:00+00');
GRANT SELECT ON access_app.everything TO access_of_none;
RESET ROLE;
SELECT is(pg_temp.tried('access_of_none', 'SELECT sum(total_price_to_twin) FROM access_app.everything'),
    '42501 permission denied for reseller 2', 'a view of a granted role');
SELECT is(pg_temp.tried('access_of_all', 'SELECT sum(total_price_to_twin) FROM access_app.everything'), '7.000000',
    'read by who is granted');

-- What was revoked is gone, for all of them.
SELECT reseller_report.revoke_access('access_of_one', 1) \g /dev/null
SELECT is(pg_temp.tried('access_by_membership', format(r.query, 1)), '42501 permission denied for reseller 1',
    'revoked: ' || r.name) FROM pg_temp.reading r;

DROP SCHEMA access_app CASCADE;
DROP ROLE access_of_one, access_of_all, access_of_none, access_by_membership, access_by_set_role, access_of_superuser;
SELECT * FROM finish();
