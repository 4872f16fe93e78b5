# Tries mutants one after another: a copy of the tree, in which one file is broken at a time and the library built, and a cluster
# that finds that library first. The cluster is put back to how it was after each.
package Trial;

use strict;
use warnings;
use File::Compare qw(compare);
use File::Copy qw(copy);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use Time::HiRes qw(time);
use lib dirname(__FILE__) . '/../coverage';
use Counts;

# Files of the library that the unit tests build.
my $in_unit_tests = qr{^extension/core/};

# `from` is a tree as prepare() leaves it, `work` a folder that is this trial's own.
sub new {
    my ($class, %self) = @_;
    my $self = bless { %self, tree => "$self{work}/tree", cluster => "$self{work}/cluster", log => "$self{work}/log" }, $class;
    mkdir $self->{work};
    chmod 0755, $self->{work};
    $self->shell("cp -a '$self->{from}' '$self->{tree}'") or die "no copy of the tree: " . $self->logged;
    $self->{library} = "$self->{tree}/extension:\$libdir";
    return $self;
}

# What a trial needs of the tree at `root`, built in `to`. The compiler leaves out what debuggers need, so that mutants which are
# the same code are told by that; beside it, in `to`-counting, is the library that counts which lines run.
sub prepare {
    my ($root, $to) = @_;
    mkdir $to;
    chmod 0755, $to;
    my $compiler = $ENV{CXX} // (system('command -v ccache >/dev/null') == 0 ? 'ccache g++' : 'g++');
    for my $script (['compile', '-O1 -g0'], ['count', '-O0 -g --coverage -fprofile-exclude-files=^/']) {
        open my $out, '>', "$to/$script->[0]" or die "$to/$script->[0]: $!\n";
        print $out qq(#!/bin/sh\nexec $compiler "\$@" $script->[1]\n);
        close $out;
        chmod 0755, "$to/$script->[0]";
    }
    system("cd '$root' && cp -a Makefile META.json extension materializer sql tests '$to/'"
        . " && find '$to/extension' \\( -name '*.[od]' -o -name '*.so' \\) -delete") == 0 or die "no copy of the tree\n";
    my $jobs = $ENV{JOBS} // 2;
    system("cd '$to' && mkdir $to-counting && cp -a extension META.json sql $to-counting/ &&"
        . " make -s -C $to-counting/extension -j $jobs reseller_report.so CXX='$to/count'") == 0
        or die "the tree does not build with counts\n";
    system("cd '$to' && make -s -C extension -j $jobs reseller_report.so CXX='$to/compile' && "
        . make_units("$to/compile")) == 0
        or die "the tree does not build as it is\n";
    return;
}

# The shell command that builds the unit tests of the library.
sub make_units {
    my ($compile) = @_;
    return "make -s core-unit-tests CXX='$compile'";
}

sub start_cluster {
    my ($self) = @_;
    my $helper = "$self->{tree}/tests/lib/private-cluster";
    $self->shell("$helper start '$self->{cluster}' fsync=off max_prepared_transactions=10 shared_buffers=128MB"
        . " 'dynamic_library_path=$self->{library}'") or die "no cluster: " . $self->logged;
    @ENV{qw(PGHOST PGPORT PGUSER PGDATABASE)} = ($self->{cluster}, 5432, 'postgres', 'postgres');
    chomp(my $bindir = `\${PG_CONFIG:-pg_config} --bindir`);
    $ENV{PATH} = "$bindir:$ENV{PATH}";
    # Fewer random periods than usual: what these notice, they nearly always notice at once.
    my $fewer = q(CREATE OR REPLACE FUNCTION oracle.agrees(label text) RETURNS text LANGUAGE sql VOLATILE AS
        'SELECT is_empty(''SELECT * FROM oracle.compare(4, $$2024-03-01$$, $$100 days$$)'', label)');
    open my $script, '>', "$self->{work}/fewer.sql" or die "$self->{work}/fewer.sql: $!\n";
    print $script $fewer;
    close $script;
    $self->shell("$self->{tree}/tests/lib/prepare-template && psql -X -q -d reseller_report_test -f '$self->{work}/fewer.sql' &&"
        . " $helper save '$self->{cluster}'") or die "no template: " . $self->logged;
    return;
}

sub finish {
    my ($self) = @_;
    $self->shell("$self->{tree}/tests/lib/private-cluster stop '$self->{cluster}'");
    return;
}

# Runs a shell command, its output in the log, in a group of its own that ends with it. True when it passes.
sub shell {
    my ($self, $command, $seconds) = @_;
    my $pid = fork // die "no process: $!\n";
    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', $self->{log};
        open STDERR, '>&', \*STDOUT;
        exec 'timeout', '-k', '5', $seconds // 600, 'bash', '-c', $command;
    }
    waitpid $pid, 0;
    $self->{timed_out} = $? >> 8 == 124 || $? >> 8 == 137;
    return $? == 0;
}

sub logged {
    my ($self) = @_;
    open my $log, '<', $self->{log} or return '';
    local $/;
    return <$log>;
}

# Of each test how many seconds it takes, and which lines it reaches: file -> the numbers of its lines -> whether. All must pass.
# Counts are kept apart from those of other trials.
sub measure {
    my ($self, @tests) = @_;
    my $counting = "$self->{from}-counting";
    my $counts = "$self->{work}/counts";
    make_path(map { "$counts$_" } grep { -d } "$counting/extension", glob "$counting/extension/*");
    $self->shell("chmod -R 777 '$counts'");
    local $self->{library} = "$counting/extension:\$libdir";
    local $ENV{SERVER_ENVIRONMENT} = "GCOV_PREFIX=$counts";
    $self->start_cluster;
    my %measured;
    for my $test (@tests) {
        unlink glob "$counts$counting/extension/*.gcda $counts$counting/extension/*/*.gcda";
        my $begun = time;
        $self->passes($test, 900) or die "$test fails on the tree as it is:\n" . $self->logged;
        $measured{$test} = { seconds => time - $begun, reached => Counts::of($counting, $counts) };
    }
    $self->shell("$self->{tree}/tests/lib/private-cluster stop '$self->{cluster}'");
    return \%measured;
}

sub reset_cluster {
    my ($self) = @_;
    my $reset = "$self->{tree}/tests/lib/private-cluster reset '$self->{cluster}'";
    $self->shell($reset) || $self->shell($reset) or die 'the cluster does not start again: ' . $self->logged;
    return;
}

sub passes {
    my ($self, $test, $seconds) = @_;
    my $command =
          $test eq 'units'  ? 'for unit in build/unit-*; do $unit --minimal --no-version || exit; done'
        : $test =~ /\.sql$/ ? "prove -Q --exec tests/lib/run-pgtap $test"
        : $test =~ /^tests\/daemon/ ? "prove -Q $test"
        : $test =~ /\.sh$/  ? "prove -Q --exec bash $test"
        :                     $test;
    # What makes a cluster of its own finds the library, too.
    local $ENV{SERVER_SETTINGS} = "dynamic_library_path=$self->{library}";
    return $self->shell("cd '$self->{tree}' && $command", $seconds);
}

# Breaks `mutant` and runs `tests`, an array of [test, seconds it may take], until one fails. Returns what became of it (not built,
# the same code, killed, survived) and the test that noticed.
sub try {
    my ($self, $mutant, $tests) = @_;
    my ($tree, $file) = ($self->{tree}, $mutant->{file});
    my ($became, $by) = ('survived', '');
    $self->start_cluster if !-d $self->{cluster};
    $self->write_mutant($mutant);
    my $units = $file =~ $in_unit_tests;
    my $built = $self->shell("make -s -C '$tree/extension' reseller_report.so CXX='$self->{from}/compile'");
    if (!$built) { $became = 'not built' }
    elsif (compare("$tree/extension/reseller_report.so", "$self->{from}/extension/reseller_report.so") == 0) {
        $became = 'the same code';
    }
    else {
        $self->shell("cd '$tree' && " . make_units("$self->{from}/compile")) if $units;
        for my $test ($units ? ['units', 60] : (), @$tests) {
            next if $self->passes(@$test)
                || ($self->{timed_out} || $test->[0] !~ /\.sql$|^units$/) && $self->passes_after_all(@$test);
            ($became, $by) = ('killed', $test->[0] . ($self->{timed_out} ? ', which does not end' : ''));
            last;
        }
        $self->reset_cluster;
    }
    $self->mend($file, $units);
    return ($became, $by);
}

# What moves at random, or keeps to time, may fail by itself on a machine that is busy: it must do so twice.
sub passes_after_all {
    my ($self, $test, $seconds) = @_;
    $self->reset_cluster;
    return $self->passes($test, 2 * $seconds);
}

sub write_mutant {
    my ($self, $mutant) = @_;
    my $path = "$self->{tree}/$mutant->{file}";
    open my $in, '<', "$self->{from}/$mutant->{file}" or die "$mutant->{file}: $!\n";
    my $source = do { local $/; <$in> };
    substr($source, $mutant->{at}, $mutant->{length}) = $mutant->{put};
    open my $out, '>', "$path.new" or die "$path: $!\n";
    print $out $source;
    close $out;
    rename "$path.new", $path or die "$path: $!\n";
    # Sessions that have the library open go on with it as it was.
    unlink "$self->{tree}/extension/reseller_report.so";
    return;
}

# All as it was, with its times, so that make sees nothing to do.
sub mend {
    my ($self, $file, $units) = @_;
    my ($from, $tree) = @$self{qw(from tree)};
    my $objects = $file =~ /\.hpp$/ ? 'extension/*.o extension/*/*.o' : $file =~ s/\.cpp$/.o/r;
    unlink "$tree/extension/reseller_report.so";
    $self->shell("cd '$from' && cp -a --parents '$file' $objects extension/reseller_report.so "
        . ($units ? 'build ' : '') . "'$tree/'")
        or die "cannot mend $file: " . $self->logged;
    return;
}

1;
