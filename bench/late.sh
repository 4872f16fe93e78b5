#!/usr/bin/env bash
# Late receipts: 5 million events of 1,000 companies in three days; a tenth of them get their receipt 1 to 72 hours late, a thousand
# to a transaction. Folding these receipts against aggregating the three days anew from raw rows, into a quarter hour, an hour, a
# day and a month.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off
make_database late
sql -o /dev/null -c "SELECT setseed(0.5), bench.companies(1000), bench.partitions('2024-01-01 00:00+00', 1)"
sql -c 'INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
    SELECT company_id, channel, occurred_at, price_twin, price_reseller FROM bench.stream(1000, 5000000, 3)'
fold_all
sql <<'SQL'
CREATE PROCEDURE bench.receive(round int) LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE receipt AS SELECT occurred_at, id,
            occurred_at + interval '1 hour' + random() * interval '71 hours' AS received_at,
            row_number() OVER (ORDER BY random()) AS n
        FROM usage.text_message WHERE id % 10 = round;
    CREATE INDEX ON receipt ((n / 1000));
    ANALYZE receipt;
    FOR batch IN 0 .. (SELECT max(n) / 1000 FROM receipt) LOOP
        UPDATE usage.text_message t SET delivered_at = r.received_at FROM receipt r
            WHERE r.n / 1000 = batch AND (t.occurred_at, t.id) = (r.occurred_at, r.id);
        COMMIT;
    END LOOP;
    DROP TABLE receipt;
END
$$;
CREATE TABLE bench.quarter (company_id bigint, channel text, bucket timestamptz, sent bigint, delivered bigint,
    price_twin numeric, price_reseller numeric);
CREATE TABLE bench.hour (LIKE bench.quarter);
CREATE TABLE bench.day (LIKE bench.quarter);
CREATE TABLE bench.month (LIKE bench.quarter);
CREATE PROCEDURE bench.aggregate() LANGUAGE plpgsql AS $$
DECLARE
    below text := 'quarter';
    level text;
BEGIN
    TRUNCATE bench.quarter, bench.hour, bench.day, bench.month;
    INSERT INTO bench.quarter SELECT company_id, channel, date_bin('15 minutes', occurred_at, '2000-01-01 00:00+00'),
            count(*), count(delivered_at), sum(price_twin), sum(price_reseller)
        FROM usage.text_message WHERE occurred_at >= '2024-01-01 00:00+00' AND occurred_at < '2024-01-04 00:00+00' GROUP BY 1, 2, 3;
    FOREACH level IN ARRAY ARRAY['hour', 'day', 'month'] LOOP
        EXECUTE format('INSERT INTO bench.%I SELECT company_id, channel, date_trunc(%L, bucket, ''UTC''),
            sum(sent), sum(delivered), sum(price_twin), sum(price_reseller) FROM bench.%I GROUP BY 1, 2, 3', level, level, below);
        below := level;
    END LOOP;
END
$$;
SQL
milliseconds() { printf '\\timing on\n%s\n' "$1" | sql | awk '/^Time:/ { total += $2 } END { print total }'; }
for round in 1 2 3; do
    sql -c "CALL bench.receive($round)"
    sql -c 'VACUUM (ANALYZE) usage.text_message' -c 'CHECKPOINT'
    deltas=$(sql -c 'SELECT pending_deltas FROM reseller_report.materializer_state')
    fold=$(milliseconds 'SELECT * FROM reseller_report.materialize(1000000);')
    aggregate=$(milliseconds 'CALL bench.aggregate();')
    echo "        $deltas deltas folded in $fold ms, aggregated anew in $aggregate ms" >&2
    awk -v fold="$fold" -v aggregate="$aggregate" 'BEGIN { print fold / aggregate }'
done >"$cluster/result"
verdict 'late receipts: folding, times aggregating three days anew' "$(median <"$cluster/result")" '<=' 0.3333
exit $missed
