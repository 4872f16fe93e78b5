// node-postgres. In a zone of its own, which must not matter. Packages: nodejs npm
import assert from 'node:assert';
import pg from 'pg';

const client = new pg.Client({ user: 'web' });
await client.connect();
const since = new Date('2024-02-01T00:00:00Z');
const before = new Date('2024-04-01T00:00:00Z');
const rows = async (text, values) => (await client.query({ text, values, rowMode: 'array' })).rows;
const shown = (value) => (value === true ? 't' : value === false ? 'f' : String(value));
const show = (values) => console.log(values.map(shown).join('|'));

console.log('page');
const [[page]] = await rows(
    'SELECT reseller_report.reseller_and_companies($1, $2, $3, $4, row_limit => $5)', [1, since, before, true, 5]);
console.log(JSON.stringify(page));
console.log('report');
for (const row of await rows('SELECT * FROM reseller_report.text_messaging($1, $2, $3, $4)', [1, since, before, true])) show(row);
console.log('chart');
for (const row of await rows(
    'SELECT day::text, service, sum(events), sum(price_to_twin) FROM reseller_report.daily_usage WHERE reseller_id = $1' +
        ' AND day >= $2 AND day < $3 GROUP BY day, service ORDER BY day, service', [1, '2024-03-01', '2024-03-15'])) show(row);
console.log('events');
for (let after = null, page; page === undefined || page.length > 0;) {
    page = await rows(
        "SELECT source, to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), item, delivered, seconds," +
            " price_to_twin, source_key ->> 'id', position" +
            ' FROM reseller_report.usage_events($1, $2, $3, $4, $5, row_limit => $6, after => $7)',
        [1, 15, 'text_messaging', since, before, 7, after]);
    for (const row of page) {
        after = row.pop();
        show(row);
    }
}
// Counts and money are strings. A date is the midnight of the machine's own zone, here Tokyo, and a moment has no microseconds.
const [[sum, money, date, moment]] = await rows(
    "SELECT 9007199254740993, 0.1::numeric(38, 6), date '2024-03-01', timestamptz '2024-03-01 10:00:00.123456+00'", []);
assert.deepStrictEqual([sum, money, date.toISOString(), moment.toISOString()],
    ['9007199254740993', '0.100000', '2024-02-29T15:00:00.000Z', '2024-03-01T10:00:00.123Z']);
console.log('errors');
for (const [text, values] of [
    ['SELECT * FROM reseller_report.totals($1, $2, $3)', [2, since, before]],
    ['SELECT * FROM reseller_report.usage_series($1, $2, $3, $4)', [1, since, before, 'fortnight']],
]) {
    await rows(text, values).catch((error) => console.log(error.code, error.message));
}
await client.end();
