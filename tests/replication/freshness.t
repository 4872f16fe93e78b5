#!/usr/bin/env perl
# The view freshness and wait_until: what is committed through complete_through is here, in every snapshot; an application reads its
# own write after wait_until, on the subscriber and on its standby; and where replication stands still, the state says why.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../daemon";
use Daemon;
use HTTP::Tiny;
use JSON::PP;
use Nodes;
use Test::More;
use Time::HiRes qw(sleep time);

my $publisher = Nodes::start('track_commit_timestamp=on');
my $reporter = Nodes::start();
sub there { return Nodes::on($publisher, @_) }
sub here { return Nodes::on($reporter, @_) }
# The publisher knows nothing of the extension.
there('SET client_min_messages = warning; DROP EXTENSION reseller_report CASCADE');
there('CREATE PUBLICATION texts FOR TABLE usage.text_message, usage.chat_message WITH (publish_via_partition_root)');
here('SELECT setseed(0.1), random_usage.companies()');

sub state_of { my ($name, $node) = @_; return Nodes::on($node // $reporter,
    "SELECT state FROM reseller_report.freshness WHERE name = '$name'") }
sub comes_to {
    my ($pattern, $label, $name, $node) = @_;
    Daemon::wait_until("$label: $pattern", sub { state_of($name // 'texts', $node) =~ $pattern });
    return pass($label);
}
sub complete_through { return here(q(SELECT complete_through FROM reseller_report.freshness WHERE name = 'texts')) }
sub position { return there('SELECT pg_current_wal_insert_lsn()') }
sub wait_for {
    my ($node, $lsn, $at_most) = @_;
    return Nodes::on($node, "SELECT reseller_report.wait_until('texts', '$lsn', '$at_most')");
}
sub write_text { my ($n) = @_; return there("INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin)
    VALUES (11, 'sms', now(), $n); SELECT pg_current_wal_insert_lsn()") }
# A session of the subscriber that has done SQL and keeps its transaction open; returns what ends it.
sub hold_here { my ($sql) = @_; local @ENV{qw(PGHOST PGDATABASE)} = ($reporter, 'usage'); return Daemon::hold_open($sql) }

# Tables are copied first.
there(q(INSERT INTO usage.chat_message (company_id, sender, occurred_at) VALUES (11, 'bot', now())));
my $release = hold_here('LOCK TABLE usage.chat_message IN SHARE MODE');
here("CREATE SUBSCRIPTION texts CONNECTION 'host=$publisher dbname=usage user=postgres' PUBLICATION texts
    WITH (streaming = on, two_phase = true)");
comes_to(qr/^copying: 1 of 2 tables are here/, 'one table is being copied');
my $written = write_text(1);
is(wait_for($reporter, $written, '300 ms'), 'f', 'nothing is complete while a table is being copied');
is(complete_through(), '', 'and it is not known through when');
$release->();
is(wait_for($reporter, $written, '30 s'), 't', 'complete when it is copied');
comes_to(qr/^streaming$/, 'streaming');
is(here(q(SELECT lag_bytes FROM reseller_report.freshness)), 0, 'nothing waits');

# Writers at work, with transactions that are streamed, prepared and rolled back, a session of each kind.
sub writers {
    local @ENV{qw(PGHOST PGDATABASE)} = ($publisher, 'usage');
    my $insert = q(INSERT INTO usage.chat_message (company_id, sender, occurred_at) SELECT 11 + n % 20, 'user', now()
        FROM generate_series(1, %d) n);
    return (Daemon::start_loop(sub { sprintf $insert, 1 }), Daemon::start_loop(sub { sprintf $insert, 400 }),
        Daemon::start_loop(sub { 'BEGIN; ' . sprintf($insert, 3) . "; PREPARE TRANSACTION 'p$_[0]'",
            ($_[0] % 3 ? 'COMMIT' : 'ROLLBACK') . " PREPARED 'p$_[0]'" }));
}
my @writers = writers();
my ($own, @missed, @samples) = (0);
my $end = time + 6;
while (time < $end) {
    $own++;
    my $lsn = write_text($own);
    my $in_time = wait_for($reporter, $lsn, '30 s');
    push @missed, "$own at $lsn" if $in_time ne 't'
        || here("SELECT count(*) FROM usage.text_message WHERE price_twin = $own") < 1;
    push @samples, here(q(SELECT complete_through, (SELECT max(id) FROM usage.chat_message),
        (SELECT count(*) FROM usage.chat_message) FROM reseller_report.freshness));
}
is("@missed", '', "an application reads its own write at once: $own times");
Daemon::stop_writers(@writers);
# Commit times may be out of order where commits come at once; a tenth of a second is long against that.
my $wrong = 0;
for my $sample (@samples) {
    my ($through, $max, $count) = split /\|/, $sample;
    $wrong++ if $count < there("SELECT count(*) FROM usage.chat_message
        WHERE pg_xact_commit_timestamp(xmin) <= timestamptz '$through' - interval '100 ms'");
}
is($wrong, 0, 'in each of ' . @samples . ' snapshots, all is there that was committed through complete_through');
is(wait_for($reporter, position(), '30 s'), 't', 'at rest');
is(here('SELECT count(*) FROM usage.chat_message'), there('SELECT count(*) FROM usage.chat_message'), 'all is there');
cmp_ok(here(q(SELECT pg_relation_size('reseller_report.applied'))), '<=', 32768,
    'what is noted for each transaction takes no room');
# What is not published moves the position as well: the publisher says that it has sent all.
my $before = complete_through();
there('CREATE TABLE unpublished AS SELECT 1');
is(wait_for($reporter, position(), '30 s'), 't', 'a position after what is not published');
is(complete_through(), $before, 'complete_through is the commit time of what is');

# A heartbeat, as docs/operations.md shows it.
my $page = do { local (@ARGV, $/) = "$Daemon::root/docs/operations.md"; <> };
my ($how) = $page =~ /^(psql -h writer -c 'CREATE TABLE heartbeat .*?)^```/ms;
for my $line (split /\n/, $how) {
    my ($node, $sql) = $line =~ /^psql -h (writer|reports) -c (?:'(.*)'|".*")$/ or die $line;
    Nodes::on($node eq 'writer' ? $publisher : $reporter, $sql // $line =~ s/.*? -c "(.*)"/$1/r);
}
Daemon::wait_until('the heartbeat has its place', sub {
    here("SELECT bool_and(srsubstate = 'r') FROM pg_subscription_rel") eq 't';
});
there(q(UPDATE heartbeat SET at = now()));
is(wait_for($reporter, position(), '30 s'), 't', 'a heartbeat comes');
cmp_ok(complete_through(), 'gt', $before, 'and moves complete_through on');

# A prepared transaction is nobody's figure, and holds up nothing.
there(q(BEGIN; INSERT INTO usage.text_message (company_id, channel, occurred_at) VALUES (12, 'push', now());
    PREPARE TRANSACTION 'kept'));
is(wait_for($reporter, write_text(0), '30 s'), 't', 'a prepared transaction holds up nothing');
is(here(q(SELECT count(*) FROM pg_prepared_xacts)), 1, 'it is prepared here as well');
there(q(COMMIT PREPARED 'kept'));
is(wait_for($reporter, position(), '30 s'), 't', 'committed');
is(here(q(SELECT count(*) FROM usage.text_message WHERE channel = 'push')), 1, 'and here');

# A standby of the subscriber says the same of the subscription, as far as it has got.
my $standby = Nodes::standby_of($reporter, 'hot_standby_feedback = on');
comes_to(qr/^streaming$/, 'a standby streams', 'standby', $standby);
comes_to(qr/^elsewhere: /, 'what it says of the subscription', 'texts', $standby);
@writers = writers();
@missed = ();
for my $n (1 .. 20) {
    push @missed, $n if wait_for($standby, write_text(1000 + $n), '30 s') ne 't'
        || Nodes::on($standby, 'SELECT count(*) FROM usage.text_message WHERE price_twin = ' . (1000 + $n)) != 1;
}
is("@missed", '', 'an application reads its own write there, too');
Daemon::stop_writers(@writers);
here('CREATE TABLE mark ()');
my $mark = here('SELECT pg_current_wal_insert_lsn()');
is(Nodes::on($standby, "SELECT reseller_report.wait_until('standby', '$mark')"), 't', 'the replay of a standby can be waited for');
is(Nodes::on($standby, q(SELECT to_regclass('mark'))), 'mark', 'and what it was waited for is there');
Nodes::on($standby, 'SELECT pg_wal_replay_pause()');
comes_to(qr/^paused: SELECT pg_wal_replay_resume/, 'a replay that is paused', 'standby', $standby);
Daemon::wait_until('it is paused', sub { Nodes::on($standby, 'SELECT pg_get_wal_replay_pause_state()') eq 'paused' });
$written = write_text(1500);
is(wait_for($reporter, $written, '30 s'), 't', 'the subscriber has what is written');
$mark = here('SELECT pg_current_wal_flush_lsn()');
Daemon::wait_until('the standby has received it', sub {
    Nodes::on($standby, "SELECT pg_last_wal_receive_lsn() >= '$mark'") eq 't';
});
is(Nodes::on($standby, "SELECT reseller_report.wait_until('standby', '$mark', '200 ms')"), 'f', 'what is not replayed is not here');
is(wait_for($standby, $written, '200 ms'), 'f', 'nor is what the subscription brought');
Nodes::on($standby, 'SELECT pg_wal_replay_resume()');
is(wait_for($standby, $written, '30 s'), 't', 'here when the replay goes on');

# The service shows it: the leader on the subscriber, and an instance on the standby.
my %port = map { $_ => Daemon::free_port() } $reporter, $standby;
my @instances = map {
    Daemon::start(with => ['--dsn', "host=$_ dbname=usage user=postgres", '--metrics-listen', "127.0.0.1:$port{$_}"])
} $reporter, $standby;
sub metrics { my ($node) = @_; return HTTP::Tiny->new(timeout => 5)->get("http://127.0.0.1:$port{$node}/metrics")->{content} // '' }
for my $case ([$reporter, 'subscription', 'texts'], [$standby, 'subscription', 'texts'], [$standby, 'standby', 'standby']) {
    my ($node, $kind, $name) = @$case;
    for my $metric (qw(lag_seconds lag_bytes complete_through_age_seconds)) {
        my $shown = qr/^reseller_materializer_replication_$metric\{kind="$kind",name="$name"\} [\d.e+-]+$/m;
        Daemon::wait_until("$metric of $kind $name", sub { metrics($node) =~ $shown });
        pass("$metric of $kind $name");
    }
}
like(metrics($reporter), qr/^reseller_materializer_replications_stopped 0$/m, 'none stands still');
my $told = decode_json((Daemon::run($Daemon::program, 'status', '--format', 'json', '--dsn',
    "host=$standby dbname=usage user=postgres"))[1]);
is(join(' ', map { "$_->{kind}:$_->{name}" } @{ $told->{replications} }), 'subscription:texts standby:standby', 'status, as JSON');
like((Daemon::run($Daemon::program, 'status', '--dsn', "host=$reporter dbname=usage user=postgres"))[1],
    qr/^replication +complete through .*\nsubscription texts +\d{4}-.* streaming$/m, 'and as a table');

# It stands still, and the state says why.
$release = hold_here('LOCK TABLE usage.text_message IN SHARE MODE');
$written = write_text(2000);
comes_to(qr/^blocked: process \d+ waits for process \d+/, 'a lock is in the way');
is(wait_for($reporter, $written, '200 ms'), 'f', 'what is written is not here');
Daemon::wait_until('the service tells', sub { metrics($reporter) =~ /^reseller_materializer_replications_stopped 1$/m });
pass('the service tells that it stands still');
$release->();
is(wait_for($reporter, $written, '30 s'), 't', 'here when the lock is gone');

here('ALTER SUBSCRIPTION texts DISABLE');
$before = complete_through();
$written = write_text(2001);
comes_to(qr/^disabled: ALTER SUBSCRIPTION texts ENABLE/, 'disabled');
is(wait_for($reporter, $written, '200 ms'), 'f', 'nothing comes');
is(complete_through(), $before, 'complete through when it was disabled');
here('ALTER SUBSCRIPTION texts ENABLE');
is(wait_for($reporter, $written, '30 s'), 't', 'enabled again');

here('ALTER TABLE usage.chat_message ADD CONSTRAINT no_bots CHECK (sender <> \'bot\') NOT VALID');
there(q(INSERT INTO usage.chat_message (company_id, sender, occurred_at) VALUES (12, 'bot', now())));
comes_to(qr/^(disconnected|blocked|catching up|streaming).*; errors so far: [1-9]/, 'rows that are refused here');
here('ALTER SUBSCRIPTION texts SET (disable_on_error = true)');
comes_to(qr/^disabled: .*; errors so far: [1-9]/, 'disabled by an error');
here('ALTER TABLE usage.chat_message DROP CONSTRAINT no_bots');
here('ALTER SUBSCRIPTION texts SET (disable_on_error = false)');
here('ALTER SUBSCRIPTION texts ENABLE');
is(wait_for($reporter, position(), '30 s'), 't', 'mended');

Nodes::kill_now($publisher);
comes_to(qr/^disconnected: the log of this server says why; see also slot texts/, 'the publisher is gone');
Nodes::start_again($publisher);
is(wait_for($reporter, write_text(2002), '30 s'), 't', 'it is back');
here('ALTER SUBSCRIPTION texts DISABLE');
Daemon::wait_until('the slot is free', sub { there(q(SELECT active FROM pg_replication_slots WHERE slot_name = 'texts')) eq 'f' });
there(q(SELECT pg_drop_replication_slot('texts')));
here('ALTER SUBSCRIPTION texts ENABLE');
comes_to(qr/^disconnected: .*slot texts/, 'the slot is lost');
Nodes::kill_now($reporter);
comes_to(qr/^disconnected: .*primary_conninfo/, 'the primary of a standby is gone', 'standby', $standby);
Daemon::wait_until('the service tells', sub { metrics($standby) =~ /^reseller_materializer_replications_stopped 1$/m });
pass('the instance on the standby tells');
$_->kill_now for @instances;
done_testing;
