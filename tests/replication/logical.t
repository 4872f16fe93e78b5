#!/usr/bin/env perl
# Logical replication: a subscriber that captures and folds for itself, with the dependencies replicated or its own; and one that
# gets all that the publisher made of its usage, and folds nothing. On either the reports equal the oracle on what has been applied.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../daemon";
use Daemon;
use File::Temp;
use Test::More;

my $dir = Daemon::start_cluster('wal_level=logical', 'max_wal_senders=20', 'max_replication_slots=20', 'max_worker_processes=20',
    'max_logical_replication_workers=10', 'max_sync_workers_per_subscription=6', 'logical_decoding_work_mem=64kB',
    'wal_retrieve_retry_interval=100ms',
    'max_prepared_transactions=10');
Daemon::make_database('template_of_all');
sub make { Daemon::sql_in('postgres', "CREATE DATABASE $_ TEMPLATE reseller_report_test") for @_ }
sub on { return Daemon::sql_in(@_) }

my @usage = map { "usage.$_" } qw(text_message chat_message phone_call bot_message);

# In one cluster the slot is made apart: CREATE SUBSCRIPTION would wait for itself.
sub subscribe {
    my ($subscriber, $publisher, $options) = @_;
    my $two_phase = $options =~ /two_phase/ ? 'true' : 'false';
    on($publisher, "SELECT pg_create_logical_replication_slot('$subscriber', 'pgoutput', false, $two_phase)");
    on($subscriber, "CREATE SUBSCRIPTION $subscriber CONNECTION 'host=$dir dbname=$publisher user=postgres' PUBLICATION $publisher
        WITH (create_slot = false, streaming = on$options)");
    ready($subscriber);
}
sub ready {
    my ($subscriber) = @_;
    Daemon::wait_until("$subscriber has the tables", sub {
        on($subscriber, "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'") == 0;
    });
}
sub catch_up {
    my ($subscriber, $publisher) = @_;
    my $lsn = on($publisher, 'SELECT pg_current_wal_insert_lsn()');
    on($publisher, 'SELECT pg_logical_emit_message(true, \'test\', \'a transaction to confirm\')');
    Daemon::wait_until("$subscriber catches up", sub {
        on($publisher, "SELECT confirmed_flush_lsn > '$lsn' FROM pg_replication_slots WHERE slot_name = '$subscriber'") eq 't';
    });
}
sub differences { return on($_[0], "SELECT * FROM oracle.compare(4, '2024-03-01', '100 days')") }
my $all_of_usage = join ' UNION ALL ', map { "SELECT '$_', to_jsonb(t) - 'id' FROM $_ t" } @usage;
my $digest = "SELECT count(*), md5(string_agg(md5(r::text), '' ORDER BY md5(r::text))) FROM ($all_of_usage) r";

# The subscriber has the publisher's rows, reports of them what the oracle says, and goes on to do so when it folds.
sub agrees {
    my ($subscriber, $publisher, $label) = @_;
    catch_up($subscriber, $publisher);
    is(on($subscriber, $digest), on($publisher, $digest), "$label: has been applied");
    is(differences($subscriber), '', "$label: reports equal the oracle");
}
sub agrees_and_folds {
    my ($subscriber, $publisher, $label) = @_;
    agrees($subscriber, $publisher, $label);
    on($subscriber, 'SELECT * FROM reseller_report.materialize()');
    is(differences($subscriber), '', "$label: reports equal the oracle after a fold");
    is(on($subscriber, "SELECT * FROM reseller_report.verify('-infinity', 'infinity')"), '', "$label: summaries equal raw usage");
}
# What a publisher's application does; the transactions of events(300) and changes() are streamed while in progress.
my @work = (
    ['rows inserted, updated and deleted', 'SELECT random_usage.events(300)', 'SELECT random_usage.changes()'],
    ['savepoints and rollbacks', 'BEGIN; SELECT random_usage.events(100); SAVEPOINT a; SELECT random_usage.changes(); SAVEPOINT b;
        DELETE FROM usage.phone_call; ROLLBACK TO b; SELECT random_usage.events(5); RELEASE a; SAVEPOINT c;
        SELECT random_usage.changes();
        ROLLBACK TO c; UPDATE usage.text_message SET delivered_at = now() WHERE delivered_at IS NULL AND company_id < 20; COMMIT',
        'BEGIN; SELECT random_usage.events(300); SELECT random_usage.changes(); ROLLBACK'],
    ['prepared transactions', q(BEGIN; SELECT random_usage.events(50); UPDATE usage.text_message SET delivered_at = now()
            WHERE delivered_at IS NULL AND company_id > 30; PREPARE TRANSACTION 'kept'),
        q(BEGIN; INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (12, '2024-03-01', 1);
            PREPARE TRANSACTION 'undone'),
        q(ROLLBACK PREPARED 'undone'), q(COMMIT PREPARED 'kept')],
    ['TRUNCATE', 'BEGIN; TRUNCATE usage.bot_message, usage.chat_message; SELECT random_usage.events(20); COMMIT'],
);
sub does { my ($publisher, @commands) = @_; on($publisher, $_) for @commands }

# Usage, companies and then dependencies are published, by the names of the tables; the subscriber captures and folds for itself.
make('whole', 'whole_follower');
does('whole', 'SELECT setseed(0.1), random_usage.companies(), random_usage.events(100)', q(SELECT random_usage.changes()),
    'CREATE PUBLICATION whole FOR TABLE ' . join(', ', @usage, 'reseller_report.company') . ' WITH (publish_via_partition_root)');
subscribe('whole_follower', 'whole', '');
agrees_and_folds('whole_follower', 'whole', 'usage and companies copied');
on('whole', 'ALTER PUBLICATION whole ADD TABLE reseller_report.dependency');
on('whole_follower', 'ALTER SUBSCRIPTION whole_follower REFRESH PUBLICATION');
ready('whole_follower');
agrees_and_folds('whole_follower', 'whole', 'dependencies copied after a fold');
for (@work) {
    my ($label, @commands) = @$_;
    does('whole', @commands);
    agrees_and_folds('whole_follower', 'whole', "dependencies replicated, $label");
}
# Companies move, in a transaction with usage of theirs, or as others, over what is folded there, is pending, and is un-built.
does('whole', 'BEGIN; SELECT random_usage.companies_moved(); SELECT random_usage.events(20); SELECT random_usage.companies_moved();
    COMMIT',
    'UPDATE reseller_report.dependency SET reseller_id = 1 + company_id % 3 WHERE company_id % 2 = 0',
    'DELETE FROM reseller_report.dependency WHERE company_id % 5 = 0',
    'INSERT INTO reseller_report.dependency SELECT 2, n FROM generate_series(11, 40) n WHERE n % 5 = 0',
    q(BEGIN; SELECT random_usage.companies_moved(); ROLLBACK));
agrees_and_folds('whole_follower', 'whole', 'companies moved');
is(on('whole_follower', 'SELECT count(*) FROM reseller_report.dependency'),
    on('whole', 'SELECT count(*) FROM reseller_report.dependency'), 'all dependencies are there');
# Rows that get a partition of their own on the publisher stay where they are on the subscriber.
does('whole', 'SELECT random_usage.events(20)', "SET work_mem = '64kB'; SELECT reseller_report.create_partitions('1 month')",
    'SELECT random_usage.changes()');
agrees_and_folds('whole_follower', 'whole', 'rows moved to partitions');
# Behind the subscriber's own horizon figures move by what it has kept.
does('whole', q(INSERT INTO usage.phone_call (company_id, direction, occurred_at, duration_seconds, price_twin)
    SELECT 11 + n % 30, 'outgoing', '2020-01-01 00:00+00'::timestamptz + n * interval '7 minutes', n, 1
        FROM generate_series(1, 900) n));
catch_up('whole_follower', 'whole');
on('whole_follower', $_) for q(SELECT * FROM reseller_report.create_partitions('1 month', 'usage.phone_call')),
    'SELECT * FROM reseller_report.materialize()',
    q(SELECT reseller_report.rebuild_slice('usage.phone_call', '-infinity', 'infinity')),
    q(SELECT * FROM reseller_report.prune('usage.phone_call', '2020-02-01 00:00+00'));
does('whole', 'SELECT random_usage.companies_moved()',
    'UPDATE reseller_report.dependency SET reseller_id = 1 + (reseller_id + 1) % 3 WHERE company_id < 25');
catch_up('whole_follower', 'whole');
my $pruned = q(SELECT r, id, name, calls, total_duration_seconds, total_price_to_twin
    FROM generate_series(1, 3) r, reseller_report.telephony_outgoing(r, '2020-01-01', '2020-02-01') ORDER BY 1, 2);
is(on('whole_follower', $pruned), on('whole', $pruned), 'companies moved before the horizon of the subscriber');
on('whole_follower', 'SELECT * FROM reseller_report.materialize()');
is(on('whole_follower', $pruned), on('whole', $pruned), 'and after a fold');

# Usage alone, from a database without the extension, by the names of partitions, in two phases.
make('bare', 'bare_follower');
does('bare', 'SET client_min_messages = warning; DROP EXTENSION reseller_report CASCADE',
    'CREATE OR REPLACE FUNCTION random_usage.companies_moved() RETURNS void LANGUAGE sql AS $$$$',
    'SELECT setseed(0.2), random_usage.events(100)', 'SELECT random_usage.changes()',
    'CREATE PUBLICATION bare FOR TABLE ' . join(', ', @usage));
on('bare_follower', 'SELECT setseed(0.3), random_usage.companies()');
subscribe('bare_follower', 'bare', ', two_phase = true');
agrees_and_folds('bare_follower', 'bare', 'usage alone, copied');
for (@work) {
    my ($label, @commands) = @$_;
    does('bare', @commands);
    on('bare_follower', 'SELECT random_usage.companies_moved()');
    agrees_and_folds('bare_follower', 'bare', "usage alone, $label");
}
does('bare', 'TRUNCATE usage.phone_call_default');
agrees_and_folds('bare_follower', 'bare', 'usage alone, TRUNCATE of a partition');
# What is prepared is prepared there, and is nobody's figure until it is committed.
does('bare', $work[2][1]);
agrees('bare_follower', 'bare', 'prepared on both sides');
is(on('bare_follower', q(SELECT count(*) FROM pg_prepared_xacts WHERE database = 'bare_follower')), 1, 'it is prepared there');
does('bare', q(COMMIT PREPARED 'kept'));
agrees_and_folds('bare_follower', 'bare', 'committed in two phases');

# Everything is published but the lease, which is each database's own: usage, and what the publisher makes of it. The subscriber was
# loaded with the schema, is told so by pre_restore, and folds nothing.
make('main');
does('main', 'SELECT setseed(0.4), random_usage.companies(), random_usage.events(100)',
    'SELECT * FROM reseller_report.materialize(150)',
    "SELECT reseller_report.create_partitions('1 month')", 'SELECT random_usage.events(30)',
    "SELECT reseller_report.issue_statement(1, '2024-02-01 00:00+00', '2024-03-01 00:00+00')");
my $published = on('main', q(SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_class c
    WHERE c.relnamespace IN ('usage'::regnamespace, 'reseller_report'::regnamespace)
    AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'lease'));
my $schema = File::Temp->new;
Daemon::run('pg_dump', '--schema-only', '-f', $schema->filename, 'main');
on('postgres', 'CREATE DATABASE mirror TEMPLATE template0');
Daemon::run('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', 'mirror', '-f', $schema->filename);
on('main', "CREATE PUBLICATION main FOR TABLE $published");
on('mirror', 'SELECT reseller_report.pre_restore()');
subscribe('mirror', 'main', '');
my $state = "SELECT (SELECT count(*) FROM reseller_report.usage_delta), (SELECT count(*) FROM reseller_report.usage_quarter),
    (SELECT count(*) FROM reseller_report.usage_run), (SELECT count(*) FROM reseller_report.usage_packed),
    (SELECT count(*) FROM reseller_report.source_built), (SELECT count(*) FROM reseller_report.source_unbuilt),
    (SELECT count(*) FROM reseller_report.dependency), (SELECT array_agg(s ORDER BY id) FROM reseller_report.statements s),
    (SELECT count(*) FROM reseller_report.statement_lines), (SELECT count(*) FROM reseller_report.verify_statements())";
for ([ 'copied' ], @work[0 .. 2], ['a fold', 'SELECT * FROM reseller_report.materialize(100)'],
    ['companies moved', 'SELECT random_usage.companies_moved()'], $work[3],
    ['statements', q(SELECT reseller_report.issue_statement(1, '2024-03-01 00:00+00', '2024-04-01 00:00+00')),
        q(SELECT reseller_report.withdraw_statement(1, 'a test'))],
    ['a rebuild', q(SELECT reseller_report.rebuild_slice(source, '-infinity', 'infinity') FROM reseller_report.sources()),
        'SELECT random_usage.changes()']) {
    my ($label, @commands) = @$_;
    does('main', @commands);
    agrees('mirror', 'main', "everything replicated, $label");
    is(on('mirror', $state), on('main', $state), "everything replicated, $label: nothing more and nothing less is counted there");
}
is(on('mirror', 'SELECT count(*) FROM reseller_report.sources() WHERE is_built'), 4,
    'the mirror answers from the summaries that it got');
# The mirror takes over.
on('mirror', 'DROP SUBSCRIPTION mirror');
on('mirror', 'SELECT reseller_report.post_restore()');
does('mirror', 'SELECT random_usage.events(20)', 'SELECT random_usage.changes()');
is(differences('mirror'), '', 'taken over: reports equal the oracle');
is(on('mirror', q(SELECT reseller_report.issue_statement(1, '2024-02-01 00:00+00', '2024-03-01 00:00+00'))), 3,
    'taken over: the next statement');
is(on('mirror', 'SELECT count(*) FROM reseller_report.verify_statements(), reseller_report.open_corrections(1)'), 0,
    'taken over: statements are whole, and nothing is open');
on('mirror', 'SELECT * FROM reseller_report.materialize()');
is(differences('mirror'), '', 'taken over: reports equal the oracle after a fold');
is(on('mirror', "SELECT * FROM reseller_report.verify('-infinity', 'infinity')"), '', 'taken over: summaries equal raw usage');

is(on('postgres', q(SELECT string_agg(slot_name, ' ' ORDER BY slot_name) FROM pg_stat_replication_slots WHERE stream_txns > 0)),
    'bare_follower whole_follower',
    'transactions were streamed while in progress');

done_testing;
