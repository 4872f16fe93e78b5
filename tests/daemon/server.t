#!/usr/bin/env perl
# An instance outlives what its server does: not there yet, no database, no extension, another version, restarts in the middle of
# folds, a standby that is promoted. Each change of state is told once.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Daemon;
use File::Temp qw(tempdir);
use Test::More;
use Time::HiRes qw(time);

my @with = ('--schedule', '@every 1s', '--max-deltas', '50');

# Before there is a server, a database and an extension.
my $nowhere = tempdir('/tmp/reseller_materializer_test.XXXXXX', CLEANUP => 1);
my $early = Daemon::start(with => [@with, '--dsn', "host=$nowhere dbname=late user=postgres"]);
Daemon::wait_until('no server', sub { $early->says(qr/ disconnected /) });
$early->signal('TERM');
is($early->status_after(5), 0, 'SIGTERM ends an instance without a server with 0');

my $dir = Daemon::start_cluster('wal_level=replica', 'max_wal_senders=5', 'hot_standby=on');
Daemon::make_database('server');
my $late = Daemon::start(with => [@with, '--dsn', 'dbname=late']);
Daemon::wait_until('no database', sub { $late->says(qr/ disconnected [^\n]*late\\" does not exist/) });
Daemon::sql_in('postgres', 'CREATE DATABASE late');
Daemon::wait_until('no extension', sub { $late->says(qr/ waiting [^\n]*run: CREATE EXTENSION reseller_report CASCADE/) });
Daemon::sql_in('late', 'SET client_min_messages = warning; CREATE EXTENSION reseller_report CASCADE');
Daemon::wait_until('all is there', sub { $late->says(qr/ leader\n/) });
pass('begins to work once server, database and extension are there');

my $version = Daemon::sql_in('late', q(SELECT extversion FROM pg_extension WHERE extname = 'reseller_report'));
Daemon::sql_in('late', q(UPDATE pg_extension SET extversion = '999.1.0' WHERE extname = 'reseller_report'));
Daemon::wait_until('another version', sub {
    $late->says(qr/ waiting [^\n]*the extension is version 999\.1\.0[^\n]*install reseller-materializer 999\.1\.0/);
});
my ($status, $out, $errors) = Daemon::run($Daemon::program, 'once', '--dsn', 'dbname=late');
is($status, 1, 'once fails with another version');
like($errors, qr/the extension is version 999\.1\.0/, 'and says so');
Daemon::sql_in('late', qq(UPDATE pg_extension SET extversion = '$version' WHERE extname = 'reseller_report'));
Daemon::wait_until('the version again', sub { $late->says(qr/ waiting [^\n]*\n(?:[^\n]* debug [^\n]*\n)*[^\n]* leader\n/) });
is($late->count(qr/ waiting /), 2, 'each state was told once');
is($late->count(qr/ disconnected /), 1, 'and the loss too');
$late->signal('TERM');
is($late->status_after(5), 0, 'SIGTERM ends it with 0');

# Restarts in the middle of folds.
Daemon::sql('SELECT setseed(0.25), random_usage.companies(), random_usage.events(200)');
my $instance = Daemon::start(with => \@with);
my @writers = Daemon::start_writers(2);
for my $round (1 .. 3) {
    Daemon::wait_for_fold();
    Daemon::pg_ctl($dir, '-m', 'immediate', 'restart');
    my $begun = time;
    my $leads = $instance->count(qr/ leader\n/);
    Daemon::wait_until('it leads again', sub { Daemon::leading() == $instance->pid });
    cmp_ok(time - $begun, '<', 5 * $Daemon::slowness,
        sprintf('restart %d in immediate mode: back at work (%.1f s)', $round, time - $begun));
}
Daemon::stop_writers(@writers);
Daemon::settles('after restarts');

# A standby: idle until it is promoted, then at work within seconds; and an instance that knows both servers follows.
my $other = tempdir('/tmp/reseller_materializer_test.XXXXXX', CLEANUP => 1);
chown((getpwnam('postgres'))[2, 3], $other) if $> == 0;
Daemon::as_server('pg_basebackup', '-h', $dir, '-U', 'postgres', '-D', "$other/data", '-R', '-c', 'fast', '--no-sync') == 0
    or die 'no base backup';
Daemon::as_server('sh', '-c', "echo \"unix_socket_directories = '$other'\" >>$other/data/postgresql.conf");
Daemon::pg_ctl($other, 'start');
END { local $?; Daemon::pg_ctl($other, '-m', 'immediate', 'stop') if defined $other }
my $standby = Daemon::start(with => [@with, '--dsn', "host=$other dbname=server"]);
my $both = Daemon::start(with => [@with, '--dsn', "host=$dir,$other port=5432,5432 dbname=server target_session_attrs=primary"]);
Daemon::wait_until('idle', sub { $standby->says(qr/ idle [^\n]*standby/) });
$instance->signal('TERM');
is($instance->status_after(5), 0, 'the leader steps down');
Daemon::wait_until('the other leads', sub { $both->says(qr/ leader\n/) });
@writers = Daemon::start_writers(2);
Daemon::wait_for_fold() for 1 .. 2;
is($standby->count(qr/ folded /), 0, 'nothing is folded on a standby');
($status, $out, $errors) = Daemon::run($Daemon::program, 'status', '--dsn', "host=$other dbname=server");
is($status, 0, 'status works on a standby');
like($out, qr/none: this is a standby/, 'and says that it is one');
Daemon::pg_ctl($dir, '-m', 'immediate', 'stop');
Daemon::stop_writers(@writers);
Daemon::pg_ctl($other, 'promote');
my $begun = time;
$ENV{PGHOST} = $other;
Daemon::wait_until('someone leads', sub { Daemon::leading() });
cmp_ok(time - $begun, '<', 5 * $Daemon::slowness, sprintf('promoted in the middle of folds: at work (%.1f s)', time - $begun));
@writers = Daemon::start_writers(2);
Daemon::wait_for_fold();
Daemon::stop_writers(@writers);
Daemon::settles('after a promotion');
$_->signal('TERM') for $standby, $both;
is($_->status_after(5), 0, 'SIGTERM ends it with 0') for $standby, $both;

# A round of folds that lasts keeps nothing else from being done.
Daemon::sql('SELECT random_usage.events(400)');
my $slow = Daemon::start(with => ['--schedule', '@every 1s', '--max-deltas', 1, '--housekeeping-schedule', '@every 1s',
    '--partitions-ahead', '400d']);
Daemon::wait_until('partitions are made', sub { $slow->says(qr/ partition made /) });
is($slow->count(qr/ folded /), 0, 'while a round of folds lasts, housekeeping is done');
$slow->signal('TERM');
is($slow->status_after(5), 0, 'SIGTERM ends it between two folds');
done_testing;
