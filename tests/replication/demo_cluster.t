#!/usr/bin/env perl
# make demo-cluster ends well, counts that nothing was lost, and leaves nothing, also where it is interrupted.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../daemon";
use Daemon;
use File::Temp;
use Test::More;
use Time::HiRes qw(sleep);

# The demo makes its folder here; sockets need a short path.
my $folder = File::Temp->newdir('/tmp/demo.XXXXXX');
chmod 0711, "$folder" or die;
$ENV{PAUSE} = 1;
$ENV{DEMO_FOLDER} = "$folder";
sub left {
    return join ' ', glob("$folder/*"), grep { /\Q$folder\E/ } map { slurp($_) =~ s/\0/ /gr } glob '/proc/[0-9]*/cmdline';
}
sub slurp { my ($path) = @_; open my $in, '<', $path or return ''; local $/; return scalar(<$in>) // '' }

my ($status, $out, $errors) = Daemon::run("$Daemon::root/examples/cluster/run");
is($status, 0, 'it ends well') or diag $out, $errors;
like($out, qr/^== 9\..*^== Nothing was lost, and nothing was counted twice\.$/ms, 'and counts that nothing was lost');
like($out, qr/^ subscription \| calls .* disconnected/m, 'it shows what is disconnected');
is(left(), '', 'it leaves nothing');

my $log = File::Temp->new;
my $pid = fork // die;
if ($pid == 0) {
    setpgrp 0, 0;
    $SIG{INT} = 'DEFAULT';
    open STDOUT, '>', $log->filename or die;
    open STDERR, '>&', \*STDOUT;
    exec "$Daemon::root/examples/cluster/run" or POSIX::_exit(127);
}
Daemon::wait_until('it is at work', sub { slurp($log->filename) =~ /^== 3\./m }, 120);
kill 'INT', -$pid;
waitpid $pid, 0;
is($? >> 8, 130, 'ctrl-C ends it');
Daemon::wait_until('nothing is left', sub { left() eq '' });
pass('and leaves nothing');
done_testing;
