#!/usr/bin/env bash
# REPEATABLE READ transactions of 100 ms that change a dependency, beside 500 messages a second with the service at work: the share
# that succeeds at the first try. Half of them move a company by move_company, half take one on by INSERT; each has read before.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off
make_database dependencies
sql -o /dev/null -c "SELECT setseed(0.5), bench.companies(1000), bench.reseller(2, 100001, 1000)" \
    -c 'CREATE SEQUENCE newcomer START 1000000'
cat >"$cluster/move.pgbench" <<'SQL'
\set company random(1001, 2000)
\set reseller random(1, 2)
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT name FROM reseller_report.company WHERE company_id = :company;
\sleep 100 ms
SELECT reseller_report.move_company(:company, :reseller, date_bin('15 minutes', now(), '2000-01-01 00:00+00'));
COMMIT;
SQL
cat >"$cluster/insert.pgbench" <<'SQL'
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO reseller_report.company (company_id, name) SELECT nextval('newcomer'), 'Newcomer';
\sleep 100 ms
INSERT INTO reseller_report.dependency (reseller_id, company_id, during)
    SELECT 2, currval('newcomer'), tstzrange(date_bin('15 minutes', now(), '2000-01-01 00:00+00'), NULL);
COMMIT;
SQL
start_service
seconds=${SECONDS_A_RUN:-60}
write_events usage 1001 1000 500 1 $((seconds + 4)) >"$cluster/written" &
writer=$!
sleep 2
pgbench -n -c 1 -T "$seconds" -f "$cluster/move.pgbench" -f "$cluster/insert.pgbench" >"$cluster/said" 2>&1
wait $writer
done=$(awk '/actually processed/ { print $6; exit }' "$cluster/said")
failed=$(awk '/number of failed transactions/ { print $5; exit }' "$cluster/said")
printf '        %s messages a second; %s transactions succeeded, %s did not; %s turns of folds, merges and changes\n' \
    "$(cat "$cluster/written")" "$done" "$failed" "$(sql -c 'SELECT turn FROM reseller_report.lease')"
verdict 'REPEATABLE READ transactions that change a dependency: share at the first try' \
    "$(awk "BEGIN { print $done / ($done + $failed) }")" '>=' 0.9
exit $missed
