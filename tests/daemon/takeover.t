#!/usr/bin/env perl
# Of three instances one leads; when it is killed, frozen, or loses its session, another does within five seconds, and reports stay
# exact.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Daemon;
use Test::More;
use Time::HiRes qw(time);

Daemon::start_cluster();
Daemon::make_database('takeover');
Daemon::sql('SELECT setseed(0.5), random_usage.companies(), random_usage.events(100)');

my @with = (with => ['--schedule', '@every 1s', '--max-deltas', '50']);
my %instances = map { $_->pid => $_ } map { Daemon::start(@with) } 1 .. 3;
Daemon::wait_until('one leads', sub { Daemon::leading() });
my @writers = Daemon::start_writers(2);

# The one that leads, and the seconds until another does after CODE was done to it.
sub after {
    my ($label, $code) = @_;
    my $leader = $instances{ Daemon::leading() } or return fail("$label: nobody leads");
    Daemon::wait_for_fold();
    my $begun = time;
    $code->($leader);
    my $successor;
    Daemon::wait_until("$label: another leads", sub {
        $successor = Daemon::leading();
        return $successor && $successor != $leader->pid;
    }, 20);
    my $seconds = time - $begun;
    cmp_ok($seconds, '<', 5 * $Daemon::slowness, sprintf('%s: another takes over (%.1f s)', $label, $seconds));
    return $leader;
}

my $killed = after('killed with SIGKILL', sub { $_[0]->signal('KILL') });
$killed->reap(0);
delete $instances{ $killed->pid };
my $replacement = Daemon::start(@with);
$instances{ $replacement->pid } = $replacement;

my $frozen = after('frozen with SIGSTOP', sub { $_[0]->signal('STOP') });
$frozen->signal('CONT');
Daemon::wait_until('the frozen one follows', sub { $frozen->says(qr/ follower [^\n]*\n\z/) });
ok($frozen->is_running, 'the one that was frozen lives on, as a follower');
is($frozen->count(qr/disconnected/), 1, 'and told once that it had lost its session');

my $lost = after('its backend terminated', sub {
    my $pid = $_[0]->pid;
    Daemon::sql(qq(SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name ~ '^reseller-materializer/.*/$pid\$'));
    # Kept from taking the lock back at once, which would be right too.
    $_[0]->signal('STOP');
});
$lost->signal('CONT');
Daemon::wait_until('it connects again', sub { $lost->says(qr/ follower [^\n]*\n\z/) });
ok($lost->is_running, 'the one that lost its session lives on');

is(Daemon::sql(q(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted)), 1, 'exactly one holds the lock');
Daemon::stop_writers(@writers);
Daemon::settles('after all this');
my $folding = grep { $instances{$_}->says(qr/ leader\n/) } keys %instances;
cmp_ok($folding, '>=', 2, 'several have led in turn');
for my $instance (values %instances) {
    $instance->signal('TERM');
    is($instance->status_after(5), 0, 'SIGTERM ends an instance with 0 within five seconds');
}
done_testing;
