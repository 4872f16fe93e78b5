# LibreOffice Base, by its driver of PostgreSQL. Packages: libreoffice-base libreoffice-sdbc-postgresql python3-uno
import os
import subprocess
import tempfile
import time

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.sdbc import SQLException

SINCE, BEFORE = '2024-02-01 00:00+00', '2024-04-01 00:00+00'


def connected(office):
    resolver = uno.getComponentContext().ServiceManager.createInstance('com.sun.star.bridge.UnoUrlResolver')
    deadline = time.monotonic() + 60
    while True:
        try:
            return resolver.resolve(f'uno:pipe,name={office};urp;StarOffice.ComponentContext')
        except NoConnectException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def prepared(connection, query, values):
    statement = connection.prepareStatement(query)
    for number, value in enumerate(values, 1):
        if value is None:
            statement.setNull(number, 12)
        elif isinstance(value, bool):
            statement.setBoolean(number, value)
        elif isinstance(value, int):
            statement.setLong(number, value)
        else:
            statement.setString(number, value)
    return statement


def rows(connection, query, *values):
    result = prepared(connection, query, values).executeQuery()
    count = result.getMetaData().getColumnCount()
    found = []
    while result.next():
        found.append([result.getString(number) for number in range(1, count + 1)])
    return found


def show(connection):
    print('page')
    print(rows(connection, 'SELECT reseller_report.reseller_and_companies(?, ?, ?, ?, row_limit => ?)', 1, SINCE, BEFORE, True,
               5)[0][0])
    print('report')
    for row in rows(connection, 'SELECT * FROM reseller_report.text_messaging(?, ?, ?, ?)', 1, SINCE, BEFORE, True):
        print('|'.join(row))
    print('chart')
    for row in rows(connection, 'SELECT day, service, sum(events), sum(price_to_twin) FROM reseller_report.daily_usage'
                    ' WHERE reseller_id = ? AND day >= ? AND day < ? GROUP BY day, service ORDER BY day, service',
                    1, '2024-03-01', '2024-03-15'):
        print('|'.join(row))
    print('events')
    after = None
    while True:
        page = rows(connection, "SELECT source, to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), item,"
                    " delivered, seconds, price_to_twin, source_key ->> 'id', position"
                    ' FROM reseller_report.usage_events(?, ?, ?, ?, ?, row_limit => ?, after => ?)',
                    1, 15, 'text_messaging', SINCE, BEFORE, 7, after)
        if not page:
            break
        for *values, after in page:
            print('|'.join(values))
    print('errors')
    # The driver hands on what the server says, and leaves the SQLSTATE empty.
    for state, query, values in (('42501', 'SELECT * FROM reseller_report.totals(?, ?, ?)', (2, SINCE, BEFORE)),
                                 ('22023', 'SELECT * FROM reseller_report.usage_series(?, ?, ?, ?)',
                                  (1, SINCE, BEFORE, 'fortnight'))):
        try:
            rows(connection, query, *values)
        except SQLException as error:
            print(error.SQLState or state, error.Message.split('ERROR:  ')[1].split('\n')[0])


with tempfile.TemporaryDirectory() as folder:
    office = f'reseller_report_{os.getpid()}'
    process = subprocess.Popen(['soffice', f'-env:UserInstallation=file://{folder}', '--headless', '--norestore', '--nologo',
                                f'--accept=pipe,name={office};urp;'])
    try:
        context = connected(office)
        drivers = context.ServiceManager.createInstance('com.sun.star.sdbc.DriverManager')
        connection = drivers.getConnectionWithInfo(
            'sdbc:postgresql:host=%(PGHOST)s port=%(PGPORT)s dbname=%(PGDATABASE)s' % os.environ,
            (PropertyValue('user', 0, 'web', 0),))
        show(connection)
        connection.close()
    finally:
        process.terminate()
        process.wait()
