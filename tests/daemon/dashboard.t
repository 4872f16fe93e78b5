#!/usr/bin/env perl
# The dashboard and the alert rules of examples/monitoring, asked of a Prometheus that reads the metrics of an instance: every query
# of the dashboard has an answer, and every rule can be evaluated. Skipped where there is no Prometheus.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Daemon;
use File::Temp qw(tempdir);
use HTTP::Tiny;
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

system('command -v prometheus >/dev/null') == 0 or plan skip_all => 'no prometheus here; run: .ci/deps prometheus';
my ($metrics, $port) = (Daemon::free_port(), Daemon::free_port());
my $folder = tempdir('/tmp/reseller_materializer_test.XXXXXX', CLEANUP => 1);
open my $settings, '>', "$folder/prometheus.yml" or die;
print $settings <<"YAML";
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ['$Daemon::root/examples/monitoring/alerts.yml']
scrape_configs: [{job_name: reports, static_configs: [{targets: ['127.0.0.1:$metrics']}]}]
YAML
close $settings;

Daemon::start_cluster();
Daemon::make_database('dashboard');
Daemon::sql('SELECT setseed(0.75), random_usage.companies(), random_usage.events(100)');
my $instance = Daemon::start(with => ['--schedule', '@every 1s', '--metrics-listen', "127.0.0.1:$metrics"]);
my $prometheus = fork // die;
if ($prometheus == 0) {
    open STDERR, '>', "$folder/log" or die;
    open STDOUT, '>&', \*STDERR;
    exec 'prometheus', "--config.file=$folder/prometheus.yml", "--storage.tsdb.path=$folder/data",
        "--web.listen-address=127.0.0.1:$port"
        or POSIX::_exit(127);
}
END { my $status = $?; if ($prometheus) { kill 'TERM', $prometheus; waitpid $prometheus, 0 } $? = $status }

sub ask {
    my ($path, %query) = @_;
    my $client = HTTP::Tiny->new(timeout => 5);
    my $answer = $client->get("http://127.0.0.1:$port/api/v1/$path?" . $client->www_form_urlencode(\%query));
    my $says = eval { decode_json($answer->{content}) } // { status => 'error', error => $answer->{content} };
    return $says->{status} eq 'success' ? $says->{data} : die "$path: $says->{error}\n";
}

# What Grafana puts in the place of the dashboard's variables.
my $dashboard = decode_json(do { local (@ARGV, $/) = "$Daemon::root/examples/monitoring/dashboard.json"; <> });
Daemon::wait_until('Prometheus reads the metrics', sub {
    eval { @{ ask('query', query => 'reseller_materializer_deltas_folded_total > 0')->{result} } };
});
my ($variable) = grep { $_->{name} eq 'job' } @{ $dashboard->{templating}{list} };
my ($metric, $label) = $variable->{query}{query} =~ /^label_values\((\w+), (\w+)\)$/;
is_deeply(ask("label/$label/values", 'match[]' => $metric), ['reports'], 'the variable $job has the jobs there are');
for my $panel (@{ $dashboard->{panels} }) {
    for my $target (@{ $panel->{targets} // [] }) {
        (my $query = $target->{expr}) =~ s/\$job\b/reports/g;
        Daemon::wait_until("$panel->{title}: $query", sub { @{ ask('query', query => $query)->{result} } });
        pass("$panel->{title}: $query");
    }
}
Daemon::wait_until('every rule is evaluated', sub {
    my @rules = map { @{ $_->{rules} } } @{ ask('rules')->{groups} };
    return @rules && !grep { $_->{health} eq 'unknown' } @rules;
});
my @rules = map { @{ $_->{rules} } } @{ ask('rules')->{groups} };
is($_->{health}, 'ok', "alert $_->{name} can be evaluated") for @rules;
is(join(' ', map { $_->{name} } grep { $_->{state} eq 'firing' } @rules), '', 'none fires where all is well');
$instance->signal('TERM');
is($instance->status_after(10), 0, 'SIGTERM ends the instance with 0');
done_testing();
