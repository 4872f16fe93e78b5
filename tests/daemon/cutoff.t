#!/usr/bin/env perl
# A leader whose network is cut is replaced within five seconds, idle or with a unit in hand, and knows of its loss soon. It runs in
# a network namespace of its own, for which the test needs root.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Daemon;
use Test::More;
use Time::HiRes qw(time);

my ($space, $here, $there) = ("reseller_$$", "rm$$", "rn$$");
my ($server, $client) = ('192.168.233.1', '192.168.233.2');
my @inside = ('ip', 'netns', 'exec', $space);
sub quietly { return system(join(' ', @_) . ' >/dev/null 2>&1') == 0 }
END { local $?; quietly('ip', 'netns', 'del', $space); quietly('ip', 'link', 'del', $here) }

plan skip_all => 'no network namespace can be made here' unless $> == 0
    && quietly('ip', 'netns', 'add', $space)
    && quietly('ip', 'link', 'add', $here, 'type', 'veth', 'peer', 'name', $there)
    && quietly('ip', 'link', 'set', $there, 'netns', $space)
    && quietly('ip', 'addr', 'add', "$server/30", 'dev', $here)
    && quietly('ip', 'link', 'set', $here, 'up')
    && quietly(@inside, 'ip', 'addr', 'add', "$client/30", 'dev', $there);

my $dir = Daemon::start_cluster("listen_addresses=$server");
open my $rules, '>>', "$dir/data/pg_hba.conf" or die;
print $rules "host all all $client/32 trust\n";
close $rules;
Daemon::make_database('cutoff');
Daemon::sql('SELECT pg_reload_conf()');
Daemon::sql('SELECT setseed(0.5), random_usage.companies(), random_usage.events(20)');
my @with = ('--schedule', '@every 1s', '--lock-timeout', '50s');

for my $state ('idle', 'with a unit in hand') {
    quietly(@inside, 'ip', 'link', 'set', $there, 'up');
    my $leader = Daemon::start(before => \@inside, with => [@with, '--dsn', "host=$server"]);
    Daemon::wait_until('it leads', sub { Daemon::leading() == $leader->pid });
    my $release = sub { };
    if ($state ne 'idle') {
        $release = Daemon::hold_lease();
        Daemon::sql('SELECT random_usage.events(5)');
        Daemon::wait_until('a fold waits', sub {
            Daemon::sql(q(SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'));
        });
    }
    my $follower = Daemon::start(with => \@with);
    Daemon::wait_until('it follows', sub { $follower->says(qr/ follower /) });
    my $begun = time;
    quietly(@inside, 'ip', 'link', 'set', $there, 'down');
    Daemon::wait_until('the other leads', sub { Daemon::leading() == $follower->pid });
    cmp_ok(time - $begun, '<', 5 * $Daemon::slowness, sprintf('cut off %s: another takes over (%.1f s)', $state, time - $begun));
    Daemon::wait_until('it knows', sub { $leader->says(qr/ disconnected /) });
    cmp_ok(time - $begun, '<', 10 * $Daemon::slowness, sprintf('and the one that was cut off knows (%.1f s)', time - $begun));
    $release->();
    $leader->signal('TERM');
    is($leader->status_after(6), 0, 'SIGTERM ends it all the same');
    Daemon::settles("cut off $state");
    $follower->signal('TERM');
    is($follower->status_after(5), 0, 'SIGTERM ends the other');
}
done_testing;
