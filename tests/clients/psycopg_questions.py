# What psycopg 2 and 3 are asked alike.
import json
from datetime import datetime, timezone

since = datetime(2024, 2, 1, tzinfo=timezone.utc)
before = datetime(2024, 4, 1, tzinfo=timezone.utc)


def show(values):
    def shown(value):
        if isinstance(value, bool):
            return 't' if value else 'f'
        if isinstance(value, datetime):
            return value.astimezone(timezone.utc).strftime('%Y-%m-%d %H:%M:%S.%f')
        return str(value)
    print('|'.join(shown(value) for value in values))


def ask(driver, connection, as_json, state_of):
    """Asks by a connection that commits by itself.

    The driver's own ways: as_json(value) binds jsonb, and state_of(error) is its SQLSTATE.
    """
    cursor = connection.cursor()

    def rows(query, parameters=()):
        cursor.execute(query, parameters)
        return cursor.fetchall()

    print('page')
    [(page,)] = rows('SELECT reseller_report.reseller_and_companies(%s, %s, %s, %s, row_limit => %s)', (1, since, before, True, 5))
    print(json.dumps(page, ensure_ascii=False, separators=(',', ':')))
    print('report')
    for row in rows('SELECT * FROM reseller_report.text_messaging(%s, %s, %s, %s)', (1, since, before, True)):
        show(row)
    print('chart')
    for row in rows('SELECT day, service, sum(events), sum(price_to_twin) FROM reseller_report.daily_usage WHERE reseller_id = %s'
                    ' AND day >= %s AND day < %s GROUP BY day, service ORDER BY day, service',
                    (1, since.date().replace(month=3), since.date().replace(month=3, day=15))):
        show(row)
    print('events')
    after = None
    while True:
        page = rows('SELECT source, occurred_at, item, delivered, seconds, price_to_twin, source_key, position'
                    ' FROM reseller_report.usage_events(%s, %s, %s, %s, %s, row_limit => %s, after => %s)',
                    (1, 15, 'text_messaging', since, before, 7, as_json(after) if after else None))
        if not page:
            break
        for *values, key, after in page:
            show(values + [key['id']])
    # A number is no boolean to the server.
    try:
        rows('SELECT * FROM reseller_report.bot(%s, %s, %s, %s)', (1, since, before, 1))
        raise SystemExit('a number was taken for has_expenses')
    except driver.errors.UndefinedFunction:
        pass
    print('errors')
    for query, values in (('SELECT * FROM reseller_report.totals(%s, %s, %s)', (2, since, before)),
                          ('SELECT * FROM reseller_report.usage_series(%s, %s, %s, %s)', (1, since, before, 'fortnight'))):
        try:
            rows(query, values)
        except driver.Error as error:
            print(state_of(error), error.diag.message_primary)
