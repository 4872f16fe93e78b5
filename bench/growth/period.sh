#!/usr/bin/env bash
# Periods of an hour to five years, of 100 companies of ten messages a day each.
source "$(dirname "$0")/lib.sh"
start_cluster fsync=off work_mem=64MB
make_database period
curve period 'Any period of 100 companies' 'length of the period' 'milliseconds'
years=$(sizes 5 1)
sql -o /dev/null -c "SELECT setseed(0.5), bench.companies(100), bench.partitions('2020-01-01 00:00+00', $years * 12)" \
    -c "INSERT INTO usage.text_message (company_id, channel, occurred_at, delivered_at, price_twin, price_reseller)
        SELECT 1001 + c, bench.channel(), day + random() * interval '1 day',
            CASE WHEN random() < 0.9 THEN day + interval '1 day' END,
            round((random() * 5)::numeric, 4), round((random() * 8)::numeric, 4)
        FROM generate_series(timestamptz '2020-01-01 00:00+00', timestamptz '2020-01-01 00:00+00' + interval '$years years'
                - interval '1 day', '1 day') AS day, generate_series(0, 99) AS c, generate_series(1, 10)"
fold_all
! with_others || days_view
lengths=('1 hour' '1 day' '1 week' '1 month' '3 months' '1 year' '5 years')
[ -z "${QUICK:-}" ] || lengths=('1 hour' '1 day' '1 week' '1 month')
for length in "${lengths[@]}"; do
    name=${length#1 }
    name=${name/3 months/quarter}
    # A begin such that the period lies within the data, in UTC+3; the last begins and ends with it.
    begin='2020-03-04 21:00+00'
    case $length in *years) begin='2019-12-31 21:00+00' ;; esac
    IFS='|' read -r hours from to odd_from odd_to < <(sql -c "SELECT extract(epoch FROM t - f) / 3600, f, t,
            f + interval '17 minutes 1 second', t + interval '17 minutes 1 second'
        FROM (SELECT timestamptz '$begin' AS f, timestamptz '$begin' + interval '$length' AS t) x")
    point period "$ours" "$hours" "$name" "$(report 1 "$from" "$to" | median_time 25)"
    point period "${ours/report/report, odd ends}" "$hours" "$name" "$(report 1 "$odd_from" "$odd_to" | median_time 25)"
    with_others || continue
    [ "$length" = '1 hour' ] || point period 'view or rollup of days' "$hours" "$name" \
        "$(other_report days 1 "${from/21:00:00/00:00:00}" "${to/21:00:00/00:00:00}" | median_time 5)"
    point period 'GROUP BY raw rows' "$hours" "$name" "$(other_report raw 1 "$from" "$to" | median_time 3)"
done
