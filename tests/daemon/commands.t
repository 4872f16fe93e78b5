#!/usr/bin/env perl
# The commands, each with the role of docs/operations.md and no right more: once, status, rebuild, verify, prune; then housekeeping
# and metrics of the service. The version is META.json's.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Daemon;
use File::Temp;
use HTTP::Tiny;
use JSON::PP;
use Test::More;

sub materializer { return Daemon::run($Daemon::program, @_, '--dsn', 'user=reseller_materializer') }
sub slurp { my ($name) = @_; open my $file, '<', "$Daemon::root/$name" or die; local $/; return scalar <$file> }

my ($version) = slurp('META.json') =~ /^   "version": "(.*)",$/m;
my ($status, $out, $errors) = Daemon::run($Daemon::program, '--version');
is($out, "reseller-materializer $version\n", 'the version is that of META.json');

# Wrong usage: status 2 and a message that names the option; tests/unit/config_test.cpp has many more.
my $file = File::Temp->new;
for my $case (
    [['run', '--shedule', '@hourly'], qr/'--shedule'/],
    [['run', '--schedule', '* 25 * * *'], qr/--schedule: hour: 25 .*\n +\* 25 \* \* \*\n +\^\^\n/],
    [['prune'], qr/--older-than/],
    [['run', '--dsn', 'nonsense=1'], qr/--dsn: .*nonsense/],
    [['status', '--config', '/nowhere'], qr/--config: .*\/nowhere/],
    [['rebuild', '--from', '01.10.2026'], qr/--from: '01\.10\.2026' is not an ISO 8601 date or moment/],
    [['verify', '--from', '2026-01-02', '--to', '2026-01-01'],
        qr/--to: the period must end after it begins, at 2026-01-02T00:00:00Z/],
    [['rebuild', '--to', '-infinity'], qr/--to: the period must end after it begins/],
    [['run', '--config', $file->filename], qr/max-deltas in \Q$file\E: 'many'/]) {
    print $file "max-deltas = many\n" and $file->flush if -z $file->filename;
    ($status, $out, $errors) = Daemon::run($Daemon::program, @{ $case->[0] });
    is($status, 2, "wrong usage: @{ $case->[0] }");
    like($errors, $case->[1], 'is named');
}
is((Daemon::run($Daemon::program, '--help'))[0], 0, '--help');

my $dir = Daemon::start_cluster();
($status, $out, $errors) = Daemon::run($Daemon::program, 'once', '--dsn', 'dbname=nowhere');
is($status, 1, 'a database that is not there: once fails');
like($errors, qr/"nowhere\\*" does not exist/, 'and says why');

Daemon::make_database('commands');
my ($recipe) = slurp('docs/operations.md') =~ /^```sql\n(.*?)^```/ms;
Daemon::sql($recipe);
Daemon::sql('SELECT setseed(0.125), random_usage.companies(), random_usage.events(300)');

# once
my $pending = Daemon::pending();
cmp_ok($pending, '>', 0, 'something is pending');
($status, $out, $errors) = materializer('once', '--max-deltas', '100', '--log-format', 'json');
is($status, 0, 'once folds');
cmp_ok(decode_json($errors)->{deltas}, '>', $pending, 'and tells how much it folded and merged');
is(Daemon::pending(), 0, 'all of it');
Daemon::settles('once');

# status
($status, $out, $errors) = materializer('status', '--format', 'json');
is($status, 0, 'status');
my $told = decode_json($out);
is($told->{pending_deltas}, 0, 'JSON: pending');
is($told->{leader}, undef, 'JSON: nobody leads');
is(join(', ', map { "$_->{source} $_->{service} $_->{built}" } @{ $told->{sources} }),
    'usage.bot_message bot 1, usage.chat_message chat 1, usage.phone_call telephony 1, usage.text_message text_messaging 1',
    'JSON: the sources');
($status, $out, $errors) = materializer('status');
like($out, qr/^leader +none\n(?s:.*)^usage\.chat_message +chat +\S+ +yes/m, 'as a table');

# A table that feeds two services: a row each, and its slices once.
Daemon::sql(q(CREATE TABLE usage.desk (company_id bigint, occurred_at timestamptz, sender text, price_twin numeric(12,6),
    price_reseller numeric(12,6));
    INSERT INTO usage.desk SELECT 11, '2024-03-01 12:00+00'::timestamptz + n * interval '1 day', 'bot', 1, 1
        FROM generate_series(0, 4) n;
    SELECT reseller_report.attach_source('bot', 'usage.desk', '{"billable": {"value": true}}'),
        reseller_report.attach_source('chat', 'usage.desk', '{"via_alice": {"value": false}}')));
($status, $out, $errors) = materializer('status', '--format', 'json');
is(join(', ', map { "$_->{service} $_->{built}" } grep { $_->{source} eq 'usage.desk' } @{ decode_json($out)->{sources} }),
    'bot 0, chat 0', 'a table that feeds two services: a row each');
my $of_desk = Daemon::sql(q(SELECT count(*) FROM reseller_report.rebuild_slices('usage.desk', only_unbuilt => true)));
($status, $out, $errors) = materializer('rebuild', '--only-unbuilt');
like($errors, qr/ rebuilt slices=$of_desk of=$of_desk\n/, 'its slices are rebuilt once');
($status, $out, $errors) = materializer('prune', '--older-than', '400d', '--dry-run', '--source', 'usage.desk');
is(() = $errors =~ /not range-partitioned/g, 1, 'and it is refused by prune once');
Daemon::sql(q(DROP TABLE usage.desk));
Daemon::settles('after a table of two services');

# verify
($status, $out, $errors) = materializer('verify');
is($status, 0, 'verify finds no difference');
is($out, '', 'and prints none');
($status, $out, $errors) = materializer('verify', '--service', 'telephony_incoming');
is($status, 0, 'verify of one service');
($status, $out, $errors) = materializer('verify', '--service', 'nope');
is($status, 2, 'a service that does not exist is wrong usage');
like($errors, qr/--service: [^\n]*"nope" does not exist[^\n]*telephony_incoming/, 'which names those that do');
Daemon::sql(q(ALTER TABLE usage.bot_message DISABLE TRIGGER USER;
    DELETE FROM usage.bot_message WHERE id IN (SELECT id FROM usage.bot_message ORDER BY id LIMIT 3);
    ALTER TABLE usage.bot_message ENABLE TRIGGER USER));
Daemon::sql(q(UPDATE usage.bot_message SET price_twin = price_twin));
my $unbuilt = sub {
    return Daemon::sql(q(SELECT count(*) FROM reseller_report.rebuild_slices('usage.bot_message', only_unbuilt => true)));
};
my $days = $unbuilt->();
cmp_ok($days, '>', 1, 'writes behind capture leave days that are not built');
like((materializer('status'))[1], qr/^usage\.bot_message .* no: /m, 'status says so');

# rebuild, cut short and taken up again
($status, $out, $errors) = materializer('rebuild', '--only-unbuilt', '--to', '2024-02-20');
is($status, 0, 'a rebuild of a part') or diag $errors;
my $left = $unbuilt->();
cmp_ok($left, '<', $days, "builds it: $left of $days slices are left");
my $release = Daemon::hold_lease();
my $waits = sub { return Daemon::sql(q(SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock')) };
my $terminal = Daemon::start_on_terminal('rebuild', '--only-unbuilt', '--dsn', 'user=reseller_materializer');
Daemon::wait_until('a slice waits', $waits);
$terminal->signal('INT');
is($terminal->status_after(10), 1, 'an interrupted rebuild ends with 1');
like($terminal->log, qr/\r\e\[K\[\.+\] 0 of $left slices, 0%/, 'on a terminal it shows a bar');
like($terminal->log, qr/ to go on .*rebuild --source usage\.bot_message .*--only-unbuilt/, 'and tells how to go on');
$release->();
my @again = ('rebuild', '--source', 'usage.bot_message', '--only-unbuilt', '--dsn', 'user=reseller_materializer');
$terminal = Daemon::start_on_terminal(@again);
is($terminal->status_after(30), 0, 'taken up again');
like($terminal->log, qr/\r\e\[K\[#+\.+\] \d+ of $left slices, \d+%, .* left  usage\.bot_message 2024-/,
    'the bar grows and tells the time that is left');
like($terminal->log, qr/ rebuilt slices=$left of=$left\r?\n/, 'it builds just what is missing');
is($unbuilt->(), 0, 'all days are built');

# rebuild over a restart of the server
$release = Daemon::hold_lease();
$terminal = Daemon::start_on_terminal('rebuild', '--source', 'usage.chat_message', '--dsn', 'user=reseller_materializer');
Daemon::wait_until('a slice waits', $waits);
Daemon::pg_ctl($dir, '-m', 'immediate', 'restart');
is($terminal->status_after(30), 0, 'a rebuild goes on after a restart of the server');
like($terminal->log, qr/ connected again(?s:.*) rebuilt slices=(\d+) of=\1\r?\n/, 'and does all of it');
Daemon::settles('after a rebuild');
my $slices = Daemon::sql(q(SELECT count(*) FROM reseller_report.sources() s,
    reseller_report.rebuild_slices(s.source, '2024-03-01', '2024-03-03')));
($status, $out, $errors) = materializer('rebuild', '--from', '2024-03-01', '--to', '2024-03-03');
is($status, 0, 'a rebuild of two days of all sources');
like($errors, qr/ rebuilding progress="0 of $slices slices, 0%"\n(?s:.*) rebuilt slices=$slices of=$slices\n/,
    'takes just their slices');
($status, $out, $errors) = materializer('rebuild', '--source', 'usage.nothing');
is($status, 1, 'a source that is not there');
like($errors, qr/usage\.nothing/, 'is named');
($status, $out, $errors) = materializer('rebuild', '--from', 'yesterdayish');
is($status, 2, 'a moment that is none is wrong usage');
like($errors, qr/--from: .*yesterdayish/, 'is named with its option');

# verify with differences: summaries changed behind the extension's back
Daemon::sql(q(UPDATE reseller_report.usage_month SET events = (SELECT array_agg(e + 1) FROM unnest(events) e)
    WHERE ctid = (SELECT ctid FROM reseller_report.usage_month WHERE events IS NOT NULL AND reseller_id = 1 LIMIT 1)));
($status, $out, $errors) = materializer('verify');
is($status, 3, 'verify with differences: status 3');
like($out, qr/^source +reseller_id +company_id .*\n\S+\.\S+ +1 +\d+ /, 'and prints them');
is((materializer('rebuild', '--log-level', 'error'))[0], 0, 'a rebuild of all');
is((materializer('verify'))[0], 0, 'mends them');

# prune
Daemon::sql(q(SELECT reseller_report.create_partitions('62 days')));
my $rows = Daemon::sql('SELECT count(*) FROM usage.chat_message');
($status, $out, $errors) = materializer('prune', '--older-than', '30d', '--dry-run', '--source', 'usage.chat_message');
is($status, 0, 'prune, dry run');
my @would = $out =~ /^would drop (\S+): /mg;
cmp_ok(scalar @would, '>', 1, 'tells what it would drop');
is(Daemon::sql('SELECT count(*) FROM usage.chat_message'), $rows, 'drops nothing');
my $before = Daemon::sql(q(SELECT array_agg(c)::text FROM reseller_report.chat(1, '2024-01-01', '2024-06-01') c));
($status, $out, $errors) = materializer('prune', '--older-than', '30d', '--source', 'usage.chat_message');
is($status, 0, 'prune') or diag $errors;
cmp_ok(Daemon::sql('SELECT count(*) FROM usage.chat_message'), '<', $rows, 'drops raw usage');
is(scalar(() = $out =~ /^dropped usage\.chat_message: /mg), scalar @would, 'what the dry run told: ' . @would . ' partitions');
is(Daemon::sql(q(SELECT array_agg(c)::text FROM reseller_report.chat(1, '2024-01-01', '2024-06-01') c)), $before, 'reports stay');
($status, $out, $errors) = Daemon::run($Daemon::program, 'prune');
is($status, 2, 'prune without an age is wrong usage');

# statement
my @march = ('statement', '--month', '2024-03');
($status, $out, $errors) = materializer(@march, '--reseller', '1');
is($status, 1, 'without the right to bill, statement fails');
like($errors, qr/permission denied/, 'and says why');
Daemon::sql('GRANT EXECUTE ON FUNCTION reseller_report.issue_statement TO reseller_materializer');
Daemon::sql(q(SELECT reseller_report.grant_access('reseller_materializer', NULL);
    UPDATE reseller_report.company SET time_zone = 'Europe/Moscow' WHERE company_id = 1;
    INSERT INTO reseller_report.company VALUES (4, 'Idle', true)));
($status, $out, $errors) = materializer(@march, '--reseller', '1');
is($status, 0, 'statement of one reseller') or diag $errors;
like($out, qr/^reseller 1, 2024-02-29 21:00:00.* to 2024-03-31 21:00:00.*: issued statement 1\n$/, 'a month of its own clock');
($status, $out, $errors) = materializer(@march);
is($status, 0, 'of all') or diag $errors;
like($out, qr/^reseller 1, .*: statement 1 was issued already\n/, 'what is issued stays');
like($out, qr/^reseller 2, 2024-03-01 .*: issued statement 1\nreseller 3, .*: issued statement 1\n\z/m,
    'those with usage, and no others');
($status, $out, $errors) = materializer(@march);
is($status, 0, 'again') or diag $errors;
is(scalar(() = $out =~ /was issued already$/mg), 3, 'issues nothing');
is(Daemon::sql('SELECT count(*) FROM reseller_report.statements'), 3, 'one for each');
($status, $out, $errors) = materializer('statement', '--month', '2024-04', '--reseller', '4');
is($status, 0, 'one that is named is billed without usage, too');
like($out, qr/^reseller 4, .*: issued statement 1$/m, 'with a number');
Daemon::sql(q(SELECT reseller_report.issue_statement(2, '2024-04-10 00:00+00', '2024-04-11 00:00+00')));
($status, $out, $errors) = materializer('statement', '--month', '2024-04');
is($status, 1, 'a reseller that cannot be billed');
like($errors, qr/not issued.*reseller.*2.*overlaps statement 2/, 'is named');
like($out, qr/^reseller 3, .*: issued statement 2$/m, 'and stops no other');
($status, $out, $errors) = materializer('statement', '--month', '9999-11', '--reseller', '1');
is($status, 1, 'a month that is not over');
like($errors, qr/must be over/, 'says so');

# housekeeping of the service
my $port = Daemon::free_port();
Daemon::sql(q(ALTER TABLE usage.phone_call DISABLE TRIGGER USER;
    UPDATE usage.phone_call SET duration_seconds = duration_seconds + 1;
    ALTER TABLE usage.phone_call ENABLE TRIGGER USER; UPDATE usage.phone_call SET duration_seconds = duration_seconds));
my $instance = Daemon::start(with => ['--dsn', 'user=reseller_materializer', '--schedule', '@every 1s',
    '--housekeeping-schedule', '@every 1s', '--verify-schedule', '@every 1s', '--partitions-ahead', '200d',
    '--retention', 'usage.bot_message=30d,usage.nothing=1d', '--metrics-listen', "127.0.0.1:$port", '--log-format', 'json']);
my $months = sub {
    return Daemon::sql(q(SELECT count(*) FROM pg_inherits WHERE inhparent = 'usage.text_message'::regclass));
};
my $months_before = $months->();
Daemon::wait_until('partitions are made ahead', sub { $instance->says(qr/"event":"partition made"/) });
Daemon::wait_until('of the table that is counted', sub { $months->() > $months_before });
pass('partitions are made ahead');
Daemon::wait_until('days are built', sub {
    $instance->says(qr/"event":"days were built"/)
        && Daemon::sql('SELECT bool_and(is_built) FROM reseller_report.sources()') eq 't';
});
pass('un-built days are built');
Daemon::wait_until('old usage is dropped', sub { $instance->says(qr/"event":"usage dropped","source":"usage.bot_message"/) });
Daemon::wait_until('a misspelt source is told', sub { $instance->says(qr/"event":"retention failed","about":"usage.nothing"/) });
is($instance->count(qr/"about":"usage\.nothing"/), 1, 'once');
my $metric = sub {
    my ($name) = @_;
    my $page = HTTP::Tiny->new(timeout => 5)->get("http://127.0.0.1:$port/metrics");
    return $page->{content} =~ /^reseller_materializer_\Q$name\E (\S+)$/m ? $1 : die "no metric $name";
};
Daemon::wait_until('slices are verified', sub { $metric->('verifications_total') > 0 });
is($metric->('leader'), 1, 'metrics: leader');
is($metric->('connected'), 1, 'metrics: connected');
is($metric->('verify_mismatches_total'), 0, 'metrics: no mismatches');
Daemon::sql(q(UPDATE usage.phone_call SET price_twin = price_twin + 0.5 WHERE id = (SELECT min(id) FROM usage.phone_call
    WHERE occurred_at >= '2024-03-02' AND occurred_at < '2024-03-31' AND company_id IN (SELECT company_id
        FROM reseller_report.dependency WHERE reseller_id IN (2, 3) AND during = '(,)'))));
Daemon::wait_until('open corrections are known', sub { $metric->('open_corrections_price_to_twin') >= 0.5 });
cmp_ok($metric->('open_corrections'), '>', 0, 'metrics: open corrections');
is($metric->(qq(failures_total{task="$_"})), 0, "metrics: no failures of $_")
    for qw(fold sources partitions rebuild verify corrections state);
cmp_ok($metric->('slices_rebuilt_total'), '>', 0, 'metrics: slices rebuilt');
Daemon::wait_until('un-built sources are known to be none', sub { $metric->('unbuilt_sources') == 0 });
my $folded = $metric->('deltas_folded_total');
Daemon::sql('SELECT random_usage.events(20)');
Daemon::wait_until('folded', sub { $metric->('deltas_folded_total') > $folded && $metric->('pending_deltas') == 0 });
cmp_ok($metric->('runs_total'), '>', 0, 'metrics: runs');
cmp_ok($metric->('run_seconds_count'), '>', 0, 'metrics: the histogram of runs');
my $page = HTTP::Tiny->new->get("http://127.0.0.1:$port/metrics")->{content};
my %known = map { $_ => 1 } map { slurp("examples/monitoring/$_") =~ /reseller_materializer_\w+/g } 'alerts.yml', 'dashboard.json';
is(join(' ', grep { $page !~ /^\Q$_\E[ {]/m } sort keys %known), '', 'alert rules and dashboard name metrics that are there');
my $pid = $instance->pid;
like((materializer('status'))[1], qr{^leader +reseller-materializer/\S+/$pid, server process \d+, since }m,
    'status tells who leads');
decode_json($_) for grep { length } split /\n/, $instance->log;
pass('each line of the log is JSON');

# the failure of one source is told once and holds up nothing else
Daemon::sql('ALTER TABLE usage.phone_call DISABLE TRIGGER USER');
Daemon::wait_until('it is told', sub { $instance->says(qr/"event":"rebuild failed","about":"usage.phone_call"/) });
my $failures = $metric->('failures_total{task="rebuild"}');
Daemon::wait_until('it is met again', sub { $metric->('failures_total{task="rebuild"}') > $failures + 1 });
is($instance->count(qr/"event":"rebuild failed"/), 1, 'a failure is told once');
Daemon::sql('SELECT random_usage.events(20)');
Daemon::wait_until('folded', sub { $metric->('pending_deltas') == 0 });
Daemon::sql('ALTER TABLE usage.phone_call ENABLE TRIGGER USER');
Daemon::wait_until('its end is told', sub { $instance->says(qr/"event":"rebuild works again","about":"usage.phone_call"/) });
pass('and its end');
Daemon::sql(q(UPDATE reseller_report.usage_month SET events = (SELECT array_agg(e + 1) FROM unnest(events) e)
    WHERE events IS NOT NULL));
Daemon::wait_until('mismatches are found', sub { $metric->('verify_mismatches_total') > 0 });
ok($instance->says(qr/"level":"error","event":"verify found differences"/), 'mismatches are in log and metrics');
my $verified = $metric->('verifications_total');
Daemon::wait_until('what differs is verified again', sub { $metric->('verifications_total') > $verified + 10 });
my %told;
$told{$_}++ for $instance->log =~ /"event":"verify found differences",("source":"[^"]*","from":"[^"]*")/g;
is(join(' ', grep { $told{$_} > 1 } sort keys %told), '', 'differences of a slice are told once');
is($instance->count(qr/"event":"verify finds no differences any more"/), 0, 'and not as ended while they last');
is((materializer('rebuild'))[0], 0, 'a rebuild mends them');
Daemon::wait_until('their ends are told', sub {
    $instance->count(qr/"event":"verify finds no differences any more"/) == $instance->count(qr/"event":"verify found differences"/)
});
pass('and so are their ends');
$instance->signal('TERM');
is($instance->status_after(5), 0, 'SIGTERM ends it with 0');
done_testing;
