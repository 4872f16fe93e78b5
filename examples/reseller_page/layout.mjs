// What all pages have in common: the head, the side menu, who is signed in, and a plain message.

import { Html, html } from './html.mjs';
import { link, NOWHERE } from './address.mjs';
import { assets } from './assets.mjs';

/** @typedef {import('./texts/en.mjs').Texts} Texts */
/** @typedef {import('./session.mjs').User} User */
/** @typedef {'report' | 'statements'} View */

// Stands for the body of a page. No text can bring it, since what texts bring is escaped.
const BODY = html`<!-- body -->`;

/**
 * What comes before and after the body of a page, so that a long one can be sent in pieces.
 * @param {{title: string, user?: User, menu?: Html | false, view?: View, reseller?: string}} of  menu: of the view that is shown
 * @param {Texts} texts
 */
export function frame({ title, user, menu = false, view = 'report', reseller = '' }, texts) {
  const entry = (/** @type {View} */ name, /** @type {string} */ path, /** @type {string} */ text) =>
    html`<li>
      <a href="${link(path, { ...NOWHERE, reseller })}" ${view === name && html` aria-current="page"`}>${text}</a>${view === name &&
      menu}
    </li>`;
  const page = html`<!doctype html>
    <html lang="${texts.language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="${assets.icon.path}" type="image/svg+xml" />
        <link rel="stylesheet" href="${assets.style.path}" />
        <script src="${assets.script.path}" defer></script>
      </head>
      <body>
        <a class="skip" href="#report">${texts.skip}</a>
        <header class="side">
          <p class="product">${texts.product}</p>
          ${user &&
          html`<nav aria-label="${texts.reports}">
              <p class="heading">${texts.reports}</p>
              <ul>
                ${entry('report', '/', texts.title)} ${entry('statements', '/statements', texts.statements)}
              </ul>
            </nav>
            <form class="user" method="post" action="/sign-out">
              <p>${texts.signedInAs(user.name)}</p>
              <button class="quiet">${texts.signOut}</button>
            </form>`}
        </header>
        <main id="report" tabindex="-1">${BODY}</main>
        <div class="working" role="status" hidden>
          <span class="spinner"></span> <span class="says">${texts.working}</span>
          <button type="button" class="cancel">${texts.cancel}</button>
        </div>
        <p class="cancelled" role="status" data-says="${texts.cancelled}"></p>
      </body>
    </html> `;
  const [before, after] = page.text.split(BODY.text).map((part) => new Html(part));
  return { before, after };
}

/**
 * A whole page.
 * @param {{title: string, user?: User, body: Html, view?: View, reseller?: string}} of
 * @param {Texts} texts
 */
export function layout({ body, ...of }, texts) {
  const { before, after } = frame(of, texts);
  return html`${before}${body}${after}`;
}

/**
 * A page that says why there is nothing else on it.
 * @param {{title: string, says: Html, user?: User}} of
 * @param {Texts} texts
 */
export function message({ title, says, user }, texts) {
  return layout(
    {
      title,
      user,
      body: html`<h1>${title}</h1>
        <div class="message" role="alert">${says}</div>`,
    },
    texts,
  );
}
