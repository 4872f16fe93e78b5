// The events behind a figure of the report, page by page, and their sum beside that figure.

import { html } from './html.mjs';
import { link } from './address.mjs';
import { grouped } from './format.mjs';
import { cellOfAddress } from './report.mjs';
import { layout } from './layout.mjs';
import { figure } from './page.mjs';

/** @typedef {import('./report.mjs').Column} Column */
/** @typedef {import('./texts/en.mjs').Texts} Texts */

/**
 * @param {{address: import('./address.mjs').Address, user: import('./session.mjs').User, of: import('./report.mjs').Period,
 *   reseller: import('./report.mjs').Reseller | undefined, section: {title: string, columns: Column[]},
 *   company: {name: string, value: string} | undefined,
 *   sums: import('./report.mjs').Sums, events: import('./report.mjs').Event[], more: boolean}} answer
 * @param {Texts} texts
 */
export function eventsPage({ address, user, reseller, of, section, company, sums, events, more }, texts) {
  const back = html`<p class="back">
    <a href="${link('/', address, { service: '', company: '', cell: '', after: '' })}#${address.service}">${texts.back}</a>
  </p>`;
  if (company === undefined) {
    const body = html`<h1>${texts.title}</h1>
      ${back}
      <p class="empty">${texts.noSuchCompany}</p>`;
    return layout({ title: texts.title, user, body, reseller: address.reseller }, texts);
  }
  const column = /** @type {Column} */ (section.columns.find(({ key }) => key === address.cell));
  const title = texts.eventsOf(company.name, texts.columnTitle(address.service, column.key, column.title));
  const about = texts.eventsAbout(
    texts.sectionTitle(address.service, section.title),
    texts.period(texts.moment(of.period_from), texts.moment(of.period_to)),
  );
  const sum = sums[cellOfAddress(address).figure];
  const body = html`<h1>${title}</h1>
    <p class="about"><span>${about}</span> ${reseller && html`<span>${texts.currency(reseller.currency)}</span>`}</p>
    ${back}
    <dl class="totals">
      <div>
        <dt>${texts.inReport}</dt>
        <dd>${figure(column.type, company.value, texts)}</dd>
      </div>
      <div>
        <dt>${texts.sumOfEvents(grouped(sums.events, texts.marks))}</dt>
        <dd>${figure(column.type, sum, texts)}</dd>
      </div>
    </dl>
    <p class="${sum === company.value ? 'equal' : 'differs'}">
      ${sum === company.value ? texts.equal : texts.notEqual}
      <a class="csv" href="${link('/events.csv', address, { after: '' })}" download>${texts.eventsCsv}</a>
    </p>
    ${events.length === 0 ? html`<p class="empty">${texts.noEvents}</p>` : table(address.service, events, texts)}
    <nav class="pages" aria-label="${texts.pages}">
      <span>${texts.eventsShown(grouped(events.length, texts.marks))}</span> ${address.after !== '' &&
      html`<a href="${link('/events', address, { after: '' })}">${texts.firstEvents}</a>`}
      ${more &&
      html`<a rel="next" href="${link('/events', address, { after: events[events.length - 1].position ?? '' })}"
        >${texts.nextEvents}</a
      >`}
    </nav>`;
  return layout({ title, user, body, reseller: address.reseller }, texts);
}

/**
 * @param {string} service
 * @param {import('./report.mjs').Event[]} events
 * @param {Texts} texts
 */
function table(service, events, texts) {
  const isText = service === 'text_messaging';
  const isCall = service.startsWith('telephony');
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${texts.events}">
    <table class="events">
      <thead>
        <tr>
          <th scope="col">${texts.occurred}</th>
          <th scope="col">${texts.item}</th>
          ${isText && html`<th scope="col">${texts.delivered}</th>`}${isCall &&
          html`<th scope="col" class="number">${texts.eventSeconds}</th>`}
          <th scope="col" class="number">${texts.toTwin}</th>
          <th scope="col" class="number">${texts.toReseller}</th>
          <th scope="col">${texts.source}</th>
          <th scope="col">${texts.key}</th>
        </tr>
      </thead>
      <tbody>
        ${events.map(
          (event) =>
            html`<tr>
              <th scope="row">${texts.moment(event.occurred_at)}</th>
              <td>${texts.itemName(event.item)}</td>
              ${isText && html`<td>${event.delivered ? texts.yes : texts.no}</td>`}${isCall &&
              html`<td class="number">${figure('seconds', event.seconds, texts)}</td>`}
              <td class="number">${figure('money', event.price_to_twin, texts)}</td>
              <td class="number">${figure('money', event.price_to_reseller, texts)}</td>
              <td>${event.source}</td>
              <td><code>${event.source_key}</code></td>
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}
