// The pages of statements: all of a reseller's, one of them, what has changed since, and the question before one is withdrawn.

import { link, LONGEST_WORDS, NOWHERE } from './address.mjs';
import { grouped } from './format.mjs';
import { html } from './html.mjs';
import { layout } from './layout.mjs';
import { accountField, figure, stretchInWords } from './page.mjs';
import { ROWS } from './report.mjs';
import { LINES, MOST_LINES } from './statements.mjs';

/** @typedef {import('./html.mjs').Html} Html */
/** @typedef {import('./address.mjs').Address} Address */
/** @typedef {import('./report.mjs').Column} Column */
/** @typedef {import('./report.mjs').Reseller} Reseller */
/** @typedef {import('./statements.mjs').Statement} Statement */
/** @typedef {import('./texts/en.mjs').Texts} Texts */
/** @typedef {import('./session.mjs').User} User */
/**
 * @typedef {object} Asked
 * @property {Address} address
 * @property {User} user
 * @property {Reseller[]} accounts  that the user may see
 * @property {Reseller} reseller
 * @property {boolean} may  issue and withdraw statements
 */

/**
 * A link among the pages of statements.
 * @param {string} path
 * @param {Address} address
 * @param {Partial<Address>} [changes]
 */
export const statementLink = (path, { reseller }, changes = {}) => link(path, { ...NOWHERE, reseller, ...changes });

/**
 * @param {{title: string, body: Html} & Asked} of
 * @param {Texts} texts
 */
const page = ({ title, body, user, reseller }, texts) =>
  layout({ title, user, body, view: 'statements', reseller: reseller.id }, texts);

/**
 * The period of a statement, in days where it is of whole ones.
 * @param {import('./statements.mjs').Billable} of
 * @param {Texts} texts
 */
const periodOf = (of, texts) => stretchInWords({ ...of, from: of.period_from, to: of.period_to }, texts);

/**
 * @param {Statement} statement
 * @param {Texts} texts
 */
const stateOf = ({ withdrawn_at }, texts) =>
  withdrawn_at === null ? texts.inForce : texts.withdrawnAt(texts.moment(withdrawn_at));

/**
 * Figures with their names.
 * @param {[string, string, string][]} figures  name, money, and the money of corrections within it
 * @param {string} currency
 * @param {Texts} texts
 */
const tiles = (figures, currency, texts) =>
  html`<dl class="totals">
    ${figures.map(
      ([name, money, corrections]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>
            ${figure('money', money, texts)} <small>${currency}</small>
            ${/[1-9]/.test(corrections) && html`<small>${texts.ofWhichCorrections} ${figure('money', corrections, texts)}</small>`}
          </dd>
        </div> `,
    )}
  </dl>`;

/**
 * The links to the pages of a list.
 * @param {{page: number, each: number, shown: number, count: string, to: (page: number) => string,
 *   says: (first: string, last: string, all: string) => string, more?: Html | false}} of
 * @param {Texts} texts
 */
function pages({ page, each, shown, count, to, says, more = false }, texts) {
  const last = Math.ceil(Number(count) / each);
  if (last <= 1 || shown === 0) return '';
  const number = (/** @type {number | string} */ value) => grouped(value, texts.marks);
  const first = (page - 1) * each + 1;
  return html`<nav class="pages" aria-label="${texts.pages}">
    <span>${says(number(first), number(first + shown - 1), number(count))}</span>
    ${page > 1 && html`<a rel="prev" href="${to(page - 1)}">${texts.previous}</a>`}
    <span>${texts.pageOf(number(page), number(last))}</span>
    ${page < last && html`<a rel="next" href="${to(page + 1)}">${texts.next}</a>`} ${more}
  </nav>`;
}

/**
 * Last month: whether it is billed, and the form that bills it.
 * @param {Asked & {due: import('./statements.mjs').Due}} of
 * @param {Texts} texts
 */
function dueSection({ address, due, may }, texts) {
  const { overlapping, isBilled, period_from, period_to } = due;
  const numbers = overlapping.join(', ');
  const state = isBilled ? texts.dueIsBilled(numbers) : overlapping.length > 0 ? texts.dueOverlaps(numbers) : texts.dueIsOpen;
  const report = link('/', { ...NOWHERE, reseller: address.reseller, period: 'last_month', at: address.at });
  return html`<section id="issue" aria-labelledby="issue-title">
    <h2 id="issue-title">${texts.issueTitle}</h2>
    <p>
      ${texts.dueIs(periodOf(due, texts))} ${state}
      <a href="${report}">${texts.dueReport}</a>
    </p>
    ${overlapping.length > 0
      ? ''
      : may
        ? html`<form class="write" method="post" action="/issue" aria-labelledby="issue-title">
            <input type="hidden" name="reseller" value="${address.reseller}" />
            <input type="hidden" name="at" value="${address.at}" />
            <label>${texts.note} <input name="note" maxlength="${LONGEST_WORDS}" autocomplete="off" /></label>
            <button>${texts.issue}</button>
            <p class="hint">${texts.issueMeans}</p>
          </form>`
        : html`<p class="hint">${texts.mayNotIssueHere}</p>`}
  </section> `;
}

/**
 * What has changed since the statements were issued, in all.
 * @param {{address: Address, reseller: Reseller, open: import('./statements.mjs').Open, statement?: string}} of
 * @param {Texts} texts
 */
function changedSection({ address, reseller, open, statement = '' }, texts) {
  const rows = grouped(open.rows, texts.marks);
  return html`<section id="changed" class="${statement !== '' && 'since'}" aria-labelledby="changed-title">
    <h2 id="changed-title">${texts.changedTitle}</h2>
    ${open.rows === '0'
      ? html`<p class="empty">${statement === '' ? texts.changedNothing : texts.changedNothingOf}</p>`
      : html`<p>
            ${statement === '' ? texts.changed(rows) : texts.changedOf(statement, rows)}
            <a href="${statementLink('/changes', address, { statement })}">${texts.seeChanges}</a>
          </p>
          ${tiles(
            [
              [texts.differenceToTwin, open.price_to_twin_difference, ''],
              [texts.differenceToReseller, open.price_to_reseller_difference, ''],
            ],
            reseller.currency,
            texts,
          )}`}
  </section> `;
}

/**
 * @param {Asked} of
 * @param {Texts} texts
 */
const accountForm = ({ accounts, reseller }, texts) =>
  accounts.length <= 1
    ? ''
    : html`<form class="choose" method="get" action="/statements" aria-label="${texts.chooseAccount}">
        ${accountField(accounts, reseller, texts)} <button>${texts.show}</button>
      </form>`;

/**
 * All statements of a reseller, what is to be billed, and what has changed.
 * @param {Asked & {statements: Statement[], count: string, due: import('./statements.mjs').Due,
 *   open: import('./statements.mjs').Open}} answer
 * @param {Texts} texts
 */
export function statementsPage(answer, texts) {
  const { address, reseller, statements, count } = answer;
  const title = texts.statementsOf(reseller.name);
  const list = html`<div class="scroll" tabindex="0" role="region" aria-label="${texts.tableOf(texts.issuedTitle)}">
    <table class="statements">
      <thead>
        <tr>
          <th scope="col" class="number">${texts.number}</th>
          <th scope="col">${texts.billedPeriod}</th>
          <th scope="col">${texts.state}</th>
          <th scope="col" class="number">${texts.toTwin}</th>
          <th scope="col" class="number">${texts.toReseller}</th>
          <th scope="col">${texts.issuedAt}</th>
          <th scope="col">${texts.noteOf}</th>
          <th scope="col" class="word">${texts.hash}</th>
        </tr>
      </thead>
      <tbody>
        ${statements.map(
          (statement) =>
            html`<tr>
              <td class="number">${statement.number}</td>
              <th scope="row">
                <a href="${statementLink('/statement', address, { statement: statement.number })}">${periodOf(statement, texts)}</a>
              </th>
              <td class="word">${stateOf(statement, texts)}</td>
              <td class="number">${figure('money', statement.total_price_to_twin, texts)}</td>
              <td class="number">${figure('money', statement.total_price_to_reseller, texts)}</td>
              <td class="moment">${texts.moment(statement.issued_at)}</td>
              <td class="words"><bdi>${statement.note}</bdi></td>
              <td><code class="hash">${statement.hash}</code></td>
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
  const none =
    count === '0'
      ? texts.noStatements
      : html`${texts.noneOnStatementsPage} <a href="${statementLink('/statements', address)}">${texts.firstLines}</a>`;
  const body = html`<h1>${title}</h1>
    ${accountForm(answer, texts)}
    <p class="about"><span>${texts.currency(reseller.currency)}</span> <span>${texts.clockOf(reseller.time_zone)}</span></p>
    ${dueSection(answer, texts)} ${changedSection(answer, texts)}
    <section id="statements" aria-labelledby="statements-title">
      <h2 id="statements-title">${texts.issuedTitle}</h2>
      ${statements.length === 0 ? html`<p class="empty">${none}</p>` : list}
      ${pages(
        {
          page: address.page,
          each: ROWS,
          shown: statements.length,
          count,
          to: (page) => `${statementLink('/statements', address, { page })}#statements`,
          says: texts.statementsShown,
        },
        texts,
      )}
    </section>`;
  return page({ ...answer, title, body }, texts);
}

/**
 * What a statement says of itself, line by line.
 * @param {Statement} statement
 * @param {string} zone
 * @param {Texts} texts
 */
function facts(statement, zone, texts) {
  const { note, issued_at, issued_by, hash } = statement;
  /** @type {[string, Html | string][]} */
  const facts = [
    [texts.billedPeriod, `${texts.period(texts.moment(statement.period_from), texts.moment(statement.period_to))}, ${zone}`],
    [texts.state, stateOf(statement, texts)],
    [texts.issuedAt, texts.moment(issued_at)],
    [texts.issuedBy, html`<bdi>${issued_by}</bdi>`],
    ...(note === null ? [] : [/** @type {[string, Html]} */ ([texts.noteOf, html`<bdi>${note}</bdi>`])]),
    [texts.hash, html`<code>${hash}</code>`],
  ];
  return html`<dl class="facts">
    ${facts.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div> `,
    )}
  </dl>`;
}

/**
 * A heading or a cell of the columns that name a company and an item; these stay while the rest scrolls.
 * @param {{company_id: string, company_name: string, service: string, item: string}} row
 * @param {Html} between  the cells between the company and the service
 * @param {Texts} texts
 */
const names = ({ company_id, company_name, service, item }, between, texts) =>
  html`<td class="stays id"><bdi>${company_id}</bdi></td>
    <th scope="row" class="stays name"><bdi>${company_name}</bdi></th>
    ${between}
    <td class="word">${texts.serviceNames[service] ?? service}</td>
    <td class="word">${texts.itemName(item)}</td>`;

/**
 * The figures of a line, money first: where a screen is narrow, that stays in sight.
 * @type {['events' | 'delivered' | 'seconds' | 'price_to_twin' | 'price_to_reseller', Column['type']][]}
 */
const FIGURES = [
  ['price_to_twin', 'money'],
  ['price_to_reseller', 'money'],
  ['events', 'count'],
  ['delivered', 'count'],
  ['seconds', 'seconds'],
];

/** @type {(type: Column['type'], value: string, texts: Texts) => Html} */
const number = (type, value, texts) => {
  // Most lines are of no calls: no duration is a plain 0.
  if (/^[0.]+$/.test(value))
    return html`<td class="number nothing">${figure(type === 'seconds' ? 'count' : type, value, texts)}</td>`;
  return html`<td class="number">${figure(type, value, texts)}</td>`;
};

/**
 * @param {Address} address
 * @param {Statement} statement
 * @param {import('./statements.mjs').Line[]} lines
 * @param {string} count
 * @param {Texts} texts
 */
function linesTable(address, statement, lines, count, texts) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${texts.tableOf(texts.linesTitle)}">
    <table class="lines">
      <thead>
        <tr>
          <th scope="col" class="stays id">${texts.companyId}</th>
          <th scope="col" class="stays name">${texts.company}</th>
          <th scope="col">${texts.billedFor}</th>
          <th scope="col">${texts.service}</th>
          <th scope="col">${texts.item}</th>
          <th scope="col" class="number">${texts.toTwin}</th>
          <th scope="col" class="number">${texts.toReseller}</th>
          <th scope="col" class="number">${texts.eventCount}</th>
          <th scope="col" class="number">${texts.delivered}</th>
          <th scope="col" class="number">${texts.eventSeconds}</th>
        </tr>
      </thead>
      <tbody>
        ${lines.map((line) => {
          const { corrects } = line;
          const what =
            corrects === null
              ? texts.ownPeriod
              : html`<a href="${statementLink('/statement', address, { statement: corrects })}">${texts.corrects(corrects)}</a>`;
          return html`<tr>
            ${names(line, html`<td class="word">${what}</td>`, texts)}
            ${FIGURES.map(([figure, type]) => number(type, line[figure], texts))}
          </tr> `;
        })}
      </tbody>
      <tfoot>
        <tr>
          <td class="stays id"></td>
          <th scope="row" class="stays name">${texts.total} <small>${texts.totalOfLines(grouped(count, texts.marks))}</small></th>
          <td colspan="3"></td>
          <td class="number">${figure('money', statement.total_price_to_twin, texts)}</td>
          <td class="number">${figure('money', statement.total_price_to_reseller, texts)}</td>
          <td colspan="3"></td>
        </tr>
      </tfoot>
    </table>
  </div>`;
}

/**
 * One statement.
 * @param {Asked & {statement: Statement, lines: import('./statements.mjs').Line[], count: string,
 *   open: import('./statements.mjs').Open}} answer
 * @param {Texts} texts
 */
export function statementPage(answer, texts) {
  const { address, reseller, statement, lines, count, may } = answer;
  const title = texts.titleOf(statement.number, reseller.name);
  const isPaged = BigInt(count) > LINES;
  const canPrint = BigInt(count) <= MOST_LINES;
  const whole = canPrint
    ? html`<a href="${statementLink('/statement', address, { statement: statement.number, all: true })}">${texts.allLines}</a>`
    : html`<span>${texts.tooManyLines(grouped(MOST_LINES, texts.marks))}</span>`;
  const none =
    count === '0'
      ? texts.noLines
      : html`${texts.noneOnLinesPage}
          <a href="${statementLink('/statement', address, { statement: statement.number })}">${texts.firstLines}</a>`;
  const body = html`<h1>${title}</h1>
    <p class="back"><a href="${statementLink('/statements', address)}">${texts.toStatements}</a></p>
    ${statement.withdrawn_at !== null &&
    html`<p class="message withdrawn">
      <strong>${texts.withdrawn}.</strong>
      ${texts.withdrawnBecause(texts.moment(statement.withdrawn_at), statement.withdrawn_because ?? '')}
    </p>`}
    <section aria-labelledby="head-title">
      <h2 id="head-title">${periodOf(statement, texts)}</h2>
      ${tiles(
        [
          [texts.toTwin, statement.total_price_to_twin, statement.corrections_price_to_twin],
          [texts.toReseller, statement.total_price_to_reseller, statement.corrections_price_to_reseller],
        ],
        reseller.currency,
        texts,
      )}
      ${facts(statement, reseller.time_zone, texts)}
      ${may &&
      statement.withdrawn_at === null &&
      html`<p class="step">
        <a href="${statementLink('/withdraw', address, { statement: statement.number })}">${texts.withdraw}</a>
      </p>`}
    </section>
    ${changedSection({ ...answer, statement: statement.number }, texts)}
    <section id="lines" aria-labelledby="lines-title">
      <div class="title">
        <h2 id="lines-title">${texts.linesTitle}</h2>
        <a class="csv" href="${statementLink('/lines.csv', address, { statement: statement.number })}" download
          >${texts.linesCsv}</a
        >
      </div>
      ${lines.length === 0 ? html`<p class="empty">${none}</p>` : linesTable(address, statement, lines, count, texts)}
      ${isPaged &&
      !(address.all && canPrint) &&
      pages(
        {
          page: address.page,
          each: LINES,
          shown: lines.length,
          count,
          to: (page) => `${statementLink('/statement', address, { statement: statement.number, page })}#lines`,
          says: texts.linesShown,
          more: whole,
        },
        texts,
      )}
    </section>`;
  return page({ ...answer, title, body }, texts);
}

/**
 * What has changed since statements were issued: what was billed, what is true now, and the difference.
 * @param {Asked & {corrections: import('./statements.mjs').Correction[], open: import('./statements.mjs').Open}} answer
 * @param {Texts} texts
 */
export function changesPage(answer, texts) {
  const { address, reseller, corrections, open } = answer;
  const { statement } = address;
  const title = statement === '' ? texts.changesTitle(reseller.name) : texts.changesOfTitle(statement, reseller.name);
  const list = html`<div class="scroll" tabindex="0" role="region" aria-label="${texts.tableOf(texts.changes)}">
    <table class="changes">
      <thead>
        <tr>
          <th scope="col" class="stays id">${texts.companyId}</th>
          <th scope="col" class="stays name">${texts.company}</th>
          <th scope="col">${texts.statement}</th>
          <th scope="col">${texts.service}</th>
          <th scope="col">${texts.item}</th>
          ${FIGURES.map(([figure]) =>
            [texts.billed, texts.now, texts.difference].map(
              (of) => html`<th scope="col" class="number">${texts.changedFigures[figure]}, ${of}</th>`,
            ),
          )}
        </tr>
      </thead>
      <tbody>
        ${corrections.map((row) => {
          const to = statementLink('/statement', address, { statement: row.number });
          const between = html`<td class="word"><a href="${to}">${texts.numberOf(row.number)}</a></td>`;
          return html`<tr>
            ${names(/** @type {any} */ (row), between, texts)}
            ${FIGURES.map(([figure, type]) =>
              ['billed', 'now', 'difference'].map((of) => number(type, row[`${figure}_${of}`], texts)),
            )}
          </tr> `;
        })}
      </tbody>
    </table>
  </div>`;
  const none =
    open.rows === '0'
      ? texts.changedNothing
      : html`${texts.noneOnLinesPage} <a href="${statementLink('/changes', address, { statement })}">${texts.firstLines}</a>`;
  const body = html`<h1>${title}</h1>
    <p class="back">
      ${statement === ''
        ? html`<a href="${statementLink('/statements', address)}">${texts.toStatements}</a>`
        : html`<a href="${statementLink('/statement', address, { statement })}">${texts.toStatement(statement)}</a>`}
    </p>
    <section id="changes" aria-labelledby="changes-title">
      <div class="title">
        <h2 id="changes-title">${texts.changes}</h2>
        <a class="csv" href="${statementLink('/changes.csv', address, { statement })}" download>${texts.changesCsv}</a>
      </div>
      ${tiles(
        [
          [texts.differenceToTwin, open.price_to_twin_difference, ''],
          [texts.differenceToReseller, open.price_to_reseller_difference, ''],
        ],
        reseller.currency,
        texts,
      )}
      <p class="hint">${texts.changesAbout}</p>
      ${corrections.length === 0 ? html`<p class="empty">${none}</p>` : list}
      ${pages(
        {
          page: address.page,
          each: LINES,
          shown: corrections.length,
          count: open.rows,
          to: (page) => `${statementLink('/changes', address, { statement, page })}#changes`,
          says: texts.changesShown,
        },
        texts,
      )}
    </section>`;
  return page({ ...answer, title, body }, texts);
}

/**
 * The question before a statement is withdrawn, and the field for the reason.
 * @param {Asked & {statement: Statement}} answer
 * @param {Texts} texts
 */
export function withdrawPage(answer, texts) {
  const { address, reseller, statement, may } = answer;
  const title = texts.withdrawTitle(statement.number, reseller.name);
  const back = statementLink('/statement', address, { statement: statement.number });
  const question = html`<p>${texts.withdrawMeans}</p>
    <form class="write" method="post" action="/withdraw" aria-labelledby="withdraw-title">
      <input type="hidden" name="reseller" value="${address.reseller}" />
      <input type="hidden" name="statement" value="${statement.number}" />
      <label>${texts.because} <input name="because" required maxlength="${LONGEST_WORDS}" autocomplete="off" /></label>
      <button>${texts.withdrawNow(statement.number)}</button>
      <a href="${back}">${texts.keepIt}</a>
    </form>`;
  const says =
    statement.withdrawn_at !== null
      ? html`<p>${texts.withdrawnAlready(statement.number)}</p>`
      : may
        ? question
        : html`<p>${texts.mayNotIssue}</p>`;
  const body = html`<h1>${title}</h1>
    <p class="back"><a href="${back}">${texts.toStatement(statement.number)}</a></p>
    <section aria-labelledby="withdraw-title">
      <h2 id="withdraw-title">${periodOf(statement, texts)}</h2>
      ${tiles(
        [
          [texts.toTwin, statement.total_price_to_twin, statement.corrections_price_to_twin],
          [texts.toReseller, statement.total_price_to_reseller, statement.corrections_price_to_reseller],
        ],
        reseller.currency,
        texts,
      )}
      ${says}
    </section>`;
  return page({ ...answer, title, body }, texts);
}
