// The web server: who asks, what for, and who answers. Run by `make example`, or by hand:
//   PGHOST=... PGDATABASE=... PGUSER=reseller_page node server.mjs
// PORT says where it listens on the loopback (default: wherever there is room), TIME_LIMIT how many seconds a query may take.

import { createServer } from 'node:http';
import { link, NOWHERE, readAddress, Refused } from './address.mjs';
import { assets } from './assets.mjs';
import { Context, database, FILE_TIME_LIMIT, TIME_LIMIT, WRITE_TIME_LIMIT } from './context.mjs';
import { GivenUp } from './database.mjs';
import { failure } from './failure.mjs';
import { html } from './html.mjs';
import { layout, message } from './layout.mjs';
import { form } from './page.mjs';
import { HEADERS, redirect, send } from './replies.mjs';
import { reportPages } from './report_requests.mjs';
import { Sessions } from './session.mjs';
import { statementForms, statementPages } from './statement_requests.mjs';
import { en as texts } from './texts/en.mjs';
import { users } from './users.mjs';

/** @typedef {import('./session.mjs').User} User */
/** @typedef {import('node:http').IncomingMessage} Request */
/** @typedef {import('node:http').ServerResponse} Response */

const LARGEST_FORM = 10_000;

const sessions = new Sessions(users);
const pages = { ...reportPages, ...statementPages };

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
  const isPost = request.method === 'POST' && (url.pathname === '/sign-out' || Object.hasOwn(statementForms, url.pathname));
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
  if (!isPost && !Object.hasOwn(pages, path))
    return send(response, 404, message({ title: texts.failed, says: html`<p>${texts.notFound}</p>`, user }, texts));
  let context;
  try {
    if (isPost) {
      const form = await readForm(request);
      context = new Context(user, readAddress(form), signal);
      await statementForms[path](context, response, form);
    } else {
      context = new Context(user, readAddress(url.searchParams), signal);
      await pages[path](context, response);
    }
  } catch (error) {
    const ofStatements = isPost || Object.hasOwn(statementPages, path);
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
