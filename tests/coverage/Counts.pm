# What a tree that was built with --coverage has counted, told by gcov.
package Counts;

use strict;
use warnings;
use Cwd qw(abs_path);
use File::Find;

# How often each line of extension/ and materializer/ ran: path -> number of the line -> times, 0 for those that never did. `tree`
# is where it was built; `counted` where the counts are, if not in their places there. A line of a header or template counts for all
# objects.
sub of {
    my ($tree, $counted) = @_;
    $tree = abs_path($tree);
    my %notes;  # by the folder that the compiler ran in
    find(sub {
        my $folder = $File::Find::name =~ m{^\Q$tree\E/extension/} ? 'extension'
            : $File::Find::name =~ m{/build/materializer/} ? 'materializer' : '.';
        push @{ $notes{$folder} }, $File::Find::name if /\.gcno$/;
    }, $tree);
    my %times;
    for my $folder (sort keys %notes) {
        my @objects = @{ $notes{$folder} };
        if (defined $counted) {
            for (@objects) {
                my $there = "$counted$_";
                symlink $_, $there if !-e $there;
                $_ = $there;
            }
        }
        add_counts(\%times, "$tree/$folder", $folder eq '.' ? '' : "$folder/", $_) for @objects;
    }
    return \%times;
}

sub add_counts {
    my ($times, $folder, $prefix, $object) = @_;
    my $pid = open(my $gcov, '-|') // die "no process: $!\n";
    if ($pid == 0) {
        open STDERR, '>', '/dev/null';
        chdir $folder or die "$folder: $!\n";
        exec 'gcov', '--relative-only', '--stdout', $object or die "no gcov: $!\n";
    }
    my $path = '';
    while (<$gcov>) {
        my ($ran, $line, $rest) = /^\s*([-#=]+|\d+)\*?:\s*(\d+):(.*)$/ or next;
        if ($line == 0) {
            if ($rest =~ /^Source:(?:\.\/)?(.*)$/) { $path = $prefix . $1 }
        } elsif ($ran ne '-' && $path =~ m{^(?:extension|materializer)/(?:\w+/)?[^/]+$}) {
            $times->{$path}{$line} += $ran =~ /^\d/ ? $ran : 0;
        }
    }
    close $gcov;
    return;
}

1;
