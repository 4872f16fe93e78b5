// What is answered about the report: the page, the events behind a figure, and files of both.

import { setImmediate as nextTurn, setTimeout } from 'node:timers/promises';
import { link, Refused } from './address.mjs';
import { database } from './context.mjs';
import { line, textField } from './csv.mjs';
import { eventsPage } from './events_page.mjs';
import { reportPage } from './page.mjs';
import { HEADERS, redirect, send, sendFile } from './replies.mjs';
import * as report from './report.mjs';
import * as billing from './statements.mjs';
import { en as texts } from './texts/en.mjs';

/** @typedef {import('./address.mjs').Address} Address */
/** @typedef {import('./context.mjs').Context} Context */
/** @typedef {import('./database.mjs').Reader} Reader */
/** @typedef {import('./report.mjs').Period} Period */
/** @typedef {import('node:http').ServerResponse} Response */
/** @typedef {Record<string, (context: Context, response: Response) => void | Promise<void>>} Pages */

// How long the other sections of a page wait, so that the first one is on the screen sooner, in ms.
const TIME_TO_SHOW = 40;

/**
 * The address with the first account, last month and now in place of what it does not say.
 * @param {Context} context
 * @returns {Promise<Address>}
 */
function completed(context) {
  const { user, address, signal } = context;
  if (address.period === '' && (address.from === '') !== (address.to === '')) throw new Refused('period');
  return database.read(user.role, signal, async (reader) => {
    context.accounts = await report.accounts(reader);
    const reseller = address.reseller || context.accounts[0]?.id;
    if (reseller === undefined) throw new Refused('reseller');
    if (address.period === '' && address.from !== '') return { ...address, reseller };
    return { ...address, reseller, period: address.period || 'last_month', at: address.at || (await report.thisMinute(reader)) };
  });
}

/**
 * @param {Context} context
 * @param {Response} response
 */
async function showReport(context, response) {
  const { user, address, signal } = context;
  if (!context.isComplete()) return redirect(response, link('/', await completed(context)));
  const answer = await database.read(user.role, signal, async (reader) => {
    const of = await context.begin(reader);
    const page = await report.page(reader, address, of);
    const totals = await report.totals(reader, address.reseller, of);
    const series = await report.series(reader, address.reseller, of);
    const billed = await billing.billed(reader, address.reseller, of);
    return { of, page, totals, series, billed, shifts: await report.shifts(reader, address, of) };
  });
  response.writeHead(200, { ...HEADERS, 'Content-Type': 'text/html; charset=utf-8' });
  let pieces = 0;
  for (const piece of reportPage({ address, user, accounts: context.accounts, ...answer }, texts)) {
    response.write(piece.text);
    // After the head and the first section. A browser lays out all that has come at once: five tables take it much longer.
    await (++pieces === 2 ? setTimeout(TIME_TO_SHOW, undefined, { signal }) : nextTurn());
  }
  response.end();
}

/**
 * @param {Context} context
 * @param {Response} response
 */
async function showEvents(context, response) {
  const { user, address, signal } = context;
  context.requireComplete();
  report.cellOfAddress(address);
  const answer = await database.read(user.role, signal, async (reader) => {
    const of = await context.begin(reader);
    const company = await report.cellInReport(reader, address, of);
    const section = await report.sectionHead(reader, address, of);
    const sums = await report.sumOfEvents(reader, address, of);
    return { of, company, section, sums, ...(await report.pageOfEvents(reader, address, of)) };
  });
  send(response, 200, eventsPage({ address, user, reseller: context.reseller, ...answer }, texts));
}

/**
 * A file of the report.
 * @param {Context} context
 * @param {Response} response
 * @param {string} name
 * @param {(reader: Reader, of: Period) => AsyncGenerator<string>} lines
 */
function sendReport(context, response, name, lines) {
  context.requireComplete();
  const days = (/** @type {Period} */ of) => [of.period_from, of.period_to].map((moment) => moment.replace(/ .*/, '')).join('_');
  const nameOf = (/** @type {Period} */ of) => `${name}_${context.address.reseller}_${days(of)}`;
  return sendFile(context, response, (reader) => context.begin(reader), nameOf, lines);
}

/**
 * @param {Context} context
 * @param {Response} response
 */
function sendSection(context, response) {
  const { address } = context;
  return sendReport(context, response, address.service, async function* (reader, of) {
    let isFirst = true;
    for await (const { columns, rows } of report.sectionRows(reader, address, of)) {
      if (isFirst) yield line(columns.map(({ key, title }) => textField(texts.columnTitle(address.service, key, title))));
      isFirst = false;
      yield rows
        .map((row) => line(row.map((value, i) => (columns[i].type === 'text' ? textField(String(value)) : String(value)))))
        .join('');
    }
  });
}

/**
 * @param {Context} context
 * @param {Response} response
 */
function sendEvents(context, response) {
  const { address } = context;
  report.cellOfAddress(address);
  return sendReport(context, response, `${address.service}_${address.cell}_${address.company}`, async function* (reader, of) {
    let text = line([
      texts.occurred,
      texts.item,
      texts.delivered,
      texts.eventSeconds,
      texts.toTwin,
      texts.toReseller,
      texts.source,
      texts.key,
    ]);
    for await (const events of report.allEvents(reader, address, of)) {
      for (const event of events)
        text += line([
          event.occurred_at,
          textField(texts.itemName(event.item)),
          event.delivered ? texts.yes : texts.no,
          event.seconds,
          event.price_to_twin,
          event.price_to_reseller,
          textField(event.source),
          textField(event.source_key),
        ]);
      yield text;
      text = '';
    }
    if (text !== '') yield text;
  });
}

/** @type {Pages} */
export const reportPages = { '/': showReport, '/events': showEvents, '/section.csv': sendSection, '/events.csv': sendEvents };
