// How figures are written: grouped, exact, and aligned. All are strings of digits. None becomes a floating-point number.

import { html } from './html.mjs';

/**
 * 1234567.5 as 1,234,567.5, with a minus that is as wide as a digit.
 * @param {string | number} value
 * @param {{group: string, decimal: string}} marks
 */
export function grouped(value, { group, decimal }) {
  const [, sign, whole, fraction] = String(value).match(/^(-?)(\d+)(?:\.(\d+))?$/) ?? ['', '', String(value)];
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, group);
  return (sign ? '\u2212' : '') + groups + (fraction === undefined ? '' : decimal + fraction);
}

/**
 * Money with all of its decimals, so that columns stand in line. The zeros at the end, but for two decimals, are for the eye to
 * skip.
 * @param {string} value
 * @param {{group: string, decimal: string}} marks
 */
export function money(value, marks) {
  const [, amount, zeros] = grouped(value, marks).match(/^(.*\D\d\d\d*?)(0*)$/) ?? ['', value, ''];
  return zeros === '' ? html`${amount}` : html`${amount}<span class="zeros">${zeros}</span>`;
}

/**
 * Money without the zeros at its end, but for two decimals: for a text.
 * @param {string} value
 * @param {{group: string, decimal: string}} marks
 */
export function moneyInText(value, marks) {
  return grouped(value, marks).replace(/(\D\d\d\d*?)0+$/, '$1');
}

/**
 * A number of seconds as hours, minutes and seconds.
 * @param {string | number} seconds
 * @returns {{hours: string, minutes: string, seconds: string}}
 */
export function duration(seconds) {
  const all = BigInt(seconds);
  const two = (/** @type {bigint} */ part) => String(part).padStart(2, '0');
  return { hours: String(all / 3600n), minutes: two((all / 60n) % 60n), seconds: two(all % 60n) };
}

/**
 * A moment as the server writes it, 2026-10-01 00:00:00+03, or a time of the clock without an offset. Seconds are there only where
 * there are any. A year before Christ stays marked as one.
 * @param {string} moment
 * @returns {{date: string, time: string, offset: string}}
 */
export function moment(moment) {
  const [, date, minute, rest, offset = '', era = ''] = moment.match(/^(\S+) (\d\d:\d\d):(\d\d(?:\.\d+)?)([+-].*?)?( BC)?$/) ?? [
    '',
    moment,
    '',
    '00',
    '',
  ];
  const time = rest === '00' ? minute : `${minute}:${rest}`;
  return { date: date + era, time, offset: offset.length === 3 ? `${offset}:00` : offset };
}

/**
 * A moment as a field of a form has it, on the reseller's clock.
 * @param {string} text
 */
export function fieldOfMoment(text) {
  const { date, time } = moment(text);
  return `${date}T${time}`;
}

/**
 * A moment as an address has it where the clock shows another one alike: with its offset.
 * @param {string} text
 */
export function exactMoment(text) {
  return fieldOfMoment(text) + moment(text).offset;
}
