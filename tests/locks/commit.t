#!/usr/bin/env perl
# A transaction attaches a partition and commits. Others see what it did, with the mark that un-builds its days, a moment before the
# server tells their sessions of it; until then their query plans go on without the partition. The test makes that moment long:
# whatever happens in it may neither count half of the partition's rows nor remove the mark.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../daemon";
use Daemon;
use File::Temp qw(tempdir);
use Test::More;

my $work = tempdir('/tmp/reseller_report_commit.XXXXXX', CLEANUP => 1);
chmod 0755, $work;
chomp(my $include = `\${PG_CONFIG:-pg_config} --includedir-server`);
system("\${CXX:-g++} -std=c++17 -shared -fPIC -isystem '$include' '$FindBin::Bin/slow_commit.cpp' -o '$work/slow_commit.so'") == 0
    or die 'no library';
Daemon::start_cluster('shared_buffers=64MB');
Daemon::make_database('commits');
my $columns = 'company_id bigint, occurred_at timestamptz NOT NULL, billable boolean DEFAULT true,
    price_twin numeric(15,6) DEFAULT 1, price_reseller numeric(15,6) DEFAULT 0';
Daemon::sql(<<"END");
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'R1', true), (2, 'R2', true), (11, 'C11', false);
INSERT INTO reseller_report.dependency VALUES (1, 11);
CREATE TABLE bots ($columns) PARTITION BY RANGE (occurred_at);
CREATE TABLE bots_01 PARTITION OF bots FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE bots_06 PARTITION OF bots FOR VALUES FROM ('2024-06-01') TO ('2024-07-01') PARTITION BY RANGE (occurred_at);
CREATE TABLE bots_02 PARTITION OF bots FOR VALUES FROM ('2024-02-01') TO ('2024-03-01') PARTITION BY RANGE (occurred_at);
SELECT reseller_report.attach_source('bot', 'bots');
INSERT INTO bots VALUES (11, '2024-01-05');
SELECT reseller_report.materialize();
END
my $slowly = "LOAD '$work/slow_commit.so'; SET slow_commit.milliseconds = 2000";
my $report = q(SELECT sum(billable_messages) FROM reseller_report.bot(1, '-infinity', 'infinity'));

# Does something in that moment, in a session that knew the table before the partition came.
sub while_attaching {
    my ($parent, $part, $bounds, $what) = @_;
    my $until = sub { "DO \$x\$ BEGIN WHILE NOT EXISTS ($_[0]) LOOP PERFORM pg_sleep(0.01); END LOOP; END \$x\$" };
    my $pid = fork // die;
    if ($pid == 0) {
        Daemon::sql($until->(q(SELECT FROM pg_locks WHERE locktype = 'advisory'))
            . "; $slowly; ALTER TABLE $parent ATTACH PARTITION $part FOR VALUES $bounds");
        POSIX::_exit(0);
    }
    my ($status, $said, $errors) = Daemon::run('psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', map { ('-c', $_) }
        "SET statement_timeout = '60s'", 'DO $x$ BEGIN PERFORM count(*) FROM bots; END $x$',
        q(DO $x$ BEGIN PERFORM sum(billable_messages) FROM reseller_report.bot(1, '-infinity', 'infinity'); END $x$),
        'DO $x$ BEGIN PERFORM pg_advisory_lock(1); END $x$',
        $until->("SELECT FROM reseller_report.source_unbuilt WHERE reason ~ '$part came'"), $what);
    is($errors, '', "beside the attachment of $part");
    waitpid $pid, 0;
    chomp $said;
    return $said;
}
my $bots = 1;
sub apart {
    my ($name, $day) = @_;
    Daemon::sql("CREATE TABLE $name ($columns); INSERT INTO $name VALUES (11, '$day 10:00'), (11, '$day 10:07')");
    $bots += 2;
    return $name;
}

my $rebuild = "SELECT count(*) FROM reseller_report.rebuild_slice('bots', '2024-01-01', '2024-07-01')";
my $built = q(SELECT is_built FROM reseller_report.sources() WHERE source = 'bots'::regclass);
while_attaching('bots', apart('bots_03', '2024-03-05'), "FROM ('2024-03-01') TO ('2024-03-10')", $rebuild);
is(Daemon::sql($built), 't', 'a rebuild in that moment mends the mark');
is(Daemon::sql($report), $bots, 'and has counted what came');
while_attaching('bots_02', apart('bots_02_b', '2024-02-05'), "FROM ('2024-02-01') TO ('2024-02-10')", $rebuild);
is(Daemon::sql($report), $bots, 'also where it came to a partition with partitions');
is(Daemon::sql($built), 't', 'with all built');
my $said = while_attaching('bots_06', apart('bots_06_b', '2024-06-05'), "FROM ('2024-06-01') TO ('2024-06-10')", $report);
is($said, $bots, 'a report in that moment counts what it sees');
Daemon::sql($rebuild);
$said = while_attaching('bots', apart('bots_04', '2024-03-15'), "FROM ('2024-03-10') TO ('2024-03-20')", $report);
is($said, $bots, 'and where it came to the table itself');
Daemon::sql($rebuild);
$said = while_attaching('bots', apart('bots_05', '2024-03-25'), "FROM ('2024-03-20') TO ('2024-03-30')",
    q(SELECT count(*) FROM reseller_report.verify('-infinity', 'infinity')));
is($said, 0, 'verify in that moment finds nothing');
Daemon::sql($rebuild);
while_attaching('bots_02', apart('bots_02_c', '2024-02-15'), "FROM ('2024-02-10') TO ('2024-02-20')",
    q(SELECT reseller_report.move_company(11, 2, '2024-02-15 10:00')));
my $both = q(SELECT (SELECT sum(billable_messages) FROM reseller_report.bot(1, '-infinity', 'infinity'))
    || ' ' || (SELECT sum(billable_messages) FROM reseller_report.bot(2, '-infinity', 'infinity')));
my $truth = q(SELECT count(*) FILTER (WHERE occurred_at < '2024-02-15 10:00')
    || ' ' || count(*) FILTER (WHERE occurred_at >= '2024-02-15 10:00') FROM bots);
is(Daemon::sql($both), Daemon::sql($truth), 'a move in that moment');
Daemon::sql('SELECT reseller_report.materialize()');
is(Daemon::sql($both), Daemon::sql($truth), 'folded');
Daemon::sql($rebuild);
is(Daemon::sql($both), Daemon::sql($truth), 'rebuilt');
is(Daemon::sql(q(SELECT count(*) FROM reseller_report.verify('-infinity', 'infinity'))), 0, 'verified');
done_testing();
