#!/usr/bin/env perl
# A table that cannot be built, pruned, read or given partitions stops no other, neither in the commands nor in the service. Each
# failure is logged once when it begins and once when it ends, however many rounds it lasts.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Daemon;
use JSON::PP;
use Test::More;

Daemon::start_cluster();
Daemon::make_database('failures');
my @dsn = ('--dsn', 'user=reseller_materializer');
my ($recipe) = do { open my $file, '<', "$Daemon::root/docs/operations.md" or die; local $/; <$file> } =~ /^```sql\n(.*?)^```/ms;
Daemon::sql($recipe);
sub materializer { return Daemon::run($Daemon::program, @_, @dsn) }
sub unbuilt {
    return Daemon::sql(q(SELECT string_agg(source::text, ' ' ORDER BY source::text) FROM reseller_report.sources()
        WHERE NOT is_built));
}

# Tables that held rows when they were connected. "closed" is of a schema that its owner may not use; "bad" has a day with a row
# that is refused; "good" and "zebra", before and after them by name, have nothing wrong.
Daemon::sql(q(
    INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'one', true), (11, 'eleven', false);
    INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (1, 11);
    CREATE ROLE closed_owner; CREATE SCHEMA closed; GRANT USAGE, CREATE ON SCHEMA closed TO closed_owner;
    CREATE SCHEMA open));
for my $table ('open.a_good', 'open.bad', 'closed.bots', 'open.zebra') {
    Daemon::sql(qq(CREATE TABLE $table (company_id bigint, occurred_at timestamptz, sender text, via_alice boolean DEFAULT false,
        pad text,
            price_twin numeric(9,2) DEFAULT 1, price_reseller numeric(9,2) DEFAULT 2);
        CREATE INDEX ON $table (company_id, occurred_at); CREATE INDEX ON $table (occurred_at);
        ALTER TABLE $table ALTER pad SET STORAGE PLAIN;
        INSERT INTO $table SELECT 11, d, 'user', false, repeat('x', 7000)
            FROM generate_series(timestamptz '2024-03-01 10:00+00', '2024-03-06', '1 day') d,
            generate_series(1, ${\ ($table eq 'open.bad' ? 500 : 5) })));
}
Daemon::sql(q(UPDATE open.bad SET sender = 'nobody'
    WHERE ctid IN (SELECT ctid FROM open.bad WHERE occurred_at < '2024-03-02' LIMIT 1)));
Daemon::sql(q(ALTER TABLE closed.bots OWNER TO closed_owner));
Daemon::sql(qq(SELECT reseller_report.attach_source('chat', '$_'))) for 'open.a_good', 'open.bad', 'closed.bots', 'open.zebra';
Daemon::sql(q(REVOKE USAGE ON SCHEMA closed FROM closed_owner));
my $slices = Daemon::sql(q(SELECT count(*) FROM reseller_report.rebuild_slices('open.bad', only_unbuilt => true)
    WHERE isfinite(slice_from) AND isfinite(slice_to)));
cmp_ok($slices, '>', 1, "the bad day is one of $slices slices");
is(unbuilt(), 'closed.bots open.a_good open.bad open.zebra', 'four tables are not built');

# Commands.
my ($status, $out, $errors) = materializer('verify');
is($status, 1, 'verify fails where a table cannot be read');
my $reason = 'usage table closed.bots cannot be used by its owner closed_owner: permission denied for schema closed'
    . ' HINT:  GRANT USAGE ON SCHEMA closed TO closed_owner.';
like($errors, qr/ not verified source=closed\.bots reason="\Q$reason\E" sqlstate=55000\n/, 'which is named, with what to do');
is(scalar(() = $errors =~ / not verified /g), 1, 'and alone');
unlike($errors, qr/agree/, 'nobody says that all agrees');
($status, $out, $errors) = materializer('rebuild', '--only-unbuilt', '--from', '2024-01-01');
is($status, 1, 'rebuild fails, too');
like($errors, qr/ rebuild failed reason="[^\n]*GRANT USAGE[^\n]* source=closed\.bots /, 'for the table that cannot be read');
like($errors,
    qr/ rebuild failed reason="column [^\n]*nobody[^\n]* sqlstate=23514 source=open\.bad slice="2024-03-01 00:00:00\+00"\n/,
    'and the day that cannot');
is(Daemon::sql(q(SELECT count(*) FROM reseller_report.rebuild_slices('open.bad', '2024-01-01', only_unbuilt => true))), 1,
    'all other days of that table are built');
is(Daemon::sql(q(SELECT count(*) FROM reseller_report.rebuild_slices('open.a_good', '2024-01-01', only_unbuilt => true))), 0,
    'and all of a table before it');
is(Daemon::sql(q(SELECT count(*) FROM reseller_report.rebuild_slices('open.zebra', '2024-01-01', only_unbuilt => true))), 0,
    'and after it');
my @commands = $errors =~ / to go on run="(.*)"$/mg;
is(scalar @commands, 2, 'it tells how to go on with each');
Daemon::sql(q(GRANT USAGE ON SCHEMA closed TO closed_owner; UPDATE open.bad SET sender = 'user' WHERE sender = 'nobody'));
for my $command (@commands) {
    $command =~ s/\\(.)/$1/g;
    my $quoted = $Daemon::program;
    ($status, $out, $errors) = Daemon::run('sh', '-c', $command =~ s/^reseller-materializer/$quoted/r . " @dsn");
    is($status, 0, "as it says: $command") or diag $errors;
}
is((materializer('rebuild', '--only-unbuilt'))[0], 0, 'and what lies before');
is(unbuilt(), '', 'all is built');
is((materializer('verify'))[0], 0, 'all is verified');

# A table that somebody holds is left for last.
Daemon::sql(q(ALTER TABLE open.a_good DISABLE TRIGGER USER; UPDATE open.a_good SET price_twin = 2;
    ALTER TABLE open.a_good ENABLE TRIGGER USER;
    ALTER TABLE open.zebra DISABLE TRIGGER USER; UPDATE open.zebra SET price_twin = 2; ALTER TABLE open.zebra ENABLE TRIGGER USER));
my $release = Daemon::hold_open('LOCK TABLE open.a_good IN SHARE MODE');
my $rebuild = Daemon::start_on_terminal('rebuild', '--only-unbuilt', '--lock-timeout', '1s', @dsn);
Daemon::wait_until('the table behind the locked one is built', sub { unbuilt() eq 'open.a_good' });
$release->();
is($rebuild->status_after(30), 0, 'and the locked one once it is free');
is(unbuilt(), '', 'all is built');

# The service: each duty fails for some tables, over several rounds.
Daemon::sql(q(
    REVOKE USAGE ON SCHEMA closed FROM closed_owner;
    ALTER TABLE closed.bots DISABLE TRIGGER USER; UPDATE closed.bots SET price_twin = 3;
    ALTER TABLE closed.bots ENABLE TRIGGER USER;
    ALTER TABLE open.bad DISABLE TRIGGER USER; UPDATE open.bad SET sender = 'nobody'
        WHERE ctid IN (SELECT ctid FROM open.bad WHERE occurred_at < '2024-03-02' LIMIT 1);
    ALTER TABLE open.bad ENABLE TRIGGER USER;
    ALTER TABLE open.zebra DISABLE TRIGGER USER; UPDATE open.zebra SET price_twin = 3; ALTER TABLE open.zebra ENABLE TRIGGER USER));
Daemon::sql(q(INSERT INTO usage.chat_message (company_id, sender, occurred_at) VALUES (11, 'user', '2024-01-10 10:00+00')));
my $instance = Daemon::start(with => [@dsn, '--schedule', '@every 1s', '--housekeeping-schedule', '@every 1s', '--verify-schedule',
    '@every 1s',
    '--retention', '400d,open.zebra=900d,open.nothing=1d', '--log-format', 'json']);
my $told = sub {
    my ($event, $about) = @_;
    return grep { $_->{event} eq $event && ($_->{about} // '') eq $about }
        map { decode_json($_) } $instance->log =~ /^(\{.*\})$/mg;
};
my $days = sub {
    my ($event, $source) = @_;
    return scalar(() = $instance->log =~ /"event":"days $event","source":"\Q$source\E"/g);
};
my $rounds = sub { my ($count) = @_; my $seen = $instance->count(qr/"event":"due next","housekeeping-schedule"/);
    Daemon::wait_until("$count rounds",
        sub { $instance->count(qr/"event":"due next","housekeeping-schedule"/) >= $seen + $count }) };
Daemon::wait_until('tables with which nothing is wrong are built',
    sub { Daemon::sql(q(SELECT bool_and(is_built) FROM reseller_report.sources()
        WHERE source NOT IN ('closed.bots'::regclass, 'open.bad'::regclass))) eq 't' });
Daemon::wait_until('and pruned', sub { $instance->says(qr/"event":"usage dropped","source":"usage\.chat_message"/) });
Daemon::wait_until('and verified', sub { $instance->says(qr/"event":"verified","source":"open\.zebra"/) });
pass('tables with which nothing is wrong are built, pruned and verified');
my @failures = (['rebuild', 'closed.bots'], ['rebuild', 'open.bad'], ['retention', 'closed.bots'], ['retention', 'open.a_good'],
    ['retention', 'open.bad'],
    ['retention', 'open.zebra'], ['retention', 'open.nothing']);
Daemon::wait_until("$_->[0] of $_->[1] fails", sub { $told->("$_->[0] failed", $_->[1]) }) for @failures;
$rounds->(5);
is(scalar(my @failed = $told->("$_->[0] failed", $_->[1])), 1, "$_->[0] of $_->[1] is told once") for @failures;
is($instance->count(qr/"event":"[^"]* works again"/), 0, 'and none of them ended');
is($days->('are not built', $_), 1, "days of $_ that are not built are told once") for 'open.bad', 'open.zebra';
is($days->('were built', 'open.bad'), 0, 'they are not told as built while one of them is not');
is($days->('were built', 'open.zebra'), 1, 'those of another table are');
is($instance->count(qr/"event":"days were built"/), 1, 'and no others');
is($instance->count(qr/"event":"[^"]* failed"/), scalar @failures, 'there are no others');

# A renamed table has no new failure. Each end is told once, also of what is not there any more. It is renamed between two rounds:
# amid one, the service may know it by the old name and the server by the new one.
$rounds->(1);
Daemon::sql(q(ALTER TABLE open.a_good RENAME TO a_better; GRANT USAGE ON SCHEMA closed TO closed_owner;
    UPDATE open.bad SET sender = 'user' WHERE sender = 'nobody'));
Daemon::wait_until("rebuild of $_ works again", sub { $told->('rebuild works again', $_) }) for 'closed.bots', 'open.bad';
Daemon::wait_until('the end of un-built days', sub { $days->('were built', 'open.bad') });
Daemon::sql(q(DROP TABLE open.zebra; CREATE TABLE open.nothing (LIKE open.bad) PARTITION BY RANGE (occurred_at)));
Daemon::sql(q(CREATE TABLE open.nothing_default PARTITION OF open.nothing DEFAULT;
    SELECT reseller_report.attach_source('chat', 'open.nothing')));
Daemon::wait_until('the end of a dropped table', sub { $told->('retention is not asked for any more', 'open.zebra') });
Daemon::wait_until('a table that was connected since', sub { $told->('retention works again', 'open.nothing') });
$rounds->(3);
is(scalar(my @ended = $told->('rebuild works again', $_)), 1, "rebuild of $_: its end is told once") for 'closed.bots', 'open.bad';
is($days->('are not built', 'open.bad') . $days->('were built', 'open.bad'), '11', 'days of open.bad: so are theirs');
is(scalar(my @again = $told->('retention failed', 'open.a_better')), 0, 'a renamed table is not told again');
is($instance->count(qr/"event":"[^"]* failed"/), @failures + 1, 'nor anything else, but a rule that names what was dropped')
    or diag $instance->log;
$instance->signal('TERM');
is($instance->status_after(10), 0, 'ends');
done_testing;
