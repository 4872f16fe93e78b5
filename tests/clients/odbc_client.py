# ODBC, with the driver that reads booleans as booleans. Packages: odbc-postgresql unixodbc python3-pyodbc
import json
import os
from datetime import date, datetime

import pyodbc

connection = pyodbc.connect('Driver={PostgreSQL Unicode};Servername=%(PGHOST)s;Port=%(PGPORT)s;Database=%(PGDATABASE)s;UID=web;'
                            'BoolsAsChar=0' % os.environ, autocommit=True)
cursor = connection.cursor()
since, before = '2024-02-01 00:00+00', '2024-04-01 00:00+00'


def rows(query, *parameters):
    return cursor.execute(query, parameters).fetchall()


def show(values):
    def shown(value):
        if isinstance(value, bool):
            return 't' if value else 'f'
        if isinstance(value, datetime):
            return value.strftime('%Y-%m-%d %H:%M:%S.%f')
        return str(value)
    print('|'.join(shown(value) for value in values))


# Without BoolsAsChar=0, a boolean is a string.
plain = pyodbc.connect('Driver={PostgreSQL Unicode};Servername=%(PGHOST)s;Port=%(PGPORT)s;Database=%(PGDATABASE)s;UID=web;'
                       % os.environ)
assert plain.execute('SELECT true').fetchone()[0] == '1'
plain.close()

# Moments are in the zone of the session.
cursor.execute("SET TimeZone = 'UTC'")
print('page')
print(rows('SELECT reseller_report.reseller_and_companies(?, ?::timestamptz, ?::timestamptz, ?, row_limit => ?)', 1, since, before,
           True, 5)[0][0])
print('report')
for row in rows('SELECT * FROM reseller_report.text_messaging(?, ?::timestamptz, ?::timestamptz, ?)', 1, since, before, True):
    show(row)
print('chart')
for row in rows('SELECT day, service, sum(events), sum(price_to_twin) FROM reseller_report.daily_usage WHERE reseller_id = ?'
                ' AND day >= ? AND day < ? GROUP BY day, service ORDER BY day, service', 1, date(2024, 3, 1), date(2024, 3, 15)):
    show(row)
print('events')
after = None
while True:
    page = rows('SELECT source, occurred_at, item, delivered, seconds, price_to_twin, source_key, "position"'
                ' FROM reseller_report.usage_events(?, ?, ?, ?::timestamptz, ?::timestamptz, row_limit => ?, after => ?::jsonb)',
                1, 15, 'text_messaging', since, before, 7, after)
    if not page:
        break
    for *values, key, after in page:
        show(values + [json.loads(key)['id']])
print('errors')
for query, values in (('SELECT * FROM reseller_report.totals(?, ?::timestamptz, ?::timestamptz)', (2, since, before)),
                      ('SELECT * FROM reseller_report.usage_series(?, ?::timestamptz, ?::timestamptz, ?)',
                       (1, since, before, 'fortnight'))):
    try:
        rows(query, *values)
    except pyodbc.Error as error:
        print(error.args[0], error.args[1].split('ERROR: ')[1].split(';')[0].split('\n')[0])
