// The web server: who asks, what for, and what goes back. Run by `make example`, or by hand:
//   PGHOST=... PGDATABASE=... PGUSER=reseller_page node server.mjs
// PORT says where it listens on the loopback (default: wherever there is room), TIME_LIMIT how many seconds a query may take.

import { createServer } from 'node:http';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { link, NOWHERE, readAddress, readWords, Refused } from './address.mjs';
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
import * as billing from './statements.mjs';
import { changesPage, statementLink, statementPage, statementsPage, withdrawPage } from './statements_page.mjs';
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
// A statement is as much work as a report of all services, and is written, too.
const WRITE_TIME_LIMIT = 4 * TIME_LIMIT;
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
// Browsers say where a form comes from only if they may say where a request comes from.
const WITH_FORM = { 'Referrer-Policy': 'same-origin' };
const LARGEST_FORM = 10_000;

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
   * The same for statements, which have no period to choose. Fails where who asks may not see the account.
   * @param {Reader} reader
   */
  async beginStatements(reader) {
    if (this.address.reseller === '') throw new Refused('reseller');
    this.accounts = await report.accounts(reader);
    this.reseller = this.accounts.find((account) => account.id === this.address.reseller);
    await report.setClock(reader, this.reseller);
    await report.period(reader, { ...this.address, period: 'today', at: 'now' });
    const { address, user, accounts, reseller } = this;
    return { address, user, accounts, reseller: /** @type {Reseller} */ (reseller), may: await billing.mayIssue(reader) };
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
    const series = await report.series(reader, address.reseller, of);
    return { of, page, totals, series, billed: await billing.billed(reader, address.reseller, of) };
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
 * @template T
 * @param {Context} context
 * @param {Response} response
 * @param {(reader: Reader) => Promise<T>} begin
 * @param {(of: T) => string} name
 * @param {(reader: Reader, of: T) => AsyncGenerator<string>} lines
 */
async function sendFile({ user, signal }, response, begin, name, lines) {
  if (files >= MOST_FILES) throw new Busy();
  files++;
  await database
    .read(
      user.role,
      signal,
      async (reader) => {
        const of = await begin(reader);
        for await (const text of lines(reader, of)) {
          if (!response.headersSent) {
            const disposition = `attachment; filename="${name(of)}.csv"`;
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

/**
 * @param {Context} context
 * @param {Response} response
 */
async function showStatements(context, response) {
  const { user, address, signal } = context;
  if (address.reseller === '') {
    const accounts = await database.read(user.role, signal, report.accounts);
    if (accounts.length === 0) throw new Refused('reseller');
    return redirect(response, link('/statements', { ...address, reseller: accounts[0].id }));
  }
  const answer = await database.read(user.role, signal, async (reader) => {
    const asked = await context.beginStatements(reader);
    // What is sent later is of the month that is shown now.
    const at = await report.thisMinute(reader);
    const due = await billing.due(reader, { ...address, at });
    const open = await billing.open(reader, address);
    return { ...asked, address: { ...address, at }, due, open, ...(await billing.statements(reader, address)) };
  });
  send(response, 200, statementsPage(answer, texts), WITH_FORM);
}

/**
 * @param {Context} context
 * @param {Response} response
 */
async function showStatement(context, response) {
  const { user, address, signal } = context;
  const answer = await database.read(user.role, signal, async (reader) => {
    const asked = await context.beginStatements(reader);
    const statement = await billing.statement(reader, address);
    const open = await billing.open(reader, address);
    return { ...asked, statement, open, ...(await billing.lines(reader, address)) };
  });
  send(response, 200, statementPage(answer, texts));
}

/**
 * @param {Context} context
 * @param {Response} response
 */
async function showChanges(context, response) {
  const { user, address, signal } = context;
  const answer = await database.read(user.role, signal, async (reader) => {
    const asked = await context.beginStatements(reader);
    if (address.statement !== '') await billing.statement(reader, address);
    return { ...asked, open: await billing.open(reader, address), corrections: await billing.corrections(reader, address) };
  });
  send(response, 200, changesPage(answer, texts));
}

/**
 * @param {Context} context
 * @param {Response} response
 */
async function askToWithdraw(context, response) {
  const { user, address, signal } = context;
  const answer = await database.read(user.role, signal, async (reader) => {
    const asked = await context.beginStatements(reader);
    return { ...asked, statement: await billing.statement(reader, address) };
  });
  send(response, 200, withdrawPage(answer, texts), WITH_FORM);
}

/**
 * @param {Context} context
 * @param {Response} response
 */
function sendLines(context, response) {
  const { address } = context;
  const begin = async (/** @type {Reader} */ reader) => {
    await context.beginStatements(reader);
    return billing.statement(reader, address);
  };
  const name = () => `statement_${address.reseller}_${address.statement}`;
  return sendFile(context, response, begin, name, async function* (reader) {
    let text = line([
      texts.companyId,
      texts.company,
      texts.correctsNumber,
      texts.service,
      texts.item,
      texts.eventCount,
      texts.delivered,
      texts.secondsOf,
      texts.toTwin,
      texts.toReseller,
    ]);
    for await (const lines of billing.allLines(reader, address)) {
      for (const row of lines)
        text += line([
          row.company_id,
          textField(row.company_name),
          row.corrects ?? '',
          textField(texts.serviceNames[row.service] ?? row.service),
          textField(texts.itemName(row.item)),
          row.events,
          row.delivered,
          row.seconds,
          row.price_to_twin,
          row.price_to_reseller,
        ]);
      yield text;
      text = '';
    }
    if (text !== '') yield text;
  });
}

/**
 * @param {Context} context
 * @param {Response} response
 */
function sendChanges(context, response) {
  const { address } = context;
  const begin = async (/** @type {Reader} */ reader) => {
    await context.beginStatements(reader);
    if (address.statement !== '') await billing.statement(reader, address);
  };
  const name = () => ['changes', address.reseller, address.statement].filter((part) => part !== '').join('_');
  return sendFile(context, response, begin, name, async function* (reader) {
    let text = line([
      texts.statement,
      texts.companyId,
      texts.company,
      texts.service,
      texts.item,
      ...Object.values(texts.changedFigures).flatMap((figure) =>
        [texts.billed, texts.now, texts.difference].map((of) => textField(`${figure}, ${of}`)),
      ),
    ]);
    for await (const corrections of billing.allCorrections(reader, address)) {
      for (const row of corrections)
        text += line([
          row.number,
          row.company_id,
          textField(row.company_name),
          textField(texts.serviceNames[row.service] ?? row.service),
          textField(texts.itemName(row.item)),
          ...Object.keys(texts.changedFigures).flatMap((figure) =>
            ['billed', 'now', 'difference'].map((of) => row[`${figure}_${of}`]),
          ),
        ]);
      yield text;
      text = '';
    }
    if (text !== '') yield text;
  });
}

/**
 * Issues the statement of last month, as of the moment at which the form was shown.
 * @param {Context} context
 * @param {Response} response
 * @param {URLSearchParams} form
 */
async function issue(context, response, form) {
  const { user, address, signal } = context;
  if (address.at === '') throw new Refused('moment');
  const note = readWords(form, 'note');
  const work = async (/** @type {Reader} */ reader) => {
    await context.beginStatements(reader);
    return billing.issue(reader, address, note);
  };
  const statement = await database.write(user.role, signal, work, WRITE_TIME_LIMIT);
  redirect(response, statementLink('/statement', address, { statement }));
}

/**
 * @param {Context} context
 * @param {Response} response
 * @param {URLSearchParams} form
 */
async function withdraw(context, response, form) {
  const { user, address, signal } = context;
  const because = readWords(form, 'because');
  if (because === '') throw new Refused('because');
  const work = async (/** @type {Reader} */ reader) => {
    await context.beginStatements(reader);
    return billing.withdraw(reader, address, because);
  };
  await database.write(user.role, signal, work, WRITE_TIME_LIMIT);
  redirect(response, statementLink('/statement', address, { statement: address.statement }));
}

/** @type {Record<string, (context: Context, response: Response) => void | Promise<void>>} */
const REPORT_PAGES = { '/': showReport, '/events': showEvents, '/section.csv': sendSection, '/events.csv': sendEvents };
/** @type {typeof REPORT_PAGES} */
const STATEMENT_PAGES = {
  '/statements': showStatements,
  '/statement': showStatement,
  '/changes': showChanges,
  '/withdraw': askToWithdraw,
  '/lines.csv': sendLines,
  '/changes.csv': sendChanges,
};
const PAGES = { ...REPORT_PAGES, ...STATEMENT_PAGES };
/** @type {Record<string, (context: Context, response: Response, form: URLSearchParams) => Promise<void>>} */
const WRITES = { '/issue': issue, '/withdraw': withdraw };

/**
 * A form that was sent. Only pages of this server may send one: a browser tells by Origin which page did.
 * @param {Request} request
 * @returns {Promise<URLSearchParams>}
 */
async function readForm(request) {
  const { origin = '', host, 'sec-fetch-site': site = 'same-origin', 'content-type': type = '' } = request.headers;
  if (!/^https?:\/\//.test(origin) || origin.replace(/^https?:\/\//, '') !== host || site !== 'same-origin')
    throw new Refused('elsewhere');
  if (!/^application\/x-www-form-urlencoded(;|$)/.test(type)) throw new Refused('form');
  let text = '';
  for await (const chunk of request.setEncoding('latin1')) {
    text += chunk;
    if (text.length > LARGEST_FORM) throw new Refused('form');
  }
  return new URLSearchParams(text);
}

/**
 * The page of an error, with the form where it is known what to choose from.
 * @param {unknown} error
 * @param {Context | undefined} context
 * @param {User} user
 * @param {Response} response
 * @param {{ofStatements: boolean, isWrite: boolean}} of
 */
function sendFailure(error, context, user, response, { ofStatements, isWrite }) {
  if (error instanceof GivenUp || response.destroyed) return void response.destroy();
  const timeLimit = isWrite ? WRITE_TIME_LIMIT : TIME_LIMIT;
  const { status, says, isUnknown } = failure(error, { ...context, timeLimit }, texts);
  if (isUnknown || status === 503) console.error(new Date().toISOString(), error);
  if (response.headersSent) return void response.destroy();
  const headers = { ...(status === 503 && { 'Retry-After': '60' }), ...(isWrite && { Connection: 'close' }) };
  const reseller = context?.reseller?.id;
  if (ofStatements) {
    const body = html`<h1>${texts.statements}</h1>
      <div class="message" role="alert">
        ${says}
        <p><a href="${link('/statements', { ...NOWHERE, reseller: reseller ?? '' })}">${texts.toTheStatements}</a></p>
      </div>`;
    const page = layout({ title: texts.statementFailed, user, body, view: 'statements', reseller }, texts);
    return send(response, status, page, headers);
  }
  const body = html`<h1>${context?.accounts.length ? texts.title : texts.failed}</h1>
    ${context?.accounts.length ? form(context, texts) : ''}
    <div class="message" role="alert">
      ${says}
      <p><a href="/">${texts.toReport}</a></p>
    </div>`;
  send(response, status, layout({ title: texts.failed, user, body, reseller }, texts), headers);
}

/**
 * @param {Request} request
 * @param {Response} response
 * @param {URL} url
 * @param {AbortSignal} signal
 */
async function answer(request, response, url, signal) {
  const isPost = request.method === 'POST' && (url.pathname === '/sign-out' || Object.hasOwn(WRITES, url.pathname));
  // What a request brings besides its address is of no use, but for these forms.
  if (!isPost || url.pathname === '/sign-out') request.resume();
  if (!isPost && request.method !== 'GET' && request.method !== 'HEAD') {
    const page = message({ title: texts.notAllowed, says: html`<p>${texts.notAllowed}</p>` }, texts);
    return send(response, 405, page, { Allow: 'GET, HEAD', Connection: 'close' });
  }
  const file = Object.values(assets).find(({ path }) => path === url.pathname);
  if (file) {
    response.writeHead(200, { ...HEADERS, 'Content-Type': file.type, 'Cache-Control': 'max-age=31536000, immutable' });
    return void response.end(file.content);
  }
  if (isPost && url.pathname === '/sign-out')
    return redirect(response, '/', { 'Set-Cookie': sessions.noCookie(), Connection: 'close' });
  if (url.pathname === '/sign-in') {
    const user = sessions.userOfTicket(url.searchParams.get('user') ?? '', url.searchParams.get('ticket') ?? '');
    if (user) return redirect(response, '/', { 'Set-Cookie': sessions.cookie(user) });
  }
  const user = sessions.user(request.headers.cookie);
  if (!user) return send(response, 401, message({ title: texts.signIn, says: html`<p>${texts.notSignedIn}</p>` }, texts));
  const path = url.pathname;
  if (!isPost && !Object.hasOwn(PAGES, path))
    return send(response, 404, message({ title: texts.failed, says: html`<p>${texts.notFound}</p>`, user }, texts));
  let context;
  try {
    if (isPost) {
      const form = await readForm(request);
      context = new Context(user, readAddress(form), signal);
      await WRITES[path](context, response, form);
    } else {
      context = new Context(user, readAddress(url.searchParams), signal);
      await PAGES[path](context, response);
    }
  } catch (error) {
    const ofStatements = isPost || Object.hasOwn(STATEMENT_PAGES, path);
    sendFailure(error, context, user, response, { ofStatements, isWrite: isPost });
  }
}

const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
  const gone = new AbortController();
  const tooLong = setTimeout(() => response.destroy(), 2 * FILE_TIME_LIMIT);
  response.on('close', () => {
    clearTimeout(tooLong);
    if (!response.writableFinished) gone.abort();
  });
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
