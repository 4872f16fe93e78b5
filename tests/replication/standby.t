#!/usr/bin/env perl
# A hot standby answers every report exactly while the primary writes, folds, builds, prunes and moves companies, whoever gives way
# to whom; what writes is refused there; and a promotion in the midst of a fold loses nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../daemon";
use Daemon;
use File::Temp qw(tempdir);
use Test::More;

# Replay never cancels a report: it waits, or with feedback the primary keeps what the report needs.
my $primary = Daemon::start_cluster('wal_level=replica', 'max_wal_senders=5', 'max_prepared_transactions=5',
    'max_standby_streaming_delay=-1');
Daemon::make_database('standby');
Daemon::sql(q{
    SELECT setseed(0.5), random_usage.companies(), random_usage.events(150);
    CREATE ROLE reader;
    GRANT USAGE ON SCHEMA usage, reseller_report, oracle, random_usage TO reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA usage TO reader;
    GRANT SELECT ON reseller_report.company, reseller_report.dependency TO reader;
    SELECT reseller_report.grant_access('reader', n) FROM generate_series(1, 3) n;
    SELECT reseller_report.issue_statement(1, '2024-02-01 00:00+00', '2024-04-01 00:00+00');
    CREATE ROLE stranger;
    CREATE TABLE spare (company_id bigint, occurred_at timestamptz)});
my $standby = tempdir('/tmp/reseller_materializer_test.XXXXXX', CLEANUP => 1);
chown((getpwnam('postgres'))[2, 3], $standby) if $> == 0;
Daemon::as_server('pg_basebackup', '-h', $primary, '-U', 'postgres', '-D', "$standby/data", '-R', '-c', 'fast', '--no-sync') == 0
    or die 'no base backup';
Daemon::as_server('sh', '-c', "echo \"unix_socket_directories = '$standby'\" >>$standby/data/postgresql.conf");
Daemon::pg_ctl($standby, 'start');
END { local $?; Daemon::pg_ctl($standby, '-m', 'immediate', 'stop') if defined $standby }

# Runs CODE with the standby as the server.
sub there {
    my ($code) = @_;
    local $ENV{PGHOST} = $standby;
    return $code->();
}
sub replayed { my $lsn = shift; return there(sub { Daemon::sql("SELECT pg_last_wal_replay_lsn() >= '$lsn'") eq 't' }) }

# All of it at once on the primary: usage of nobody's company fills a month of long ago, which is split off, built and pruned.
my $instance = Daemon::start(with => ['--schedule', '@every 1s', '--max-deltas', '50', '--housekeeping-schedule', '@every 1s',
    '--dsn', "host=$primary,$standby port=5432,5432 dbname=standby target_session_attrs=read-write"]);
Daemon::wait_until('it leads', sub { Daemon::leading() });
my @writers = Daemon::start_writers(1);
push @writers, Daemon::start_loop(sub {
    my ($round) = @_;
    my $month = "'2010-01-01 00:00+00'::timestamptz + interval '$round months'";
    return "INSERT INTO usage.bot_message (company_id, occurred_at) SELECT 5000, $month + n * interval '1 hour'
        FROM generate_series(1, 50) n",
        "SELECT * FROM reseller_report.create_partitions('1 month', 'usage.bot_message')",
        "SELECT * FROM reseller_report.materialize(30)",
        "SELECT reseller_report.rebuild_slice('usage.phone_call', d, d + interval '1 day')
            FROM date_trunc('day', random_usage.moment(), 'UTC') d",
        $round % 3 == 0 ? 'TRUNCATE usage.chat_message_default'
            : "SELECT reseller_report.rebuild_slice('usage.chat_message', '-infinity', 'infinity')",
        "SELECT * FROM reseller_report.prune('usage.bot_message', $month + interval '1 month')";
});

# The oracle must find rows where its snapshot has them, also when they were moved to another partition since.
my $look_everywhere = 'SET enable_partition_pruning = off; SET constraint_exclusion = off; ';
my $turns = 'SELECT turn FROM reseller_report.lease';
for my $feedback ('off', 'on') {
    there(sub { Daemon::sql_in('standby', $_) for "ALTER SYSTEM SET hot_standby_feedback = $feedback", 'SELECT pg_reload_conf()' });
    my ($rounds, $differences, $before) = (0, '', there(sub { Daemon::sql($turns) }));
    # As a role that may read these reports, and nothing else of the extension's.
    Daemon::wait_until("reports beside folds, hot_standby_feedback $feedback", sub {
        $differences .= there(sub {
            Daemon::sql($look_everywhere . 'SET ROLE reader; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
            SELECT * FROM oracle.compare(4, \'2024-03-01\', \'100 days\'); COMMIT') });
        return $differences ne '' || ++$rounds >= 6 && there(sub { Daemon::sql($turns) }) > $before + 20;
    });
    is($differences, '',
        "a standby's reports equal the oracle in one snapshot, $rounds times beside folds, hot_standby_feedback $feedback");
}
is(Daemon::sql($look_everywhere . 'SET ROLE reader; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SELECT * FROM oracle.compare(4, \'2024-03-01\', \'100 days\');
    SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND (locktype = \'transactionid\' OR locktype = \'relation\'
        AND mode <> \'AccessShareLock\');
    SELECT pg_current_xact_id_if_assigned() IS NULL; COMMIT'), "0\nt",
    'a read-only transaction on the primary, too; reports take no lock but AccessShare, and no transaction id');
Daemon::stop_writers(@writers);
my $pruned = Daemon::sql(q(SELECT horizon > '2010-02-01' FROM reseller_report.sources()
    WHERE source = 'usage.bot_message'::regclass));
is($pruned, 't', 'usage was pruned meanwhile');

# A fold is open, usage is prepared, and more waits to be folded, when the primary is lost.
my $folding = Daemon::hold_open("UPDATE reseller_report.lease SET turn = turn;
\\! psql -X -q -o /dev/null -c 'SELECT random_usage.events(30)'
SELECT * FROM reseller_report.materialize()");
Daemon::sql(q(BEGIN; SELECT random_usage.events(20); UPDATE usage.phone_call SET duration_seconds = duration_seconds + 1;
    PREPARE TRANSACTION 'usage'));
Daemon::sql('SELECT random_usage.events(20)');
my $lsn = Daemon::sql('SELECT pg_current_wal_insert_lsn()');
Daemon::wait_until('the standby has all that', sub { replayed($lsn) });

# What else a standby can be asked in such a moment, and what it cannot.
sub answer {
    my ($sql) = @_;
    my ($status, $out, $errors) =
        there(sub { Daemon::run('psql', '-X', '-q', '-A', '-t', '-v', 'VERBOSITY=sqlstate', '-c', $sql) });
    return $status == 0 ? 'answers' : $errors =~ /(?:ERROR|FATAL):\s+(\w+)/ ? $1 : $errors;
}
is(answer("SELECT * FROM reseller_report.$_"), 'answers', "on a standby $_ answers") for 'sources()', 'health()',
    'materializer_state',
    q(prunable('usage.bot_message', '2030-01-01 00:00+00')), q(rebuild_slices('usage.text_message', '-infinity', 'infinity')),
    q(verify('-infinity', 'infinity')), 'open_corrections(1)', 'verify_statements()', 'statements', 'statement_lines',
    q(counted_as('usage.text_message', '{}'));
is(answer(q(SELECT reseller_report.issue_statement(1, '2024-01-01 00:00+00', '2024-01-02 00:00+00'))), '25006',
    'statements are not issued on a standby');
is(answer("SET ROLE stranger; SELECT * FROM reseller_report.chat(1, '-infinity', 'infinity')"), '42501',
    'access is checked on a standby');
my $mapping = '{"billable": {"value": true}, "price_twin": {"value": 0}, "price_reseller": {"value": 0}}';
is(answer($_), '25006', "on a standby $_ is refused as read-only") for
    q(SELECT reseller_report.create_usage_tables('other')),
    "SELECT reseller_report.attach_source('bot', 'spare', '$mapping')",
    q(SELECT reseller_report.detach_source('usage.bot_message')),
    q(SELECT reseller_report.move_company(11, 1, '2024-03-01 00:00+00')),
    q(SELECT reseller_report.grant_access('reader', NULL)), q(SELECT reseller_report.revoke_access('reader', 1)),
    q(SELECT * FROM reseller_report.materialize()), q(CALL reseller_report.rebuild('usage.chat_message')),
    q(SELECT reseller_report.rebuild_slice('usage.chat_message', '2024-03-01 00:00+00', '2024-03-02 00:00+00')),
    q(SELECT * FROM reseller_report.create_partitions('2 years')),
    q(SELECT * FROM reseller_report.create_partitions('2 years', 'usage.chat_message')),
    q(SELECT * FROM reseller_report.prune('usage.bot_message', '2030-01-01 00:00+00')),
    'SELECT reseller_report.post_restore()';

# The fold is undone whole, and what was prepared is committed there.
Daemon::pg_ctl($primary, '-m', 'immediate', 'stop');
$folding->();
Daemon::pg_ctl($standby, 'promote');
$ENV{PGHOST} = $standby;
Daemon::wait_until('it leads there', sub { Daemon::leading() == $instance->pid });
pass('an instance that names both servers follows');
Daemon::sql(q(COMMIT PREPARED 'usage'));
Daemon::settles('promoted in the midst of a fold');
$instance->signal('TERM');
is($instance->status_after(5), 0, 'SIGTERM ends it with 0');
done_testing;
