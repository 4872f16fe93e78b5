// Every question about statements that the page asks the database, and the two things that it has the database do: issue one, and
// withdraw one. All figures come from the answers; nothing is computed here.

import { Refused } from './address.mjs';
import { ROWS } from './report.mjs';

/** @typedef {import('./address.mjs').Address} Address */
/** @typedef {import('./database.mjs').Reader} Reader */
/**
 * @typedef {object} Days  of a period: the first and the last one, and whether it is of whole days
 * @property {string} first_day
 * @property {string} last_day
 * @property {boolean} is_days
 */
/** @typedef {{period_from: string, period_to: string} & Days} Billable */
/**
 * @typedef {object} Head
 * @property {string} number
 * @property {string} issued_at
 * @property {string} issued_by
 * @property {string | null} note
 * @property {string} total_price_to_twin
 * @property {string} total_price_to_reseller
 * @property {string} corrections_price_to_twin
 * @property {string} corrections_price_to_reseller
 * @property {string} hash
 * @property {string | null} withdrawn_at
 * @property {string | null} withdrawn_because
 */
/** @typedef {Head & Billable} Statement */
/**
 * @typedef {object} Line  of a statement
 * @property {string | null} corrects  the number of the statement that it corrects
 * @property {string} company_id
 * @property {string} company_name
 * @property {string} service
 * @property {string} item
 * @property {string} events
 * @property {string} delivered
 * @property {string} seconds
 * @property {string} price_to_twin
 * @property {string} price_to_reseller
 */
/** @typedef {Record<string, string>} Correction  a row of open_corrections */
/** @typedef {{rows: string, price_to_twin_difference: string, price_to_reseller_difference: string}} Open  what is open in all */
/** @typedef {{from: string, to: string} & Days} Stretch  of time */
/** @typedef {{stretches: Stretch[], more: string, of_period: 'all' | 'none' | 'part'}} Billed */
/**
 * @typedef {object} InForce
 * @property {string[]} overlapping  the numbers of the statements in force that bill some of the month
 * @property {boolean} isBilled      one of them bills exactly this month
 */
/** @typedef {Billable & InForce} Due  the month that is to be billed */

export const LINES = 100;
// What a browser still shows and prints with ease.
export const MOST_LINES = 5000;
const STRETCHES = 6;

// A period in days of the transaction's clock.
const days = (/** @type {string} */ from, /** @type {string} */ to) => `${from}::date::text AS first_day,
  (${to} - interval '1 microsecond')::date::text AS last_day, ${from}::time = '00:00' AND ${to}::time = '00:00' AS is_days`;

// Nobody needs the part of a second in which a statement was issued.
const STATEMENT = `number, period_from, period_to, ${days('period_from', 'period_to')},
  date_trunc('second', issued_at) AS issued_at, issued_by, note, total_price_to_twin, total_price_to_reseller,
  corrections_price_to_twin, corrections_price_to_reseller, hash, date_trunc('second', withdrawn_at) AS withdrawn_at,
  withdrawn_because`;

/**
 * Whether who asks may issue and withdraw statements.
 * @param {Reader} reader
 * @returns {Promise<boolean>}
 */
export async function mayIssue(reader) {
  const { may } = await reader.row(
    `SELECT bool_and(has_function_privilege(f, 'EXECUTE')) AS may
    FROM unnest(ARRAY['reseller_report.issue_statement', 'reseller_report.withdraw_statement']::regproc[]) AS f`,
  );
  return may;
}

/**
 * A page of the statements, the last one first, and how many there are.
 * @param {Reader} reader
 * @param {Address} address
 * @returns {Promise<{statements: Statement[], count: string}>}
 */
export async function statements(reader, address) {
  const { count } = await reader.row('SELECT count(*) FROM reseller_report.statements WHERE reseller_id = $1', [address.reseller]);
  const statements = await reader.rows(
    `SELECT ${STATEMENT} FROM reseller_report.statements WHERE reseller_id = $1 ORDER BY number DESC LIMIT ${ROWS} OFFSET $2`,
    [address.reseller, (address.page - 1) * ROWS],
  );
  return { statements, count };
}

/**
 * Last month at the address's moment, and what is billed of it.
 * @param {Reader} reader
 * @param {Address} address
 * @returns {Promise<Due>}
 */
export function due(reader, address) {
  return reader.row(
    `SELECT p.period_from, p.period_to, ${days('p.period_from', 'p.period_to')},
        coalesce(array_agg(s.number ORDER BY s.number) FILTER (WHERE s.id IS NOT NULL), '{}') AS overlapping,
        coalesce(bool_or((s.period_from, s.period_to) = (p.period_from, p.period_to)), false) AS "isBilled"
    FROM reseller_report.named_period($1, 'last_month', $2) p LEFT JOIN reseller_report.statements s
      ON s.reseller_id = $1 AND s.withdrawn_at IS NULL AND s.period_from < p.period_to AND s.period_to > p.period_from
    GROUP BY p.period_from, p.period_to`,
    [address.reseller, address.at],
  );
}

/**
 * The statement that the address names.
 * @param {Reader} reader
 * @param {Address} address
 * @returns {Promise<Statement>}
 */
export async function statement(reader, address) {
  const found = await reader.row(`SELECT ${STATEMENT} FROM reseller_report.statements WHERE reseller_id = $1 AND number = $2`, [
    address.reseller,
    address.statement || null,
  ]);
  if (found === undefined) throw new Refused('statement');
  return found;
}

// The view has the lines in order.
const LINES_OF = `SELECT corrects, company_id, company_name, service, item, events, delivered, seconds, price_to_twin,
    price_to_reseller
  FROM reseller_report.statement_lines
  WHERE statement_id = (SELECT id FROM reseller_report.statements WHERE reseller_id = $1 AND number = $2)`;

/**
 * A page of the lines of a statement, or all where that is asked for and they are not too many; and how many there are.
 * @param {Reader} reader
 * @param {Address} address
 * @returns {Promise<{lines: Line[], count: string}>}
 */
export async function lines(reader, address) {
  const values = [address.reseller, address.statement];
  const { count } = await reader.row(`SELECT count(*) FROM (${LINES_OF}) AS l`, values);
  const isWhole = address.all && BigInt(count) <= MOST_LINES;
  const lines = await reader.rows(`${LINES_OF} LIMIT $3 OFFSET $4`, [
    ...values,
    isWhole ? MOST_LINES : LINES,
    isWhole ? 0 : (address.page - 1) * LINES,
  ]);
  return { lines, count };
}

/**
 * All lines of a statement, in batches.
 * @param {Reader} reader
 * @param {Address} address
 * @returns {AsyncGenerator<Line[]>}
 */
export function allLines(reader, address) {
  return reader.batches(LINES_OF, [address.reseller, address.statement]);
}

// Of all statements of the reseller, or of one.
const CORRECTIONS = 'reseller_report.open_corrections($1) AS c WHERE $2::bigint IS NULL OR c.number = $2';

/**
 * What has changed since the statements were issued: how many rows, and what they come to.
 * @param {Reader} reader
 * @param {Address} address
 * @returns {Promise<Open>}
 */
export function open(reader, address) {
  return reader.row(
    `SELECT count(*) AS rows, coalesce(sum(price_to_twin_difference), 0.000000) AS price_to_twin_difference,
        coalesce(sum(price_to_reseller_difference), 0.000000) AS price_to_reseller_difference
    FROM ${CORRECTIONS}`,
    [address.reseller, address.statement || null],
  );
}

/**
 * A page of what has changed.
 * @param {Reader} reader
 * @param {Address} address
 * @returns {Promise<Correction[]>}
 */
export function corrections(reader, address) {
  return reader.rows(`SELECT * FROM ${CORRECTIONS} LIMIT ${LINES} OFFSET $3`, [
    address.reseller,
    address.statement || null,
    (address.page - 1) * LINES,
  ]);
}

/**
 * All of it, in batches.
 * @param {Reader} reader
 * @param {Address} address
 * @returns {AsyncGenerator<Correction[]>}
 */
export function allCorrections(reader, address) {
  return reader.batches(`SELECT * FROM ${CORRECTIONS}`, [address.reseller, address.statement || null]);
}

/**
 * The time that statements in force bill, the last stretches of it, and how much of a period that is.
 * @param {Reader} reader
 * @param {string} reseller
 * @param {import('./report.mjs').Period} of
 * @returns {Promise<Billed>}
 */
export async function billed(reader, reseller, of) {
  const billed = `SELECT coalesce(range_agg(tstzrange(period_from, period_to)), '{}'::tstzmultirange) AS times
    FROM reseller_report.statements WHERE reseller_id = $1 AND withdrawn_at IS NULL`;
  const stretches = await reader.rows(
    `SELECT lower(stretch) AS from, upper(stretch) AS to, ${days('lower(stretch)', 'upper(stretch)')},
        count(*) OVER () - ${STRETCHES} AS more
    FROM (${billed}) b, unnest(times) AS stretch ORDER BY 1 DESC LIMIT ${STRETCHES}`,
    [reseller],
  );
  const { of_period } = await reader.row(
    `SELECT CASE WHEN times @> tstzrange($2, $3) THEN 'all' WHEN times && tstzrange($2, $3) THEN 'part' ELSE 'none' END
        AS of_period
    FROM (${billed}) b`,
    [reseller, of.period_from, of.period_to],
  );
  const more = stretches.length > 0 && BigInt(stretches[0].more) > 0n ? stretches[0].more : '';
  return { stretches: stretches.reverse(), more, of_period };
}

/**
 * Issues the statement of the month before the address's moment, on the reseller's clock, and returns its number.
 * @param {Reader} reader
 * @param {Address} address
 * @param {string} note
 * @returns {Promise<string>}
 */
export async function issue(reader, address, note) {
  const { id } = await reader.row(
    `SELECT reseller_report.issue_statement($1, period_from, period_to, note => $3) AS id
    FROM reseller_report.named_period($1, 'last_month', $2)`,
    [address.reseller, address.at, note || null],
  );
  // The statement's own snapshot says whether there was anything to bill. Where there was nothing, it is rolled back.
  const { number, is_empty } = await reader.row(
    `SELECT number, NOT EXISTS (SELECT FROM reseller_report.statement_lines WHERE statement_id = s.id) AS is_empty
    FROM reseller_report.statements s WHERE id = $1`,
    [id],
  );
  if (is_empty) throw new Refused('nothing');
  return number;
}

/**
 * Withdraws the statement that the address names.
 * @param {Reader} reader
 * @param {Address} address
 * @param {string} reason
 */
export async function withdraw(reader, address, reason) {
  await statement(reader, address);
  await reader.rows(
    `SELECT reseller_report.withdraw_statement(id, $3) FROM reseller_report.statements WHERE reseller_id = $1 AND number = $2`,
    [address.reseller, address.statement, reason],
  );
}
