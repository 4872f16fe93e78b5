# psql through PgBouncer, which hands out its one connection a transaction: each says SET LOCAL ROLE. Packages: pgbouncer
folder=$(mktemp -d "${TMPDIR:-/tmp}/reseller_report_pool.XXXXXX")
chmod 755 "$folder"
cat >"$folder/pool.ini" <<INI
[databases]
* = host=$PGHOST port=$PGPORT
[pgbouncer]
unix_socket_dir = $folder
listen_addr =
listen_port = 5432
auth_type = trust
auth_file = $folder/users
pool_mode = transaction
default_pool_size = 1
pidfile = $folder/pid
logfile = $folder/log
INI
echo '"pool" ""' >"$folder/users"
# It does not run as root.
as_server() { if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
[ "$(id -u)" -ne 0 ] || chown -R postgres: "$folder"
as_server "$(command -v pgbouncer || echo /usr/sbin/pgbouncer)" -d "$folder/pool.ini" >/dev/null 2>&1
trap 'kill "$(cat "$folder/pid")"; rm -rf "$folder"' EXIT
ask() { psql -X -q -A -t -h "$folder" -p 5432 -U pool "$@" 2>&1; }

ask -v ON_ERROR_ROLLBACK=on <<SQL 2>/dev/null | grep -v '^ERROR\|^psql\|^HINT\|^LINE'
BEGIN;
SET LOCAL ROLE reader_of_1;
\i tests/clients/answers.sql
COMMIT;
SQL
# What follows on the same connection has no role left, and two that take turns each have their own.
left=$(ask -c "SELECT FROM reseller_report.totals(1, '2024-02-01', '2024-04-01')" || true)
[[ "$left" = *'permission denied for reseller 1'* ]] || echo 'a role is left after a transaction'
for role in 1 2; do
    for turn in $(seq 20); do
        echo "BEGIN; SET LOCAL ROLE reader_of_$role; SELECT DISTINCT reseller_id FROM reseller_report.daily_usage; COMMIT;"
    done | ask >"$folder/seen.$role" &
done
wait
for role in 1 2; do
    [ "$(sort "$folder/seen.$role" | uniq -c | xargs)" = "20 $role" ] || echo "reader_of_$role saw $(sort -u "$folder/seen.$role")"
done
