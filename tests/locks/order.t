#!/usr/bin/env perl
# The order of locks (docs/internals.md): an application's transaction, which may hold usage tables and wait for the lease, or hold
# the lease and wait for usage tables, is never the victim of a deadlock with what the extension does beside it. Each pair runs side
# by side for some seconds, with a deadlock_timeout so short that a circle is found as soon as there is one; the application's
# sessions must see no 40P01.
#   tests/locks/order.t [seconds=N] [only=NAME,...]
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../daemon";
use Daemon;
use File::Temp qw(tempdir);
use Test::More;

my %option = (seconds => 4, only => '');
for (@ARGV) {
    die "unknown argument $_\n" unless /^(\w+)=([\w,]+)$/ && exists $option{$1};
    $option{$1} = $2;
}
Daemon::start_cluster('deadlock_timeout=100ms', 'shared_buffers=64MB', 'max_locks_per_transaction=400');
Daemon::make_database('locks');
my ($status, undef, $errors) = Daemon::run('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f',
    "$Daemon::root/tests/fuzz/prepare.sql");
$status == 0 or die $errors;
Daemon::sql('SELECT fuzz.texts(200), fuzz.others(50)');
Daemon::sql('CREATE TABLE live.firm (id bigint PRIMARY KEY, name text); INSERT INTO live.firm SELECT generate_series(1, 100);
    ALTER TABLE live.chat_message ADD FOREIGN KEY (company_id) REFERENCES live.firm');
my $work = tempdir(CLEANUP => 1);

my $company = '\set company random(11, 40)';
my $reports = "SELECT count(*) FROM reseller_report.text_messaging(1, '2024-03-01', 'infinity'),
    reseller_report.bot(2, '-infinity', 'infinity')";
my $move = "SELECT reseller_report.move_company(:company, 1 + :company % 3, '2024-03-05')";
my $attach = q(SELECT reseller_report.attach_source('bot', 'live.old_bot',
    '{"company_id": "firm", "billable": {"column": "plan", "values": {"1": true, "2": false, "3": null}},
    "occurred_at": {"column": "at", "time_zone": "-02:00"}, "price_twin": {"column": "cents", "unit": "0.01"},
    "price_reseller": "earned", "only": {"state": ["done", null]}}'));
# A moment between the two, in which a circle may close.
my $pause = "\n\\sleep 10 ms\n";
my $read_and_move = "BEGIN; $reports;$pause$move; COMMIT;";
my $write_and_move = "BEGIN; SELECT fuzz.texts(3), fuzz.others(1);$pause$move; COMMIT;";

# Name, a transaction of the application, and what goes on beside it, by round.
my @pairs = (
    ['reads_then_moves_beside_prune', $read_and_move, \&prune],
    ['writes_then_moves_beside_prune', $write_and_move, \&prune],
    ['reads_then_moves_beside_detach', $read_and_move, \&detach],
    ['writes_then_moves_beside_detach', $write_and_move, \&detach],
    ['moves_then_truncates_beside_a_fold', "BEGIN; $move;${pause}TRUNCATE live.text_message; COMMIT;",
        sub { 'SELECT fuzz.texts(20), fuzz.others(2)', fold() }],
    ['writes_then_moves_beside_create_partitions', $write_and_move, \&partitions],
    ['detaches_beside_a_fold', "BEGIN; SELECT fuzz.others(1); SELECT reseller_report.detach_source('live.old_bot'); $attach;
        COMMIT;", \&fold],
    ['attaches_a_partition_then_moves_beside_a_rebuild',
        "BEGIN; ALTER TABLE live.phone_call ATTACH PARTITION apart FOR VALUES FROM ('2001-01-01') TO ('2001-02-01');$pause$move;"
        . ' ALTER TABLE live.phone_call DETACH PARTITION apart; COMMIT;', \&rebuild],
    ['empties_a_partition_beside_a_whole_rebuild',
        "BEGIN; LOCK TABLE live.phone_call IN SHARE ROW EXCLUSIVE MODE;${pause}TRUNCATE live.phone_call_default; COMMIT;$pause",
        sub { q(CALL reseller_report.rebuild('live.phone_call')) }],
    ['writes_in_another_order_beside_create_partitions',
        "BEGIN; INSERT INTO live.bot_message (company_id, occurred_at) VALUES (12, '2024-03-05');$pause"
        . "INSERT INTO live.chat_message (company_id, sender, occurred_at) VALUES (12, 'bot', '2024-03-05'); COMMIT;",
        \&partitions],
    ['adds_a_company_and_its_usage_beside_create_partitions',
        "BEGIN; INSERT INTO live.firm VALUES (1000) ON CONFLICT DO NOTHING;
            UPDATE live.firm SET name = 'Firm' WHERE id = 1000;$pause"
        . "INSERT INTO live.chat_message (company_id, sender, occurred_at) VALUES (12, 'bot', '2024-03-05'); COMMIT;",
        \&partitions],
);
sub prune {
    my ($round) = @_;
    my @day = map { sprintf "timestamptz '1990-01-01 00:00+00' + %d * interval '1 day'", $round + $_ } 0, 1;
    return "DO \$x\$ BEGIN EXECUTE
        format('CREATE TABLE live.old PARTITION OF live.text_message FOR VALUES FROM (%L) TO (%L)', $day[0], $day[1]); END \$x\$",
        "INSERT INTO live.text_message (company_id, channel, occurred_at) SELECT n, 'sms', $day[0] FROM generate_series(1, 50) n",
        "SELECT reseller_report.rebuild_slice('live.text_message', '-infinity', 'infinity')",
        "SELECT reseller_report.prune('live.text_message', $day[1])",
        'DROP TABLE IF EXISTS live.old';
}
sub detach { return $attach, "SELECT reseller_report.detach_source('live.old_bot')" }
sub fold { return ('SELECT count(*) FROM reseller_report.materialize()') x 20 }
sub partitions {
    my ($round) = @_;
    my $month = "timestamptz '1950-01-01 00:00+00' + $round * interval '1 month'";
    return "INSERT INTO live.chat_message (company_id, sender, occurred_at) SELECT 12, 'bot', $month FROM generate_series(1, 15000);
        INSERT INTO live.bot_message (company_id, occurred_at) SELECT 12, $month",
        "SELECT count(*) FROM reseller_report.create_partitions('0')";
}
sub rebuild { return ("SELECT reseller_report.rebuild_slice('live.phone_call', '-infinity', 'infinity')") x 10 }

Daemon::sql(q(CREATE TABLE public.apart (LIKE live.phone_call INCLUDING ALL);
    INSERT INTO apart (company_id, direction, occurred_at) VALUES (12, 'outgoing', '2001-01-05')));
my %wanted = map { $_ => 1 } split /,/, $option{only};
for my $pair (grep { !%wanted || $wanted{ $_->[0] } } @pairs) {
    my ($name, $transaction, $beside) = @$pair;
    open my $script, '>', "$work/script" or die;
    print $script "$company\n$transaction\n";
    close $script;
    my $rounds_before = Daemon::sql('SELECT sum(turn) FROM reseller_report.lease');
    my $loop = Daemon::start_loop($beside);
    my (undef, $out, $said) = Daemon::run('pgbench', '-n', '-c', $name =~ /^(detaches|attaches|empties|moves)/ ? 1 : 3, '-T',
        $option{seconds}, '--failures-detailed',
        '--verbose-errors', '-f', "$work/script");
    Daemon::stop_writers($loop);
    my ($done) = $out =~ /number of transactions actually processed: (\d+)/;
    my ($victims) = $out =~ /number of deadlock failures: (\d+)/;
    $said =~ s/^pgbench: (?!error).*\n//mg;
    my $rounds = Daemon::sql('SELECT sum(turn) FROM reseller_report.lease') - $rounds_before;
    diag("$name: " . ($done // 0) . " transactions beside it, $rounds turns; $said") if $ENV{VERBOSE};
    is($victims // "? $out", 0, "$name: no statement of the application is the victim of a deadlock") or diag($said);
    cmp_ok($done // 0, '>', 0, "$name: $option{seconds} seconds side by side");
    is($out =~ /aborted/ ? $said : '', '', "$name: and none fails otherwise");
    Daemon::sql($attach) if $name =~ /detach/
        && Daemon::sql(q(SELECT count(*) FROM reseller_report.sources() WHERE source = 'live.old_bot'::regclass)) == 0;
}
is(Daemon::sql(q(SELECT string_agg(DISTINCT source::text, ', ') FROM reseller_report.verify('-infinity', 'infinity'))), '',
    'summaries equal raw usage');
is(Daemon::sql(q(SELECT string_agg(b::text, E'\n') FROM (
    SELECT r.id, r.billable_messages FROM reseller_report.bot(1, '-infinity', 'infinity') r
    EXCEPT ALL SELECT d.company_id, count(m.*) FILTER (WHERE m.billable) FROM reseller_report.dependency d
        LEFT JOIN usage.bot_message m ON m.company_id = d.company_id AND d.during @> m.occurred_at
        WHERE d.reseller_id = 1 GROUP BY 1) b)), '', 'and reports equal it');
done_testing();
