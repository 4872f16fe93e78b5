#!/usr/bin/env perl
# `run` tells when its schedules are due next, which is never a time that has passed: when it begins to lead, after each round of
# those that come seldom, and when it has read its configuration again.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Daemon;
use File::Temp;
use JSON::PP;
use POSIX qw(strftime);
use Test::More;

Daemon::start_cluster();
Daemon::make_database('schedules');
my $file = File::Temp->new;
sub configure { my ($text) = @_; open my $handle, '>', $file->filename or die; print $handle $text; close $handle }
configure("schedule = \@every 1s\nhousekeeping-schedule = 15 4 1 1 *\nverify-schedule = \@never\n"
    . "time-zone = Europe/Berlin\nlog-format = json\n");
my $instance = Daemon::start(with => ['--config', $file->filename]);
my $due = sub { return grep { $_->{event} eq 'due next' } map { decode_json($_) } $instance->log =~ /^(\{.*\})$/mg };
Daemon::wait_until('it leads', sub { $due->() });
# Those that name a moment before the second in which they were written.
my $passed = sub {
    my @passed;
    for my $line ($due->()) {
        my $told = Daemon::sql(qq(SELECT date_trunc('second', '$line->{time}'::timestamptz)));
        push @passed, grep { $line->{$_} ne 'never' && Daemon::sql(qq(SELECT '$line->{$_}'::timestamptz < '$told')) eq 't' }
            grep { /schedule$/ } keys %$line;
    }
    return join ' ', @passed;
};
my ($first) = $due->();
my $year = 1 + Daemon::sql(q(SELECT extract(year FROM now() AT TIME ZONE 'Europe/Berlin')));
is($first->{'housekeeping-schedule'}, "$year-01-01T04:15:00+01:00", 'a cron expression, in the zone that it is written in');
like($first->{schedule}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0[12]:00$/, 'an interval');
is($first->{'verify-schedule'}, 'never', 'never');
is($first->{level}, 'info', 'at the usual level');
Daemon::wait_until('a round is over', sub { (my @told = $due->()) > 2 });
my (undef, $second, $third) = $due->();
is(join(' ', grep { !/^(?:time|level|event)$/ } keys %$second), 'schedule', 'after a round, its schedule alone');
is($second->{level}, 'debug', 'which comes so often that it is only told when asked for');
cmp_ok($second->{schedule}, 'lt', $third->{schedule}, 'each time the next');

configure("schedule = \@every 5h\nhousekeeping-schedule = \@every 7h\ntime-zone = UTC\nlog-format = json\n");
$instance->signal('HUP');
my $last;
Daemon::wait_until('it leads anew', sub { ($last) = grep { keys %$_ > 4 && $_->{schedule} =~ /Z$/ } $due->() });
is(Daemon::sql("SELECT '$last->{schedule}'::timestamptz = to_timestamp(ceil(extract(epoch FROM now()) / 18000) * 18000)"), 't',
    'every five hours, counted from 1970');
like($last->{schedule}, qr/Z$/, 'in UTC');
is($passed->(), '', 'no time that has passed');
$instance->signal('TERM');
is($instance->status_after(10), 0, 'ends');

# A round of a schedule that comes seldom is followed by its next, at the usual level: this one is due at once, for a leader does
# what fell due within the last minute. That it is due at once is not told: next comes tomorrow.
# Where the minute is nearly over, the next one is waited for.
sleep 61 - time() % 60 if time() % 60 > 40;
my $now = time;
my $expression = join ' ', (gmtime $now)[1, 2], '* * *';
my @options = ('schedule', 'housekeeping-schedule', 'verify-schedule');
$instance = Daemon::start(with => [(map { ("--$_", $expression) } @options), '--log-format', 'json']);
for my $option (@options) {
    my $next;
    Daemon::wait_until("$option was done", sub { ($next) = grep { keys %$_ == 4 && exists $_->{$option} } $due->() });
    is($next->{$option}, strftime('%Y-%m-%dT%H:%M:00Z', gmtime($now + 86_400)), "after $option it is told when it comes again");
}
is($passed->(), '', 'no time that has passed');
$instance->signal('TERM');
is($instance->status_after(10), 0, 'ends');
done_testing;
