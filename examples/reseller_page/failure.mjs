// What to tell a person about an error, and the HTTP status that goes with it.

import { html } from './html.mjs';
import { link, NOWHERE, Refused } from './address.mjs';
import { Away, Busy } from './database.mjs';
import { grouped } from './format.mjs';

/** @typedef {import('./address.mjs').Address} Address */
/** @typedef {import('./html.mjs').Html} Html */
/** @typedef {import('./texts/en.mjs').Texts} Texts */
/** @typedef {{status: number, says: Html, isUnknown?: boolean}} Failure */

/** @type {Partial<Record<Refused['reason'], number>>} */
const STATUS = { statement: 404, nothing: 409, elsewhere: 403, form: 413 };

// A quarter hour in milliseconds.
const QUARTER = 900_000;

/**
 * A bound of a period, moved to a quarter hour of the clock.
 * @param {string} moment  2026-10-01 10:17:05+03
 * @param {(quarters: number) => number} towards
 */
function quarterHour(moment, towards) {
  const [, clock] = moment.match(/^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)/) ?? [];
  if (clock === undefined) return moment;
  const rest = /:\d\d\.\d*[1-9]/.test(moment) ? 1 : 0;
  const quarters = (Date.parse(`${clock.replace(' ', 'T')}Z`) + rest) / QUARTER;
  return new Date(towards(quarters) * QUARTER).toISOString().slice(0, 16);
}

/**
 * A period that reaches into time whose usage was pruned: from when on what can be shown, and a period that can be.
 * @param {string} message
 * @param {Address} address
 * @param {import('./report.mjs').Period | undefined} of
 * @param {Texts} texts
 */
function pruned(message, address, of, texts) {
  const [, moment, events] = message.match(/ before (\S+ \S+) was pruned: (its events)?/) ?? [];
  if (moment === undefined) return html`<p>${texts.pruned}</p>`;
  const said = texts.moment(moment);
  if (events) return html`<p>${texts.pruned} ${texts.prunedEvents(said)}</p>`;
  const [from, to] = of
    ? [quarterHour(of.period_from, Math.floor), quarterHour(of.period_to, Math.ceil)]
    : [address.from, address.to];
  return html`<p>${texts.pruned} ${texts.prunedUntil(said)}</p>
    <p>
      <a href="${link('/', address, { period: '', at: '', from, to, service: '', company: '', cell: '', after: '' })}"
        >${texts.quarterHours}</a
      >
    </p>`;
}

/**
 * A month that is billed already, and the statement that bills it.
 * @param {string} message
 * @param {Address | undefined} address
 * @param {Texts} texts
 */
function overlap(message, address, texts) {
  const [, number = ''] = message.match(/ overlaps statement (\d+) /) ?? [];
  const to = link('/statement', { ...NOWHERE, reseller: address?.reseller ?? '', statement: number });
  return html`<p>${texts.overlap(number)}</p>
    <p><a href="${to}">${texts.numberOf(number)}</a></p>`;
}

/**
 * @param {any} error
 * @param {{address?: Address, of?: import('./report.mjs').Period, timeLimit: number}} context
 * @param {Texts} texts
 * @returns {Failure}
 */
export function failure(error, { address, of, timeLimit }, texts) {
  const tell = (/** @type {number} */ status, /** @type {string} */ text) => ({ status, says: html`<p>${text}</p>` });
  if (error instanceof Refused) return tell(STATUS[error.reason] ?? 400, texts.refused[error.reason]);
  if (error instanceof Busy) return tell(503, texts.busy);
  if (error instanceof Away) return tell(503, texts.away);
  const { code, message = '', severity } = error;
  switch (code) {
    case '42501':
      if (message.startsWith('permission denied for function')) return tell(403, texts.mayNotIssue);
      return tell(403, texts.noRight(address?.reseller ?? ''));
    case '22023':
      if (message.endsWith('is not a reseller')) return tell(404, texts.notReseller);
      if (message.startsWith('the period must end')) return tell(400, texts.reversed);
      if (message.startsWith('the period of a statement must be over')) return tell(409, texts.notOver);
      if (message.startsWith('the period of a statement')) return tell(409, texts.offQuarters);
      return tell(400, texts.noSuchName);
    case '22007': // a date that is none
    case '22008': // a field that is out of its range
    case '22009': // an offset that is
      return tell(400, texts.noSuchMoment);
    case '23P01':
      return { status: 409, says: overlap(message, address, texts) };
    case '55000':
      if (message.includes('was withdrawn already')) return tell(409, texts.withdrawnAlready(address?.statement ?? ''));
      return address ? { status: 409, says: pruned(message, address, of, texts) } : tell(409, texts.pruned);
    case '22003': // a figure, or an id of the address
    case '54000':
      return tell(422, texts.tooLarge);
    case '57014':
      return tell(504, texts.tooLong(grouped(timeLimit / 1000, texts.marks)));
    case '40001':
    case '40P01':
      return tell(503, texts.meanwhile);
  }
  // The server ends, starts, or has ended the session; or the connection broke.
  if (/^(57P|08|53)/.test(code ?? '') || severity === 'FATAL' || /Connection terminated|ECONN|EPIPE/.test(message))
    return tell(503, texts.away);
  return { ...tell(500, texts.wrong), isUnknown: true };
}
