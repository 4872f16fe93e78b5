// The page "Reseller and companies": the form, and a section a service with its totals, its chart and its table.

import { html } from './html.mjs';
import { link, NOWHERE } from './address.mjs';
import { chart } from './chart.mjs';
import { duration, exactMoment, fieldOfMoment, grouped, moment, money, moneyInText } from './format.mjs';
import { cellOf } from './cells.mjs';
import { frame } from './layout.mjs';
import { ROWS } from './report.mjs';

/** @typedef {import('./html.mjs').Html} Html */
/** @typedef {import('./address.mjs').Address} Address */
/** @typedef {import('./report.mjs').Reseller} Reseller */
/** @typedef {import('./report.mjs').Period} Period */
/** @typedef {import('./report.mjs').Column} Column */
/** @typedef {import('./report.mjs').Value} Value */
/** @typedef {import('./report.mjs').Section} Section */
/** @typedef {import('./report.mjs').Total} Total */
/** @typedef {import('./report.mjs').Shift} Shift */
/** @typedef {import('./report.mjs').Series} Series */
/** @typedef {import('./statements.mjs').Billed} Billed */
/** @typedef {import('./texts/en.mjs').Texts} Texts */

/**
 * A figure as a column of this type shows it.
 * @param {Column['type']} type
 * @param {Value} value
 * @param {Texts} texts
 * @returns {Html | string}
 */
export function figure(type, value, texts) {
  if (value === null) return '';
  if (type === 'money') return money(String(value), texts.marks);
  if (type === 'count') return grouped(value, texts.marks);
  if (type !== 'seconds') return html`<bdi>${value}</bdi>`;
  return html`${texts.duration(duration(value))} <small>${texts.seconds(grouped(value, texts.marks))}</small>`;
}

const isNumber = (/** @type {Column} */ column) => column.type !== 'id' && column.type !== 'text';

// The classes of a column: numbers to the right; Id and Name stay while the rest scrolls.
const classOf = (/** @type {Column} */ column) => (isNumber(column) ? 'number' : `stays ${column.key}`);

/**
 * The heading of a column, which sorts by it: the largest first, then the smallest.
 * @param {Section} section
 * @param {Column} column
 * @param {Address} address
 * @param {Texts} texts
 */
function heading(section, column, address, texts) {
  const title = texts.columnTitle(section.service, column.key, column.title);
  const [up, down] = [
    address.sort === column.key || (address.sort === '' && column.key === 'id'),
    address.sort === `-${column.key}`,
  ];
  const next = (isNumber(column) ? !down : up) ? `-${column.key}` : column.key;
  const to = link('/', address, { sort: next === 'id' ? '' : next, page: 1 }) + `#${section.service}`;
  const sorted = up ? 'ascending' : down ? 'descending' : undefined;
  return html`<th scope="col" class="${classOf(column)}" ${sorted && html` aria-sort="${sorted}"`}>
    <a href="${to}">${title}</a>
  </th>`;
}

/**
 * @param {Section} section
 * @param {Value[]} row
 * @param {string} toEvents  the address of events, but for the company and the cell
 * @param {Texts} texts
 */
function tableRow(section, row, toEvents, texts) {
  return html`<tr>
    ${section.columns.map((column, i) => {
      const shown = figure(column.type, row[i], texts);
      if (column.key === 'name') return html`<th scope="row" class="${classOf(column)}">${shown}</th>`;
      const isNothing = /^[0.]+$/.test(String(row[i]));
      if (!isNumber(column) || isNothing || !cellOf(section.service, column.key))
        return html`<td class="${classOf(column)}${isNothing && isNumber(column) && ' nothing'}">${shown}</td>`;
      return html`<td class="number"><a href="${toEvents}&amp;company=${row[0]}&amp;cell=${column.key}">${shown}</a></td>`;
    })}
  </tr> `;
}

/**
 * Why a section has no rows, and what to do about it.
 * @param {Section} section
 * @param {Address} address
 * @param {Texts} texts
 */
function empty(section, address, texts) {
  if (section.row_count > 0)
    return html`<p class="empty">${texts.noneOnPage} <a href="${link('/', address, { page: 1 })}">${texts.firstPage}</a></p>`;
  if (address.search !== '')
    return html`<p class="empty">
      ${texts.noneFound(address.search)} <a href="${link('/', address, { search: '', page: 1 })}">${texts.withoutSearch}</a>
    </p>`;
  if (address.expenses)
    return html`<p class="empty">
      ${texts.noneWithExpenses} <a href="${link('/', address, { expenses: false, page: 1 })}">${texts.withoutExpenses}</a>
    </p>`;
  return html`<p class="empty">${texts.none}</p>`;
}

/**
 * @param {Section} section
 * @param {Address} address
 * @param {string} title
 * @param {Texts} texts
 */
function table(section, address, title, texts) {
  if (section.rows.length === 0) return empty(section, address, texts);
  const count = grouped(section.row_count, texts.marks);
  const toEvents = link('/events', address, { service: section.service });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${texts.companiesOf(title)}">
    <table class="report">
      <thead>
        <tr>
          ${section.columns.map((column) => heading(section, column, address, texts))}
        </tr>
      </thead>
      <tbody>
        ${section.rows.map((row) => tableRow(section, row, toEvents, texts))}
      </tbody>
      <tfoot>
        <tr>
          ${section.columns.map((column, i) => {
            if (column.key === 'id') return html`<td class="stays id"></td>`;
            if (column.key === 'name')
              return html`<th scope="row" class="stays name">${texts.total} <small>${texts.totalOf(count)}</small></th>`;
            return html`<td class="number">${figure(column.type, section.totals[i], texts)}</td>`;
          })}
        </tr>
      </tfoot>
    </table>
  </div>`;
}

/**
 * The links to the pages of a section.
 * @param {Section} section
 * @param {Address} address
 * @param {Texts} texts
 */
function pages(section, address, texts) {
  const last = Math.ceil(section.row_count / ROWS);
  if (last <= 1 || section.rows.length === 0) return '';
  const to = (/** @type {number} */ page) => `${link('/', address, { page })}#${section.service}`;
  const number = (/** @type {number} */ value) => grouped(value, texts.marks);
  const first = (address.page - 1) * ROWS + 1;
  return html`<nav class="pages" aria-label="${texts.pages}, ${texts.sectionTitle(section.service, section.title)}">
    <span>${texts.rowsOf(number(first), number(first + section.rows.length - 1), number(section.row_count))}</span>
    ${address.page > 1 && html`<a rel="prev" href="${to(address.page - 1)}">${texts.previous}</a>`}
    <span>${texts.pageOf(number(address.page), number(last))}</span>
    ${address.page < last && html`<a rel="next" href="${to(address.page + 1)}">${texts.next}</a>`}
  </nav>`;
}

/**
 * The totals of a service over all companies, and how they changed.
 * @param {string} service
 * @param {Total[]} totals
 * @param {string} currency
 * @param {Texts} texts
 */
function tiles(service, totals, currency, texts) {
  const calls = service.startsWith('telephony');
  const shown = (/** @type {Total} */ { figure, now }) => {
    if (figure === 'seconds') return texts.duration(duration(now));
    return figure === 'events' ? grouped(now, texts.marks) : html`${moneyInText(now, texts.marks)} <small>${currency}</small>`;
  };
  const changed = (/** @type {string} */ change) =>
    texts.change((/^-?[0.]+$|^-/.test(change) ? '' : '+') + grouped(change, texts.marks));
  return html`<dl class="totals">
    ${totals
      .filter((total) => total.service === service && (total.figure !== 'seconds' || calls))
      .map(
        (total) =>
          html`<div>
            <dt>${total.figure === 'events' && calls ? texts.calls : texts.figures[total.figure]}</dt>
            <dd>
              ${shown(total)}
              ${total.change !== null &&
              html`<span class="change">${changed(total.change)} <span class="said">${texts.changeSaid}</span></span>`}
            </dd>
          </div> `,
      )}
  </dl>`;
}

/**
 * @param {{section: Section, address: Address, totals: Total[], series: Series, reseller: Reseller}} of
 * @param {Texts} texts
 */
function sectionOf({ section, address, totals, series, reseller }, texts) {
  const title = texts.sectionTitle(section.service, section.title);
  const stepsOf = (/** @type {Series['now']} */ steps) => steps.filter((step) => step.service === section.service);
  return html`<section id="${section.service}" aria-labelledby="${section.service}-title">
    <div class="title">
      <h2 id="${section.service}-title">${title}</h2>
      <a
        class="csv"
        href="${link('/section.csv', address, { service: section.service, page: 1 })}"
        download
        aria-label="${texts.csvOf(title)}"
        >${texts.csv}</a
      >
    </div>
    ${tiles(section.service, totals, reseller.currency, texts)}
    ${series.step === ''
      ? html`<p class="empty">${texts.noChart}</p>`
      : chart(
          { service: section.service, title, step: series.step, now: stepsOf(series.now), before: stepsOf(series.before) },
          texts,
        )}
    ${table(section, address, title, texts)} ${pages(section, address, texts)}
  </section> `;
}

/**
 * A field of a date and a time. Browsers' own know milliseconds and no offsets. A moment that needs more gets a field of text.
 * @param {string} name
 * @param {string} title
 * @param {string} value
 */
function momentField(name, title, value) {
  const type = /\.\d{4}|[+-]\d\d:\d\d$/.test(value) ? 'text' : 'datetime-local';
  return html`<label
    >${title} <input type="${type}" name="${name}" required max="9999-12-31T23:59" step="any" value="${value}"
  /></label>`;
}

/**
 * The choice of an account, for who has several.
 * @param {Reseller[]} accounts
 * @param {Reseller | undefined} reseller
 * @param {Texts} texts
 */
export function accountField(accounts, reseller, texts) {
  // Where the address names none of the user's accounts, the next choice is of one of them.
  if (accounts.length <= 1) return html`<input type="hidden" name="reseller" value="${reseller?.id ?? accounts[0]?.id ?? ''}" />`;
  return html`<label
    >${texts.account}
    <select name="reseller">
      ${accounts.map(
        (account) => html`<option value="${account.id}" ${account.id === reseller?.id && html` selected`}>${account.name}</option>`,
      )}
    </select></label
  >`;
}

/**
 * Days, or the moments of a period that is not of whole days.
 * @param {import('./statements.mjs').Stretch} stretch
 * @param {Texts} texts
 */
export function stretchInWords({ from, to, first_day, last_day, is_days }, texts) {
  return is_days ? texts.days(first_day, last_day) : texts.period(texts.moment(from), texts.moment(to));
}

/**
 * Which days statements have billed, and how much of the period that is.
 * @param {Billed} billed
 * @param {string} reseller
 * @param {Texts} texts
 */
function daysBilled({ stretches, more, of_period }, reseller, texts) {
  const words = stretches.map((stretch) => stretchInWords(stretch, texts));
  if (more !== '') words.push(texts.earlier(grouped(more, texts.marks)));
  return html`<p class="billed">
    ${words.length === 0 ? texts.nothingBilled : html`${texts.daysBilled(words.join('; '))} ${texts.ofPeriod[of_period]}`}
    <a href="${link('/statements', { ...NOWHERE, reseller })}">${texts.statements}</a>
  </p>`;
}

/**
 * What is said of a bound where the clock is set forward or back, and the choice where it shows two moments alike.
 * @param {Shift} shift
 * @param {Address} address
 * @param {{from: string, to: string}} bounds
 * @param {Texts} texts
 */
function shiftInWords({ name, asked, taken, other, isFirst }, address, bounds, texts) {
  const said = texts.moment(taken);
  if (asked !== null) return html`<p class="shift">${texts.skipped(texts.moment(asked), said)}</p>`;
  if (other === null) return '';
  const to = link('/', address, { period: '', at: '', ...bounds, [name]: exactMoment(other), page: 1 });
  return html`<p class="shift">
    ${texts.twice(said, isFirst, moment(taken).offset)} <a href="${to}">${texts.takeOther(!isFirst, moment(other).offset)}</a>
  </p>`;
}

/**
 * What the report shows: reseller, period, companies.
 * @param {{address: Address, accounts: Reseller[], reseller: Reseller | undefined, of: Period | undefined, billed?: Billed,
 *   shifts?: Shift[]}} chosen
 * @param {Texts} texts
 */
export function form({ address, accounts, reseller, of, billed, shifts = [] }, texts) {
  // The form would be taken for the second of two moments that the clock shows alike.
  const field = (/** @type {'from' | 'to'} */ name, /** @type {string} */ moment) =>
    shifts.some((shift) => shift.name === name && shift.isFirst) ? exactMoment(moment) : fieldOfMoment(moment);
  const bounds = of ? { from: field('from', of.period_from), to: field('to', of.period_to) } : address;
  const offsets = of && [moment(of.period_from).offset, moment(of.period_to).offset];
  const zone = reseller?.time_zone ?? '';
  // Where the address names none of the user's accounts, the next choice is of one of them.
  const next = reseller?.id ?? accounts[0]?.id ?? '';
  return html`<form class="choose" method="get" action="/" aria-label="${texts.choose}">
      ${accountField(accounts, reseller, texts)} ${momentField('from', texts.from, bounds.from)}
      ${momentField('to', texts.to, bounds.to)}
      <label>${texts.search} <input type="search" name="search" maxlength="200" value="${address.search}" /></label>
      <label class="check"
        ><input type="checkbox" name="expenses" value="1" ${address.expenses && html` checked`} /> ${texts.expenses}</label
      >
      ${address.sort !== '' && html`<input type="hidden" name="sort" value="${address.sort}" />`}
      <button>${texts.show}</button>
      ${offsets &&
      html`<p class="zone">
        ${offsets[0] === offsets[1] ? texts.clock(zone, offsets[0]) : texts.clockShifts(zone, offsets[0], offsets[1])}
      </p>`}
      ${shifts.map((shift) => shiftInWords(shift, address, { from: bounds.from, to: bounds.to }, texts))}
      ${billed && reseller && daysBilled(billed, reseller.id, texts)}
    </form>
    <nav class="periods" aria-label="${texts.periods}">
      <ul>
        ${texts.periodNames.map(
          ([name, title]) =>
            html`<li>
              <a
                href="${link('/', address, { reseller: next, period: name, at: '', from: '', to: '', page: 1 })}"
                ${address.period === name && html` aria-current="true"`}
                >${title}</a
              >
            </li> `,
        )}
      </ul>
    </nav>`;
}

/**
 * The whole page, in pieces: what is above the sections, each of them, and the end.
 * @param {{address: Address, user: import('./session.mjs').User, accounts: Reseller[], of: Period,
 *   page: import('./report.mjs').Page, totals: Total[], series: Series, billed: Billed, shifts: Shift[]}} answer
 * @param {Texts} texts
 * @returns {Generator<Html>}
 */
export function* reportPage({ address, user, accounts, of, page, totals, series, billed, shifts }, texts) {
  const { reseller, sections } = page;
  const menu = html`<ul>
    ${sections.map(({ service, title }) => html`<li><a href="#${service}">${texts.sectionTitle(service, title)}</a></li> `)}
  </ul>`;
  const isCompared = totals.some((total) => total.before !== null);
  const { before, after } = frame({ title: `${reseller.name}: ${texts.title}`, user, menu, reseller: address.reseller }, texts);
  yield html`${before}
    <h1>${texts.title}</h1>
    ${form({ address, accounts, reseller, of, billed, shifts }, texts)}
    <p class="about">
      <strong><bdi>${reseller.name}</bdi></strong>
      <span>${texts.period(texts.moment(of.period_from), texts.moment(of.period_to))}</span>
      <span>${texts.currency(reseller.currency)}</span>
      <span
        >${isCompared
          ? texts.comparedWith(texts.period(texts.moment(of.previous_from), texts.moment(of.previous_to)))
          : texts.notCompared}</span
      >
      ${(address.search !== '' || address.expenses) && html`<span>${texts.allCompanies}</span>`}
    </p>`;
  for (const section of sections) yield sectionOf({ section, address, totals, series, reseller }, texts);
  yield after;
}
