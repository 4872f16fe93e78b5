# What both modes of the fuzzer share: its options, dice, sessions, and the random things that an application and its keepers do.
package Fuzz;

use strict;
use warnings;
use Exporter qw(import);
use IPC::Open2;

our @EXPORT = qw(read_options pick chance number midnight open_session say_to write_some change_companies fold
    rebuild_slice alter);

# name=number, for the options that have a default in the first argument.
sub read_options {
    my ($option, @arguments) = @_;
    for (@arguments) {
        die "unknown argument $_\n" unless /^(\w+)=(\d+)$/ && exists $option->{$1};
        $option->{$1} = $2;
    }
}

sub pick { return $_[int(rand(@_))]; }
sub chance { return rand() < $_[0]; }
sub number { return int(rand($_[0])); }
sub midnight { return sprintf("timestamptz '2024-03-01 00:00+00' + interval '%d days'", $_[0]); }
sub moment { return sprintf("timestamptz '2024-03-01 00:00+00' + %d * interval '15 minutes'", number(7200) - 3600); }

# A session is a psql that is fed one statement at a time.
sub open_session {
    my ($name, $settings) = @_;
    my $pid = open2(my $out, my $in, 'exec psql -X -q -A -t -P pager=off -v VERBOSITY=verbose -v SHOW_CONTEXT=never -d fuzz 2>&1');
    my $session = { name => $name, pid => $pid, out => $out, in => $in, depth => 0, open => 0, failed => 0 };
    say_to($session, "SET deadlock_timeout = '50ms'; $settings; SELECT setseed(" . rand() . ")");
    return $session;
}

# Returns the output and the SQLSTATE of the last statement; no SQLSTATE where the session is gone.
sub say_to {
    my ($session, $sql) = @_;
    local $SIG{PIPE} = 'IGNORE';
    print { $session->{in} } "$sql;\n\\echo END-OF-STEP :SQLSTATE\n";
    $session->{in}->flush;
    my $output = '';
    while (defined(my $line = readline $session->{out})) {
        return ($output, $1) if $line =~ /^END-OF-STEP (\S+)/;
        $output .= $line;
    }
    return ($output, undef);
}

# Changes of rows that are there concern those of the session alone: $mine is a condition on id, $my_firm one on the company of
# live.old_bot. Sessions that wait for each other's rows in turn would be an application's own deadlock.
my @tables = qw(text_message chat_message phone_call bot_message);
sub write_some {
    my ($mine, $my_firm) = @_;
    my $n = 1 + number(8);
    my $random = sprintf('random() < %.3f', pick(0.01, 0.05, 0.3));
    my ($where, $of_firm) = ("$random AND $mine", "$random AND $my_firm");
    return pick(
        "SELECT fuzz.texts($n)", "SELECT fuzz.others($n)", "SELECT fuzz.texts($n), fuzz.others($n)",
        "UPDATE live.text_message SET delivered_at = now() WHERE delivered_at IS NULL AND $where",
        "UPDATE live.text_message SET occurred_at = random_usage.moment() WHERE $where",
        "UPDATE live.text_message SET channel = 'email', company_id = 11 + random() * 29 WHERE $where",
        "UPDATE live.chat_message SET via_alice = NOT via_alice, price_twin = -price_twin WHERE $where",
        "UPDATE live.phone_call SET direction = 'incoming', duration_seconds = duration_seconds + 7 WHERE $where",
        "UPDATE live.bot_message SET billable = NOT billable WHERE $where",
        "UPDATE live.old_bot SET state = CASE WHEN state = 'lost' THEN 'done' ELSE 'lost' END, at = at + interval '1 hour'"
            . " WHERE $of_firm",
        "UPDATE live.old_bot SET plan = 1 + plan % 3 WHERE $of_firm",
        sprintf('DELETE FROM live.%s WHERE %s', pick(@tables), $where), "DELETE FROM live.old_bot WHERE $of_firm",
        "WITH gone AS (DELETE FROM live.bot_message WHERE $where RETURNING *)"
            . ' INSERT INTO live.bot_message SELECT (g).* FROM gone g',
        "DO \$\$ BEGIN PERFORM fuzz.texts($n); RAISE division_by_zero;"
            . " EXCEPTION WHEN division_by_zero THEN PERFORM fuzz.others($n); END \$\$",
        'DO $$ BEGIN FOR i IN 1 .. 3 LOOP BEGIN PERFORM fuzz.texts(2); IF i = 2 THEN RAISE division_by_zero; END IF;'
            . ' EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END $$',
        "MERGE INTO live.text_message t USING (SELECT id, occurred_at FROM live.text_message WHERE $where) s"
            . " ON t.id = s.id AND t.occurred_at = s.occurred_at"
            . " WHEN MATCHED AND s.id % 2 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET price_reseller = 1",
        "INSERT INTO live.bot_message (id, company_id, occurred_at) SELECT id, company_id, occurred_at FROM live.bot_message"
            . " WHERE $where ON CONFLICT (occurred_at, id) DO UPDATE SET price_twin = live.bot_message.price_twin + 1",
        "SET LOCAL session_replication_role = replica;\nUPDATE live.text_message SET price_twin = price_twin + 1 WHERE $where;\n"
            . "RESET session_replication_role");
}

sub change_companies {
    my $company = 11 + number(30);
    my $since = moment();
    return pick(
        "SELECT reseller_report.move_company($company, @{[pick(1, 2, 3, 'NULL')]}, $since)",
        "SELECT random_usage.companies_moved()",
        "DELETE FROM reseller_report.dependency WHERE company_id = $company",
        "INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (@{[1 + number(3)]}, $company)",
        "UPDATE reseller_report.dependency SET reseller_id = 1 + reseller_id % 3"
            . " WHERE company_id BETWEEN $company AND $company + 2",
        "UPDATE reseller_report.dependency SET during = tstzrange(lower(during), $since)"
            . " WHERE company_id = $company AND lower(during) IS NULL",
        "WITH gone AS (DELETE FROM reseller_report.dependency WHERE company_id BETWEEN $company AND $company + 2 RETURNING *)
            INSERT INTO reseller_report.dependency SELECT 1 + reseller_id % 3, company_id, during FROM gone LIMIT 1");
}

sub fold {
    return pick(
        'SELECT * FROM reseller_report.materialize(' . (1 + number(200)) . ')', 'SELECT * FROM reseller_report.materialize()',
        'SELECT * FROM reseller_report.materialize(1000, true)', 'SELECT reseller_report.fold()',
        'SELECT reseller_report.fold(' . (1 + number(50)) . ')',
        'SET reseller_report.largest_packed_day = ' . pick(0, 3, 10, 1024));
}

sub rebuild_slice {
    my @sources = @_ ? @_ : (@tables, 'old_bot');
    my $from = number(80) - 40;
    my $to = $from + 1 + number(20);
    my $source = 'live.' . pick(@sources);
    return pick(
        "SELECT * FROM reseller_report.rebuild_slice('$source', @{[midnight($from)]}, @{[midnight($to)]})",
        "SELECT * FROM reseller_report.rebuild_slice('$source', '-infinity', 'infinity')");
}

# Each touches one usage table, in the order of locks of every writer, but for create_partitions.
sub alter {
    my $table = pick(@tables);
    my $month = pick(qw(2024_01 2024_02 2024_03 2024_04));
    return pick(
        "SELECT * FROM reseller_report.create_partitions('0')",
        "SELECT fuzz.truncate('$table', '${table}_default')", "SELECT fuzz.truncate('$table', '${table}_$month')",
        "SELECT fuzz.attach_again('$table', '${table}_$month')", "SELECT fuzz.drop('$table', '${table}_$month')",
        "TRUNCATE live.old_bot",
        "ALTER TABLE live.old_bot DISABLE TRIGGER reseller_report_capture;\nSELECT fuzz.old_bots(2);\n"
            . "ALTER TABLE live.old_bot ENABLE TRIGGER reseller_report_capture",
        "ALTER TABLE live.old_bot RENAME COLUMN cents TO pence;\nSELECT 1;\nALTER TABLE live.old_bot RENAME COLUMN pence TO cents",
        "ALTER TABLE live.old_bot RENAME TO older_bot;\nUPDATE live.older_bot SET cents = cents + 1 WHERE random() < 0.1;\n"
            . "ALTER TABLE live.older_bot RENAME TO old_bot",
        sprintf("SELECT fuzz.prune('%s', '2024-0%d-01 00:00+00')", pick(@tables), 2 + number(2)));
}

1;
