#!/usr/bin/env perl
# Three publishers, a subscriber of all with the service, and a hot standby of it: random work on all three while each node is
# killed in turn (kill -9) and started again, and the standby is promoted in the midst of a fold. At any moment, on subscriber and
# standby, what is there of each publisher is what it had after one of its transactions, reports equal the oracle on that, and the
# sum over resellers stays the same while companies move. At rest the reports equal the union of all that was committed.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../daemon";
use Daemon;
use File::Temp;
use Nodes;
use Test::More;
use Time::HiRes qw(sleep time);

my @names = qw(texts chats calls);
my %tables = (texts => 'usage.text_message, usage.bot_message, reseller_report.company, reseller_report.dependency',
    chats => 'usage.chat_message', calls => 'usage.phone_call');
my %node = map { $_ => Nodes::start() } @names, 'reporter';
my $sql = do { local (@ARGV, $/) = "$FindBin::Bin/cluster.sql"; <> };
for my $name (@names, 'reporter') {
    # The list of companies lives with the texts; the other publishers know nothing of the extension.
    Nodes::on($node{$name}, 'SET client_min_messages = error; DROP EXTENSION reseller_report CASCADE;
        CREATE TABLE reseller_report.company (); CREATE TABLE reseller_report.dependency ()') if $name =~ /^(?:chats|calls)$/;
    Nodes::on($node{$name}, "SET check_function_bodies = off; SET client_min_messages = error; $sql");
}
Nodes::on($node{texts}, 'SELECT cluster.companies()');
Nodes::on($node{$_}, "CREATE PUBLICATION $_ FOR TABLE $tables{$_}, cluster.journal WITH (publish_via_partition_root);
    SELECT cluster.work('$_', 50)") for @names;

# A transaction is confirmed to its publisher only when the standby has it, so that a promotion loses nothing.
$node{standby} = Nodes::standby_of($node{reporter}, 'hot_standby_feedback = on');
Nodes::on($node{reporter}, q(ALTER SYSTEM SET synchronous_standby_names = '*'));
Nodes::on($node{reporter}, 'SELECT pg_reload_conf()');
sub streams { my ($node, @wanted) = @_; return (Nodes::try_on($node, 'SELECT count(*) FROM reseller_report.freshness
    WHERE state IN (\'streaming\', \'catching up\')') // 0) == @wanted }
Nodes::on($node{reporter}, "CREATE SUBSCRIPTION $_ CONNECTION 'host=$node{$_} dbname=usage user=postgres' PUBLICATION $_
    WITH (streaming = on, synchronous_commit = on)") for @names;
Daemon::wait_until('the tables are copied', sub { streams($node{reporter}, @names) });

my $service = Daemon::start(with => ['--schedule', '@every 1s', '--max-deltas', '200', '--verify-schedule', '@every 5s', '--dsn',
    "host=$node{reporter},$node{standby} port=5432,5432 dbname=usage user=postgres target_session_attrs=read-write"]);

# One writer a publisher; some of its transactions are large enough to be streamed, some are rolled back.
my @writers = map {
    my $name = $_;
    local @ENV{qw(PGHOST PGDATABASE)} = ($node{$name}, 'usage');
    Daemon::start_loop(sub {
        my $size = $_[0] % 10 == 3 ? 400 : 10;
        return $_[0] % 5 == 4 ? "BEGIN; SELECT cluster.work('$name', $size); ROLLBACK" : "SELECT cluster.work('$name', $size)";
    });
} @names;

# One that looks, on each node that answers reports: each line of its file is a look, with what was wrong.
my $look = 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM cluster.wrong(); COMMIT';
my $gone = qr/could not connect|connection to server|server closed|starting up|shutting down|terminating|recovery/i;
sub start_looking {
    my ($at) = @_;
    my $file = File::Temp->new;
    my $pid = fork // die;
    if ($pid == 0) {
        my $go = 1;
        $SIG{TERM} = sub { $go = 0 };
        while ($go) {
            my $wrong = eval { Nodes::on($at, $look) } // "error: $@";
            next if $wrong =~ /^error: / && $wrong =~ $gone && sleep 0.2;
            $wrong =~ s/\n/; /g;
            open my $out, '>>', $file->filename or die;
            print $out "$wrong\n";
            close $out;
        }
        POSIX::_exit(0);
    }
    return { pid => $pid, file => $file, at => $at };
}
sub looks { my ($looker) = @_; open my $in, '<', $looker->{file}->filename or die; chomp(my @lines = <$in>); return @lines }
sub entries {
    my ($at, $name) = @_;
    return Nodes::try_on($at, "SELECT count(*) FROM cluster.journal WHERE publisher = '$name'") // 0;
}
# The writers' work goes on arriving at a node that answers reports.
sub goes_on {
    my ($at, $label) = @_;
    for my $name (@names) {
        my $before = entries($at, $name);
        Daemon::wait_until("$label: $name arrive", sub { entries($at, $name) > $before + 3 }, 120);
    }
    return pass($label);
}

my @lookers = map { start_looking($node{$_}) } qw(reporter standby);
goes_on($node{$_}, "work arrives at the $_") for qw(reporter standby);
for my $name (@names, 'reporter', 'standby') {
    Nodes::kill_now($node{$name});
    sleep 1;
    Nodes::start_again($node{$name});
    goes_on($node{standby}, "killed and started again: $name");
}

# The subscriber dies for good in the midst of a fold, and the standby is promoted.
{
    local @ENV{qw(PGHOST PGDATABASE)} = ($node{reporter}, 'usage');
    my $folding = Daemon::hold_open('SELECT * FROM reseller_report.materialize(50)');
    Nodes::kill_now($node{reporter});
    $folding->();
}
Daemon::pg_ctl($node{standby}, 'promote');
Nodes::on($node{standby}, q(ALTER SYSTEM SET synchronous_standby_names = ''));
Nodes::on($node{standby}, 'SELECT pg_reload_conf()');
goes_on($node{standby}, 'promoted in the midst of a fold');

Daemon::stop_writers(@writers);
for my $looker (@lookers) {
    kill 'TERM', $looker->{pid};
    waitpid $looker->{pid}, 0;
    my @looks = looks($looker);
    my $at = $looker->{at} eq $node{standby} ? 'standby' : 'subscriber';
    cmp_ok(scalar @looks, '>', 5, "the $at was looked at " . @looks . ' times');
    my @wrong = grep { $_ ne '' } @looks;
    is(scalar @wrong, 0, "and never was anything wrong on the $at") or diag join "\n", @wrong[0 .. ($#wrong > 4 ? 4 : $#wrong)];
}

# At rest: all that was committed.
for my $name (@names) {
    my $lsn = Nodes::on($node{$name}, 'SELECT pg_current_wal_insert_lsn()');
    is(Nodes::on($node{standby}, "SELECT reseller_report.wait_until('$name', '$lsn')"), 't', "all of $name is here");
    is(Nodes::on($node{standby}, "SELECT cluster.digest('$name')"), Nodes::on($node{$name}, "SELECT cluster.digest('$name')"),
        "it is what the publisher has: " . entries($node{$name}, $name) . ' transactions');
}
{
    local @ENV{qw(PGHOST PGDATABASE)} = ($node{standby}, 'usage');
    Daemon::settles('at rest');
}
is(Nodes::on($node{standby}, 'SELECT * FROM cluster.wrong()'), '', 'nothing is wrong');
ok(!$service->says(qr/found differences/), 'the service found no difference in what it verified');
$service->signal('TERM');
is($service->status_after(10), 0, 'SIGTERM ends the service with 0');
done_testing;
