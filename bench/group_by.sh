#!/usr/bin/env bash
# 1,000 companies, 5 million events over 90 days, a month that begins at 21:00 UTC: the report against GROUP BY over the raw
# table with its indexes.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off
make_database group_by
sql -o /dev/null -c "SELECT setseed(0.25), bench.companies(1000), bench.partitions('2024-01-01 00:00+00', 4)"
sql -c 'INSERT INTO usage.text_message (company_id, channel, occurred_at, delivered_at, price_twin, price_reseller)
    SELECT company_id, channel, occurred_at, occurred_at, price_twin, price_reseller FROM bench.stream(1000, 5000000, 90)'
fold_all
cat >"$cluster/report.sql" <<'SQL'
SELECT * FROM reseller_report.text_messaging(1, '2024-01-31 21:00+00', '2024-02-29 21:00+00');
SQL
cat >"$cluster/group_by.sql" <<'SQL'
SELECT c.company_id, c.name, m.* FROM reseller_report.dependency d JOIN reseller_report.company c USING (company_id)
    LEFT JOIN (SELECT company_id,
            count(delivered_at) FILTER (WHERE channel = 'sms'), sum(price_twin) FILTER (WHERE channel = 'sms'),
            count(*) FILTER (WHERE channel = 'viber'), count(delivered_at) FILTER (WHERE channel = 'viber'),
            sum(price_twin) FILTER (WHERE channel = 'viber'),
            count(*) FILTER (WHERE channel = 'whatsapp'), count(delivered_at) FILTER (WHERE channel = 'whatsapp'),
            sum(price_twin) FILTER (WHERE channel = 'whatsapp'),
            count(*) FILTER (WHERE channel = 'email'), count(delivered_at) FILTER (WHERE channel = 'email'),
            sum(price_twin) FILTER (WHERE channel = 'email'),
            count(*) FILTER (WHERE channel = 'push'), count(delivered_at) FILTER (WHERE channel = 'push'),
            sum(price_twin) FILTER (WHERE channel = 'push'),
            sum(price_twin), sum(price_reseller)
        FROM usage.text_message WHERE occurred_at >= '2024-01-31 21:00+00' AND occurred_at < '2024-02-29 21:00+00'
        GROUP BY company_id) m ON m.company_id = d.company_id
    WHERE d.reseller_id = 1 ORDER BY c.company_id;
SQL
ratios 9 "$cluster"/{report,group_by}.sql >"$cluster/result"
awk 'NR == 1 { printf "        report %.1f ms, ", $1 } NR == 2 { printf "GROUP BY %.1f ms\n", $1 }' "$cluster/result"
verdict 'GROUP BY over 5 million raw rows: times the report' "$(awk 'NR == 2 { print $2 }' "$cluster/result")" '>=' 50
exit $missed
