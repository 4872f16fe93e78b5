// What a request is answered with: the database, its limits, and what is known of who asks and what for.

import { Refused } from './address.mjs';
import { Database } from './database.mjs';
import * as report from './report.mjs';
import * as billing from './statements.mjs';

/** @typedef {import('./address.mjs').Address} Address */
/** @typedef {import('./database.mjs').Reader} Reader */
/** @typedef {import('./report.mjs').Period} Period */
/** @typedef {import('./report.mjs').Reseller} Reseller */
/** @typedef {import('./session.mjs').User} User */

export const TIME_LIMIT = Number(process.env.TIME_LIMIT ?? 15) * 1000;
export const FILE_TIME_LIMIT = 10 * TIME_LIMIT;
// A statement is as much work as a report of all services, and is written, too.
export const WRITE_TIME_LIMIT = 4 * TIME_LIMIT;
export const CONNECTIONS = 8;

export const database = new Database({
  // libpq's variables say where the rest is.
  connection: { user: process.env.PGUSER ?? 'reseller_page' },
  connections: CONNECTIONS,
  waiting: 200,
  timeLimit: TIME_LIMIT,
});

/** What is known of a request when it fails, so that its page can still show the form. */
export class Context {
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
