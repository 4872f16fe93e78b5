# The kinds of work of the concurrent fuzzer: what each does, which errors it may meet, and whose statement it is. The rules that
# keep an application from waiting for itself in a ring hold here: changes of rows that others change, too, are of one row and by
# themselves; DDL is the first thing of its transaction.
package Work;

use strict;
use warnings;
use Fuzz;

our ($owners, $owner, $directory, $version);  # of the session at work

# weight: how often. states: the errors that may come, besides those of locks and cancellation; `rr` those at REPEATABLE READ or
# above alone. keeping: maintenance, which may be the victim of a deadlock; what is `ordinary` of it locks as PostgreSQL's own
# commands do. rings: what any query may meet in one by PostgreSQL's own order of locks: a partition before its ancestors, an index
# after its table (REINDEX). alone: not inside a transaction. first: only at the beginning of one. changes: a definition, which no
# snapshot separates.
our %kinds = (
    write     => { weight => 30, does => \&write, states => '23514 23505 42P01 42703', rr => '40001' },
    contested => { weight => 6, does => \&contested, states => '42P01 42703 23514', rr => '40001', alone => 1 },
    leaf      => { weight => 3, does => \&write_leaf, states => '42P01 23514', rr => '40001', alone => 1, rings => 1 },
    companies => { weight => 10, does => \&change_companies, states => '23P01 23514', rr => '40001' },
    check     => { weight => 24, does => \&check, states => '55000' },
    fold      => { weight => 8, does => \&fold, states => '55000', rr => '40001', keeping => 1 },
    slice     => { weight => 6, does => \&slice, states => '55000 42704 42P01', rr => '40001', keeping => 1 },
    verify    => { weight => 3, does => \&verify, states => '', keeping => 1 },
    rebuild   => { weight => 2, does => \&rebuild, states => '55000 42704 42P01 23514', alone => 1, keeping => 1 },
    define    => { weight => 6, does => \&define, states => '42P01 42809 55000 55006 23514 42P17 42703 42704',
        rr => '40001', first => 1, changes => 1 },
    singly    => { weight => 4, does => \&define_concurrently, states => '23514 42P01 42809 55000 55006 0A000', alone => 1,
        rings => 1, changes => 1 },
    prune     => { weight => 1, does => \&prune, states => '0A000 40001 42P01', first => 1, keeping => 1, changes => 1 },
    make      => { weight => 1, does => \&make_partitions, states => '55006 23514', rr => '40001', first => 1, keeping => 1,
        changes => 1 },
    connect   => { weight => 1, does => \&connect_again, states => '42704 42710 42P01 42703 40001', first => 1, keeping => 1,
        changes => 1 },
    rewrite   => { weight => 3, does => \&rewrite, states => '42P01', alone => 1, keeping => 1, ordinary => 1, rings => 1 },
);

my @parts = qw(deep_1 deep_2 deep_3);
my @leaves = qw(deep_1 deep_2_a deep_2_b deep_3);
my %bound = (
    deep_1 => "FOR VALUES FROM (MINVALUE) TO ('2024-02-10 00:00+00')",
    deep_2 => "FOR VALUES FROM ('2024-02-10 00:00+00') TO ('2024-03-05 12:00+00')",
    deep_3 => "FOR VALUES FROM ('2024-03-05 12:00+00') TO ('2024-05-01 00:00+00')",
    deep_2_a => 'FOR VALUES WITH (MODULUS 2, REMAINDER 0)',
    deep_2_b => 'FOR VALUES WITH (MODULUS 2, REMAINDER 1)',
);
sub parent_of { return $_[0] =~ /^deep_2_/ ? 'deep_2' : 'deep'; }
sub attach { my ($part) = @_; return "ALTER TABLE live.@{[parent_of($part)]} ATTACH PARTITION live.$part $bound{$part}"; }
sub detach { my ($part) = @_; return "ALTER TABLE live.@{[parent_of($part)]} DETACH PARTITION live.$part"; }

# The rows that are the session's own to change.
sub mine { my ($column) = @_; return "$column % $owners = $owner"; }

sub write {
    my $n = 1 + number(8);
    my $where = sprintf('random() < %.3f AND %s', pick(0.02, 0.1, 0.3), mine('id'));
    my $customer = number(10) * $owners + $owner;
    return write_some(mine('id'), mine('firm')) if chance(0.5);
    return pick(
        "SELECT fuzz.deep($n)", "SELECT fuzz.deep($n)", "SELECT fuzz.calls($n, $owners, $owner)",
        "UPDATE live.deep SET delivered_at = now() WHERE delivered_at IS NULL AND $where",
        "UPDATE live.deep SET occurred_at = random_usage.moment() WHERE $where",
        "UPDATE live.deep SET company_id = fuzz.company(), channel = 'push', price_twin = -price_twin WHERE $where",
        "DELETE FROM live.deep WHERE $where",
        "UPDATE live.odd SET price_twin = 2, channel = 'sms' WHERE channel <> 'pigeon' AND $where",
        "DELETE FROM live.customer WHERE id = $customer", "UPDATE live.customer SET id = id + 1000 * $owners WHERE id = $customer",
        "UPDATE live.call SET way = CASE way WHEN 'x' THEN 'in' ELSE 'x' END WHERE $where AND " . mine('customer_id'),
        "COPY live.deep (company_id, channel, occurred_at, price_twin) FROM '$directory/rows_" . (1 + number(3)) . "'",
        "COPY live.text_message (company_id, channel, occurred_at, price_twin) FROM '$directory/rows_" . (1 + number(3)) . "'",
        "MERGE INTO live.deep d USING (SELECT id FROM live.deep WHERE $where) s ON d.id = s.id"
            . ' WHEN MATCHED AND s.id % 2 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET price_reseller = 1'
            . ($version >= 170000 ? ' RETURNING merge_action(), d.id' : ''));
}

# Rows that others change, too; and writes through an ancestor of a connected table, which a report in the same transaction would
# lock first.
sub contested {
    my $table = pick(qw(text_message chat_message phone_call bot_message deep));
    my $id = "(SELECT id FROM live.$table ORDER BY random() LIMIT 1)";
    my $where = 'random() < 0.1 AND ' . mine('id');
    return pick(
        'SELECT fuzz.above(' . (1 + number(8)) . ')', "UPDATE live.above SET billable = NOT billable, company_id = 11 WHERE $where",
        "UPDATE live.above SET kind = CASE kind WHEN 'counted' THEN 'other' ELSE 'counted' END WHERE $where",
        "DELETE FROM live.above WHERE $where", "UPDATE live.$table SET price_twin = price_twin + 1 WHERE id = $id",
        "UPDATE live.$table SET occurred_at = random_usage.moment() WHERE id = $id",
        "UPDATE live.$table SET company_id = 11 + random() * 29 WHERE id = $id", "DELETE FROM live.$table WHERE id = $id");
}

sub write_leaf {
    my $leaf = pick(@leaves);
    return pick(
        "INSERT INTO live.branch (id, kind, company_id, occurred_at, billable) VALUES ($owner, 'counted', 12, now(), true)",
        "UPDATE live.$leaf SET price_twin = price_twin + 1 WHERE id = (SELECT id FROM live.$leaf ORDER BY random() LIMIT 1)",
        "INSERT INTO live.$leaf (company_id, channel, occurred_at) VALUES (fuzz.company(), 'sms', random_usage.moment())");
}

sub check {
    my $rounds = 1 + number(2);
    return chance(0.2) ? "SET ROLE fuzz_reader;\nSELECT * FROM fuzz.check($rounds, '{5}');\nRESET ROLE"
        : "SELECT * FROM fuzz.check($rounds, '{1, 2, 3, 5}')";
}

my @sources = qw(text_message chat_message phone_call bot_message old_bot deep deep deep call branch);
sub slice { return rebuild_slice(@sources); }
sub verify { return "SELECT * FROM reseller_report.verify('-infinity', 'infinity')"; }
sub rebuild { return "CALL reseller_report.rebuild('live." . pick(@sources, 'odd') . "')"; }

sub define {
    my $part = pick(@parts);
    if (chance(0.4)) {
        my $statement = alter();
        return $statement unless $statement =~ /prune|create_partitions/;
    }
    return pick(
        attach($part), attach($part), detach($part),
        detach($part) . ";\nDELETE FROM live.$part WHERE random() < 0.1;\n" . attach($part),
        "TRUNCATE live.deep", "TRUNCATE live." . pick(@leaves), 'TRUNCATE live.call', 'TRUNCATE live.above', 'TRUNCATE live.branch',
        'DO $$ BEGIN ALTER TABLE live.deep ADD extra integer DEFAULT random() * 9; ALTER TABLE live.deep DROP extra; END $$',
        'ALTER TABLE live.call DISABLE TRIGGER USER', 'ALTER TABLE live.call ENABLE TRIGGER USER',
        join(";\n", map { "ALTER TABLE live.$_" } 'call RENAME TO calls', 'calls RENAME COLUMN at TO moment',
            'calls RENAME COLUMN moment TO at', 'calls RENAME TO call'),
        'ALTER TABLE live.above DETACH PARTITION live.branch',
        "ALTER TABLE live.above ATTACH PARTITION live.branch FOR VALUES IN ('counted')");
}

my @rewritten = ((map { "live.$_" } qw(text_message deep old_bot call branch bot_message_default)),
    (map { "reseller_report.usage_$_" } qw(quarter hour day month year delta run packed)),
    (map { "reseller_report.$_" } qw(source_built source_unbuilt source source_leaf lease company dependency)));
# What waits for the snapshots of others, two at a time for each other's, or for an ancestor when it holds a partition. Not
# deep_2 CONCURRENTLY: PostgreSQL 15 leaves the partitions of a partition that is detached so with a check of its columns by number.
sub define_concurrently {
    my $part = pick(qw(deep_1 deep_3));
    my $lower = pick(qw(deep_2_a deep_2_b));
    return pick(detach($part) . ' CONCURRENTLY', detach($part) . ' CONCURRENTLY', detach($part) . ' FINALIZE', attach($part),
        detach($lower), attach($lower), detach($lower) . ";\nDELETE FROM live.$lower WHERE random() < 0.1;\n" . attach($lower),
        'REINDEX TABLE CONCURRENTLY ' . pick(@rewritten), 'REINDEX TABLE CONCURRENTLY ' . pick(@rewritten));
}

my @monthly = qw(text_message chat_message phone_call bot_message);
sub prune { return sprintf("SELECT fuzz.prune('%s', '2024-0%d-01 00:00+00')", pick(@monthly), 2 + number(2)); }
sub make_partitions {
    return "SELECT * FROM reseller_report.create_partitions('0'" . (chance(0.4) ? '' : ", 'live." . pick(@monthly) . "'") . ')';
}

sub connect_again {
    my $table = pick(qw(call old_bot));
    return pick("SELECT reseller_report.detach_source('live.$table')", "SELECT fuzz.attach_$table()", "SELECT fuzz.attach_$table()",
        "SELECT reseller_report.detach_source('live.$table');\nSELECT fuzz.attach_$table()");
}

sub rewrite {
    my $table = pick(@rewritten);
    return pick("VACUUM $table", "VACUUM FULL $table", "VACUUM FULL $table", "REINDEX TABLE $table", "ANALYZE $table",
        $table =~ /usage_(quarter|hour|day|month|year|packed)/ ? "CLUSTER $table USING usage_${1}_pkey" : 'CHECKPOINT');
}

1;
