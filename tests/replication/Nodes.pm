# Nodes for the tests of replication: clusters of their own, each with one database `usage`; subscriptions between them; standbys.
package Nodes;

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../daemon";
use Daemon;
use File::Temp qw(tempdir);

my @standbys;

# A cluster with the database `usage`, which has extension, usage tables, oracle and random usage. Returns its folder, which is its
# host as well. SETTINGS as tests/lib/private-cluster takes them.
sub start {
    my @settings = @_;
    my $node = Daemon::start_cluster('wal_level=logical', 'max_wal_senders=20', 'max_replication_slots=20',
        'max_worker_processes=20', 'max_logical_replication_workers=10', 'max_sync_workers_per_subscription=4',
        'wal_retrieve_retry_interval=200ms', 'max_prepared_transactions=10', 'shared_buffers=32MB', @settings);
    Daemon::make_database('usage');
    return $node;
}

# A hot standby of a node. SETTINGS are lines of its configuration.
sub standby_of {
    my ($primary, @settings) = @_;
    my $node = tempdir('/tmp/reseller_materializer_test.XXXXXX', CLEANUP => 1);
    push @standbys, $node;
    chown((getpwnam('postgres'))[2, 3], $node) if $> == 0;
    Daemon::as_server('pg_basebackup', '-h', $primary, '-U', 'postgres', '-D', "$node/data", '-R', '-c', 'fast', '--no-sync') == 0
        or die 'no base backup';
    open my $configuration, '>>', "$node/data/postgresql.conf" or die;
    print $configuration "$_\n" for "unix_socket_directories = '$node'", @settings;
    close $configuration;
    Daemon::pg_ctl($node, 'start');
    return $node;
}
END { local $?; Daemon::pg_ctl($_, '-m', 'immediate', 'stop') for @standbys }

sub on { my ($node, $sql) = @_; local $ENV{PGHOST} = $node; return Daemon::sql_in('usage', $sql) }

# The same, but nothing where the node is not there.
sub try_on { my ($node, $sql) = @_; return eval { on($node, $sql) } }

# The postmaster and all its processes are gone at once, as in a crash of the machine.
sub kill_now {
    my ($node) = @_;
    open my $file, '<', "$node/data/postmaster.pid" or die;
    chomp(my $postmaster = <$file>);
    my @children = map { /^(\d+)$/ ? $1 : () } split /\n/, `ps -o pid= --ppid $postmaster | tr -d ' '`;
    kill 'KILL', $postmaster, @children;
    Daemon::wait_until("$node is gone", sub { !kill 0, $postmaster });
    return unlink "$node/data/postmaster.pid";
}
sub start_again { my ($node) = @_; return Daemon::pg_ctl($node, 'start') }

1;
