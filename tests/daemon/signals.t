#!/usr/bin/env perl
# SIGTERM ends the work within seconds whatever is in hand, SIGHUP reads the configuration again, and a leader that is killed while
# it waits in the server is replaced like any other. What systemd is told.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Daemon;
use File::Temp;
use IO::Socket::UNIX;
use Socket qw(SOCK_DGRAM);
use Test::More;
use Time::HiRes qw(time);

my $dir = Daemon::start_cluster();
Daemon::make_database('signals');
Daemon::sql('SELECT setseed(0.75), random_usage.companies(), random_usage.events(50)');
my @with = (with => ['--schedule', '@every 1s', '--lock-timeout', '50s']);

sub wait_until_blocked {
    my ($instance) = @_;
    my $pid = $instance->pid;
    Daemon::wait_until('a fold waits', sub {
        Daemon::sql(qq(SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name ~ '/$pid\$'));
    });
}

my $release = Daemon::hold_lease();
my $instance = Daemon::start(@with);
wait_until_blocked($instance);
my $begun = time;
$instance->signal('TERM');
is($instance->status_after(10), 0, 'SIGTERM while a unit waits: status 0');
cmp_ok(time - $begun, '<', 5 * $Daemon::slowness, sprintf('within seconds (%.1f s)', time - $begun));
is(Daemon::sql(q(SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock')), 0,
    'and its unit is cancelled in the server');

my $leader = Daemon::start(@with);
wait_until_blocked($leader);
my $follower = Daemon::start(@with);
Daemon::wait_until('it follows', sub { $follower->says(qr/ follower /) });
$begun = time;
$leader->kill_now;
Daemon::wait_until('the other leads', sub { Daemon::leading() == $follower->pid });
cmp_ok(time - $begun, '<', 5 * $Daemon::slowness, sprintf('killed while its unit waits in the server: another leads (%.1f s)',
    time - $begun));
wait_until_blocked($follower);
$release->();
Daemon::settles('then');

# A server that does not answer at all, with a unit in hand.
$release = Daemon::hold_lease();
Daemon::sql('SELECT random_usage.events(5)');
wait_until_blocked($follower);
my @frozen = grep { -d "/proc/$_" } split /\n/, Daemon::sql(q(SELECT pid FROM pg_stat_activity));
chomp(my $postmaster = (split /\n/, `head -1 $dir/data/postmaster.pid`)[0]);
push @frozen, $postmaster;
kill 'STOP', @frozen;
$begun = time;
$follower->signal('TERM');
is($follower->status_after(10), 0, 'SIGTERM while the server is frozen: status 0');
cmp_ok(time - $begun, '<', 6 * $Daemon::slowness, sprintf('within seconds (%.1f s)', time - $begun));
kill 'CONT', @frozen;
$release->();

# SIGHUP.
my $file = File::Temp->new;
my $write = sub { open my $out, '>', $file->filename or die; print $out @_; close $out };
$write->("schedule = \@every 1s\nlog-format = text\n");
$instance = Daemon::start(with => ['--config', $file->filename]);
Daemon::wait_until('it leads', sub { $instance->says(qr/ leader\n/) });
$write->("schedule = whenever\n");
$instance->signal('HUP');
Daemon::wait_until('it complains', sub { $instance->says(qr/the old one stays [^\n]*schedule in \Q$file\E/) });
pass('a wrong file on SIGHUP: the option is named and the old configuration stays');
$write->("schedule = \@every 1s\nlog-format = json\n");
$instance->signal('HUP');
Daemon::wait_until('it reads again', sub { $instance->says(qr/"event":"configuration read again"/) });
Daemon::wait_until('it leads again', sub { Daemon::leading() == $instance->pid });
pass('a good one is taken over');
$instance->signal('INT');
is($instance->status_after(5), 0, 'SIGINT ends it with 0');

# systemd's protocol.
my $socket_path = "$dir/notify";
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $socket_path) or die "no socket: $!";
$socket->blocking(0);
my $told = '';
my $tells = sub {
    my ($pattern) = @_;
    while (defined $socket->recv(my $message, 4096)) {
        last if $message eq '';
        $told .= "$message\n";
    }
    return $told =~ $pattern;
};
$instance = Daemon::start(@with, env => { NOTIFY_SOCKET => $socket_path });
Daemon::wait_until('ready', sub { $tells->(qr/^READY=1$/m) });
Daemon::wait_until('its state', sub { $tells->(qr/^STATUS=leader$/m) });
Daemon::wait_until('the watchdog', sub { $tells->(qr/^WATCHDOG=1$/m) });
$instance->signal('TERM');
Daemon::wait_until('stopping', sub { $tells->(qr/^STOPPING=1$/m) });
is($instance->status_after(5), 0, 'systemd is told of readiness, state, life and the end');
done_testing;
