// Statements in a browser: issued, read, changed since, withdrawn, printed. Their figures are held against plain SQL over the raw
// usage tables, which knows nothing of the extension's functions, and against the views of statements.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  artefact,
  assertAccessible,
  database,
  LOOKS,
  month,
  open,
  origin,
  parseCsv,
  plain,
  request,
  rows,
  signIn,
  tickets,
  until,
  value,
} from './site.mjs';

/** @typedef {import('playwright-core').Page} Page */

const micros = (/** @type {string} */ money) => BigInt(plain(money).replace('.', ''));

/**
 * The body of a table as the database would write it.
 * @param {Page} page
 * @param {string} table
 * @returns {Promise<string[][]>}
 */
async function cells(page, table) {
  const texts = await page
    .locator(`table.${table} tbody tr`)
    .evaluateAll((trs) =>
      trs.map((tr) => [...tr.querySelectorAll('td, th')].map((cell) => (cell.querySelector('small') ?? cell).textContent ?? '')),
    );
  return texts.map((row) =>
    row.map((text) => (/^\s*[-\u2212\d.,]+( s)?\s*$/.test(text) ? plain(text.replace(/ s$/, '')) : text.trim())),
  );
}

/**
 * The lines of a page, in order: company, what it is billed for, prices, events.
 * @param {Page} page
 */
const lines = async (page) => (await cells(page, 'lines')).map(([id, , what, , item, ...rest]) => [id, what, item, ...rest]);

/** What the page calls an item, by its service and the database's name of it. */
const ITEM = `CASE item WHEN 'sms' THEN 'SMS' WHEN 'outgoing_call' THEN 'Outgoing call' WHEN 'incoming_call' THEN 'Incoming call'
    WHEN 'billable' THEN 'Billable message' WHEN 'free' THEN 'Free message'
    ELSE CASE WHEN service = 'chat' THEN initcap(split_part(item, '_', 1)) || ' message'
        || CASE WHEN item LIKE '%_alice' THEN ', Alice' ELSE '' END ELSE initcap(item) END END`;

/** All lines of a statement, as the view has them and the page should show them. */
const linesInDatabase = async (/** @type {number} */ reseller, /** @type {number} */ statement) =>
  (
    await rows(
      `SELECT ARRAY[company_id::text, CASE WHEN corrects IS NULL THEN 'This period' ELSE 'Corrects statement ' || corrects END,
          ${ITEM}, price_to_twin::text, price_to_reseller::text, events::text, delivered::text, seconds::text] AS line
      FROM reseller_report.statement_lines
      WHERE statement_id = (SELECT id FROM reseller_report.statements WHERE reseller_id = $1 AND number = $2)`,
      [reseller, statement],
    )
  ).map(({ line }) => line);

/** The month of a statement, as SQL knows it, and its raw usage by company and item. */
const LAST_MONTH = `(SELECT (date_trunc('month', now() AT TIME ZONE z) - interval '1 month') AT TIME ZONE z AS f,
    date_trunc('month', now() AT TIME ZONE z) AT TIME ZONE z AS t FROM (SELECT time_zone AS z FROM reseller_report.company
    WHERE company_id = $1) AS zone) AS month`;

/** What is sent as the form of the page would be. */
const post = (
  /** @type {string} */ path,
  /** @type {string} */ cookie,
  /** @type {Record<string, string>} */ fields,
  headers = {},
) =>
  request(path, {
    cookie,
    method: 'POST',
    headers: { origin, 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: String(new URLSearchParams(fields)),
  });

const count = async (/** @type {number} */ reseller) =>
  Number(await value('SELECT count(*) FROM reseller_report.statements WHERE reseller_id = $1', [reseller]));

const LAST_MONTH_DAYS = await value(
  `SELECT to_char(d - interval '1 month', 'FMDD Mon YYYY') || ' to ' || to_char(d - interval '1 day', 'FMDD Mon YYYY')
  FROM date_trunc('month', now() AT TIME ZONE 'Europe/Moscow') AS d`,
);

test('the menu leads to the statements: the list, what is due, and what has changed, as the database has it', async () => {
  const { page, done } = await open(tickets.headOffice);
  await page.getByRole('link', { name: 'Statements', exact: true }).first().click();
  await page.waitForURL(/\/statements\?reseller=1$/);
  assert.equal(await page.title(), 'Northern Lights Telecom: Statements');
  assert.equal(await page.locator('.side [aria-current=page]').innerText(), 'Statements');
  const should = await rows(
    `SELECT number, total_price_to_twin, total_price_to_reseller, hash, coalesce(note, '') AS note FROM reseller_report.statements
    WHERE reseller_id = 1 ORDER BY number DESC`,
  );
  assert.equal(should.length, 2);
  const shown = await cells(page, 'statements');
  assert.deepEqual(
    shown.map(([number, , state, twin, reseller, , note, hash]) => [number, state, twin, reseller, note, hash]),
    should.map((s) => [s.number, 'In force', s.total_price_to_twin, s.total_price_to_reseller, s.note, s.hash]),
  );
  assert.match(await page.locator('#issue').innerText(), new RegExp(`Last month is ${LAST_MONTH_DAYS}. It is not billed yet.`));
  // What is billed and what is open come to the raw usage of the periods.
  const raw = await rows(
    `SELECT sum(price_twin) AS twin, sum(price_reseller) AS reseller FROM oracle_usage.priced u JOIN reseller_report.statements s
        ON s.reseller_id = u.reseller_id AND u.occurred_at >= s.period_from AND u.occurred_at < s.period_to
    WHERE u.reseller_id = 1`,
  );
  const openMoney = await page.locator('#changed .totals dd').allInnerTexts();
  for (const [i, name] of [
    [0, 'twin'],
    [1, 'reseller'],
  ]) {
    const billed = shown.reduce((all, row) => all + micros(row[3 + Number(i)]), 0n);
    const difference = micros(openMoney[Number(i)].replace(/RUB[^]*/, ''));
    assert.notEqual(difference, 0n);
    assert.equal(billed + difference, micros(raw[0][name]), String(name));
  }
  // Another account, and the link that is sent.
  await page.getByLabel('Reseller account').selectOption('Prairie Voice');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/statements\?reseller=3/);
  assert.match(await page.locator('main').innerText(), /There are no statements yet/);
  await done();
});

test('what has changed: billed, now and the difference, of all statements and of one, on the page and in the file', async () => {
  const { page, done } = await open(tickets.northernLights);
  await page.goto(`${origin}/statements?reseller=1`);
  await page.getByRole('link', { name: 'See what has changed' }).click();
  await page.waitForURL(/\/changes\?reseller=1$/);
  const figures = ['price_to_twin', 'price_to_reseller', 'events', 'delivered', 'seconds']
    .flatMap((figure) => ['billed', 'now', 'difference'].map((of) => `${figure}_${of}::text`))
    .join(', ');
  const should = async (/** @type {string} */ number) =>
    (
      await rows(
        `SELECT ARRAY[company_id::text, company_name, 'Statement ' || number, ${ITEM}, ${figures}] AS line
        FROM reseller_report.open_corrections(1) WHERE $1 = '' OR number = nullif($1, '')::bigint`,
        [number],
      )
    ).map(({ line }) => line);
  const shown = async () => (await cells(page, 'changes')).map((row) => row.filter((_, i) => i !== 3));
  assert.ok((await should('')).length > 0);
  assert.deepEqual(await shown(), await should(''));
  await page.getByRole('link', { name: 'Statement 2' }).first().click();
  await page.waitForURL(/\/statement\?reseller=1&statement=2$/);
  await page.getByRole('link', { name: 'See what has changed' }).click();
  await page.waitForURL(/\/changes\?reseller=1&statement=2$/);
  assert.deepEqual(await shown(), await should('2'));
  await done();

  const cookie = await signIn(tickets.northernLights);
  const file = await request('/changes.csv?reseller=1', { cookie });
  assert.match(String(file.headers['content-disposition']), /filename="changes_1\.csv"/);
  const [heading, ...fileLines] = parseCsv(file.text);
  assert.equal(heading.slice(0, 6).join('|'), 'Statement|Id|Name|Service|What|Messages or calls, billed');
  assert.deepEqual(
    fileLines.map((row) => [row[0], row[1], row[19]]),
    (await rows('SELECT * FROM reseller_report.open_corrections(1)')).map((row) => [
      row.number,
      row.company_id,
      row.price_to_reseller_difference,
    ]),
  );
});

const NOTE = `<script>alert(1)</script> '); DROP TABLE reseller_report.statement CASCADE; --`;

test('last month is issued once: its lines are the raw usage, then the corrections, and the days are billed', async () => {
  const { page, done } = await open(tickets.headOffice);
  const late = await open(tickets.headOffice);
  const corrections = await rows('SELECT * FROM reseller_report.open_corrections(1)');
  await late.page.goto(`${origin}/statements?reseller=1`);
  await page.goto(`${origin}/?reseller=1&${month}`);
  assert.match(await page.locator('.billed').innerText(), /^Billed so far: .+\. None of this period is billed\. Statements$/);
  await page.goto(`${origin}/statements?reseller=1`);
  await page.getByLabel('Note on the statement').fill(NOTE);
  await page.getByRole('button', { name: 'Issue the statement' }).click();
  await page.waitForURL(/\/statement\?reseller=1&statement=3$/);
  assert.equal(await page.locator('h1').innerText(), 'Statement 3 of Northern Lights Telecom');
  assert.ok((await page.locator('.facts').innerText()).includes(NOTE), 'the note is a text');
  assert.match(await page.locator('.facts').innerText(), /Issued by\s+page_head_office/);
  assert.match(await page.locator('#changed').innerText(), /Nothing has changed/);

  const all = await linesInDatabase(1, 3);
  assert.ok(all.length > 100, `${all.length} lines`);
  assert.deepEqual(await lines(page), all.slice(0, 100));
  await page.getByRole('link', { name: 'Next page' }).click();
  await page.waitForURL(/page=2/);
  assert.deepEqual(await lines(page), all.slice(100));
  await page.getByRole('link', { name: 'All lines on one page' }).click();
  await page.waitForURL(/all=1/);
  const shown = await lines(page);
  assert.deepEqual(shown, all);

  const raw = await rows(
    `SELECT company_id, ${ITEM} AS item, sum(price_twin) AS twin, sum(price_reseller) AS reseller, count(*) AS events
    FROM oracle_usage.priced, ${LAST_MONTH} WHERE reseller_id = $1 AND occurred_at >= f AND occurred_at < t
    GROUP BY company_id, service, item`,
    [1],
  );
  const own = shown.filter(([, what]) => what === 'This period');
  const line = (/** @type {string[]} */ [id, , item, twin, reseller, events]) => [id, item, twin, reseller, events].join('|');
  assert.deepEqual(
    own.map(line).sort(),
    raw.map((row) => [row.company_id, row.item, row.twin, row.reseller, row.events].join('|')).sort(),
  );
  assert.deepEqual(
    shown.slice(own.length).map(([id, what, , twin, reseller, events]) => [id, what, twin, reseller, events]),
    corrections.map((row) => [
      row.company_id,
      `Corrects statement ${row.number}`,
      row.price_to_twin_difference,
      row.price_to_reseller_difference,
      row.events_difference,
    ]),
  );
  const [twin, reseller] = (await page.locator('table.lines tfoot td.number').allInnerTexts()).map(micros);
  assert.equal(
    twin,
    shown.reduce((sum, row) => sum + micros(row[3]), 0n),
  );
  assert.equal(
    reseller,
    shown.reduce((sum, row) => sum + micros(row[4]), 0n),
  );

  // Again: the page has nothing to press any more; a page that was open before is refused.
  await page.getByRole('link', { name: 'Back to all statements' }).click();
  await page.waitForURL(/statements\?reseller=1/);
  assert.match(await page.locator('#issue').innerText(), /It is billed by statement 3\. There is nothing to do\./);
  assert.equal(await page.getByRole('button', { name: 'Issue the statement' }).count(), 0);
  await late.page.getByRole('button', { name: 'Issue the statement' }).click();
  await late.page.locator('[role=alert]').waitFor();
  assert.match(await late.page.locator('[role=alert]').innerText(), /is billed already by statement 3.*Nothing was issued/s);
  await late.page.getByRole('link', { name: 'Statement 3' }).click();
  await late.page.waitForURL(/statement=3/);
  assert.equal(await count(1), 3);

  // The report's form says it, too.
  await page.goto(`${origin}/?reseller=1&${month}`);
  assert.match(await page.locator('.billed').innerText(), /All of this period is billed/);
  const said = await value(
    `SELECT to_char(min(period_from) AT TIME ZONE 'Europe/Moscow', 'FMDD Mon YYYY') || ' to ' ||
        to_char(max(period_to) AT TIME ZONE 'Europe/Moscow' - interval '1 day', 'FMDD Mon YYYY')
    FROM reseller_report.statements WHERE reseller_id = 1`,
  );
  assert.ok((await page.locator('.billed').innerText()).includes(`Billed so far: ${said}.`), 'days next to each other are one');
  await page.goto(`${origin}/?reseller=1&from=2025-01-01T00:00&to=2199-01-01T00:00`);
  assert.match(await page.locator('.billed').innerText(), /Only a part of this period is billed/);
  await page.goto(`${origin}/?reseller=3&${month}`);
  assert.match(await page.locator('.billed').innerText(), /^Nothing is billed so far\./);
  await late.done();
  await done();
});

test('CSV of the lines is exact, whole, and no formula', async () => {
  const cookie = await signIn(tickets.northernLights);
  const file = await request('/lines.csv?reseller=1&statement=3', { cookie });
  assert.equal(file.status, 200);
  assert.match(String(file.headers['content-type']), /^text\/csv/);
  assert.match(String(file.headers['content-disposition']), /^attachment; filename="statement_1_3\.csv"$/);
  const [heading, ...fileLines] = parseCsv(file.text);
  assert.equal(
    heading.join('|'),
    'Id|Name|Corrects statement|Service|What|Messages or calls|Delivered|Duration (seconds)|Price to Twin|Price to reseller',
  );
  const should = await rows(
    `SELECT company_id, company_name, coalesce(corrects::text, '') AS corrects, events, delivered, seconds, price_to_twin,
        price_to_reseller
    FROM reseller_report.statement_lines
    WHERE statement_id = (SELECT id FROM reseller_report.statements WHERE reseller_id = 1 AND number = 3)`,
  );
  assert.deepEqual(
    fileLines.map((row) => row.filter((_, i) => i !== 3 && i !== 4)),
    should.map((row) => Object.values(row).map((text, i) => (i === 1 && text.startsWith('=') ? `'${text}` : text))),
  );
  assert.ok(fileLines.some((row) => row[1].startsWith("'=HYPERLINK")));
});

test('who has no right to issue reads statements, and is told so', async () => {
  const { page, done } = await open(tickets.bharat);
  await page.goto(`${origin}/statements?reseller=2`);
  assert.match(await page.locator('#issue').innerText(), /You may read statements, but not issue them/);
  assert.equal(await page.getByRole('button', { name: 'Issue' }).count(), 0);
  await page.locator('table.statements a').first().click();
  await page.waitForURL(/statement=2/);
  assert.equal(await page.getByRole('link', { name: /Withdraw/ }).count(), 0);
  await page.goto(`${origin}/withdraw?reseller=2&statement=2`);
  assert.match(await page.locator('main').innerText(), /You have no right to issue or withdraw statements/);
  await done();
  const cookie = await signIn(tickets.bharat);
  const at = '2026-11-27T00:00Z';
  for (const [path, fields] of /** @type {[string, Record<string, string>][]} */ ([
    ['/issue', { at }],
    ['/withdraw', { statement: '2', because: 'x' }],
  ])) {
    const own = await post(path, cookie, { reseller: '2', ...fields });
    assert.equal(own.status, 403, path);
    assert.match(own.text, /You have no right to issue or withdraw/);
    const other = await post(path, cookie, { reseller: '1', ...fields });
    assert.equal(other.status, 403, path);
    assert.match(other.text, /You have no right to see reseller 1/);
    assert.doesNotMatch(other.text, /Northern/);
  }
  assert.equal(await count(2), 2);
});

test('a statement is withdrawn in two steps, with a reason; its days can be billed again; all without script', async () => {
  const { page, done } = await open(tickets.headOffice, { javaScriptEnabled: false });
  await page.goto(`${origin}/statement?reseller=1&statement=3`);
  await page.getByRole('link', { name: 'Withdraw this statement' }).click();
  await page.waitForURL(/\/withdraw\?reseller=1&statement=3$/);
  assert.match(await page.locator('main').innerText(), /This cannot be undone/);
  await page.getByRole('link', { name: 'Keep it' }).click();
  await page.waitForURL(/\/statement\?/);
  await page.goBack();
  // Without a reason the browser does not send the form. Blanks are none.
  await page.getByRole('button', { name: 'Withdraw statement 3' }).click();
  assert.match(page.url(), /\/withdraw\?/);
  await page.getByLabel('Reason').fill('   ');
  await page.getByRole('button', { name: 'Withdraw statement 3' }).click();
  assert.match(await page.locator('[role=alert]').innerText(), /Say why the statement is withdrawn/);
  assert.equal(await value('SELECT count(*) FROM reseller_report.statements WHERE withdrawn_at IS NOT NULL'), '0');
  await page.goBack();
  await page.getByLabel('Reason').fill('sent to <b>the wrong</b> address');
  await page.getByRole('button', { name: 'Withdraw statement 3' }).click();
  await page.waitForURL(/\/statement\?reseller=1&statement=3$/);
  assert.match(await page.locator('.withdrawn').innerText(), /counts no more. Reason: sent to <b>the wrong<\/b> address/);
  assert.equal(await page.getByRole('link', { name: 'Withdraw this statement' }).count(), 0);
  await page.goto(`${origin}/withdraw?reseller=1&statement=3`);
  assert.match(await page.locator('main').innerText(), /Statement 3 was withdrawn already/);
  const again = await post('/withdraw', await signIn(tickets.headOffice), { reseller: '1', statement: '3', because: 'again' });
  assert.equal(again.status, 409);
  assert.match(again.text, /Statement 3 was withdrawn already/);

  await page.goto(`${origin}/?reseller=1&${month}`);
  assert.match(await page.locator('.billed').innerText(), /None of this period is billed/);
  await page.goto(`${origin}/statements?reseller=1`);
  assert.match((await cells(page, 'statements'))[0][2], /^Withdrawn at /);
  await page.getByRole('button', { name: 'Issue the statement' }).click();
  await page.waitForURL(/statement=4/);
  assert.equal(await value('SELECT count(*) FROM reseller_report.open_corrections(1)'), '0');
  assert.equal(await value('SELECT count(*) FROM reseller_report.verify_statements(1)'), '0');
  await done();
});

test('where there is nothing to bill, nothing is issued; a month that is not over is not billed', async () => {
  await rows("INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (8, 'Nobody & Co', true)");
  await rows("SELECT reseller_report.grant_access('page_head_office', 8)");
  const { page, done } = await open(tickets.headOffice);
  await page.goto(`${origin}/statements?reseller=8`);
  await page.getByRole('button', { name: 'Issue the statement' }).click();
  await page.locator('[role=alert]').waitFor();
  assert.match(await page.locator('[role=alert]').innerText(), /there is nothing to bill, and nothing was issued/);
  await page.getByRole('link', { name: 'To the statements' }).click();
  await page.waitForURL(/statements\?reseller=8/);
  assert.equal(await count(8), 0);
  await done();
  const cookie = await signIn(tickets.headOffice);
  const early = await post('/issue', cookie, { reseller: '3', at: '2190-01-01T00:00Z' });
  assert.equal(early.status, 409);
  assert.match(early.text, /not over yet/);
  assert.equal((await post('/issue', cookie, { reseller: '3' })).status, 400, 'no moment');
  assert.equal((await post('/issue', cookie, { reseller: '3', at: '2026-11-01T00:00Z', note: 'x'.repeat(501) })).status, 400);
  assert.equal((await post('/withdraw', cookie, { reseller: '3', statement: '1', because: 'x' })).status, 404, 'no statement');
  assert.equal(await count(3), 0);
});

test('many statements come in pages, and the stretches that they bill are told with the last ones first kept', async () => {
  // Quarter hours with a gap after each, and no usage.
  await rows(
    `SELECT reseller_report.issue_statement(8, t, t + interval '15 minutes')
    FROM generate_series(timestamptz '2026-01-01 00:00+00', '2026-01-03 06:00+00', '1 hour') t`,
  );
  const { page, done } = await open(tickets.headOffice);
  await page.goto(`${origin}/statements?reseller=8`);
  assert.match(await page.locator('.pages').innerText(), /Statements 1 to 50 of 55/);
  assert.equal((await cells(page, 'statements'))[0][0], '55');
  await page.getByRole('link', { name: 'Next page' }).click();
  await page.waitForURL(/page=2/);
  assert.deepEqual(
    (await cells(page, 'statements')).map(([number]) => number),
    ['5', '4', '3', '2', '1'],
  );
  await page.goto(`${origin}/statements?reseller=8&page=3`);
  assert.match(await page.locator('main').innerText(), /beyond the last statement/);
  await page.goto(`${origin}/?reseller=8&from=2026-01-03T06:00&to=2026-01-03T06:15`);
  assert.match(
    await page.locator('.billed').innerText(),
    /Billed so far: 3 Jan 2026, 01:00 to 3 Jan 2026, 01:15; .*; 3 Jan 2026, 06:00 to 3 Jan 2026, 06:15; and 49 earlier\. All of/,
  );
  await page.goto(`${origin}/statement?reseller=8&statement=55`);
  assert.match(await page.locator('#lines').innerText(), /This statement has no lines/);
  await rows("SELECT reseller_report.revoke_access('page_head_office', 8)");
  await done();
});

test('a statement of thousands of lines has pages, and a file; the page says that it is too long to print', async () => {
  await rows("INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (7, 'Multitude', true)");
  await rows("SELECT reseller_report.grant_access('page_head_office', 7)");
  await rows(
    "INSERT INTO reseller_report.company (company_id, name) SELECT 200000 + n, 'Of many ' || n FROM generate_series(1, 2600) n",
  );
  await rows(
    'INSERT INTO reseller_report.dependency (reseller_id, company_id) SELECT 7, 200000 + n FROM generate_series(1, 2600) n',
  );
  await rows(
    `INSERT INTO usage.bot_message (company_id, billable, occurred_at, price_twin)
    SELECT 200000 + n, b, date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 day', 0.000001
    FROM generate_series(1, 2600) n, unnest(ARRAY[true, false]) b`,
  );
  const { page, done } = await open(tickets.headOffice);
  await page.goto(`${origin}/statements?reseller=7`);
  await page.getByRole('button', { name: 'Issue the statement' }).click();
  await page.waitForURL(/statement=1/);
  assert.match(await page.locator('.pages').innerText(), /Lines 1 to 100 of 5,200.*too many to print/s);
  assert.equal((await page.locator('table.lines tfoot').innerText()).includes('0.005200'), true);
  await page.goto(`${origin}/statement?reseller=7&statement=1&all=1&page=52`);
  assert.equal((await lines(page)).length, 100, 'a page, whatever was asked for');
  assert.equal((await lines(page)).at(-1)?.[0], '202600');
  await done();
  const file = await request('/lines.csv?reseller=7&statement=1', { cookie: await signIn(tickets.headOffice) });
  assert.equal(parseCsv(file.text).length, 5201);
  await rows('DELETE FROM usage.bot_message WHERE company_id > 200000');
  await rows("SELECT reseller_report.revoke_access('page_head_office', 7)");
});

test('each error about statements has a page that says what to do', async () => {
  const { page, done } = await open(tickets.northernLights);
  const visit = async (/** @type {string} */ path) => {
    const response = await page.goto(origin + path);
    return `${response?.status()} ${await page.locator('[role=alert]').innerText()}`;
  };
  for (const path of ['/statements?', '/statement?statement=1&', '/changes?', '/withdraw?statement=1&']) {
    assert.match(await visit(`${path}reseller=2`), /^403 You have no right to see reseller 2/, path);
    assert.match(await visit(`${path}reseller=424242`), /^403 /, path);
  }
  for (const path of ['/lines.csv?statement=1&', '/changes.csv?']) assert.match(await visit(`${path}reseller=2`), /^403 /, path);
  assert.match(await visit('/statement?reseller=1&statement=99'), /^404 There is no such statement/);
  assert.match(await visit('/statement?reseller=1&statement=first'), /^404 There is no such statement/);
  assert.match(await visit('/statement?reseller=1'), /^404 There is no such statement/);
  assert.match(await visit('/changes?reseller=1&statement=99'), /^404 There is no such statement/);
  assert.match(await visit('/statement?statement=1'), /^400 The address names no reseller account/);
  await page.getByRole('link', { name: 'To the statements' }).click();
  await page.waitForURL(/\/statements\?reseller=1$/);
  await done();
});

for (const [name, options] of LOOKS)
  test(`axe-core finds nothing on the statements: ${name}`, async () => {
    const { page, done } = await open(tickets.headOffice, { ...options, bypassCSP: true });
    for (const [file, path] of [
      ['statements', '/statements?reseller=2'],
      ['statement', '/statement?reseller=1&statement=3'],
      ['changes', '/changes?reseller=2'],
      ['withdraw', '/withdraw?reseller=1&statement=2'],
      ['', '/statements?reseller=3'],
      ['', '/statement?reseller=1&statement=99'],
    ]) {
      await page.goto(origin + path);
      await assertAccessible(page);
      if (file !== '') await page.screenshot({ path: artefact(`${file}-${name}.png`), fullPage: name !== 'light' });
    }
    await done();
  });

test('the keyboard issues and withdraws, and what has the focus is seen', async () => {
  const { page, done } = await open(tickets.headOffice);
  await page.goto(`${origin}/statements?reseller=2`);
  const outline = () =>
    page.evaluate(() => {
      const style = getComputedStyle(/** @type {Element} */ (document.activeElement));
      return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    });
  await page.getByLabel('Note on the statement').focus();
  assert.ok(await outline());
  await page.keyboard.type('typed');
  await page.keyboard.press('Tab');
  assert.ok(await outline());
  await page.keyboard.press('Enter');
  await page.waitForURL(/statement=3/);
  await page.getByRole('link', { name: 'Withdraw this statement' }).focus();
  assert.ok(await outline());
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/withdraw/);
  await page.getByLabel('Reason').focus();
  await page.keyboard.type('typed as well');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/statement\?/);
  assert.match(await page.locator('.withdrawn').innerText(), /typed as well/);
  await done();
});

test('on paper a statement is whole: head, lines, total and hash, and nothing to click', async () => {
  const { page, done } = await open(tickets.northernLights);
  await page.goto(`${origin}/statement?reseller=1&statement=3&all=1`);
  await page.emulateMedia({ media: 'print' });
  for (const selector of ['.side', '.back', '.csv', '.since']) assert.ok(await page.locator(selector).first().isHidden(), selector);
  for (const selector of ['h1', '.withdrawn', '.totals', '.facts code', 'table.lines tfoot'])
    assert.ok(await page.locator(selector).first().isVisible(), selector);
  const pdf = await page.pdf({ path: artefact('statement-print.pdf'), preferCSSPageSize: true });
  assert.ok(pdf.length > 10_000);
  await page.setViewportSize({ width: Math.floor((277 / 25.4) * 96), height: 700 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(wide, 0);
  await page.screenshot({ path: artefact('statement-print.png') });
  await page.goto(`${origin}/statements?reseller=1`);
  for (const selector of ['.side', '#issue']) assert.ok(await page.locator(selector).first().isHidden(), selector);
  await done();
});

test('only a form of the page itself changes anything', async () => {
  const cookie = await signIn(tickets.headOffice);
  const before = await count(3);
  const fields = { reseller: '3', at: new Date().toISOString().slice(0, 16) + 'Z' };
  for (const headers of [
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: '' },
    { origin: `${origin}.evil.example` },
    { origin: `http://127.0.0.1:1` },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]) {
    const { status, text } = await post('/issue', cookie, fields, headers);
    assert.equal(status, 403, JSON.stringify(headers));
    assert.match(text, /not sent from a page of this site/);
  }
  assert.equal((await post('/issue', cookie, fields, { 'content-type': 'text/plain' })).status, 413);
  assert.equal((await post('/issue', cookie, { ...fields, note: 'x'.repeat(20_000) })).status, 413);
  assert.equal((await post('/issue', '', fields)).status, 401);
  assert.equal((await request(`/issue?${new URLSearchParams(fields)}`, { cookie })).status, 404, 'a link issues nothing');
  assert.equal((await request('/withdraw?reseller=1&statement=1&because=x', { cookie })).status, 200, 'a link asks first');
  assert.equal((await post('/statements', cookie, fields)).status, 405);
  assert.equal(await count(3), before);
  assert.equal(await value('SELECT count(*) FROM reseller_report.statements WHERE number = 1 AND withdrawn_at IS NOT NULL'), '0');
});

test('of several who issue the same month at once, one does', async () => {
  const cookie = await signIn(tickets.headOffice);
  const fields = { reseller: '3', at: new Date().toISOString().slice(0, 16) + 'Z' };
  const answers = await Promise.all(Array.from({ length: 4 }, () => post('/issue', cookie, fields)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 409, 409, 409]);
  const issued = answers.find(({ status }) => status === 303);
  assert.equal(issued?.headers.location, '/statement?reseller=3&statement=1');
  for (const { text } of answers.filter(({ status }) => status === 409)) assert.match(text, /is billed already by statement 1/);
  assert.equal(await count(3), 1);
});

test('who leaves while a statement is issued leaves no query behind, and nothing is issued', async () => {
  const cookie = await signIn(tickets.headOffice);
  const waiting = () => value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'reseller_page' AND wait_event_type = 'Lock'");
  const before = await count(2);
  const holder = await database.connect();
  try {
    await holder.query('BEGIN');
    await holder.query(`SELECT reseller_report.issue_statement(2, '2026-01-01 00:00+00', '2026-01-01 00:15+00')`);
    const gone = new AbortController();
    const body = new URLSearchParams({ reseller: '2', at: new Date().toISOString().slice(0, 16) + 'Z' });
    const sent = fetch(`${origin}/issue`, { method: 'POST', headers: { cookie, origin }, body, signal: gone.signal });
    sent.catch(() => {});
    await until('it waits for its turn', async () => (await waiting()) === '1');
    gone.abort();
    await until('it is cancelled', async () => (await waiting()) === '0');
  } finally {
    await holder.query('ROLLBACK');
    holder.release();
  }
  assert.equal(await count(2), before);
});

test('SQL in every field of the statements is a text, or refused', async () => {
  const cookie = await signIn(tickets.headOffice);
  const before = await value('SELECT count(*) FROM reseller_report.statements');
  const texts = [
    "'; DROP TABLE reseller_report.company CASCADE; --",
    '1) OR (1=1',
    '$1',
    '\\',
    '\u0000',
    '\ud800',
    '-1',
    '1e9',
    '{}',
  ];
  for (const text of texts) {
    for (const path of ['/statements', '/statement', '/changes', '/withdraw', '/lines.csv', '/changes.csv'])
      for (const field of ['reseller', 'statement', 'page', 'all', 'at']) {
        const query = new URLSearchParams({ reseller: '1', statement: '1', [field]: text });
        const { status } = await request(`${path}?${query}`, { cookie });
        assert.ok([200, 303, 400, 403, 404].includes(status), `${path} ${field}=${text}: ${status}`);
      }
    for (const [path, field] of [
      ['/issue', 'reseller'],
      ['/issue', 'at'],
      ['/issue', 'note'],
      ['/withdraw', 'reseller'],
      ['/withdraw', 'statement'],
      ['/withdraw', 'because'],
    ]) {
      // Of a month that is not over, and of a statement that there is not.
      const given = { reseller: '1', at: '2190-01-01T00:00Z', statement: '99', because: 'x', [field]: text };
      const { status } = await post(path, cookie, given);
      assert.ok([400, 403, 404, 409].includes(status), `${path} ${field}=${text}: ${status}`);
    }
  }
  assert.equal(await value('SELECT count(*) FROM reseller_report.statements'), before);
});
