#!/usr/bin/env bash
# Every query of examples/bi/ answers with rows, its macros and variables expanded as the tools do it.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"; psql -X -q -d postgres -c "DROP DATABASE IF EXISTS bi_examples" 2>/dev/null' EXIT
psql -X -q -d postgres -c 'CREATE DATABASE bi_examples TEMPLATE reseller_report_test'
psql -X -q -v ON_ERROR_STOP=1 -d bi_examples -o /dev/null <<'SQL'
SELECT setseed(0.3);
SELECT random_usage.companies(), random_usage.events(200);
SELECT * FROM reseller_report.materialize();
-- Usage of today, too, for what looks back from now; and a company that has left.
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (18, now(), 1);
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (27, '2024-02-10 00:00+00', 1);
DELETE FROM usage.bot_message WHERE company_id = 27 AND occurred_at >= '2024-03-01 00:00+00';
DELETE FROM usage.text_message WHERE company_id = 27 AND occurred_at >= '2024-03-01 00:00+00';
DELETE FROM usage.chat_message WHERE company_id = 27 AND occurred_at >= '2024-03-01 00:00+00';
DELETE FROM usage.phone_call WHERE company_id = 27 AND occurred_at >= '2024-03-01 00:00+00';
SQL
python3 - "$work" <<'PYTHON'
import json, re, sys

from_, to = "'2024-01-10T08:13:22.123Z'", "'2024-04-10T21:44:11.456Z'"
queries = {}
for panel in json.load(open('examples/bi/grafana.json'))['panels']:
    sql = panel['targets'][0]['rawSql']
    sql = re.sub(r'\$__timeGroupAlias\((\w+), \$__interval\)', r'floor(extract(epoch from \1)/21600)*21600 AS "time"', sql)
    sql = re.sub(r'\$__timeFilter\((\w+)\)', rf'\1 BETWEEN {from_} AND {to}', sql)
    sql = sql.replace('$__timeFrom()', from_).replace('$__timeTo()', to).replace('$reseller', '1')
    queries['grafana: ' + panel['title']] = sql
for variable in json.load(open('examples/bi/grafana.json'))['templating']['list']:
    if variable['type'] == 'query':
        queries['grafana: variable ' + variable['name']] = variable['query']
for tool in 'metabase', 'superset':
    for statement in open(f'examples/bi/{tool}.sql').read().split(';')[:-1]:
        says = [line[3:] for line in statement.split('\n') if line.startswith('-- ')][-1]
        for name, value in ('reseller', '1'), ('since', "date '2024-01-01'"), ('before', "date '2024-04-01'"):
            statement = statement.replace('{{%s}}' % name, value)
        queries[f'{tool}: {says}'] = statement
cube = open('examples/bi/cube.yml').read()
table = re.search(r'sql_table: (\S+)', cube).group(1)
columns = re.findall(r'\{name: (\w+), sql: (\w+), type: (\w+)', cube)
groups = [sql for _, sql, kind in columns if kind in ('number', 'string', 'time')]
sums = [{'sum': 'sum({})', 'count_distinct': 'count(DISTINCT {})'}[kind].format(sql)
        for _, sql, kind in columns if kind in ('sum', 'count_distinct')]
queries['cube: all dimensions and measures'] = 'SELECT {} FROM {} GROUP BY {}'.format(
    ', '.join(groups + sums), table, ', '.join(groups))
for number, (name, sql) in enumerate(queries.items()):
    open(f'{sys.argv[1]}/{number:02}.name', 'w').write(name)
    open(f'{sys.argv[1]}/{number:02}.sql', 'w').write(sql.rstrip() + '\n')
PYTHON
number=0
for query in "$work"/*.sql; do
    number=$((number + 1))
    name=$(cat "${query%.sql}.name")
    if psql -X -q -A -t -v ON_ERROR_STOP=1 -d bi_examples -f "$query" >"$work/out" 2>&1 && [ -s "$work/out" ]; then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        sed 's/^/# /' "$query" "$work/out"
    fi
done
echo "1..$number"
