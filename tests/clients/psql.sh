# psql: CSV by \copy, and a chart across by \crosstabview. Packages: python3
psql -X -q -v ON_ERROR_STOP=1 -U web -f tests/clients/answers.sql 2>/dev/null
# Both have the figures of the answers.
csv=$(psql -X -q -v ON_ERROR_STOP=1 -U web -c "\\copy (SELECT * FROM reseller_report.text_messaging(1, '2024-02-01 00:00+00', \
'2024-04-01 00:00+00', true)) TO STDOUT WITH (FORMAT csv, HEADER)")
across=$(psql -X -q -v ON_ERROR_STOP=1 -U web -A <<'SQL'
SELECT day, service, sum(events) FROM reseller_report.daily_usage
WHERE reseller_id = 1 AND day >= '2024-03-01' AND day < '2024-03-15' GROUP BY day, service ORDER BY day, service
\crosstabview
SQL
)
python3 - "$csv" "$across" <(psql -X -q -U web -f tests/clients/answers.sql 2>/dev/null) <<'PYTHON'
import csv, sys

answers, section = {}, None
for line in open(sys.argv[3]).read().split('\n')[:-1]:
    if line in ('page', 'report', 'chart', 'events', 'errors'):
        section = answers.setdefault(line, [])
    else:
        section.append(line)
header, *rows = csv.reader(sys.argv[1].split('\n'))
if header[:2] != ['id', 'name'] or ['|'.join(row) for row in rows] != answers['report']:
    print('\\copy gives', header, rows)
header, *rows = [line.split('|') for line in sys.argv[2].split('\n') if '|' in line]
cells = {(row[0], service): count for row in rows for service, count in zip(header[1:], row[1:]) if count}
if cells != {tuple(line.split('|')[:2]): line.split('|')[2] for line in answers['chart']}:
    print('\\crosstabview gives', header, rows)
PYTHON
