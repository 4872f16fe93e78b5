#!/usr/bin/env bash
# A month of one reseller of 100 companies, by how many such resellers there are. A third of the companies has a message on a day.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off
make_database resellers
curve resellers 'A month of 100 companies of one reseller' 'resellers of 100 companies each' 'milliseconds'
sql -o /dev/null -c "SELECT setseed(0.5), bench.partitions('2024-01-01 00:00+00', 3)"
there=0
for count in $(sizes '1 10 100 1000' '1 10 100'); do
    sql -o /dev/null -c "SELECT bench.reseller(r, 1000000 + r * 1000, 100) FROM generate_series($there + 1, $count) r" \
        -c "INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
            SELECT 1000000 + r * 1000 + c, bench.channel(), day + random() * interval '1 day', 0.05, 0.08
            FROM generate_series($there + 1, $count) r, generate_series(0, 99) c,
                generate_series(timestamptz '2024-01-20 00:00+00', '2024-03-10 00:00+00', '1 day') AS day
            WHERE random() < 0.3"
    there=$count
    fold_all
    point resellers "$ours" "$count" "$(label "$count")" "$(report 1 '2024-01-31 21:00+00' '2024-02-29 21:00+00' | median_time 100)"
    ! with_others || point resellers 'GROUP BY raw rows' "$count" "$(label "$count")" \
        "$(other_report raw 1 '2024-01-31 21:00+00' '2024-02-29 21:00+00' | median_time 9)"
done
