#!/usr/bin/env perl
# The commands, each with the role of docs/operations.md and no right more: once, status, rebuild, verify, prune; then housekeeping
# and metrics of the service. The version is META.json's.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Daemon;
use HTTP::Tiny;
use JSON::PP;
use Test::More;

sub materializer { return Daemon::run($Daemon::program, @_, '--dsn', 'user=reseller_materializer') }
sub slurp { my ($name) = @_; open my $file, '<', "$Daemon::root/$name" or die; local $/; return scalar <$file> }

my ($version) = slurp('META.json') =~ /^   "version": "(.*)",$/m;
my ($status, $out, $errors) = Daemon::run($Daemon::program, '--version');
is($out, "reseller-materializer $version\n", 'the version is that of META.json');

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
is(decode_json($errors)->{deltas}, $pending, 'and tells how much');
is(Daemon::pending(), 0, 'all of it');
Daemon::settles('once');

# status
($status, $out, $errors) = materializer('status', '--format', 'json');
is($status, 0, 'status');
my $told = decode_json($out);
is($told->{pending_deltas}, 0, 'JSON: pending');
is($told->{leader}, undef, 'JSON: nobody leads');
is_deeply([map { "$_->{source} $_->{service} $_->{built}" } @{ $told->{sources} }],
    ['usage.bot_message bot 1', 'usage.chat_message chat 1', 'usage.phone_call telephony 1', 'usage.text_message text_messaging 1'], 'JSON: the sources');
($status, $out, $errors) = materializer('status');
like($out, qr/^leader +none\n(?s:.*)^usage\.chat_message +chat +\S+ +yes/m, 'as a table');

# verify
($status, $out, $errors) = materializer('verify');
is($status, 0, 'verify finds no difference');
is($out, '', 'and prints none');
Daemon::sql(q(ALTER TABLE usage.bot_message DISABLE TRIGGER USER; DELETE FROM usage.bot_message WHERE id IN (SELECT id FROM usage.bot_message ORDER BY id LIMIT 3);
    ALTER TABLE usage.bot_message ENABLE TRIGGER USER));
Daemon::sql(q(UPDATE usage.bot_message SET price_twin = price_twin));
my $days = Daemon::sql(q(SELECT count(*) FROM reseller_report.rebuild_slices('usage.bot_message', only_unbuilt => true)));
cmp_ok($days, '>', 10, 'writes behind capture leave days that are not built');
like((materializer('status'))[1], qr/^usage\.bot_message .* no: /m, 'status says so');

# rebuild, cut short and taken up again
my $unbuilt = sub { return Daemon::sql(q(SELECT count(*) FROM reseller_report.rebuild_slices('usage.bot_message', only_unbuilt => true))) };
($status, $out, $errors) = materializer('rebuild', '--only-unbuilt', '--to', '2024-02-20');
is($status, 0, 'a rebuild of a part') or diag $errors;
my $left = $unbuilt->();
cmp_ok($left, '<', $days, "builds it: $left of $days days are left");
my $release = Daemon::hold_lease();
my $terminal = Daemon::start_on_terminal('rebuild', '--only-unbuilt', '--dsn', 'user=reseller_materializer');
Daemon::wait_until('a slice waits', sub { Daemon::sql(q(SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock')) });
$terminal->signal('INT');
is($terminal->status_after(10), 1, 'an interrupted rebuild ends with 1');
like($terminal->log, qr/\r\e\[K\[\.+\] 0 of $left slices, 0%/, 'on a terminal it shows a bar');
like($terminal->log, qr/ to go on .*reseller-materializer rebuild --source usage\.bot_message .*--only-unbuilt/, 'and tells how to go on');
$release->();
$terminal = Daemon::start_on_terminal('rebuild', '--source', 'usage.bot_message', '--only-unbuilt', '--dsn', 'user=reseller_materializer');
is($terminal->status_after(30), 0, 'taken up again');
like($terminal->log, qr/\r\e\[K\[#+\.+\] \d+ of $left slices, \d+%, .* left  usage\.bot_message 2024-/, 'the bar grows and tells the time that is left');
like($terminal->log, qr/ rebuilt slices=$left of=$left\r?\n/, 'it builds just what is missing');
is($unbuilt->(), 0, 'all days are built');
Daemon::settles('after a rebuild');
($status, $out, $errors) = materializer('rebuild', '--from', '2024-03-01', '--to', '2024-03-03');
is($status, 0, 'a rebuild of two days of all sources');
like($errors, qr/ rebuilt slices=8 of=8\n/, 'takes two slices a source');
($status, $out, $errors) = materializer('rebuild', '--source', 'usage.nothing');
is($status, 1, 'a source that is not there');
like($errors, qr/usage\.nothing/, 'is named');

# verify with differences: summaries changed behind the extension's back
Daemon::sql(q(UPDATE reseller_report.usage_day SET events = (SELECT array_agg(e + 1) FROM unnest(events) e)
    WHERE ctid = (SELECT ctid FROM reseller_report.usage_day WHERE events IS NOT NULL AND reseller_id = 1 LIMIT 1)));
($status, $out, $errors) = materializer('verify');
is($status, 3, 'verify with differences: status 3');
like($out, qr/^source +reseller_id +company_id .*\n\S+\.\S+ +1 +\d+ /, 'and prints them');
is((materializer('rebuild', '--log-level', 'error'))[0], 0, 'a rebuild of all');
is((materializer('verify'))[0], 0, 'mends them');

# prune
($status, $out, $errors) = materializer('prune', '--older-than', '30d', '--dry-run', '--source', 'usage.chat_message');
is($status, 0, 'prune, dry run');
my @would = $out =~ /^would drop (\S+): /mg;
my $rows = Daemon::sql('SELECT count(*) FROM usage.chat_message');
is(Daemon::sql('SELECT count(*) FROM usage.chat_message'), $rows, 'drops nothing');
my $before = Daemon::sql(q(SELECT array_agg(c)::text FROM reseller_report.chat(1, '2024-01-01', '2024-06-01') c));
($status, $out, $errors) = materializer('prune', '--older-than', '30d', '--source', 'usage.chat_message');
is($status, 0, 'prune');
is(scalar(() = $out =~ /^dropped usage\.chat_message: /mg), scalar @would, 'drops what the dry run told: ' . @would . ' partitions');
is(Daemon::sql(q(SELECT array_agg(c)::text FROM reseller_report.chat(1, '2024-01-01', '2024-06-01') c)), $before, 'reports stay');
($status, $out, $errors) = Daemon::run($Daemon::program, 'prune');
is($status, 2, 'prune without an age is wrong usage');

# the service keeps house
my $port = 20000 + $$ % 10000;
Daemon::sql(q(ALTER TABLE usage.phone_call DISABLE TRIGGER USER; UPDATE usage.phone_call SET duration_seconds = duration_seconds + 1;
    ALTER TABLE usage.phone_call ENABLE TRIGGER USER; UPDATE usage.phone_call SET duration_seconds = duration_seconds));
my $instance = Daemon::start(with => ['--dsn', 'user=reseller_materializer', '--schedule', '@every 1s', '--housekeeping-schedule', '@every 1s',
    '--verify-schedule', '@every 1s', '--partitions-ahead', '200d', '--metrics-listen', "127.0.0.1:$port", '--log-format', 'json']);
my $months = sub { return Daemon::sql(q(SELECT count(*) FROM pg_inherits WHERE inhparent = 'usage.text_message'::regclass)) };
my $months_before = $months->();
Daemon::wait_until('partitions are made ahead', sub { $instance->says(qr/"event":"partition made"/) });
cmp_ok($months->(), '>', $months_before, 'partitions are made ahead');
Daemon::wait_until('days are built', sub { $instance->says(qr/"event":"days were built"/) && Daemon::sql('SELECT bool_and(is_built) FROM reseller_report.sources()') eq 't' });
pass('un-built days are built');
my $metric = sub {
    my ($name) = @_;
    my $page = HTTP::Tiny->new(timeout => 5)->get("http://127.0.0.1:$port/metrics");
    return $page->{content} =~ /^reseller_materializer_\Q$name\E (\S+)$/m ? $1 : die "no metric $name";
};
Daemon::wait_until('slices are verified', sub { $metric->('verifications_total') > 0 });
is($metric->('leader'), 1, 'metrics: leader');
is($metric->('connected'), 1, 'metrics: connected');
is($metric->('verify_mismatches_total'), 0, 'metrics: no mismatches');
is($metric->(qq(failures_total{task="$_"})), 0, "metrics: no failures of $_") for qw(refresh partitions retention rebuild verify figures);
cmp_ok($metric->('slices_rebuilt_total'), '>', 0, 'metrics: slices rebuilt');
Daemon::wait_until('un-built sources are known to be none', sub { $metric->('unbuilt_sources') == 0 });
my $folded = $metric->('deltas_folded_total');
Daemon::sql('SELECT random_usage.events(20)');
Daemon::wait_until('folded', sub { $metric->('deltas_folded_total') > $folded && $metric->('pending_deltas') == 0 });
cmp_ok($metric->('runs_total'), '>', 0, 'metrics: runs');
cmp_ok($metric->('run_seconds_count'), '>', 0, 'metrics: the histogram of runs');
like((materializer('status'))[1], qr{^leader +reseller-materializer/\S+/@{[ $instance->pid ]}, server process \d+, since }m, 'status tells who leads');
decode_json($_) for grep { length } split /\n/, $instance->log;
pass('each line of the log is JSON');
Daemon::sql(q(UPDATE reseller_report.usage_day SET events = (SELECT array_agg(e + 1) FROM unnest(events) e) WHERE events IS NOT NULL));
Daemon::wait_until('mismatches are found', sub { $metric->('verify_mismatches_total') > 0 });
ok($instance->says(qr/"level":"error","event":"verify found differences"/), 'mismatches are in log and metrics');
$instance->signal('TERM');
is($instance->status_after(5), 0, 'SIGTERM ends it with 0');
done_testing;
