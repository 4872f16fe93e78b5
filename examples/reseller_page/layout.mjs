// What all pages have in common: the head, the side menu, who is signed in, and a plain message.

import { html } from './html.mjs';

/** @typedef {import('./html.mjs').Html} Html */
/** @typedef {import('./texts/en.mjs').Texts} Texts */
/** @typedef {import('./session.mjs').User} User */

/**
 * @param {{title: string, user?: User, body: Html, menu?: Html | false}} of
 * @param {Texts} texts
 */
export function layout({ title, user, body, menu = false }, texts) {
  return html`<!doctype html>
    <html lang="${texts.language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/style.css" />
        <script src="/page.js" defer></script>
      </head>
      <body>
        <a class="skip" href="#report">${texts.skip}</a>
        <header class="side">
          <p class="product">${texts.product}</p>
          ${user &&
          html`<nav aria-label="${texts.reports}">
              <p class="heading">${texts.reports}</p>
              <ul>
                <li><a href="/" aria-current="page">${texts.title}</a>${menu}</li>
              </ul>
            </nav>
            <form class="user" method="post" action="/sign-out">
              <p>${texts.signedInAs(user.name)}</p>
              <button class="quiet">${texts.signOut}</button>
            </form>`}
        </header>
        <main id="report" tabindex="-1">${body}</main>
        <div class="working" role="status" hidden>
          <span class="spinner"></span> <span class="says">${texts.working}</span>
          <button type="button" class="cancel">${texts.cancel}</button>
        </div>
        <p class="cancelled" role="status" data-says="${texts.cancelled}"></p>
      </body>
    </html> `;
}

/**
 * A page that says why there is nothing else on it.
 * @param {{title: string, says: Html, user?: User, menu?: Html | false}} of
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
