#!/usr/bin/env bash
# What a message costs its writer, by how many there are in a transaction: where nothing is connected, where ours is, and where
# triggers for each row or each statement keep a rollup of days; and where pg_ivm keeps a view of them, if it is installed.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off synchronous_commit=off autovacuum=off
make_database writes
curve writes 'What a message costs its writer' 'messages in a transaction' 'microseconds a message'
sql -o /dev/null -c 'SELECT setseed(0.5), bench.companies(1000)'
if with_others; then
    for schema in plain by_row by_statement; do
        PGOPTIONS='-c client_min_messages=warning' sql -o /dev/null -c "SELECT reseller_report.create_usage_tables('$schema')" \
            -c "SELECT reseller_report.detach_source('$schema.text_message')" \
            -c "CREATE TABLE $schema.days (company_id bigint, channel text, day timestamptz, sent bigint, delivered bigint,
                price_twin numeric, price_reseller numeric, PRIMARY KEY (company_id, channel, day))"
    done
    sql <<'SQL'
CREATE FUNCTION by_row.count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO by_row.days AS d VALUES (NEW.company_id, NEW.channel, date_trunc('day', NEW.occurred_at, 'UTC'), 1,
            (NEW.delivered_at IS NOT NULL)::int, NEW.price_twin, NEW.price_reseller)
        ON CONFLICT (company_id, channel, day) DO UPDATE SET sent = d.sent + 1, delivered = d.delivered + excluded.delivered,
            price_twin = d.price_twin + excluded.price_twin, price_reseller = d.price_reseller + excluded.price_reseller;
    RETURN NULL;
END
$$;
CREATE TRIGGER count AFTER INSERT ON by_row.text_message FOR EACH ROW EXECUTE FUNCTION by_row.count();
CREATE FUNCTION by_statement.count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO by_statement.days AS d SELECT company_id, channel, date_trunc('day', occurred_at, 'UTC'), count(*),
            count(delivered_at), sum(price_twin), sum(price_reseller) FROM written GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (company_id, channel, day) DO UPDATE SET sent = d.sent + excluded.sent,
            delivered = d.delivered + excluded.delivered, price_twin = d.price_twin + excluded.price_twin,
            price_reseller = d.price_reseller + excluded.price_reseller;
    RETURN NULL;
END
$$;
CREATE TRIGGER count AFTER INSERT ON by_statement.text_message REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION by_statement.count();
SQL
fi
# pg_ivm takes no partitioned table, and in a view no function that depends on the session's time zone.
with_ivm() { with_others && [ "$(sql -c "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_ivm'")" = 1 ]; }
! with_ivm || PGOPTIONS='-c client_min_messages=warning' sql -o /dev/null <<'SQL'
CREATE EXTENSION pg_ivm;
CREATE SCHEMA ivm CREATE TABLE text_message (LIKE plain.text_message INCLUDING ALL);
SELECT pgivm.create_immv('ivm.days', $$
    SELECT company_id, channel, date_trunc('day', occurred_at AT TIME ZONE 'UTC') AS day, count(*) AS sent,
        count(delivered_at) AS delivered, sum(price_twin) AS price_twin, sum(price_reseller) AS price_reseller
    FROM ivm.text_message GROUP BY company_id, channel, date_trunc('day', occurred_at AT TIME ZONE 'UTC') $$);
SQL
# write SCHEMA EACH TIMES: microseconds a message.
write() {
    sql -c "TRUNCATE $1.text_message" -c 'DELETE FROM reseller_report.usage_delta' -c 'VACUUM reseller_report.usage_delta'
    {
        echo '\timing on'
        for ((i = 0; i < $3; i++)); do
            echo "INSERT INTO $1.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
                SELECT 1001 + floor(random() * 1000)::bigint, 'sms', now(), 0.05, 0.08 FROM generate_series(1, $2);"
        done
    } | sql | awk -v each="$2" '/^Time:/ { print $2 * 1000 / each }' | median
}
for each in $(sizes '1 10 100 1000 10000' '1 100 10000'); do
    times=$((each > 1000 ? 9 : each > 100 ? 40 : 200))
    point writes "$ours" "$each" "$(label "$each")" "$(write usage "$each" $times)"
    with_others || continue
    point writes 'not connected' "$each" "$(label "$each")" "$(write plain "$each" $times)"
    point writes 'rollup by row trigger' "$each" "$(label "$each")" "$(write by_row "$each" $times)"
    point writes 'rollup by statement trigger' "$each" "$(label "$each")" "$(write by_statement "$each" $times)"
    ! with_ivm || point writes 'view kept by pg_ivm' "$each" "$(label "$each")" "$(write ivm "$each" 20)"
done
