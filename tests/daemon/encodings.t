#!/usr/bin/env perl
# Names of tables in any script, in databases of any encoding: what commands print and log is UTF-8, JSON can be read, and a name is
# taken as SQL takes it, whatever the encoding of the database and the caller's PGCLIENTENCODING.
use strict;
use warnings;
use utf8;
use FindBin;
use lib $FindBin::Bin;
use Daemon;
use Encode qw(decode encode FB_CROAK);
use HTTP::Tiny;
use JSON::PP;
use Test::More;

binmode $_, ':encoding(UTF-8)' for map { Test::More->builder->$_ } qw(output failure_output todo_output);
Daemon::start_cluster();
my @dsn = ('--dsn', 'user=reseller_materializer');
my ($recipe) = do { open my $file, '<', "$Daemon::root/docs/operations.md" or die; local $/; <$file> } =~ /^```sql\n(.*?)^```/ms;
my ($create_role, $grants) = $recipe =~ /\A(CREATE ROLE .*?;)(.*)\z/s;
Daemon::sql($create_role);

sub bytes { return map { encode('UTF-8', $_) } @_ }
sub text { my ($bytes, $from) = @_; return eval { decode('UTF-8', $bytes, FB_CROAK) } // do { fail("$from is UTF-8"); $bytes } }
# Where names are not even UTF-8, they come as bytes.
sub sql { my ($database, $sql) = @_; return Daemon::sql_in($database, utf8::is_utf8($sql) ? bytes($sql) : $sql) }
sub materializer {
    my ($status, $out, $errors) = Daemon::run($Daemon::program, bytes(@_), @dsn);
    return ($status, text($out, 'what ' . $_[0] . ' prints'), text($errors, 'the log of ' . $_[0]));
}

# A table with usage of two past months and of today.
sub make_database {
    my ($database, $encoding, $schema, $table) = @_;
    Daemon::sql_in('postgres', "CREATE DATABASE $database ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
    sql($database, "SET client_min_messages = error; CREATE EXTENSION reseller_report CASCADE; $grants;"
        . q(INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'one', true), (11, 'eleven', false);
            INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (1, 11)));
    sql($database, qq(CREATE SCHEMA $schema;
        CREATE TABLE $schema.$table (company_id bigint, occurred_at timestamptz, billable boolean,
            price_twin numeric(9,2), price_reseller numeric(9,2)) PARTITION BY RANGE (occurred_at)));
    sql($database, qq(CREATE TABLE rest PARTITION OF $schema.$table DEFAULT));
    sql($database, qq(INSERT INTO $schema.$table
        SELECT 11, t, true, 1, 2 FROM (VALUES ('2024-01-10 10:00+00'), ('2024-02-10 10:00+00'), (now())) AS u (t)));
    sql($database, q(SET client_min_messages = error;
        SELECT reseller_report.attach_source('bot', inhparent) FROM pg_inherits WHERE inhrelid = 'rest'::regclass));
}

sub commands {
    my ($label, $database, $printed, @given) = @_;
    my ($status, $out, $errors) = materializer('status', '--format', 'json');
    is($status, 0, "$label: status") or diag $errors;
    is(eval { decode_json(bytes($out))->{sources}[0]{source} } // $@, $printed, "$label: JSON names it");
    like((materializer('status'))[1], qr/^\Q$printed\E +bot /m, "$label: a table names it");
    is((materializer('rebuild', '--source', $_))[0], 0, "$label: rebuilt as $_") for $printed, @given;
    sql($database, 'UPDATE reseller_report.usage_month SET events = ARRAY[7]');
    ($status, $out) = materializer('verify');
    is($status, 3, "$label: a difference is found");
    like($out, qr/^\Q$printed\E +1 +11 +bot +billable /m, "$label: under its name");
    ($status, $out, $errors) = materializer('rebuild', '--log-format', 'json');
    is(scalar(grep { ($_->{event} // '') eq 'rebuilt' } map { decode_json($_) } split /\n/, encode('UTF-8', $errors)), 1,
        "$label: all is rebuilt");
    is((materializer('verify'))[0], 0, "$label: and verified");
    ($status, $out) = materializer('prune', '--older-than', '400d', '--dry-run', '--source', $given[0] // $printed);
    is($status, 0, "$label: prune finds it");
}

# The service moves the months of the table to partitions, prunes them by a rule that names the table, and tells what fails.
sub service {
    my ($label, $database, $printed, $given) = @_;
    my $port = Daemon::free_port();
    my $instance = Daemon::start(with => [@dsn, '--schedule', '@every 1s', '--housekeeping-schedule', '@every 1s',
        '--verify-schedule', '@every 1s', '--retention', bytes("$given=400d"), '--metrics-listen', "127.0.0.1:$port",
        '--log-format', 'json']);
    my $wait = sub {
        my ($event, $key) = @_;
        Daemon::wait_until("$label: $event", sub {
            return grep { $_->{event} eq $event && ($_->{$key} // '') eq $printed }
                map { decode_json($_) } $instance->log =~ /^(\{.*\})$/mg;
        });
        return pass("$label: $event");
    };
    $wait->(@$_) for ['partition made', 'source'], ['usage dropped', 'source'], ['verified', 'source'];
    sql($database, q(DO $d$ BEGIN EXECUTE format('ALTER TABLE %s DISABLE TRIGGER reseller_report_capture',
        (SELECT source FROM reseller_report.sources())); END $d$));
    $wait->('rebuild failed', 'about');
    text(HTTP::Tiny->new(timeout => 5)->get("http://127.0.0.1:$port/metrics")->{content}, "$label: the page of metrics");
    $instance->signal('TERM');
    is($instance->status_after(10), 0, "$label: ends");
}

# database, encoding, schema, table, both as SQL writes them, and what the caller's environment says
for my $case (
    ['plain', 'UTF8', 'usage', 'сообщения', undef],
    ['quotes', 'UTF8', 'usage', q("a ""b"", c=d 'e' $HOME"), undef],
    ['pictures', 'UTF8', '"Größe"', '"通話 📞"', 'LATIN1'],
    ['western', 'LATIN1', 'größe', 'übersicht', undef],
    ['western_caller', 'LATIN1', 'größe', 'übersicht', 'LATIN1'],
    ['cyrillic', 'WIN1251', 'использование', '"Сообщения"', undef],
    ['cyrillic_caller', 'WIN1251', 'использование', '"Сообщения"', 'KOI8R'],
    ['japanese', 'EUC_JP', 'usage', '通話', undef],
    ['ascii', 'SQL_ASCII', 'usage', 'сообщения', undef],
    ['ascii_caller', 'SQL_ASCII', 'usage', 'сообщения', 'WIN1251']) {
    my ($database, $encoding, $schema, $table, $caller) = @$case;
    my $label = "$database ($encoding)";
    my $printed = join '.', map { /\A(?:[a-z]+|".*")\z/ ? $_ : qq("$_") } $schema, $table;
    {
        local $ENV{PGCLIENTENCODING} = 'UTF8';
        make_database($database, $encoding, $schema, $table);
    }
    local $ENV{PGDATABASE} = $database;
    local $ENV{PGCLIENTENCODING} = $caller if defined $caller;
    commands($label, $database, $printed, "$schema.$table");
    service($label, $database, $printed, "$schema.$table") unless defined $caller;
}

# Names that are in no encoding: their bytes are shown, and taken as they are shown or as they are.
{
    local $ENV{PGCLIENTENCODING} = 'SQL_ASCII';
    make_database('bytes', 'SQL_ASCII', 'usage', qq("caf\xE9"));
    local $ENV{PGDATABASE} = 'bytes';
    commands('bytes (SQL_ASCII)', 'bytes', 'usage."caf\xe9"', 'usage.caf\xe9');
    is((Daemon::run($Daemon::program, 'rebuild', '--source', "usage.caf\xE9", @dsn))[0], 0,
        'bytes (SQL_ASCII): rebuilt by its bytes');
    service('bytes (SQL_ASCII)', 'bytes', 'usage."caf\xe9"', 'usage.caf\xe9');
    sql('bytes', "UPDATE reseller_report.company SET name = 'caf\xE9' WHERE company_id = 11");
    is(sql('bytes', q(SELECT reseller_report.issue_statement(1, '2024-02-01', '2024-03-01', note => E'\xE9'))), 1,
        'bytes (SQL_ASCII): billed');
    is(sql('bytes', q(SELECT count(*) || ' of ' || (SELECT count(*) FROM reseller_report.statements)
            FROM reseller_report.verify_statements())), '0 of 1', 'bytes (SQL_ASCII): and verified');
}

# What the server tells before a session is set up may come in its own encoding.
my ($status, $out, $errors) = Daemon::run($Daemon::program, 'once', '--log-format', 'json', '--dsn', "dbname=caf\xE9");
is($status, 1, 'a database of such a name is not there');
like(eval { decode_json($errors =~ s/.*\n(?=\{)//sr)->{reason} } // $@, qr/caf\\xe9.* does not exist/, 'and the log can be read');
done_testing;
