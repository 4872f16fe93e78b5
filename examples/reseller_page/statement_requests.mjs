// What is answered about statements: their pages, files of them, and the two forms that issue one and withdraw one.

import { link, readWords, Refused } from './address.mjs';
import { database, WRITE_TIME_LIMIT } from './context.mjs';
import { line, textField } from './csv.mjs';
import { redirect, send, sendFile, WITH_FORM } from './replies.mjs';
import * as report from './report.mjs';
import * as billing from './statements.mjs';
import { changesPage, statementLink, statementPage, statementsPage, withdrawPage } from './statements_page.mjs';
import { en as texts } from './texts/en.mjs';

/** @typedef {import('./context.mjs').Context} Context */
/** @typedef {import('./database.mjs').Reader} Reader */
/** @typedef {import('node:http').ServerResponse} Response */

/**
 * @param {Context} context
 * @param {Response} response
 */
async function showStatements(context, response) {
  const { user, address, signal } = context;
  if (address.reseller === '') {
    const accounts = await database.read(user.role, signal, report.accounts);
    if (accounts.length === 0) throw new Refused('reseller');
    return redirect(response, link('/statements', { ...address, reseller: accounts[0].id }));
  }
  const answer = await database.read(user.role, signal, async (reader) => {
    const asked = await context.beginStatements(reader);
    // What is sent later is of the month that is shown now.
    const at = await report.thisMinute(reader);
    const due = await billing.due(reader, { ...address, at });
    const open = await billing.open(reader, address);
    return { ...asked, address: { ...address, at }, due, open, ...(await billing.statements(reader, address)) };
  });
  send(response, 200, statementsPage(answer, texts), WITH_FORM);
}

/**
 * @param {Context} context
 * @param {Response} response
 */
async function showStatement(context, response) {
  const { user, address, signal } = context;
  const answer = await database.read(user.role, signal, async (reader) => {
    const asked = await context.beginStatements(reader);
    const statement = await billing.statement(reader, address);
    const open = await billing.open(reader, address);
    return { ...asked, statement, open, ...(await billing.lines(reader, address)) };
  });
  send(response, 200, statementPage(answer, texts));
}

/**
 * @param {Context} context
 * @param {Response} response
 */
async function showChanges(context, response) {
  const { user, address, signal } = context;
  const answer = await database.read(user.role, signal, async (reader) => {
    const asked = await context.beginStatements(reader);
    if (address.statement !== '') await billing.statement(reader, address);
    return { ...asked, open: await billing.open(reader, address), corrections: await billing.corrections(reader, address) };
  });
  send(response, 200, changesPage(answer, texts));
}

/**
 * @param {Context} context
 * @param {Response} response
 */
async function askToWithdraw(context, response) {
  const { user, address, signal } = context;
  const answer = await database.read(user.role, signal, async (reader) => {
    const asked = await context.beginStatements(reader);
    return { ...asked, statement: await billing.statement(reader, address) };
  });
  send(response, 200, withdrawPage(answer, texts), WITH_FORM);
}

/**
 * @param {Context} context
 * @param {Response} response
 */
function sendLines(context, response) {
  const { address } = context;
  const begin = async (/** @type {Reader} */ reader) => {
    await context.beginStatements(reader);
    return billing.statement(reader, address);
  };
  const name = () => `statement_${address.reseller}_${address.statement}`;
  return sendFile(context, response, begin, name, async function* (reader) {
    let text = line([
      texts.companyId,
      texts.company,
      texts.correctsNumber,
      texts.service,
      texts.item,
      texts.eventCount,
      texts.delivered,
      texts.secondsOf,
      texts.toTwin,
      texts.toReseller,
    ]);
    for await (const lines of billing.allLines(reader, address)) {
      for (const row of lines)
        text += line([
          row.company_id,
          textField(row.company_name),
          row.corrects ?? '',
          textField(texts.serviceNames[row.service] ?? row.service),
          textField(texts.itemName(row.item)),
          row.events,
          row.delivered,
          row.seconds,
          row.price_to_twin,
          row.price_to_reseller,
        ]);
      yield text;
      text = '';
    }
    if (text !== '') yield text;
  });
}

/**
 * @param {Context} context
 * @param {Response} response
 */
function sendChanges(context, response) {
  const { address } = context;
  const begin = async (/** @type {Reader} */ reader) => {
    await context.beginStatements(reader);
    if (address.statement !== '') await billing.statement(reader, address);
  };
  const name = () => ['changes', address.reseller, address.statement].filter((part) => part !== '').join('_');
  return sendFile(context, response, begin, name, async function* (reader) {
    let text = line([
      texts.statement,
      texts.companyId,
      texts.company,
      texts.service,
      texts.item,
      ...Object.values(texts.changedFigures).flatMap((figure) =>
        [texts.billed, texts.now, texts.difference].map((of) => textField(`${figure}, ${of}`)),
      ),
    ]);
    for await (const corrections of billing.allCorrections(reader, address)) {
      for (const row of corrections)
        text += line([
          row.number,
          row.company_id,
          textField(row.company_name),
          textField(texts.serviceNames[row.service] ?? row.service),
          textField(texts.itemName(row.item)),
          ...Object.keys(texts.changedFigures).flatMap((figure) =>
            ['billed', 'now', 'difference'].map((of) => row[`${figure}_${of}`]),
          ),
        ]);
      yield text;
      text = '';
    }
    if (text !== '') yield text;
  });
}

/**
 * Issues the statement of last month, as of the moment at which the form was shown.
 * @param {Context} context
 * @param {Response} response
 * @param {URLSearchParams} form
 */
async function issue(context, response, form) {
  const { user, address, signal } = context;
  if (address.at === '') throw new Refused('moment');
  const note = readWords(form, 'note');
  const work = async (/** @type {Reader} */ reader) => {
    await context.beginStatements(reader);
    return billing.issue(reader, address, note);
  };
  const statement = await database.write(user.role, signal, work, WRITE_TIME_LIMIT);
  redirect(response, statementLink('/statement', address, { statement }));
}

/**
 * @param {Context} context
 * @param {Response} response
 * @param {URLSearchParams} form
 */
async function withdraw(context, response, form) {
  const { user, address, signal } = context;
  const because = readWords(form, 'because');
  if (because === '') throw new Refused('because');
  const work = async (/** @type {Reader} */ reader) => {
    await context.beginStatements(reader);
    return billing.withdraw(reader, address, because);
  };
  await database.write(user.role, signal, work, WRITE_TIME_LIMIT);
  redirect(response, statementLink('/statement', address, { statement: address.statement }));
}

/** @type {import('./report_requests.mjs').Pages} */
export const statementPages = {
  '/statements': showStatements,
  '/statement': showStatement,
  '/changes': showChanges,
  '/withdraw': askToWithdraw,
  '/lines.csv': sendLines,
  '/changes.csv': sendChanges,
};

/** @type {Record<string, (context: Context, response: Response, form: URLSearchParams) => Promise<void>>} */
export const statementForms = { '/issue': issue, '/withdraw': withdraw };
