-- Run by reference.sh, which gives the text of docs/reference.md as :page and that of docs/internals.md as :internals.
SELECT plan(6);

CREATE TABLE line AS SELECT n, text FROM string_to_table(:'page', E'\n') WITH ORDINALITY AS t (text, n);
CREATE TABLE line_of_internals AS SELECT string_to_table(:'internals', E'\n') AS text;
-- A heading and the lines under it, as far as the next heading that is no deeper.
CREATE VIEW section AS
    SELECT h.n, ltrim(h.text, '# ') AS title, l.text
    FROM line h JOIN line l ON l.n > h.n
    WHERE h.text ~ '^##+ ' AND NOT EXISTS (
        SELECT FROM line o
        WHERE o.n > h.n AND o.n <= l.n AND o.text ~ '^#+ ' AND position(' ' IN o.text) <= position(' ' IN h.text));

-- The reports are told of together; two of them share a section of their own.
CREATE VIEW routine AS
    SELECT p.oid, p.proname AS name,
        CASE WHEN p.proname IN ('text_messaging', 'chat', 'telephony_outgoing', 'telephony_incoming', 'bot')
            THEN 'Reports' ELSE p.proname END AS title
    FROM pg_proc p WHERE p.pronamespace = 'reseller_report'::regnamespace AND NOT starts_with(p.proname, '_');
CREATE FUNCTION cells(name text, type text) RETURNS text LANGUAGE sql AS $$
    SELECT format('| `%s` | %s |', name, replace(type, 'timestamp with time zone', 'timestamptz'))
$$;
CREATE VIEW argument AS
    SELECT r.title, a.name, a.mode, cells(a.name, format_type(a.type, NULL)) AS cells,
        coalesce(regexp_replace(pg_get_function_arg_default(r.oid, a.n::integer), '::.*', ''), '') AS usual
    FROM routine r JOIN pg_proc p ON p.oid = r.oid,
        unnest(p.proargnames, coalesce(p.proargmodes, array_fill('i'::"char", ARRAY[p.pronargs])),
            coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY AS a (name, mode, type, n);

SELECT is_empty($$
    SELECT r.name FROM routine r
    WHERE NOT EXISTS (SELECT FROM section s WHERE s.title = r.title OR s.title ~ format('\m%s\M', r.name)) $$,
    'every function and procedure has a section');
-- Functions of one name share a section, which has the default of any of them.
SELECT is_empty($$
    SELECT a.title, a.cells, array_agg(a.usual) FROM argument a WHERE a.mode IN ('i', 'b') GROUP BY a.title, a.cells
    HAVING NOT EXISTS (SELECT FROM section s WHERE s.title = a.title AND starts_with(s.text, a.cells)
        AND trim(regexp_replace(s.text, '^.*\| ([^|]*)\|$', '\1')) = ANY (array_agg(a.usual))) $$,
    'every argument is there with its type and default');
SELECT is_empty($$
    SELECT s.title, s.text FROM section s JOIN line h ON h.n = s.n AND h.text ~ '^### '
    WHERE s.title IN (SELECT title FROM argument) AND s.title NOT IN ('create_usage_tables', 'attach_source')
        AND s.text ~ '^\| `\w+` \|.*\|.*\|.*\|$'
        AND NOT EXISTS (SELECT FROM argument a WHERE a.title = s.title AND starts_with(s.text, a.cells)) $$,
    'no argument is there that the function does not have');
SELECT is_empty($$
    SELECT a.title, a.name FROM argument a
    WHERE a.mode IN ('t', 'o')
        AND NOT EXISTS (SELECT FROM section s WHERE s.title = a.title AND s.text ~ format('\m%s\M', a.name)) $$,
    'every column of a result is there');
SELECT is_empty($$
    SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'reseller_report'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
        AND (c.relkind = 'v' AND NOT starts_with(c.relname, '_') OR c.relname IN ('company', 'dependency'))
        AND NOT EXISTS (SELECT FROM section s
            WHERE s.title = c.relname AND starts_with(s.text, cells(a.attname, format_type(a.atttypid, a.atttypmod)))) $$,
    'the tables that users fill, and the views, have sections with their columns');
SELECT is_empty($$
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'reseller_report'::regnamespace AND c.relkind = 'r'
        AND NOT EXISTS (SELECT FROM line_of_internals l WHERE l.text ~ format('^\|.*`%s`.*\|', c.relname)) $$,
    'docs/internals.md tells of every table');
