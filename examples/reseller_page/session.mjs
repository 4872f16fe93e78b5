// Who is signed in: a cookie with the user's name and the end of the session, signed with a key that is made anew at each start. An
// application has a sign-in of its own and needs nothing of this but the last line: which database role a request reads as.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** @typedef {{id: string, name: string, role: string}} User */

const COOKIE = 'reseller_page';
const LASTS = 12 * 3600;

export class Sessions {
  /** @param {User[]} users */
  constructor(users) {
    this.users = users;
    this.key = randomBytes(32);
  }

  /** @param {string} text */
  signature(text) {
    return createHmac('sha256', this.key).update(text).digest('base64url');
  }

  /**
   * @param {string} text
   * @param {string} signature
   */
  isSigned(text, signature) {
    const [is, should] = [Buffer.from(signature), Buffer.from(this.signature(text))];
    return is.length === should.length && timingSafeEqual(is, should);
  }

  /**
   * The path of the address that signs this user in.
   * @param {User} user
   */
  ticket(user) {
    return `/sign-in?user=${user.id}&ticket=${this.signature(`ticket ${user.id}`)}`;
  }

  /**
   * @param {string} id
   * @param {string} ticket
   * @returns {User | undefined}
   */
  userOfTicket(id, ticket) {
    return this.isSigned(`ticket ${id}`, ticket) ? this.users.find((user) => user.id === id) : undefined;
  }

  /** @param {User} user */
  cookie(user) {
    const session = `${user.id}.${Math.floor(Date.now() / 1000) + LASTS}`;
    return `${COOKIE}=${session}.${this.signature(session)}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${LASTS}`;
  }

  /** The cookie that ends a session. */
  noCookie() {
    return `${COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0`;
  }

  /**
   * @param {string | undefined} cookies  the header of a request
   * @returns {User | undefined}
   */
  user(cookies) {
    for (const cookie of (cookies ?? '').split(';')) {
      const [, id, ends, signature] = cookie.match(/^\s*reseller_page=(\w+)\.(\d+)\.([\w-]+)\s*$/) ?? [];
      if (id && this.isSigned(`${id}.${ends}`, signature) && Number(ends) > Date.now() / 1000)
        return this.users.find((user) => user.id === id);
    }
    return undefined;
  }
}
