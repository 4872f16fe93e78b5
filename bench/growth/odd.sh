#!/usr/bin/env bash
# 10,000 companies from 10:17 to 23:59:59 eight months later, by how many messages a second others had written around both ends.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off
make_database odd
curve odd 'Odd ends of a period of 10,000 companies' 'messages of others a second, around both ends' 'milliseconds'
sql -o /dev/null -c "SELECT setseed(0.5), bench.companies(10000), bench.partitions('2024-01-01 00:00+00', 12),
    bench.year(10000, 0.05, 1), bench.reseller(2, 100001, 1000)"
there=0
for rate in $(sizes '0 10 100 300 1000' '0 10 100'); do
    [ "$rate" = 0 ] || sql -c "INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
        SELECT 100001 + floor(random() * 1000)::bigint, 'sms', t + random() * interval '10 minutes', 0.05, 0.08
        FROM unnest('{2024-02-15 10:10+00,2024-10-16 23:50+00}'::timestamptz[]) t, generate_series(1, ($rate - $there) * 600)"
    there=$rate
    fold_all
    point odd "$ours" "$rate" "$(label "$rate")" "$(report 1 '2024-02-15 10:15+00' '2024-10-17 00:00+00' | median_time 21)"
    point odd "${ours/report/report, odd ends}" "$rate" "$(label "$rate")" \
        "$(report 1 '2024-02-15 10:17+00' '2024-10-16 23:59:59+00' | median_time 21)"
done
