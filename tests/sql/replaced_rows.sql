-- Rows of summaries that are replaced while an older snapshot is held: it sees them still, and later ones see what came instead.
SELECT no_plan();
SELECT setseed(0.31) \g /dev/null
SET client_min_messages = error;
CREATE EXTENSION dblink;
SELECT random_usage.companies() \g /dev/null
SELECT dblink_connect('older', format('host=%s port=%s dbname=%s user=%s', current_setting('unix_socket_directories'),
    current_setting('port'), current_database(), current_user)) \g /dev/null
-- Each in a transaction of its own: usage that is folded, ROUNDS times.
\set work '{SELECT random_usage.events(20),SELECT reseller_report.fold()}'
\set folds 'SELECT w FROM generate_series(1, :rounds), unnest(:\'work\'::text[]) w'
\set reports 'SELECT string_agg(u::text, \' \' ORDER BY u::text) AS r FROM generate_series(1, 3) r, '
\set reports :reports 'reseller_report.usage(r, \'-infinity\', \'infinity\') u'
CREATE FUNCTION pg_temp.right(title text) RETURNS text LANGUAGE sql AS $$
    SELECT is_empty('SELECT * FROM oracle.compare(20, ''2024-01-01'', ''200 days'')', title)
$$;
CREATE FUNCTION pg_temp.older(reports text) RETURNS text LANGUAGE sql AS $$
    SELECT r FROM dblink('older', reports) AS t (r text)
$$;
\set rounds 12
\o /dev/null
:folds \gexec
SELECT reseller_report.materialize();
:folds \gexec
\o
SELECT pg_temp.right('runs and levels');
SELECT dblink_exec('older', 'BEGIN ISOLATION LEVEL REPEATABLE READ') \g /dev/null
:reports \gset now_
SELECT is(pg_temp.older(:'reports'), :'now_r', 'two snapshots see the same');

-- Who reads rows first marks those that are deleted, and may pass over them later.
\o /dev/null
SELECT reseller_report.materialize();
\o
SELECT pg_temp.right('merged');
SELECT pg_temp.right('merged, read again');
SELECT is(pg_temp.older(:'reports'), :'now_r', 'the older snapshot sees what it saw');
SELECT is(pg_temp.older(:'reports'), :'now_r', 'and sees it again');
\set rounds 3
\o /dev/null
:folds \gexec
SELECT reseller_report.materialize();
:folds \gexec
SELECT reseller_report.materialize();
SELECT random_usage.companies_moved();
SELECT reseller_report.materialize();
VACUUM;
\o
SELECT cmp_ok((SELECT sum(n_dead_tup) FROM pg_stat_user_tables WHERE schemaname = 'reseller_report'), '>', 100::numeric,
    'rows are dead');
SELECT pg_temp.right('rows were replaced several times');
SELECT pg_temp.right('and are read again');
SELECT is(pg_temp.older(:'reports'), :'now_r', 'the older snapshot sees what it saw before all that');
SELECT dblink_exec('older', 'COMMIT') \g /dev/null
VACUUM;
SELECT pg_temp.right('the dead are removed');
SELECT * FROM finish();
