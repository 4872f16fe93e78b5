// Every question about reports that the page asks the database. All figures come from the answers; nothing is computed here.

import { Refused } from './address.mjs';
import { cellOf } from './cells.mjs';

/** @typedef {import('./address.mjs').Address} Address */
/** @typedef {import('./database.mjs').Reader} Reader */
/** @typedef {import('./cells.mjs').Cell} Cell */
/** @typedef {{id: string, name: string, time_zone: string, currency: string}} Reseller */
/** @typedef {{period_from: string, period_to: string, previous_from: string, previous_to: string}} Period */
/** @typedef {{key: string, title: string, type: 'id' | 'text' | 'count' | 'seconds' | 'money'}} Column */
/** @typedef {string | number | null} Value */
/**
 * @typedef {object} Section
 * @property {string} service
 * @property {string} title
 * @property {Column[]} columns
 * @property {Value[][]} rows
 * @property {number} row_count
 * @property {Value[]} totals
 */
/** @typedef {{reseller: Reseller, period: {from: string, to: string}, sections: Section[]}} Page */
/** @typedef {{step_from: string, step_to: string, service: string, price_to_twin: string, price_to_reseller: string}} Step */
/**
 * @typedef {object} Total  a figure of a service in the period and in the one before
 * @property {string} service
 * @property {'events' | 'seconds' | 'price_to_twin' | 'price_to_reseller'} figure
 * @property {string} now
 * @property {string | null} before  null where the period before cannot be answered
 * @property {string | null} change  in percent; null where there was nothing before
 */
/**
 * @typedef {object} Shift  a bound of the period where the clock is set forward or back
 * @property {'from' | 'to'} name
 * @property {string | null} asked  the time that the clock skips; null where it shows the bound twice
 * @property {string} taken         the moment that is taken for it
 * @property {string | null} other  the other moment at which the clock shows the same
 * @property {boolean} isFirst      of the two, the first one is taken
 */
/** @typedef {{step: string, now: Step[], before: Step[]}} Series */
/**
 * @typedef {object} Event
 * @property {string} source
 * @property {string} occurred_at
 * @property {string} item
 * @property {boolean} delivered
 * @property {string} seconds
 * @property {string} price_to_twin
 * @property {string} price_to_reseller
 * @property {string | null} source_key  JSON
 * @property {string | null} position    JSON
 */
/** @typedef {{events: string, delivered: string, seconds: string, price_to_twin: string, price_to_reseller: string}} Sums */

export const ROWS = 50;
const EVENTS = 100;

// Where a period cannot be compared with the one before: that was pruned, or lies before all time.
const NOT_ANSWERED = ['55000', '22008', '22023'];

/**
 * The accounts that who asks may see.
 * @param {Reader} reader
 * @returns {Promise<Reseller[]>}
 */
export function accounts(reader) {
  return reader.rows(
    'SELECT reseller_id::text AS id, name, time_zone, currency FROM reseller_report.resellers ORDER BY reseller_id',
  );
}

/**
 * Sets the clock of the transaction to the reseller's, by which moments are read and written from here on.
 * @param {Reader} reader
 * @param {Reseller | undefined} reseller  none where who asks may not see it: the report will say so
 */
export async function setClock(reader, reseller) {
  await reader.rows("SELECT set_config('TimeZone', $1, true)", [reseller?.time_zone ?? 'UTC']);
}

/**
 * The moment that a named period is of where the address names none: now, to the minute.
 * @param {Reader} reader
 * @returns {Promise<string>}
 */
export async function thisMinute(reader) {
  return (await reader.row("SELECT to_char(date_trunc('minute', now()) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI\"Z\"') AS at"))
    .at;
}

/**
 * The bounds of the address's period, and of the one to compare it with. Before whole months lie as many months, before anything
 * else lies as much time on the clock. Where that would begin before all time, the period before is empty, and is not compared.
 * @param {Reader} reader
 * @param {Address} address
 * @returns {Promise<Period>}
 */
export function period(reader, address) {
  if (address.period !== '')
    return reader.row('SELECT * FROM reseller_report.named_period($1, $2, $3)', [address.reseller, address.period, address.at]);
  return reader.row(
    `WITH bounds AS (SELECT $1::timestamptz AS period_from, $2::timestamptz AS period_to),
        clock AS (SELECT *, period_from::timestamp AS f, period_to::timestamp AS t FROM bounds)
    SELECT period_from, period_to, period_from AS previous_to,
        CASE WHEN t - f > f - timestamp '4712-01-01 BC' THEN f
            WHEN f = date_trunc('month', f) AND t = date_trunc('month', t) THEN f - age(t, f) ELSE f - (t - f) END::timestamptz
            AS previous_from
    FROM clock`,
    [address.from, address.to],
  );
}

/**
 * The bounds of the period at which the clock is set forward or back. PostgreSQL takes the second of two moments that the clock
 * shows alike, and for a time that is skipped the moment that the clock would show it at, had it not been set forward. The address
 * names the first one by its offset.
 * @param {Reader} reader
 * @param {Address} address
 * @param {Period} of
 * @returns {Promise<Shift[]>}
 */
export function shifts(reader, address, of) {
  const asked = (/** @type {string} */ moment) => (/^[^T ]+[T ][^Z+-]+$/.test(moment) ? moment : null);
  const others = ['before', 'after'].map((offset) => `(shown - ${offset}) AT TIME ZONE 'UTC'`).join(', ');
  return reader.rows(
    `SELECT name, CASE WHEN asked <> shown THEN asked::text END AS asked, taken, other, coalesce(taken < other, false) AS "isFirst"
    FROM (
        SELECT *, taken::timestamp AS shown, (taken - interval '1 day')::timestamp - (taken - interval '1 day') AT TIME ZONE 'UTC'
            AS before, (taken + interval '1 day')::timestamp - (taken + interval '1 day') AT TIME ZONE 'UTC' AS after
        FROM (VALUES ('from', $1::timestamp, $3::timestamptz), ('to', $2, $4)) AS bound (name, asked, taken)) AS b
      LEFT JOIN LATERAL (
        SELECT o AS other FROM unnest(ARRAY[${others}]) o WHERE o <> taken AND o::timestamp = shown LIMIT 1) AS o ON true
    WHERE asked <> shown OR other IS NOT NULL`,
    [asked(address.from), asked(address.to), of.period_from, of.period_to],
  );
}

/**
 * The page, in one call.
 * @param {Reader} reader
 * @param {Address} address
 * @param {Period} of
 * @returns {Promise<Page>}
 */
export async function page(reader, address, of) {
  const { page } = await reader.row(
    `SELECT reseller_report.reseller_and_companies($1, $2, $3, has_expenses => $4, search => $5, order_by => $6,
        row_limit => $7, row_offset => $8) AS page`,
    [
      address.reseller,
      of.period_from,
      of.period_to,
      address.expenses,
      address.search,
      address.sort || null,
      ROWS,
      (address.page - 1) * ROWS,
    ],
  );
  return page;
}

/**
 * What the sections sum up to over all companies, and how that differs from the period before.
 * @param {Reader} reader
 * @param {string} reseller
 * @param {Period} of
 * @returns {Promise<Total[]>}
 */
export async function totals(reader, reseller, of) {
  // The steps of a series add up to the totals, and few steps are quick.
  const figures = (/** @type {string} */ bounds) => `
    SELECT service, place, figure, value FROM (
        SELECT service, sum(events) AS events, sum(seconds) AS seconds, sum(price_to_twin) AS twin,
          sum(price_to_reseller) AS reseller
        FROM reseller_report.usage_series($1, ${bounds}, 'year') GROUP BY service) AS summed,
      LATERAL (VALUES (1, 'events', events), (2, 'seconds', seconds), (3, 'price_to_twin', twin),
        (4, 'price_to_reseller', reseller)) AS f (place, figure, value)`;
  const compared = await reader.unless(NOT_ANSWERED, () =>
    reader.rows(
      `SELECT n.service, n.figure, n.value AS now, b.value AS before,
          round(100 * (n.value - b.value) / nullif(abs(b.value), 0), 1) AS change
      FROM (${figures('$2, $3')}) n JOIN (${figures('$4, $5')}) b USING (service, figure) ORDER BY n.place`,
      [reseller, of.period_from, of.period_to, of.previous_from, of.previous_to],
    ),
  );
  const alone = `SELECT service, figure, value AS now, NULL AS before, NULL AS change FROM (${figures('$2, $3')}) n ORDER BY place`;
  return compared ?? reader.rows(alone, [reseller, of.period_from, of.period_to]);
}

/**
 * The prices of all services over time, by a step that suits the length of the period, and those of the period before. None where
 * there would be no chart that one can read.
 * @param {Reader} reader
 * @param {string} reseller
 * @param {Period} of
 * @returns {Promise<Series>}
 */
export async function series(reader, reseller, of) {
  const { step } = await reader.row(
    `SELECT CASE WHEN days <= 3 THEN 'hour' WHEN days <= 100 THEN 'day' WHEN days <= 400 THEN 'week' WHEN days <= 3000 THEN 'month'
        WHEN days <= 9200 THEN 'quarter' WHEN days <= 36600 THEN 'year' END AS step
    FROM (SELECT extract(epoch FROM $2::timestamptz - $1::timestamptz) / 86400 AS days) AS long`,
    [of.period_from, of.period_to],
  );
  if (step === null) return { step: '', now: [], before: [] };
  const steps = (/** @type {string} */ from, /** @type {string} */ to) =>
    reader.rows(
      `SELECT step_from, step_to, service, price_to_twin, price_to_reseller
      FROM reseller_report.usage_series($1, $2, $3, $4)`,
      [reseller, from, to, step],
    );
  const now = await steps(of.period_from, of.period_to);
  const before = await reader.unless(NOT_ANSWERED, () => steps(of.previous_from, of.previous_to));
  return { step, now, before: before ?? [] };
}

/**
 * The title and the columns of a section.
 * @param {Reader} reader
 * @param {Address} address
 * @param {Period} of
 * @returns {Promise<{title: string, columns: Column[]}>}
 */
export async function sectionHead(reader, address, of) {
  const { head } = await reader.row(
    `SELECT page -> 'sections' -> 0 AS head
    FROM reseller_report.reseller_and_companies($1, $2, $3, services => ARRAY[$4], row_limit => 0) AS page`,
    [address.reseller, of.period_from, of.period_to, address.service],
  );
  return head;
}

/**
 * The rows of a section of the page, all that match, in batches; the first batch is the heading.
 * @param {Reader} reader
 * @param {Address} address
 * @param {Period} of
 * @returns {AsyncGenerator<{columns: Column[], rows: Value[][]}>}
 */
export async function* sectionRows(reader, address, of) {
  const call = (/** @type {number | null} */ limit) => `reseller_report.reseller_and_companies($1, $2, $3, has_expenses => $4,
      services => ARRAY[$5], search => $6, order_by => $7, row_limit => ${limit}) AS page`;
  const values = [
    address.reseller,
    of.period_from,
    of.period_to,
    address.expenses,
    address.service,
    address.search,
    address.sort || null,
  ];
  const { columns } = await reader.row(`SELECT page -> 'sections' -> 0 -> 'columns' AS columns FROM ${call(0)}`, values);
  yield { columns, rows: [] };
  const rows = `SELECT entry FROM ${call(null)}, json_array_elements(page -> 'sections' -> 0 -> 'rows') AS entry`;
  for await (const batch of reader.batches(rows, values)) yield { columns, rows: batch.map((row) => row.entry) };
}

/**
 * The cell that an address names.
 * @param {Address} address
 * @returns {Cell}
 */
export function cellOfAddress(address) {
  const cell = cellOf(address.service, address.cell);
  if (cell === undefined || address.company === '') throw new Refused('cell');
  return cell;
}

/**
 * The company's name and the figure of the cell, as the report has them. None where the company is not in the report.
 * @param {Reader} reader
 * @param {Address} address
 * @param {Period} of
 * @returns {Promise<{name: string, value: string} | undefined>}
 */
export function cellInReport(reader, address, of) {
  cellOfAddress(address);
  return reader.row(
    `SELECT name, to_jsonb(r) ->> $5 AS value FROM reseller_report.${address.service}($1, $2, $3) r WHERE id = $4`,
    [address.reseller, of.period_from, of.period_to, address.company, address.cell],
  );
}

// The events of a cell, from a position on. One item is looked for by the function itself.
const EVENTS_OF_CELL = `
  reseller_report.usage_events($1, $2, $3, $4, $5, only_item => $6, row_limit => $7, after => $8) AS e`;
const COUNTS = '($9::text[] IS NULL OR e.item = ANY ($9)) AND (NOT $10 OR e.delivered)';
const COLUMNS = `source, occurred_at, item, delivered, seconds, price_to_twin, price_to_reseller, source_key::text,
  "position"::text`;

/**
 * @param {Address} address
 * @param {Period} of
 * @param {number | null} limit
 * @param {string | null} after
 */
function valuesOfCell(address, of, limit, after) {
  const { items, figure } = cellOfAddress(address);
  const [only, several] = items?.length === 1 ? [items[0], null] : [null, items];
  return [
    address.reseller,
    address.company,
    address.service,
    of.period_from,
    of.period_to,
    only,
    limit,
    after,
    several,
    figure === 'delivered',
  ];
}

/**
 * What all events of the cell add up to.
 * @param {Reader} reader
 * @param {Address} address
 * @param {Period} of
 * @returns {Promise<Sums>}
 */
export function sumOfEvents(reader, address, of) {
  return reader.row(
    `SELECT count(*) AS events, count(*) FILTER (WHERE delivered) AS delivered, coalesce(sum(seconds), 0) AS seconds,
        coalesce(sum(price_to_twin), 0.000000) AS price_to_twin, coalesce(sum(price_to_reseller), 0.000000) AS price_to_reseller
    FROM ${EVENTS_OF_CELL} WHERE ${COUNTS}`,
    valuesOfCell(address, of, null, null),
  );
}

/**
 * A page of the cell's events, and whether there are more. Events that do not count are passed over, so it may take several calls.
 * @param {Reader} reader
 * @param {Address} address
 * @param {Period} of
 * @returns {Promise<{events: Event[], more: boolean}>}
 */
export async function pageOfEvents(reader, address, of) {
  /** @type {Event[]} */
  const events = [];
  /** @type {string | null} */
  let after = address.after || null;
  for (let batch = EVENTS + 1; ; batch = 10 * EVENTS) {
    const read = await reader.rows(
      `SELECT ${COLUMNS}, ${COUNTS} AS counts FROM ${EVENTS_OF_CELL}`,
      valuesOfCell(address, of, batch, after),
    );
    events.push(...read.filter((event) => event.counts));
    if (events.length > EVENTS || read.length < batch) break;
    after = read[read.length - 1].position;
    // A table without a primary key has no positions: its page is all that can be shown.
    if (after === null) return { events: events.slice(0, EVENTS), more: false };
  }
  return { events: events.slice(0, EVENTS), more: events.length > EVENTS && events[EVENTS - 1].position !== null };
}

/**
 * All events of the cell, in batches.
 * @param {Reader} reader
 * @param {Address} address
 * @param {Period} of
 * @returns {AsyncGenerator<Event[]>}
 */
export function allEvents(reader, address, of) {
  return reader.batches(`SELECT ${COLUMNS} FROM ${EVENTS_OF_CELL} WHERE ${COUNTS}`, valuesOfCell(address, of, null, null));
}
