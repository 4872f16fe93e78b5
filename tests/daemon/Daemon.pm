# What the tests of reseller-materializer share: a private cluster with usage and the oracle, instances of the program, and waiting
# for conditions, never for luck.
package Daemon;

use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use IO::Handle;
use IO::Socket::INET;
use IPC::Open3 qw(open3);
use POSIX qw(WNOHANG);
use Symbol qw(gensym);
use Test::More;
use Time::HiRes qw(sleep time);

our $root = abs_path(dirname(__FILE__) . '/../..');
our $program = $ENV{MATERIALIZER} // "$root/build/materializer/reseller-materializer";
# Bars of time are for the program as it is delivered; under a tool that slows it down they are this much longer.
our $slowness = $ENV{SLOWNESS} // 1;
my (@clusters, %running, @instances);

chomp(my $bindir = `\${PG_CONFIG:-pg_config} --bindir`);
$ENV{PATH} = "$bindir:$ENV{PATH}";

# Environment variables of the caller's must not steer the program under test.
delete $ENV{$_} for grep { /^RESELLER_MATERIALIZER_|^PG(HOST|PORT|USER|DATABASE|SERVICE|OPTIONS|APPNAME)/ } keys %ENV;

# Waits until CODE returns true; when it does not in time, the test fails and ends.
sub wait_until {
    my ($label, $code, $seconds) = @_;
    $seconds = ($seconds // 60) * $slowness;
    my $begun = time;
    while (time - $begun < $seconds) {
        return 1 if $code->();
        sleep 0.05;
    }
    fail("waited $seconds s in vain: $label");
    diag("an instance said: " . Daemon::log($_)) for @instances;
    die "no use to go on\n";
}

# Runs a program to its end; returns its exit status and what it printed on each of its outputs.
sub run {
    my @command = @_;
    local $_;
    my $errors = gensym;
    my $pid = open3(my $in, my $out, $errors, @command);
    close $in;
    my ($printed, $error_file) = ('', File::Temp->new);
    my $child = fork // die;
    if ($child == 0) {
        print $error_file $_ while <$errors>;
        close $error_file;
        POSIX::_exit(0);
    }
    $printed .= $_ while <$out>;
    waitpid $child, 0;
    waitpid $pid, 0;
    my $status = $? >> 8;
    open my $reread, '<', $error_file->filename or die;
    local $/;
    return ($status, $printed, scalar <$reread> // '');
}

# A cluster of its own, reached through libpq's variables. SETTINGS as tests/lib/private-cluster takes them.
sub start_cluster {
    my $dir = tempdir('/tmp/reseller_materializer_test.XXXXXX');
    push @clusters, $dir;
    system("$root/tests/lib/private-cluster", 'start', $dir, 'fsync=off', 'listen_addresses=', @_) == 0 or die 'no cluster';
    point_at($dir);
    return $dir;
}

sub point_at {
    my ($dir) = @_;
    @ENV{qw(PGHOST PGPORT PGUSER PGDATABASE)} = ($dir, 5432, 'postgres', 'postgres');
}

# The database that the tests of one file share: extension, usage tables, oracle and random usage.
sub make_database {
    my ($name) = @_;
    system("$root/tests/lib/prepare-template") == 0 or die 'no template';
    sql_in('postgres', "CREATE DATABASE $name TEMPLATE reseller_report_test");
    $ENV{PGDATABASE} = $name;
}

sub sql_in {
    my ($database, $sql) = @_;
    my ($status, $out, $errors) = run('psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', $database, '-c', $sql);
    chomp $out;
    die "$sql: $errors" if $status != 0;
    return $out;
}
sub sql { return sql_in($ENV{PGDATABASE}, $_[0]) }

# The same, but nothing where the server is not there.
sub try_sql { return eval { sql($_[0]) } }

sub as_server {
    my @command = @_;
    unshift @command, qw(runuser -u postgres --) if $> == 0;
    chdir '/';
    return system(@command);
}
sub pg_ctl { my ($dir, @how) = @_; return as_server('pg_ctl', '-D', "$dir/data", '-l', "$dir/server.log", '-s', '-w', @how) }

# An instance that runs in the background; its log goes to a file. Options: `with` its options, `env` its environment, `before` the
# words of a command that runs it.
sub start {
    my (%options) = @_;
    my $log = File::Temp->new(UNLINK => 1);
    my $pid = fork // die;
    if ($pid == 0) {
        open STDERR, '>', $log->filename or die;
        open STDOUT, '>&', \*STDERR;
        $ENV{$_} = $options{env}{$_} for keys %{ $options{env} // {} };
        my @command = (@{ $options{before} // [] }, $program, 'run', '--log-level', 'debug', @{ $options{with} // [] });
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    $running{$pid} = 1;
    push @instances, bless { pid => $pid, log => $log }, 'Daemon';
    return $instances[-1];
}

# A command in the background that believes itself on a terminal; its screen is its log.
sub start_on_terminal {
    my @arguments = @_;
    my ($log, $pid_file) = (File::Temp->new(UNLINK => 1), File::Temp->new(UNLINK => 1));
    my $command = join ' ', 'echo $$ >', $pid_file->filename, '; exec', map { "'$_'" } $program, @arguments;
    my $pid = fork // die;
    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', '/dev/null';
        exec { 'script' } 'script', '-q', '-e', '-f', '-c', $command, $log->filename or POSIX::_exit(127);
    }
    $running{$pid} = 1;
    wait_until('a command starts', sub { -s $pid_file->filename });
    open my $file, '<', $pid_file->filename or die;
    chomp(my $inner = <$file>);
    return bless { pid => $pid, target => $inner, log => $log }, 'Daemon';
}

# A session that has done SQL in a transaction, which it keeps open. Returns what ends it.
sub hold_open {
    my ($sql) = @_;
    local $ENV{PGAPPNAME} = 'held open';
    open my $session, '|-', 'psql', '-X', '-q', '-o', '/dev/null' or die;
    $session->autoflush(1);
    print $session "BEGIN;\n$sql;\nSELECT 'all done';\n";
    wait_until('a transaction is held open', sub {
        sql(q(SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND application_name = 'held open'
            AND query LIKE '%all done%'));
    });
    return sub { local $SIG{PIPE} = 'IGNORE'; print $session "ROLLBACK;\n"; close $session };
}

# A session that holds the lease, so that folds and rebuilds wait in the server. Returns what ends it.
sub hold_lease { return hold_open('SELECT FROM reseller_report.lease FOR UPDATE') }

sub pid { return $_[0]{pid} }

sub log {
    my ($self) = @_;
    open my $file, '<', $self->{log}->filename or die;
    local $/;
    return <$file> // '';
}
sub signal { my ($self, $signal) = @_; return kill $signal, $self->{target} // $self->{pid} }
sub says { my ($self, $pattern) = @_; return $self->log =~ $pattern }
sub count { my ($self, $pattern) = @_; my @found = $self->log =~ /$pattern/g; return scalar @found }
sub is_running { my ($self) = @_; return exists $running{ $self->{pid} } && !$self->reap(WNOHANG) }

sub reap {
    my ($self, $how) = @_;
    return 1 if exists $self->{status};
    return 0 if waitpid($self->{pid}, $how) <= 0;
    $self->{status} = $?;
    delete $running{ $self->{pid} };
    return 1;
}

# Waits for its end; returns its exit status, or nothing where it did not end in time.
sub status_after {
    my ($self, $seconds) = @_;
    wait_until('an instance ends', sub { $self->reap(WNOHANG) }, $seconds);
    return $self->{status} & 127 ? "signal " . ($self->{status} & 127) : $self->{status} >> 8;
}

# Ends it without ado.
sub kill_now { my ($self) = @_; $self->signal('CONT'); $self->signal('KILL'); $self->reap(0); return }

# The process id of the instance that leads, 0 where none does.
sub leading {
    return try_sql(q(SELECT coalesce((SELECT substring(a.application_name FROM '\d+$') FROM pg_locks l
        JOIN pg_database d ON d.oid = l.database JOIN pg_stat_activity a USING (pid)
        WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted), '0'))) // 0;
}

# A port of this machine that is free.
sub free_port {
    my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0) or die "no port: $!";
    return $socket->sockport;
}

sub pending { return sql('SELECT pending_deltas FROM reseller_report.materializer_state') }

# A session at work, again and again, over every failure of the server, until it is told to stop. COMMANDS returns those of a round.
sub start_loop {
    my ($commands) = @_;
    my $pid = fork // die;
    if ($pid == 0) {
        open STDERR, '>', '/dev/null';
        open STDOUT, '>', '/dev/null';
        my $go = 1;
        $SIG{TERM} = sub { $go = 0 };
        for (my $round = 0; $go; $round++) {
            system('psql', '-X', '-q', map { ('-c', $_) } $commands->($round)) == 0 or sleep 0.1;
        }
        POSIX::_exit(0);
    }
    $running{$pid} = 1;
    return $pid;
}

# Writers at work: random usage and changes.
sub start_writers {
    my ($count) = @_;
    return map {
        my $changes = $_ == 1;
        start_loop(sub {
            return 'SELECT random_usage.events(10)', $changes && $_[0] % 5 == 0 ? 'SELECT random_usage.changes()' : ();
        });
    } 1 .. $count;
}
sub stop_writers { for my $pid (@_) { kill 'TERM', $pid; waitpid $pid, 0; delete $running{$pid} } }

# The next fold, whoever does it: a round of them may last as long as its writers.
sub wait_for_fold {
    my $last = sub { try_sql('SELECT last_materialized_at FROM reseller_report.materializer_state') // '' };
    my $before = $last->();
    wait_until('a fold', sub { my $now = $last->(); return $now ne '' && $now ne $before });
}

# After writers stopped: an instance folds the rest, and every report equals the oracle's.
sub settles {
    my ($label) = @_;
    wait_until('pending sinks to zero', sub { defined(my $pending = eval { pending() }) or return 0; return $pending == 0 });
    is(sql(q(SELECT string_agg(d, E'\n') FROM oracle.compare(8, '2024-03-01', '100 days') d)), '',
        "$label: reports equal the oracle");
    is(pending(), 0, "$label: nothing is pending");
    is(sql(q(SELECT count(*) FROM reseller_report.verify('-infinity', 'infinity'))), 0, "$label: summaries equal raw usage");
}

END {
    my $status = $?;
    kill 'CONT', $_ for keys %running;
    kill 'KILL', $_ for keys %running;
    waitpid $_, 0 for keys %running;
    open STDERR, '>', '/dev/null';  # a cluster may have been stopped already
    system("$root/tests/lib/private-cluster", 'stop', $_) for @clusters;
    $? = $status;
}

1;
