// The way to the database: each answer is of one read-only transaction, in one snapshot, as the database role of who asks, within a
// time limit. What changes something is a transaction as well. A request that is given up takes its query with it.

import { setTimeout } from 'node:timers/promises';

import pg from 'pg';

/** @typedef {import('pg').PoolClient} PoolClient */
/** @typedef {{host?: string, port?: number, user?: string, database?: string, password?: string}} Connection */

// Moments as the server writes them, to the microsecond. JavaScript's dates know milliseconds only.
const TIMESTAMPTZ = 1184;
const asText = (/** @type {string} */ text) => text;
const types = {
  getTypeParser: (/** @type {number} */ oid, /** @type {any} */ format) =>
    oid === TIMESTAMPTZ ? asText : pg.types.getTypeParser(oid, format),
};

/** More requests wait for a connection than can be answered in time. */
export class Busy extends Error {}

/** There is no database to ask. */
export class Away extends Error {}

/** Who asked has gone away. */
export class GivenUp extends Error {}

/** What a transaction asks by. */
export class Reader {
  /**
   * @param {PoolClient} client
   * @param {AbortSignal} signal  that nobody waits any more
   */
  constructor(client, signal) {
    this.client = client;
    this.signal = signal;
  }

  /**
   * The rows of a query. Cancelling ends a query that runs. Where none runs, none may begin after it.
   * @param {string} sql
   * @param {unknown[]} [values]
   * @returns {Promise<any[]>}
   */
  async rows(sql, values = []) {
    if (this.signal.aborted) throw new GivenUp();
    return (await this.client.query({ text: sql, values, types: /** @type {any} */ (types) })).rows;
  }

  /**
   * @param {string} sql
   * @param {unknown[]} [values]
   * @returns {Promise<any>}
   */
  async row(sql, values = []) {
    return (await this.rows(sql, values))[0];
  }

  /**
   * The rows of a query, a thousand at a time, however many there are.
   * @param {string} sql
   * @param {unknown[]} values
   * @returns {AsyncGenerator<any[]>}
   */
  async *batches(sql, values) {
    await this.rows(`DECLARE answer NO SCROLL CURSOR FOR ${sql}`, values);
    for (;;) {
      const rows = await this.rows('FETCH 1000 FROM answer');
      if (rows.length > 0) yield rows;
      if (rows.length < 1000) break;
    }
    await this.rows('CLOSE answer');
  }

  /**
   * What a piece of work answers, or null where it fails with one of these SQLSTATEs. The transaction goes on in both cases.
   * @template T
   * @param {string[]} states
   * @param {() => Promise<T>} work
   * @returns {Promise<T | null>}
   */
  async unless(states, work) {
    await this.rows('SAVEPOINT attempt');
    try {
      return await work();
    } catch (error) {
      if (!states.includes(/** @type {any} */ (error).code)) throw error;
      await this.rows('ROLLBACK TO attempt');
      return null;
    }
  }
}

export class Database {
  /** @param {{connection: Connection, connections: number, waiting: number, timeLimit: number}} settings  the limit in ms */
  constructor({ connection, connections, waiting, timeLimit }) {
    this.waiting = waiting;
    this.timeLimit = timeLimit;
    const settings = { ...connection, application_name: 'reseller_page', connectionTimeoutMillis: timeLimit };
    this.pool = new pg.Pool({ ...settings, max: connections });
    // Cancelling must not wait behind what is to be cancelled.
    this.cancels = new pg.Pool({ ...settings, max: 1 });
    // A connection that breaks while nobody uses it: the next request opens another one.
    for (const pool of [this.pool, this.cancels]) pool.on('error', () => {});
  }

  async connection() {
    if (this.pool.waitingCount >= this.waiting) throw new Busy();
    try {
      return await this.pool.connect();
    } catch (error) {
      // What the pool says where no connection came free in time.
      if (/timeout exceeded/.test(String(error))) throw new Busy();
      throw new Away('no connection', { cause: error });
    }
  }

  /**
   * Lets a piece of work read as this role, in one snapshot.
   * @template T
   * @param {string} role
   * @param {AbortSignal} signal
   * @param {(reader: Reader) => Promise<T>} work
   * @param {number} [timeLimit]  for each query, in ms
   * @returns {Promise<T>}
   */
  read(role, signal, work, timeLimit = this.timeLimit) {
    return this.transaction('REPEATABLE READ READ ONLY', role, signal, work, timeLimit);
  }

  /**
   * Lets a piece of work change something as this role: all of it, or nothing where it fails.
   * @template T
   * @param {string} role
   * @param {AbortSignal} signal
   * @param {(reader: Reader) => Promise<T>} work
   * @param {number} timeLimit  for each query, in ms
   * @returns {Promise<T>}
   */
  write(role, signal, work, timeLimit) {
    return this.transaction('READ COMMITTED READ WRITE', role, signal, work, timeLimit);
  }

  /**
   * Where the signal says that nobody waits for the answer any more, the query that runs is cancelled.
   * @template T
   * @param {string} mode
   * @param {string} role
   * @param {AbortSignal} signal
   * @param {(reader: Reader) => Promise<T>} work
   * @param {number} timeLimit
   * @returns {Promise<T>}
   */
  async transaction(mode, role, signal, work, timeLimit) {
    const client = await this.connection();
    if (signal.aborted) {
      client.release();
      throw new GivenUp();
    }
    /** @type {Promise<void> | undefined} */
    let cancelled;
    let over = false;
    const cancel = () => (cancelled ??= this.cancel(client, () => over));
    signal.addEventListener('abort', cancel);
    // A connection that is lost fails its query, too. Without this, it would end the program.
    const lost = () => {};
    client.on('error', lost);
    let healthy = false;
    try {
      const reader = new Reader(client, signal);
      await reader.rows(`BEGIN ISOLATION LEVEL ${mode}`);
      await reader.rows(
        "SELECT set_config('role', $1, true), set_config('statement_timeout', $2, true), " +
          "set_config('idle_in_transaction_session_timeout', $3, true)",
        [role, String(timeLimit), String(2 * timeLimit)],
      );
      const answer = await work(reader);
      await reader.rows('COMMIT');
      healthy = true;
      return answer;
    } catch (error) {
      if (signal.aborted) throw new GivenUp();
      healthy = await client.query('ROLLBACK').then(
        () => true,
        () => false,
      );
      throw error;
    } finally {
      signal.removeEventListener('abort', cancel);
      over = true;
      await cancelled;
      client.removeListener('error', lost);
      // A cancel that comes late would hit whatever the connection does next. So it does nothing more.
      client.release(!healthy || cancelled !== undefined);
    }
  }

  /**
   * Cancels what a connection runs, again and again until that is over: where the server has not begun a query yet, a cancel is
   * lost.
   * @param {PoolClient} client
   * @param {() => boolean} isOver
   */
  async cancel(client, isOver) {
    while (!isOver()) {
      await this.cancels.query('SELECT pg_cancel_backend($1)', [/** @type {any} */ (client).processID]).catch(() => {});
      await setTimeout(50);
    }
  }

  async close() {
    await Promise.all([this.pool.end(), this.cancels.end()]);
  }
}
