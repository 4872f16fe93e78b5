#!/usr/bin/env perl
# What docs/scale.md says of more than one subscription can carry: a table that two subscriptions share by row filters, and what a
# subscriber can answer that gets usage_delta alone.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../daemon";
use Daemon;
use Nodes;
use Test::More;

my ($publisher, $reporter) = map { Nodes::start() } 1 .. 2;
sub there { return Nodes::on($publisher, @_) }
sub here { return Nodes::on($reporter, @_) }
sub subscribe {
    my ($name, @publications) = @_;
    here("CREATE SUBSCRIPTION $name CONNECTION 'host=$publisher dbname=usage user=postgres' PUBLICATION "
        . join ', ', @publications);
    Daemon::wait_until("$name copies", sub { here(q(SELECT bool_and(srsubstate = 'r') FROM pg_subscription_rel)) eq 't' });
}
sub arrives {
    my ($label, @names) = @_;
    my $lsn = there('SELECT pg_current_wal_insert_lsn()');
    is(here("SELECT bool_and(reseller_report.wait_until(s, '$lsn')) FROM unnest('{" . join(',', @names) . "}'::text[]) s"), 't',
        "$label: all is here");
}

# Two subscriptions share a table. The filter is of the primary key, so that updates and deletes can be filtered, too.
here('SELECT setseed(0.3), random_usage.companies()');
there("CREATE PUBLICATION $_->[0] FOR TABLE usage.chat_message WHERE (id % 2 = $_->[1]) WITH (publish_via_partition_root)")
    for ['even', 0], ['odd', 1];
there(q(INSERT INTO usage.chat_message (company_id, sender, occurred_at, price_twin)
    SELECT 11 + n % 20, 'bot', timestamptz '2024-03-01 10:00+00' + n % 7 * interval '1 hour', 1 FROM generate_series(1, 50) n));
subscribe($_, $_) for qw(even odd);
there(q(INSERT INTO usage.chat_message (company_id, sender, occurred_at, price_twin)
    SELECT 11 + n % 20, 'user', timestamptz '2024-03-02 10:00+00', 2 FROM generate_series(1, 50) n;
    UPDATE usage.chat_message SET price_twin = 5, occurred_at = occurred_at + interval '40 days' WHERE id % 5 = 0;
    DELETE FROM usage.chat_message WHERE id % 7 = 0));
arrives('a table shared by two subscriptions', qw(even odd));
my $digest = 'SELECT count(*), sum(hashtextextended(m::text, 0)) FROM usage.chat_message m';
is(here($digest), there($digest), 'each row is here once');
is(here(q(SELECT * FROM oracle.compare(3, '2024-03-01', '100 days'))), '', 'reports equal the oracle');
here('SELECT * FROM reseller_report.materialize()');
is(here(q(SELECT * FROM reseller_report.verify('-infinity', 'infinity'))), '', 'and so do summaries');

# A subscriber that gets usage_delta alone, and the registry of sources that it is about, folds what the publisher has captured.
Nodes::on($reporter, "ALTER SUBSCRIPTION $_ DISABLE; ALTER SUBSCRIPTION $_ SET (slot_name = NONE); DROP SUBSCRIPTION $_")
    for qw(even odd);
there('SELECT setseed(0.3), random_usage.companies(); UPDATE reseller_report.dependency SET reseller_id = 1');
there('CREATE PUBLICATION lists FOR TABLE reseller_report.company, reseller_report.dependency, reseller_report.source,
    reseller_report.source_built, reseller_report.source_unbuilt');
there(q(CREATE PUBLICATION deltas FOR TABLE reseller_report.usage_delta WITH (publish = 'insert')));
{
    local $ENV{PGHOST} = $publisher;
    my ($status, $schema) = Daemon::run('pg_dump', '--schema-only', '--no-publications', 'usage');
    is($status, 0, 'the schema is dumped');
    local $ENV{PGHOST} = $reporter;
    Daemon::sql_in('postgres', 'DROP DATABASE usage WITH (FORCE)');
    Daemon::sql_in('postgres', 'CREATE DATABASE usage TEMPLATE template0');
    open my $psql, '|-', 'psql -X -q -o /dev/null -v ON_ERROR_STOP=1 -d usage' or die;
    print $psql $schema;
    ok(close $psql, 'and restored');
}
here('SELECT reseller_report.pre_restore()');
subscribe('deltas', 'lists', 'deltas');
here('SELECT reseller_report.post_restore()');
there(q(INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin)
    SELECT 11 + n % 20, 'sms', timestamptz '2024-10-05 10:00+00' + n * interval '1 minute', 1 FROM generate_series(1, 1000) n;
    UPDATE usage.text_message SET delivered_at = occurred_at WHERE id % 3 = 0; DELETE FROM usage.text_message WHERE id % 7 = 0));
there('SELECT * FROM reseller_report.materialize()');
arrives('usage_delta alone', 'deltas');
sub report {
    return sprintf q(SELECT * FROM reseller_report.text_messaging(1, '2024-10-05 %s+00', '2024-10-05 %s+00') ORDER BY id), @_;
}
for my $when ('before a fold', 'after it') {
    is(here(report(@$_)), there(report(@$_)), "@$_ is the publisher's, $when") for ['00:00', '24:00'], ['12:00', '18:15'];
    isnt(here(report('12:07', '18:09')), there(report('12:07', '18:09')), "odd ends are not, $when");
    here('SELECT * FROM reseller_report.materialize()');
}
isnt(here(q(SELECT * FROM reseller_report.verify('-infinity', 'infinity'))), '', 'verify finds no raw rows');
done_testing;
