#!/usr/bin/env perl
# /healthz says whether the service goes on with its work, /readyz whether it is connected to a server with which it can work: for
# the leader, one that waits, one on another version, and one whose server does not answer.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Daemon;
use HTTP::Tiny;
use Test::More;

my ($one, $two) = (Daemon::free_port(), Daemon::free_port());
sub ask { my ($port, $path) = @_; return HTTP::Tiny->new(timeout => 5)->get("http://127.0.0.1:$port$path") }
sub answers {
    my ($port, $path, $status, $pattern, $label, $seconds) = @_;
    my $answer;
    Daemon::wait_until($label, sub {
        $answer = ask($port, $path);
        return $answer->{status} == $status && $answer->{content} =~ $pattern;
    }, $seconds);
    return pass("$label: $path answers $status");
}

Daemon::start_cluster();
my @with = ('--dsn', 'dbname=health', '--statement-timeout', '1s', '--lock-timeout', '1s', '--metrics-listen');
my $first = Daemon::start(with => [@with, "127.0.0.1:$one"]);
answers($one, '/readyz', 503, qr/^disconnected: .*"health" does not exist/, 'no database');
answers($one, '/healthz', 200, qr/^alive$/, 'no database');
Daemon::sql_in('postgres', 'CREATE DATABASE health');
answers($one, '/readyz', 503, qr/^waiting: .*has no extension/, 'no extension');
Daemon::sql_in('health', 'SET client_min_messages = warning; CREATE EXTENSION reseller_report CASCADE');
answers($one, '/readyz', 200, qr/^leader$/, 'the leader');
my $second = Daemon::start(with => [@with, "127.0.0.1:$two"]);
answers($two, '/readyz', 200, qr/^follower: another instance leads$/, 'one that waits');
like(ask($one, '/metrics')->{content}, qr/^reseller_materializer_leader 1$/m, '/metrics is served beside them');
like(ask($one, '/metrics')->{headers}{'content-type'}, qr{^text/plain; version=0\.0\.4}, 'with its type');
is(ask($one, '/nothing')->{status}, 404, 'there is nothing else');
is(HTTP::Tiny->new->post("http://127.0.0.1:$one/healthz")->{status}, 405, 'and only GET is answered');
is(HTTP::Tiny->new->head("http://127.0.0.1:$one/healthz")->{status}, 200, 'or HEAD');

my $version = Daemon::sql_in('health', q(SELECT extversion FROM pg_extension WHERE extname = 'reseller_report'));
Daemon::sql_in('health', q(UPDATE pg_extension SET extversion = '999.1.0' WHERE extname = 'reseller_report'));
answers($one, '/readyz', 503, qr/^waiting: the extension is version 999\.1\.0/, 'another version');
Daemon::sql_in('health', qq(UPDATE pg_extension SET extversion = '$version' WHERE extname = 'reseller_report'));
answers($one, '/readyz', 200, qr/^leader$/, 'the version again');

# A server that does not answer: frozen, so that not even the time limit of a unit ends it.
my $server = Daemon::sql_in('health', q(SELECT pid FROM pg_stat_activity
    WHERE application_name LIKE 'reseller-materializer/%/) . $first->pid . q('));
kill 'STOP', $server or die;
answers($one, '/healthz', 503, qr/^the work has not gone on/, 'a server that does not answer', 90);
answers($two, '/healthz', 200, qr/^alive$/, 'another instance is not concerned');
kill 'CONT', $server;
answers($one, '/healthz', 200, qr/^alive$/, 'the server answers again');
for my $instance ($first, $second) {
    $instance->signal('TERM');
    is($instance->status_after(10), 0, 'SIGTERM ends it with 0');
}

# An address that is taken.
my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0) or die;
my ($status, $out, $errors) = Daemon::run($Daemon::program, 'run', '--metrics-listen', '127.0.0.1:' . $socket->sockport);
is($status, 1, 'an address that is taken: it fails');
like($errors, qr/cannot listen option=metrics-listen address=127\.0\.0\.1:\d+ reason="the address is taken/, 'and says why');
done_testing;
