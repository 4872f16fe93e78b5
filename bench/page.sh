#!/usr/bin/env bash
# The page of examples/reseller_page in headless Chromium: 10,000 companies with usage of all five services, until the first row is
# on the screen, against the database's own answer. Needs what make check-example installs.
source "$(dirname "$0")/lib.sh"
cd "$here/.."
if ! command -v chromium >/dev/null || [ ! -d examples/reseller_page/node_modules ]; then
    echo 'the page is not measured: no chromium or no modules here; run: make check-example' >&2
    exit
fi
start_cluster fsync=off
make_database page
sql -o /dev/null -c "SELECT setseed(0.5), bench.companies(10000), bench.partitions('2023-12-01 00:00+00', 3)"
sql -o /dev/null -c "INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
        SELECT company_id, channel, occurred_at, price_twin, price_reseller FROM bench.stream(10000, 400000, 31)" \
    -c "INSERT INTO usage.chat_message (company_id, sender, occurred_at, price_twin)
        SELECT company_id, 'bot', occurred_at, price_twin FROM bench.stream(10000, 400000, 31)" \
    -c "INSERT INTO usage.phone_call (company_id, direction, occurred_at, duration_seconds, price_twin)
        SELECT company_id, CASE WHEN channel = 'sms' THEN 'outgoing' ELSE 'incoming' END, occurred_at, 61, price_twin
        FROM bench.stream(10000, 400000, 31)" \
    -c "INSERT INTO usage.bot_message (company_id, occurred_at, price_twin)
        SELECT company_id, occurred_at, price_twin FROM bench.stream(10000, 400000, 31)" \
    -f examples/reseller_page/roles.sql -c "SELECT reseller_report.grant_access('page_head_office', NULL)"
fold_all

PGUSER=reseller_page node examples/reseller_page/server.mjs >"$cluster/addresses" 2>&1 &
page=$!
trap 'kill $page; wait $page || true; "$here/../tests/lib/private-cluster" stop "$cluster"' EXIT
until [ -s "$cluster/addresses" ]; do sleep 0.1; done
address=$(sed -n 's/^Head office: //p' "$cluster/addresses")
read -r answer seen ratio received empty < <(PAGE_ADDRESS=$address node examples/reseller_page/tests/first_row.mjs)
echo "database $answer ms, first byte $received ms, first row seen $seen ms, an empty page seen $empty ms" >&2
verdict 'the first row on the screen: times the answer of the database' "$ratio" '<=' 3
exit $missed
