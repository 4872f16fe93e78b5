#!/usr/bin/env perl
# What a database or a role sets for its sessions changes nothing: neither what the program reads from the server nor what it has
# the server read. Each command says the same in a database with every such setting turned as in one without.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Daemon;
use JSON::PP;
use Test::More;

my $dir = Daemon::start_cluster();
my @settings = (
    ['datestyle', "'German, DMY'"], ['datestyle', "'SQL, MDY'"], ['intervalstyle', 'sql_standard'],
    ['timezone', "'America/St_Johns'"],
    ['timezone', "'+02:30'"], ['quote_all_identifiers', 'on'], ['search_path', "'nowhere'"],
    ['client_encoding', "'LATIN1'"], ['client_min_messages', 'debug1'], ['default_transaction_isolation', 'serializable'],
    ['default_transaction_read_only', 'on'], ['default_transaction_deferrable', 'on'], ['statement_timeout', "'2s'"],
    ['lock_timeout', "'1ms'"], ['idle_session_timeout', "'10min'"], ['extra_float_digits', '-15'], ['array_nulls', 'off'],
    ['bytea_output', 'escape'], ['lc_messages', "'C'"], ['lc_monetary', "'C'"], ['row_security', 'off'],
    ['transform_null_equals', 'on'], ['check_function_bodies', 'off'], ['application_name', "'theirs'"]);
push @settings, ['transaction_timeout', "'500ms'"]
    if Daemon::sql(q(SELECT count(*) FROM pg_settings WHERE name = 'transaction_timeout'));

# PostgreSQL 19 has strings of the standard alone.
push @settings, ['standard_conforming_strings', 'off']
    if Daemon::sql(q(SELECT current_setting('server_version_num')::int < 190000)) eq 't';

Daemon::make_database('plain');
Daemon::sql(q(INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'one', true), (11, 'eleven', false);
    INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (1, 11);
    INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) SELECT 11, d, 1.5
        FROM generate_series('2024-01-10 10:00+00', '2024-03-10', interval '7 days') d));
Daemon::sql(q(SELECT reseller_report.materialize(); SELECT reseller_report.create_partitions('1 month')));
Daemon::sql(q(UPDATE reseller_report.source SET attached_at = '2024-01-10 23:30+00';
    UPDATE reseller_report.lease SET last_materialized_at = '2024-01-10 23:30:00.5+00', last_duration = '-1 day +0.25 seconds';
    UPDATE reseller_report.usage_month SET events = ARRAY[9] WHERE bucket = '2024-03-01 00:00+00'));
Daemon::sql_in('postgres', 'CREATE DATABASE turned TEMPLATE plain');

# What a command prints and logs, without what is another each time.
sub said {
    my (@command) = @_;
    my ($status, $out, $errors) = Daemon::run($Daemon::program, @command);
    s/^\S+Z (?=\w)//mg, s/"time":"[^"]*"/"time":""/g, s/\(\d+d[^)]* ago\)/(ago)/g, s/(oldest[ _]xmin[ _]age\W+)\d+/$1N/g,
        s/(dead[ _]deltas\W+)\d+/$1N/g
        for $out, $errors;
    return "$command[0]: $status\n$out$errors";
}
sub all_said {
    return join "\n", map { said(@$_) } (
        ['once'], ['status'], ['status', '--format', 'json'],
        ['rebuild', '--source', 'usage.bot_message', '--from', '2024-02-01', '--to', '2024-02-03T01:00+02:00'],
        ['rebuild', '--from', '2024-01-10T23:30:00.25-03:30', '--to', '2024-01-12'],
        ['verify', '--from', '2024-02-01', '--to', '2024-03-01'], ['verify'],
        ['prune', '--older-than', '300d', '--dry-run'], ['prune', '--older-than', '300d', '--source', 'usage.bot_message'],
        ['verify', '--service', 'bot'], ['rebuild', '--source', 'usage.none']);
}

my $plain = all_said();
like($plain, qr/^verify: 3$/m, 'a difference is found') or diag $plain;
like($plain, qr/^dropped usage\.bot_message: 2024-01-01 00:00:00\+00 to 2024-02-01 00:00:00\+00$/m, 'and partitions are dropped');
like($plain, qr/ period from=2024-01-11T03:00:00\.250000Z to=2024-01-12T00:00:00Z\n/, 'what a period was understood as is told');

$ENV{PGDATABASE} = 'turned';
my %last = map { ($_->[0] => $_->[1]) } @settings;
# One by one, for what turns all together may hide: those that only print.
for my $setting (grep { $_->[0] =~ /datestyle|timezone|quote_all|intervalstyle/ } @settings) {
    my ($name, $value) = @$setting;
    Daemon::sql_in('postgres', "ALTER DATABASE turned SET $name = $value");
    is(said('rebuild', '--source', 'usage.chat_message', '--from', '2024-02-01', '--to', '2024-02-03T01:00+02:00'),
        do {
            local $ENV{PGDATABASE} = 'plain';
            said('rebuild', '--source', 'usage.chat_message', '--from', '2024-02-01', '--to', '2024-02-03T01:00+02:00');
        }, "$name = $value");
}
Daemon::sql_in('postgres', "ALTER DATABASE turned SET $_ = $last{$_}") for sort keys %last;
is(all_said(), $plain, 'every command says the same with all of them');

# The service.
Daemon::sql(q(BEGIN READ WRITE; INSERT INTO usage.bot_message (company_id, occurred_at) VALUES (11, now()); COMMIT));
Daemon::sql_in('postgres', 'ALTER DATABASE turned RESET datestyle');
Daemon::sql_in('postgres', q(ALTER DATABASE turned SET datestyle = 'Postgres, DMY'));
my $instance = Daemon::start(with => ['--schedule', '@every 1s', '--housekeeping-schedule', '@every 1s', '--verify-schedule',
    '@every 1s',
    '--partitions-ahead', '200d', '--retention', 'usage.text_message=30d']);
Daemon::wait_until('partitions are made',
    sub { $instance->says(qr/ partition made source=usage\.text_message from="20\d\d-\d\d-01 00:00:00\+00"/) });
Daemon::wait_until('usage is verified',
    sub { $instance->says(qr/ verified source=usage\.bot_message from="20\d\d-\d\d-\d\d 00:00:00\+00"/) });
ok(!$instance->says(qr/ failed /), 'nothing fails in the service with them') or diag $instance->log;
$instance->signal('TERM');
is($instance->status_after(10), 0, 'and ends');
done_testing;
