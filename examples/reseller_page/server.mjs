// The web server: who asks, what for, and what goes back. Run by `make example`, or by hand:
//   PGHOST=... PGDATABASE=... PGUSER=reseller_page node server.mjs
// PORT says where it listens on the loopback (default: wherever there is room), TIME_LIMIT how many seconds a query may take.

import { createServer } from 'node:http';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { link, readAddress, Refused } from './address.mjs';
import { Busy, Database, GivenUp } from './database.mjs';
import { assets } from './assets.mjs';
import { BYTE_ORDER_MARK, line, textField } from './csv.mjs';
import { eventsPage } from './events_page.mjs';
import { failure } from './failure.mjs';
import { html } from './html.mjs';
import { layout, message } from './layout.mjs';
import { form, reportPage } from './page.mjs';
import * as report from './report.mjs';
import { Sessions } from './session.mjs';
import { en as texts } from './texts/en.mjs';
import { users } from './users.mjs';

/** @typedef {import('./address.mjs').Address} Address */
/** @typedef {import('./database.mjs').Reader} Reader */
/** @typedef {import('./report.mjs').Period} Period */
/** @typedef {import('./report.mjs').Reseller} Reseller */
/** @typedef {import('./session.mjs').User} User */
/** @typedef {import('node:http').IncomingMessage} Request */
/** @typedef {import('node:http').ServerResponse} Response */

const TIME_LIMIT = Number(process.env.TIME_LIMIT ?? 15) * 1000;
const FILE_TIME_LIMIT = 10 * TIME_LIMIT;
const CONNECTIONS = 8;
// Who reads a file slowly holds a connection for long. Half of them are left to pages.
const MOST_FILES = CONNECTIONS / 2;
let files = 0;

// Nothing but what this server sends: no script or style within pages, no other site's pictures, frames or forms.
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; " +
    "frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

const database = new Database({
  // libpq's variables say where the rest is.
  connection: { user: process.env.PGUSER ?? 'reseller_page' },
  connections: CONNECTIONS,
  waiting: 200,
  timeLimit: TIME_LIMIT,
});
const sessions = new Sessions(users);

/**
 * @param {Response} response
 * @param {number} status
 * @param {import('./html.mjs').Html} page
 * @param {Record<string, string>} [headers]
 */
function send(response, status, page, headers = {}) {
  response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/html; charset=utf-8', ...headers });
  response.end(page.text);
}

/**
 * @param {Response} response
 * @param {string} to
 * @param {Record<string, string>} [headers]
 */
function redirect(response, to, headers = {}) {
  response.writeHead(303, { ...HEADERS, Location: to, ...headers });
  response.end();
}

/** What is known of a request when it fails, so that its page can still show the form. */
class Context {
  /**
   * @param {User} user
   * @param {Address} address
   * @param {AbortSignal} signal  that nobody waits any more
   */
  constructor(user, address, signal) {
    this.user = user;
    this.address = address;
    this.signal = signal;
    /** @type {Reseller[]} */
    this.accounts = [];
    /** @type {Reseller | undefined} */
    this.reseller = undefined;
    /** @type {Period | undefined} */
    this.of = undefined;
  }

  /**
   * Finds the account, sets its clock and finds the period: the same beginning for everything that is asked.
   * @param {Reader} reader
   * @returns {Promise<Period>}
   */
  async begin(reader) {
    this.accounts = await report.accounts(reader);
    this.reseller = this.accounts.find((account) => account.id === this.address.reseller);
    await report.setClock(reader, this.reseller);
    return (this.of = await report.period(reader, this.address));
  }

  /**
   * Whether the address says which report is meant.
   */
  isComplete() {
    const { reseller, period, at, from, to } = this.address;
    return reseller !== '' && (period !== '' ? at !== '' : from !== '' && to !== '');
  }

  /** The same, where there is no sensible choice to fall back to. */
  requireComplete() {
    if (this.address.reseller === '') throw new Refused('reseller');
    if (!this.isComplete()) throw new Refused('period');
  }
}

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
    return { of, page, totals, series: await report.series(reader, address.reseller, of) };
  });
  response.writeHead(200, { ...HEADERS, 'Content-Type': 'text/html; charset=utf-8' });
  for (const piece of reportPage({ address, user, accounts: context.accounts, ...answer }, texts)) {
    response.write(piece.text);
    // The browser shows the first section while the others are written.
    await nextTurn();
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
 * Sends a file of lines as they come. Nothing is sent before the first ones are there, so that an error still gets a page of its
 * own. A later error breaks the connection, so that nobody takes the part for the whole.
 * @param {Context} context
 * @param {Response} response
 * @param {string} name
 * @param {(reader: Reader, of: Period) => AsyncGenerator<string>} lines
 */
async function sendFile(context, response, name, lines) {
  const { user, address, signal } = context;
  context.requireComplete();
  if (files >= MOST_FILES) throw new Busy();
  files++;
  await database
    .read(
      user.role,
      signal,
      async (reader) => {
        const of = await context.begin(reader);
        for await (const text of lines(reader, of)) {
          if (!response.headersSent) {
            const days = [of.period_from, of.period_to].map((moment) => moment.replace(/ .*/, '')).join('_');
            const disposition = `attachment; filename="${name}_${address.reseller}_${days}.csv"`;
            response.writeHead(200, { ...HEADERS, 'Content-Type': 'text/csv; charset=utf-8', 'Content-Disposition': disposition });
            response.write(BYTE_ORDER_MARK);
          }
          if (!response.write(text)) await once(response, 'drain', { signal });
        }
      },
      FILE_TIME_LIMIT,
    )
    .finally(() => files--);
  response.end();
}

/**
 * @param {Context} context
 * @param {Response} response
 */
function sendSection(context, response) {
  const { address } = context;
  return sendFile(context, response, address.service, async function* (reader, of) {
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
  return sendFile(context, response, `${address.service}_${address.cell}_${address.company}`, async function* (reader, of) {
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

/** @type {Record<string, (context: Context, response: Response) => void | Promise<void>>} */
const PAGES = { '/': showReport, '/events': showEvents, '/section.csv': sendSection, '/events.csv': sendEvents };

/**
 * The page of an error, with the form where it is known what to choose from.
 * @param {unknown} error
 * @param {Context | undefined} context
 * @param {User} user
 * @param {Response} response
 */
function sendFailure(error, context, user, response) {
  if (error instanceof GivenUp || response.destroyed) return void response.destroy();
  const { status, says, isUnknown } = failure(error, { ...context, timeLimit: TIME_LIMIT }, texts);
  if (isUnknown || status === 503) console.error(new Date().toISOString(), error);
  if (response.headersSent) return void response.destroy();
  const body = html`<h1>${context?.accounts.length ? texts.title : texts.failed}</h1>
    ${context?.accounts.length ? form(context, texts) : ''}
    <div class="message" role="alert">
      ${says}
      <p><a href="/">${texts.toReport}</a></p>
    </div>`;
  send(response, status, layout({ title: texts.failed, user, body }, texts), status === 503 ? { 'Retry-After': '60' } : {});
}

/**
 * @param {Request} request
 * @param {Response} response
 * @param {URL} url
 * @param {AbortSignal} signal
 */
async function answer(request, response, url, signal) {
  const isPost = request.method === 'POST' && url.pathname === '/sign-out';
  if (!isPost && request.method !== 'GET' && request.method !== 'HEAD') {
    const page = message({ title: texts.notAllowed, says: html`<p>${texts.notAllowed}</p>` }, texts);
    return send(response, 405, page, { Allow: 'GET, HEAD', Connection: 'close' });
  }
  const file = Object.values(assets).find(({ path }) => path === url.pathname);
  if (file) {
    response.writeHead(200, { ...HEADERS, 'Content-Type': file.type, 'Cache-Control': 'max-age=31536000, immutable' });
    return void response.end(file.content);
  }
  if (isPost) return redirect(response, '/', { 'Set-Cookie': sessions.noCookie(), Connection: 'close' });
  if (url.pathname === '/sign-in') {
    const user = sessions.userOfTicket(url.searchParams.get('user') ?? '', url.searchParams.get('ticket') ?? '');
    if (user) return redirect(response, '/', { 'Set-Cookie': sessions.cookie(user) });
  }
  const user = sessions.user(request.headers.cookie);
  if (!user) return send(response, 401, message({ title: texts.signIn, says: html`<p>${texts.notSignedIn}</p>` }, texts));
  const page = Object.hasOwn(PAGES, url.pathname) ? PAGES[url.pathname] : undefined;
  if (!page) return send(response, 404, message({ title: texts.failed, says: html`<p>${texts.notFound}</p>`, user }, texts));
  let context;
  try {
    context = new Context(user, readAddress(url.searchParams), signal);
    await page(context, response);
  } catch (error) {
    sendFailure(error, context, user, response);
  }
}

const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
  const gone = new AbortController();
  const tooLong = setTimeout(() => response.destroy(), 2 * FILE_TIME_LIMIT);
  response.on('close', () => {
    clearTimeout(tooLong);
    if (!response.writableFinished) gone.abort();
  });
  // What a request brings besides its address is of no use.
  request.resume();
  // An address of //host/path must not be taken for one of another server.
  const url = new URL(`http://page${(request.url ?? '/').replace(/^\/+/, '/').replace(/^[^/].*/, '/')}`);
  answer(request, response, url, gone.signal).catch((error) => {
    console.error(new Date().toISOString(), error);
    response.destroy();
  });
});

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  for (const user of users) console.log(`${user.name}: http://127.0.0.1:${port}${sessions.ticket(user)}`);
});

for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    server.close();
    server.closeAllConnections();
    database.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
