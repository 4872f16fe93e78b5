// What the tests share: the page that runs, a browser, and a superuser's way to the raw tables.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { after } from 'node:test';
import pg from 'pg';
import { chromium } from 'playwright-core';

/** @typedef {import('playwright-core').Page} Page */

const log = readFileSync(process.env.PAGE_LOG ?? '', 'utf8');
const address = (/** @type {string} */ name) => new URL((log.match(new RegExp(`^${name}: (\\S+)$`, 'm')) ?? ['', ''])[1]);

/** The addresses that sign in. */
export const tickets = {
  headOffice: address('Head office'),
  northernLights: address('Northern Lights Telecom'),
  bharat: address('Bharat Messaging'),
};
export const origin = tickets.headOffice.origin;

/** Last month, as an address has it. */
export const month = `period=last_month&at=${new Date().toISOString().slice(0, 16)}Z`;

export const database = new pg.Pool({ user: 'postgres', max: 4 });
database.on('error', () => {});
after(() => database.end());

/**
 * @param {string} sql
 * @param {unknown[]} [values]
 * @returns {Promise<any[]>}
 */
export const rows = async (sql, values = []) => (await database.query(sql, values)).rows;

/**
 * @param {string} sql
 * @param {unknown[]} [values]
 */
export const value = async (sql, values = []) => Object.values((await rows(sql, values))[0])[0];

const folder = fileURLToPath(new URL('../../../build/example/', import.meta.url));
mkdirSync(folder, { recursive: true });

/** Where a screenshot is kept. */
export const artefact = (/** @type {string} */ name) => `${folder}${name}`;

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);

/** @type {Promise<import('playwright-core').Browser> | undefined} */
let browser;
after(async () => (await browser)?.close());

/** The browser of a file's tests, which ends with them. */
export function launch() {
  return (browser ??= chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] }));
}

/**
 * A page of a new session.
 * @param {URL} ticket
 * @param {import('playwright-core').BrowserContextOptions} [options]
 */
export async function open(ticket, options = {}) {
  const context = await (await launch()).newContext({ viewport: { width: 1360, height: 900 }, ...options });
  const page = await context.newPage();
  /** @type {string[]} */
  const troubles = [];
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('dialog', (dialog) => {
    troubles.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of (4|5)\d\d/.test(message.text())) troubles.push(message.text());
  });
  await page.goto(ticket.href);
  return {
    page,
    done: async () => {
      await context.close();
      assert.deepEqual(troubles, [], 'nothing is wrong in the browser');
    },
  };
}

/** @type {[string, import('playwright-core').BrowserContextOptions][]} */
export const LOOKS = [
  ['light', {}],
  ['dark', { colorScheme: 'dark' }],
  ['narrow', { viewport: { width: 390, height: 844 } }],
  ['narrow-dark', { viewport: { width: 320, height: 640 }, colorScheme: 'dark' }],
];

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * axe-core finds nothing wrong on the page, which is no wider than the screen. The page's policy must be bypassed.
 * @param {Page} page
 */
export async function assertAccessible(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => /** @type {any} */ (window).axe.run());
  assert.deepEqual(
    violations.map((/** @type {any} */ { id, nodes }) => [id, nodes[0].html, nodes[0].failureSummary]),
    [],
    page.url(),
  );
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(wide, 0, `nothing is wider than the screen: ${page.url()}`);
}

/**
 * What the page answers to a request that no browser would make.
 * @param {string} path
 * @param {{cookie?: string, method?: string, headers?: Record<string, string>, body?: string}} [options]
 * @returns {Promise<{status: number, headers: http.IncomingHttpHeaders, text: string}>}
 */
export function request(path, { cookie, method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const options = { method, path, host: '127.0.0.1', port: new URL(origin).port, agent: false };
    const sent = http.request({ ...options, headers: cookie ? { ...headers, cookie } : headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (data) => (text += data));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/**
 * The cookie of a user who signs in.
 * @param {URL} ticket
 */
export async function signIn(ticket) {
  const { headers, status } = await request(ticket.pathname + ticket.search);
  assert.equal(status, 303);
  return String(headers['set-cookie']).split(';')[0];
}

/**
 * @param {string} what
 * @param {() => Promise<unknown>} condition
 */
export async function until(what, condition) {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A figure as the page shows it, as the database writes it. */
export const plain = (/** @type {string} */ shown) => shown.trim().replaceAll(',', '').replace('\u2212', '-');

/**
 * The body of a section's table as the database would write it: durations in seconds, nothing grouped.
 * @param {Page} page
 * @param {string} service
 * @param {string} [part]
 * @returns {Promise<string[][]>}
 */
export async function figures(page, service, part = 'tbody') {
  const cells = await page
    .locator(`#${service} table.report ${part} tr`)
    .evaluateAll((trs) =>
      trs.map((tr) => [...tr.querySelectorAll('td, th')].map((cell) => (cell.querySelector('small') ?? cell).textContent ?? '')),
    );
  return cells.map((row) => row.map((text, i) => (i === 1 ? text : plain(text.replace(/ s$/, '')))));
}

/**
 * The rows of CSV, read as RFC 4180 says.
 * @param {string} text
 */
export function parseCsv(text) {
  /** @type {string[][]} */
  const lines = [];
  let fields = [];
  for (const [, quoted, bare, end] of text.replace(/^\ufeff/, '').matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    if (quoted === undefined && bare === '' && end === '' && fields.length === 0) break;
    fields.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (end !== ',') {
      lines.push(fields);
      fields = [];
    }
  }
  return lines;
}
