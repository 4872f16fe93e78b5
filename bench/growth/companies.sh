#!/usr/bin/env bash
# A month of resellers of 10 to 100,000 companies, which all are in one database. On a day a tenth of the companies send four
# messages each.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off work_mem=64MB
make_database companies
curve companies 'A month of one reseller' 'companies of the reseller' 'milliseconds'
sql -o /dev/null -c "SELECT bench.partitions('2024-01-01 00:00+00', 3)"
counts=$(sizes '10 100 1000 10000 100000' '10 100 1000 10000')
for count in $counts; do
    sql -o /dev/null -c "SELECT setseed(0.5), bench.reseller($count, $count * 10 + 1000000, $count)" \
        -c "INSERT INTO usage.text_message (company_id, channel, occurred_at, delivered_at, price_twin, price_reseller)
            SELECT $count * 10 + 1000000 + c, (ARRAY['sms', 'viber', 'whatsapp', 'email', 'push'])[1 + c % 5],
                day + random() * interval '1 day',
                CASE WHEN random() < 0.9 THEN day + interval '1 day' END,
                round((random() * 5)::numeric, 4), round((random() * 8)::numeric, 4)
            FROM generate_series(timestamptz '2024-01-30 00:00+00', '2024-03-01 00:00+00', '1 day') AS day,
                generate_series(0, $count - 1) AS c, generate_series(1, 4)
            WHERE abs(hashint8(extract(epoch FROM day)::bigint * 1009 + c)) % 10 = 0"
done
fold_all
! with_others || days_view
from='2024-01-31 21:00+00' to='2024-02-29 21:00+00'
for count in $counts; do
    name=$(label "$count")
    point companies "$ours" "$count" "$name" "$(report "$count" "$from" "$to" | median_time 15)"
    with_others || continue
    sql -c "CREATE TABLE answer_$count AS $(report "$count" "$from" "$to")" -c "VACUUM ANALYZE answer_$count"
    point companies 'finished answer' "$count" "$name" "$(median_time 15 <<<"SELECT * FROM answer_$count;")"
    point companies 'view or rollup of days' "$count" "$name" \
        "$(other_report days "$count" '2024-02-01 00:00+00' '2024-03-01 00:00+00' | median_time 5)"
    point companies 'GROUP BY raw rows' "$count" "$name" "$(other_report raw "$count" "$from" "$to" | median_time 3)"
done
