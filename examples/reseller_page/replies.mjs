// What goes back: pages, redirects, and files that are sent as their lines come.

import { once } from 'node:events';
import { CONNECTIONS, database, FILE_TIME_LIMIT } from './context.mjs';
import { BYTE_ORDER_MARK } from './csv.mjs';
import { Busy } from './database.mjs';

/** @typedef {import('./context.mjs').Context} Context */
/** @typedef {import('./database.mjs').Reader} Reader */
/** @typedef {import('node:http').ServerResponse} Response */

// Who reads a file slowly holds a connection for long. Half of them are left to pages.
const MOST_FILES = CONNECTIONS / 2;
let files = 0;

// Nothing but what this server sends: no script or style within pages, no other site's pictures, frames or forms.
export const HEADERS = {
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
export const WITH_FORM = { 'Referrer-Policy': 'same-origin' };

/**
 * @param {Response} response
 * @param {number} status
 * @param {import('./html.mjs').Html} page
 * @param {Record<string, string>} [headers]
 */
export function send(response, status, page, headers = {}) {
  response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/html; charset=utf-8', ...headers });
  response.end(page.text);
}

/**
 * @param {Response} response
 * @param {string} to
 * @param {Record<string, string>} [headers]
 */
export function redirect(response, to, headers = {}) {
  response.writeHead(303, { ...HEADERS, Location: to, ...headers });
  response.end();
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
export async function sendFile({ user, signal }, response, begin, name, lines) {
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
