#!/usr/bin/env perl
# With PostgreSQL 17 and later, the slots of a publisher are there after a failover to its standby: it dies while it is written to,
# and what its standby has goes on. With 16 and later, large transactions are applied while they are in progress.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../daemon";
use Daemon;
use Nodes;
use Test::More;

my ($major) = `\${PG_CONFIG:-pg_config} --version` =~ /(\d+)/;
plan skip_all => 'needs PostgreSQL 16' if $major < 16;
# PostgreSQL 18.6 can stand still with parallel: docs/replication.md says why.
my $streaming = $major == 18 ? 'on' : 'parallel';

my $publisher = Nodes::start('logical_decoding_work_mem=64kB');
my $reporter = Nodes::start();
sub there { return Nodes::on($publisher, @_) }
sub here { return Nodes::on($reporter, @_) }
here('SELECT setseed(0.3), random_usage.companies()');
sub arrives {
    my ($label) = @_;
    my $lsn = there('SELECT pg_current_wal_insert_lsn()');
    is(here("SELECT reseller_report.wait_until('chats', '$lsn')"), 't', "$label: all is here");
    my $digest = 'SELECT count(*), sum(hashtextextended(m::text, 0)) FROM usage.chat_message m';
    is(here($digest), there($digest), "$label: it is what the publisher has");
    is(here(q(SELECT * FROM oracle.compare(3, '2024-03-01', '100 days'))), '', "$label: reports equal the oracle");
    here('SELECT * FROM reseller_report.materialize()');
    is(here(q(SELECT * FROM reseller_report.verify('-infinity', 'infinity'))), '', "$label: and so do summaries");
}
my $chat = q(INSERT INTO usage.chat_message (company_id, sender, occurred_at, price_twin)
    SELECT 11 + n %% 20, 'bot', timestamptz '2024-03-01 10:00+00' + n %% 7 * interval '1 hour', 1 FROM generate_series(1, %d) n);

there('CREATE PUBLICATION chats FOR TABLE usage.chat_message WITH (publish_via_partition_root)');
here("CREATE SUBSCRIPTION chats CONNECTION 'host=$publisher dbname=usage user=postgres' PUBLICATION chats
    WITH (streaming = $streaming" . ($major >= 17 ? ', failover = true)' : ')'));
Daemon::wait_until('it is copied', sub { here(q(SELECT bool_and(srsubstate = 'r') FROM pg_subscription_rel)) eq 't' });

# Several large transactions at once, with parts that are rolled back; another stays open beside them, and one is rolled back.
SKIP: {
    skip 'not applied in parallel', 5 if $streaming ne 'parallel';
    local @ENV{qw(PGHOST PGDATABASE)} = ($publisher, 'usage');
    my @large = map { Daemon::hold_open(sprintf($chat, 4000) . '; SAVEPOINT s; ' . sprintf($chat, 1000) . '; ROLLBACK TO s;'
        . sprintf($chat, 500)) } 1 .. 2;
    Daemon::wait_until('it is applied in parallel', sub {
        here(q(SELECT count(*) FROM pg_stat_subscription WHERE leader_pid IS NOT NULL)) > 0;
    });
    pass('a transaction that is in progress is being applied');
    is(here('SELECT count(*) FROM usage.chat_message'), 0, 'nobody sees it yet');
    is(here(q(SELECT coalesce(sum(events), 0) FROM generate_series(1, 3) r,
        reseller_report.totals(r, '-infinity', 'infinity') t)), 0, 'and nobody counts it');
    there(sprintf $chat, 10);
    my $lsn = there('SELECT pg_current_wal_insert_lsn()');
    is(here("SELECT reseller_report.wait_until('chats', '$lsn')"), 't', 'it holds up nothing');
    is(here('SELECT count(*) FROM usage.chat_message'), 10, 'what was committed meanwhile is here');
    $_->() for @large;
}
there('BEGIN; ' . sprintf($chat, 5000) . '; ROLLBACK');
there(sprintf $chat, 5000);
arrives('large transactions');

SKIP: {
    skip 'slots are not synchronized before PostgreSQL 17', 1 if $major < 17;
    there(q(SELECT pg_create_physical_replication_slot('standby')));
    my $standby = Nodes::standby_of($publisher, 'hot_standby_feedback = on', 'sync_replication_slots = on',
        q(primary_slot_name = 'standby'));
    Nodes::on($standby, "ALTER SYSTEM SET primary_conninfo = 'host=$publisher user=postgres dbname=usage'");
    Nodes::on($standby, 'SELECT pg_reload_conf()');
    # No subscriber gets what the standby does not have yet.
    there(q(ALTER SYSTEM SET synchronized_standby_slots = 'standby'));
    there('SELECT pg_reload_conf()');
    my $writer = do {
        local @ENV{qw(PGHOST PGDATABASE)} = ($publisher, 'usage');
        Daemon::start_loop(sub { sprintf $chat, $_[0] % 10 ? 3 : 300 });
    };
    Daemon::wait_until('the slot is there', sub {
        Nodes::on($standby, q(SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'chats' AND synced AND NOT temporary));
    });
    my $before = here('SELECT count(*) FROM usage.chat_message');
    Daemon::wait_until('work arrives', sub { here('SELECT count(*) FROM usage.chat_message') > $before + 1000 });
    Nodes::kill_now($publisher);
    Daemon::stop_writers($writer);
    Daemon::pg_ctl($standby, 'promote');
    $publisher = $standby;
    here("ALTER SUBSCRIPTION chats CONNECTION 'host=$standby user=postgres dbname=usage'");
    there(q(ALTER SYSTEM SET synchronized_standby_slots = ''));
    there('SELECT pg_reload_conf()');
    there(sprintf $chat, 7);
    arrives('after a failover that nobody has planned');
}
done_testing;
