// The page in a browser, as a person uses it. Its figures are held against plain SQL over the raw usage tables
// (tests/lib/oracle.sql), which knows nothing of the extension's functions.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  artefact,
  assertAccessible,
  database,
  figures,
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

const services = ['text_messaging', 'chat', 'telephony_outgoing', 'telephony_incoming', 'bot'];

const HEADINGS = {
  text_messaging:
    'Id|Name|Delivered SMS|Price SMS|Sent Viber|Delivered Viber|Price Viber|Sent Whatsapp|Delivered Whatsapp|Price Whatsapp|' +
    'Sent Email|Delivered Email|Price Email|Sent Push|Delivered Push|Price Push|Total price to Twin|Total price to reseller',
  chat:
    'Id|Name|Operator messages|Operator messages price|Bot messages (with first)|Bot message price|User messages|' +
    "Price of user messages|Operator messages Alice|Bot messages Alice|User messages Alice|Price Alice's messages|" +
    'Total price to Twin|Total price to reseller',
  telephony_outgoing: 'Id|Name|Calls|Total duration (seconds)|Total price to Twin|Total price to reseller',
  telephony_incoming: 'Id|Name|Calls|Total duration (seconds)|Total price to Twin|Total price to reseller',
  bot: 'Id|Name|Billable messages|Total price to Twin|Total price to reseller',
};

// Last month of a reseller, as SQL knows it.
const MONTH = `(SELECT (date_trunc('month', now() AT TIME ZONE z) - interval '1 month') AT TIME ZONE z AS f,
    date_trunc('month', now() AT TIME ZONE z) AT TIME ZONE z AS t FROM (SELECT time_zone AS z FROM reseller_report.company
    WHERE company_id = $1) AS zone) AS month`;

/**
 * The truth of a report of last month, as arrays of texts in the order of id.
 * @param {string} service
 * @param {number} reseller
 * @param {boolean} [expenses]
 * @param {string} [of]  the period
 */
async function truth(service, reseller, expenses = false, of = MONTH) {
  const [{ call, columns }] = await rows('SELECT call, columns FROM oracle.reports() WHERE name = $1', [service]);
  // The call with its arguments in place.
  const placed = call.replace('$2', 'f').replace('$3', 't').replace('$4', String(expenses));
  const found = await rows(`SELECT to_jsonb(r)::text AS row FROM ${of}, oracle.${placed} AS r (${columns}) ORDER BY id`, [
    reseller,
  ]);
  // By hand, since JSON.parse would make floating-point numbers of money.
  const order = [...columns.matchAll(/(\w+) (bigint|text|numeric)/g)];
  return found.map(({ row }) =>
    order.map(([, name, type]) => {
      const text = row.match(new RegExp(`"${name}": ("(?:[^"\\\\]|\\\\.)*"|[-0-9.]+)`))[1];
      if (type === 'text') return JSON.parse(text);
      return type === 'numeric' ? text.replace(/^(-?\d+)$/, '$1.000000') : text;
    }),
  );
}

test('the address that is printed opens signed in, with all five sections, as the documentation names them', async () => {
  const { page, done } = await open(tickets.northernLights);
  assert.equal(await page.title(), 'Northern Lights Telecom: Reseller and companies');
  assert.match(await page.locator('nav[aria-label=Reports]').innerText(), /Reseller and companies/);
  assert.deepEqual(await page.locator('section h2').allInnerTexts(), [
    'Text messaging service',
    'Chat service',
    'Telephony service (legacy)',
    'Telephony service (new)',
    'Bot service',
  ]);
  assert.equal(await page.locator('body > main > section').count(), 5);
  for (const service of services) {
    const headings = await page.locator(`#${service} table.report thead th`).allInnerTexts();
    assert.equal(
      headings.map((heading) => heading.replace(/\s+/g, ' ').trim()).join('|'),
      HEADINGS[/** @type {'bot'} */ (service)],
    );
  }
  assert.match(await page.locator('.zone').innerText(), /Europe\/Moscow \(UTC\+03:00\)/);
  assert.match(await page.locator('.about').innerText(), /Money in RUB/);
  await page.screenshot({ path: artefact('light.png') });
  await page.screenshot({ path: artefact('light-whole.png'), fullPage: true });
  await done();
});

test('every figure, and every total, equals SQL over the raw tables', async () => {
  const { page, done } = await open(tickets.northernLights);
  for (const expenses of [false, true]) {
    const says = await page.locator('.about').innerText();
    assert.equal(says.includes('of all companies'), false);
    if (expenses) {
      await page.getByLabel('There are expenses').check();
      await page.getByRole('button', { name: 'Show' }).click();
      await page.waitForURL(/expenses=1/);
      assert.match(await page.locator('.about').innerText(), /Charts, and the totals above them, are of all companies/);
    }
    for (const service of services) {
      const should = await truth(service, 1, expenses);
      assert.deepEqual(await figures(page, service), should, `${service}, expenses ${expenses}`);
      const [totals] = await figures(page, service, 'tfoot');
      for (let column = 2; column < totals.length; column++) {
        const micros = should.map((row) => BigInt(row[column].replace('.', '')));
        assert.equal(
          BigInt(totals[column].replace('.', '')),
          micros.reduce((a, b) => a + b, 0n),
          `${service}, column ${column}`,
        );
      }
      const quiet = (await page.locator(`#${service}`).innerText()).includes('Quiet Archive');
      assert.equal(quiet, !expenses, 'the company without expenses is there without the filter only');
    }
  }
  await done();
});

test('figures are of one moment, also while usage is written', async () => {
  const { page, done } = await open(tickets.northernLights);
  await page.goto(`${origin}/?reseller=1&period=this_month&at=2200-01-01T00:00Z`);
  const [{ f }] = await rows(`SELECT date_trunc('hour', now()) AS f`);
  const from = `${f.toISOString().slice(0, 16)}Z`;
  const address = `${origin}/?reseller=1&from=${encodeURIComponent(from)}&to=2200-01-01T00:00Z`;
  // Each transaction writes a message and a bot's message of the same price: in any one snapshot, the two sections agree.
  await rows(`INSERT INTO reseller_report.company (company_id, name) VALUES (150, 'Busy Writer') ON CONFLICT DO NOTHING`);
  await rows('INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (1, 150)');
  let writing = true;
  const writer = (async () => {
    while (writing)
      await rows(`WITH sent AS (INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin)
          VALUES (150, 'sms', now(), 0.0412))
          INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (150, now(), 0.0412)`);
  })();
  const written = () => value('SELECT count(*) FROM usage.bot_message WHERE company_id = 150');
  const ofWriter = async (/** @type {string} */ service) => (await figures(page, service)).find(([id]) => id === '150') ?? [];
  for (let i = 0; i < 5; i++) {
    const before = Number(await written());
    await page.goto(address);
    const after = Number(await written());
    const [text, bot] = [await ofWriter('text_messaging'), await ofWriter('bot')];
    assert.equal(text.at(-2), bot.at(-2), 'sections agree');
    const shown = Number(bot[2]);
    assert.ok(before <= shown && shown <= after, `${before} <= ${shown} <= ${after}`);
    assert.ok(i === 0 || after > before, 'it is being written');
  }
  writing = false;
  await writer;
  await page.goto(address);
  const period = `(SELECT '${from}'::timestamptz AS f, '2200-01-01 00:00+00'::timestamptz AS t) AS period`;
  for (const service of services) assert.deepEqual(await figures(page, service), await truth(service, 1, false, period), service);
  await rows('DELETE FROM usage.text_message WHERE company_id = 150');
  await rows('DELETE FROM usage.bot_message WHERE company_id = 150');
  await rows('DELETE FROM reseller_report.dependency WHERE company_id = 150');
  await done();
});

test('who may see several accounts chooses one; who may see one sees no other', async () => {
  const { page, done } = await open(tickets.headOffice);
  const choice = page.getByLabel('Reseller account');
  assert.deepEqual((await choice.locator('option').allInnerTexts()).sort(), [
    'Bharat Messaging',
    'Northern Lights Telecom',
    'Prairie Voice',
  ]);
  await choice.selectOption('Prairie Voice');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/reseller=3/);
  assert.match(await page.locator('.about').innerText(), /Prairie Voice.*\n?.*USD/s);
  assert.match(await page.locator('.zone').innerText(), /America\/Chicago/);
  await done();
  const one = await open(tickets.northernLights);
  assert.equal(await one.page.getByLabel('Reseller account').count(), 0);
  await one.done();
});

test('a period has dates and times to the minute, or a name, on the clock of the reseller', async () => {
  const { page, done } = await open(tickets.northernLights);
  await page.getByLabel('From').fill('2026-01-05T10:17');
  await page.getByLabel('To, not included').fill('2199-01-06T23:59');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/from=2026-01-05T10%3A17&to=2199-01-06T23%3A59/);
  const period = `(SELECT '2026-01-05 10:17 Europe/Moscow'::timestamptz AS f,
      '2199-01-06 23:59 Europe/Moscow'::timestamptz AS t) AS p`;
  assert.deepEqual(await figures(page, 'bot'), await truth('bot', 1, false, period));
  // Also where the period before would begin before all time.
  await page.goto(`${origin}/?reseller=1&from=1900-01-01T00:00&to=9999-12-31T23:59`);
  assert.match(await page.locator('.about').innerText(), /The period before cannot be shown/);
  assert.deepEqual(await figures(page, 'bot'), await truth('bot', 1, false, period));
  // However the account's id is written.
  await page.goto(`${origin}/?reseller=01&from=2026-10-05T00:00&to=2026-10-06T00:00`);
  assert.match(await page.locator('.zone').innerText(), /Europe\/Moscow \(UTC\+03:00\)/);
  // To the microsecond, for whom the address says it; the form keeps it.
  await page.goto(`${origin}/?reseller=1&from=2026-10-05T10:17:00.000001&to=2026-10-06T00:00:59.5`);
  assert.equal(await page.getByLabel('From').inputValue(), '2026-10-05T10:17:00.000001');
  assert.equal(await page.getByLabel('To, not included').inputValue(), '2026-10-06T00:00:59.5');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/from=2026-10-05T10%3A17%3A00.000001&to=2026-10-06T00%3A00%3A59.5/);
  for (const name of ['Last 7 days', 'This month', 'Last month', 'Last 90 days']) {
    await page.getByRole('link', { name, exact: true }).click();
    await page.waitForURL(/at=/);
    const [{ f, t }] = await rows(
      `SELECT to_char(period_from AT TIME ZONE 'Europe/Moscow', 'YYYY-MM-DD"T"HH24:MI') AS f,
          to_char(period_to AT TIME ZONE 'Europe/Moscow', 'YYYY-MM-DD"T"HH24:MI') AS t
      FROM reseller_report.named_period(1, $1, $2)`,
      [name.toLowerCase().replaceAll(' ', '_'), new URL(page.url()).searchParams.get('at')],
    );
    assert.equal(await page.getByLabel('From').inputValue(), f, name);
    assert.equal(await page.getByLabel('To, not included').inputValue(), t, name);
    assert.equal(await page.locator('.periods [aria-current]').innerText(), name);
  }
  await done();
});

test('where the clock is set back, the page says which of two moments it takes, and lets one choose the other', async () => {
  const { page, done } = await open(tickets.headOffice);
  // Of the messages that were written while the clock of Chicago showed 01:00 to 02:00 for the first time, and for the second time.
  await rows(
    `INSERT INTO usage.bot_message (company_id, occurred_at, price_twin)
    SELECT 301, at::timestamptz, 0.0077 FROM unnest(ARRAY['2025-11-02 01:40-05', '2025-11-02 01:40-06', '2025-11-02 01:50-06']) at`,
  );
  const billable = async () => (await figures(page, 'bot')).find(([id]) => id === '301')?.[2];
  await page.goto(`${origin}/?reseller=3&from=2025-11-01T00:00&to=2025-11-03T00:00`);
  assert.equal(await page.locator('.shift').count(), 0, 'neither bound is a moment of that hour');
  assert.equal(await billable(), '3');
  await page.getByLabel('From').fill('2025-11-02T01:30');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/from=2025-11-02T01%3A30&/);
  assert.match(await page.locator('.shift').innerText(), /^2 Nov 2025, 01:30 comes twice.*The second one is taken \(UTC-06:00\)\./);
  assert.equal(await billable(), '2');
  await page.screenshot({ path: artefact('clock-set-back.png') });
  await page.getByRole('link', { name: 'Take the first one (UTC-05:00)' }).click();
  await page.waitForURL(/from=2025-11-02T01%3A30-05%3A00&/);
  assert.match(await page.locator('.shift').innerText(), /The first one is taken \(UTC-05:00\)\. Take the second one/);
  assert.equal(await billable(), '3');
  // The form keeps it, and so does the other bound's choice.
  await page.getByLabel('To, not included').fill('2025-11-02T01:45');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/from=2025-11-02T01%3A30-05%3A00&to=2025-11-02T01%3A45/);
  assert.equal(await billable(), '2');
  await page.locator('.shift').nth(1).getByRole('link').click();
  await page.waitForURL(/from=2025-11-02T01%3A30-05%3A00&to=2025-11-02T01%3A45-05%3A00/);
  assert.equal(await billable(), '1');
  await rows("DELETE FROM usage.bot_message WHERE occurred_at < '2025-12-01'");
  await done();
});

test('where the clock is set forward, the page says what it takes for a time that there is not', async () => {
  const { page, done } = await open(tickets.headOffice);
  await page.goto(`${origin}/?reseller=3&from=2025-03-09T00:00&to=2025-03-10T00:00`);
  assert.equal(await page.locator('.shift').count(), 0);
  await page.getByLabel('From').fill('2025-03-09T02:30');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/from=2025-03-09T02%3A30&/);
  assert.equal(
    await page.locator('.shift').innerText(),
    'There is no 9 Mar 2025, 02:30, because the clock is set forward then. 9 Mar 2025, 03:30 is taken instead.',
  );
  assert.equal(await page.getByLabel('From').inputValue(), '2025-03-09T03:30');
  assert.match(await page.locator('.about').innerText(), /9 Mar 2025, 03:30 to 10 Mar 2025, 00:00/);
  await done();
});

test('the page sorts by any column, largest first, then smallest', async () => {
  const { page, done } = await open(tickets.northernLights);
  const column = page.locator('#chat thead').getByRole('link', { name: 'User messages', exact: true });
  const numbers = async () => (await figures(page, 'chat')).map((row) => Number(row[6]));
  await column.click();
  await page.waitForURL(/sort=-user_messages/);
  const down = await numbers();
  assert.deepEqual(
    down,
    [...down].sort((a, b) => b - a),
  );
  assert.equal(await page.locator('#chat th[aria-sort=descending]').innerText(), 'User messages');
  await column.click();
  await page.waitForURL(/sort=user_messages/);
  assert.deepEqual(
    await numbers(),
    [...down].sort((a, b) => a - b),
  );
  await page.locator('#bot thead').getByRole('link', { name: 'Name' }).click();
  await page.waitForURL(/sort=name/);
  const names = (await figures(page, 'bot')).map((row) => row[1]);
  const [{ sorted }] = await rows('SELECT array_agg(n ORDER BY n) AS sorted FROM unnest($1::text[]) n', [names]);
  assert.deepEqual(names, sorted);
  await done();
});

test('more than 50 companies come in pages; totals are over all that match; search is literal', async () => {
  const { page, done } = await open(tickets.bharat);
  const should = await truth('text_messaging', 2);
  assert.equal(should.length, 64);
  assert.deepEqual(await figures(page, 'text_messaging'), should.slice(0, 50));
  const [totals] = await figures(page, 'text_messaging', 'tfoot');
  assert.match(totals[1], /64 companies/);
  await page.locator('#text_messaging').getByRole('link', { name: 'Next page' }).click();
  await page.waitForURL(/page=2/);
  assert.deepEqual(await figures(page, 'text_messaging'), should.slice(50));
  assert.deepEqual(await figures(page, 'text_messaging', 'tfoot'), [totals], 'the same totals');

  // Search, sort and expenses keep each other; the page goes back to the first.
  await page.getByLabel('Name or Id of a company').fill('BRANCH 1');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/search=BRANCH\+1/);
  const found = should.filter((row) => row[1].startsWith('Branch 1'));
  assert.equal(found.length, 11);
  assert.deepEqual(await figures(page, 'text_messaging'), found);
  await page.getByLabel('Name or Id of a company').fill('1042');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/search=1042/);
  assert.deepEqual(
    (await figures(page, 'bot')).map((row) => row[0]),
    ['1042'],
  );
  await page.getByLabel('Name or Id of a company').fill('%');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/search=%25/);
  assert.match(await page.locator('#bot .empty').last().innerText(), /No company's name contains “%”/);
  await page.locator('#bot').getByRole('link', { name: 'Show all companies' }).click();
  await page.waitForURL((url) => !url.searchParams.has('search'));
  assert.equal((await figures(page, 'bot')).length, 50);
  await done();
});

test('the address holds what is shown: reload, back, forward, and a link that is sent', async () => {
  const { page, done } = await open(tickets.bharat);
  const shown = async () => [page.url(), await page.locator('main').innerText()];
  const first = await shown();
  await page.locator('#chat thead').getByRole('link', { name: 'Total price to Twin' }).click();
  await page.waitForURL(/sort=/);
  await page.getByLabel('There are expenses').check();
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/expenses=1/);
  const second = await shown();
  await page.reload();
  assert.deepEqual(await shown(), second, 'reloaded');
  await page.goBack();
  await page.goBack();
  assert.deepEqual(await shown(), first, 'back');
  await page.goForward();
  await page.goForward();
  assert.deepEqual(await shown(), second, 'forward');
  const colleague = await open(tickets.headOffice);
  await colleague.page.goto(second[0]);
  assert.deepEqual(await figures(colleague.page, 'chat'), await figures(page, 'chat'), 'sent to somebody who may see it');
  await colleague.done();
  await done();
});

test('charts have a line for each price and period, and a table behind them that adds up to the totals', async () => {
  const { page, done } = await open(tickets.northernLights);
  for (const service of services) {
    const section = page.locator(`#${service}`);
    for (const line of ['twin', 'reseller', 'twinBefore', 'resellerBefore']) {
      assert.equal(await section.locator(`.drawing g.${line} path`).count(), 1, `${service}: ${line}`);
    }
    // Without colour: no two lines have the same dash and marker.
    const looks = await section.locator('.drawing g.line').evaluateAll((groups) =>
      groups.map((group) => {
        const style = getComputedStyle(/** @type {Element} */ (group.querySelector('path')));
        return `${style.strokeDasharray} ${style.strokeWidth} ${group.querySelector('circle') ? 'circle' : 'square'}`;
      }),
    );
    assert.equal(new Set(looks).size, 4);
    await section.getByText('The chart as a table').first().click();
    const cells = await section
      .locator('.behind tbody tr')
      .evaluateAll((trs) => trs.map((tr) => [...tr.querySelectorAll('td')].map((td) => td.textContent ?? '')));
    const sum = (/** @type {number} */ column) => cells.reduce((all, row) => all + BigInt(plain(row[column]).replace('.', '')), 0n);
    const micros = (/** @type {string} */ column) =>
      value(
        `SELECT (1000000 * coalesce(sum(${column}), 0))::bigint FROM oracle_usage.priced, ${MONTH}
          WHERE reseller_id = $1 AND service = $2
          AND occurred_at >= f AND occurred_at < t`,
        [1, service],
      );
    assert.equal(sum(0), BigInt(await micros('price_twin')), `${service}: to Twin`);
    assert.equal(sum(1), BigInt(await micros('price_reseller')), `${service}: to the reseller`);
  }
  await page.locator('#chat').screenshot({ path: artefact('section.png') });
  await done();
});

test('the change of each total against the period before is that of the raw tables', async () => {
  const { page, done } = await open(tickets.northernLights);
  for (const service of services) {
    const [should] = await rows(
      `SELECT to_char(100 * (n.e - p.e) / p.e, 'FMSG999990.0') AS events, to_char(100 * (n.w - p.w) / p.w, 'FMSG999990.0') AS twin,
          to_char(100 * (n.r - p.r) / p.r, 'FMSG999990.0') AS reseller
      FROM ${MONTH},
          LATERAL (SELECT count(*)::numeric AS e, sum(price_twin) AS w, sum(price_reseller) AS r FROM oracle_usage.priced
              WHERE reseller_id = $1 AND service = $2 AND occurred_at >= f AND occurred_at < t) AS n,
          LATERAL (SELECT count(*)::numeric AS e, sum(price_twin) AS w, sum(price_reseller) AS r FROM oracle_usage.priced
              WHERE reseller_id = $1 AND service = $2 AND occurred_at < f
                  AND occurred_at >= (f AT TIME ZONE 'Europe/Moscow' - interval '1 month') AT TIME ZONE 'Europe/Moscow') AS p`,
      [1, service],
    );
    const changes = (await page.locator(`#${service} .totals .change`).allInnerTexts()).map((text) => plain(text.split('%')[0]));
    const calls = service.startsWith('telephony');
    assert.equal(changes.length, calls ? 4 : 3);
    assert.equal(changes[0], should.events, `${service}: events`);
    assert.equal(changes.at(-2), should.twin, `${service}: to Twin`);
    assert.equal(changes.at(-1), should.reseller, `${service}: to the reseller`);
  }
  await done();
});

test('every cell opens its events, whose sum equals the cell', async () => {
  const { page, done } = await open(tickets.northernLights);
  const links = page.locator('table.report tbody tr:has(th:has-text("Fjord Travel")) td.number a');
  const cells = await links.evaluateAll((all) =>
    all.map((link) => ({
      href: /** @type {HTMLAnchorElement} */ (link).href,
      shown: (link.querySelector('small') ?? link).textContent ?? '',
    })),
  );
  assert.ok(cells.length > 30, `${cells.length} cells`);
  for (const { href, shown } of cells) {
    await page.goto(href);
    const [inReport, sum] = await page
      .locator('.totals dd')
      .evaluateAll((dds) => dds.map((dd) => (dd.querySelector('small') ?? dd).textContent ?? ''));
    assert.equal(inReport.trim(), shown.trim(), href);
    assert.equal(sum.trim(), shown.trim(), href);
    assert.equal(await page.locator('.equal').count(), 1);
  }
  await done();
});

test('events come page by page, each once, and lead back to the report as it was', async () => {
  const { page, done } = await open(tickets.northernLights);
  await page.locator('#chat thead').getByRole('link', { name: 'Total price to Twin' }).click();
  await page.waitForURL(/sort=/);
  const report = page.url();
  await page.locator("#chat tr:has(th:has-text('Fjord Travel')) td:nth-child(12) a").click();
  await page.waitForURL(/cell=alice_messages_price/);
  await page.screenshot({ path: artefact('events.png') });
  const [, count] = (await page.locator('.totals').innerText()).match(/Sum of ([\d,]+) events/) ?? [];
  const expected = Number(plain(count));
  assert.ok(expected > 100, `${expected} events`);
  const keys = [];
  for (;;) {
    keys.push(...(await page.locator('tbody code').allInnerTexts()));
    const next = page.getByRole('link', { name: 'Next events' });
    if ((await next.count()) === 0) break;
    const before = page.url();
    await next.click();
    await page.waitForURL((url) => url.href !== before);
  }
  assert.equal(keys.length, expected);
  assert.equal(new Set(keys).size, expected, 'each once');
  const should = await rows(
    `SELECT DISTINCT jsonb_build_object('id', id)::text AS key FROM usage.chat_message, ${MONTH}
    WHERE company_id = 104 AND via_alice AND occurred_at >= f AND occurred_at < t AND $1 = 1`,
    [1],
  );
  assert.deepEqual(
    keys.map((key) => String(JSON.parse(key).id)).sort(),
    should.map(({ key }) => String(JSON.parse(key).id)).sort(),
  );
  await page.getByRole('link', { name: 'Back to the report' }).click();
  await page.waitForURL((url) => url.pathname === '/');
  assert.equal(page.url().replace(/#.*/, ''), report.replace(/#.*/, ''));
  await done();
});

test('CSV of a section and of events is exact, whole, and no formula', async () => {
  const cookie = await signIn(tickets.northernLights);
  for (const service of services) {
    const file = await request(`/section.csv?reseller=1&${month}&service=${service}`, { cookie });
    assert.equal(file.status, 200);
    assert.match(String(file.headers['content-type']), /^text\/csv/);
    assert.match(String(file.headers['content-disposition']), new RegExp(`^attachment; filename="${service}_1_[-0-9_]+\\.csv"$`));
    const [heading, ...lines] = parseCsv(file.text);
    assert.equal(heading.join('|'), HEADINGS[/** @type {'bot'} */ (service)]);
    const should = await truth(service, 1);
    assert.deepEqual(
      lines,
      should.map((row) => row.map((text, i) => (i === 1 && text.startsWith('=') ? `'${text}` : text))),
    );
  }
  const sms = await request(`/events.csv?reseller=1&${month}&service=text_messaging&company=101&cell=delivered_sms`, { cookie });
  const [{ count, price }] = await rows(
    `SELECT count(*), sum(price_twin) AS price FROM usage.text_message, ${MONTH}
    WHERE company_id = 101 AND channel = 'sms' AND delivered_at IS NOT NULL AND occurred_at >= f AND occurred_at < t AND $1 = 1`,
    [1],
  );
  const lines = parseCsv(sms.text).slice(1);
  assert.ok(lines.length > 1000, 'more than a batch');
  assert.equal(lines.length, Number(count));
  const micros = lines.reduce((all, line) => all + BigInt(line[4].replace('.', '')), 0n);
  assert.equal(micros, BigInt(price.replace('.', '')));
});

test('a page and a file of a reseller with thousands of companies', async () => {
  await rows("INSERT INTO reseller_report.company (company_id, name, is_reseller, currency) VALUES (9, 'Crowd', true, 'EUR')");
  await rows(
    "INSERT INTO reseller_report.company (company_id, name) SELECT 100000 + n, 'One of many ' || n FROM generate_series(1, 3000) n",
  );
  await rows(
    'INSERT INTO reseller_report.dependency (reseller_id, company_id) SELECT 9, 100000 + n FROM generate_series(1, 3000) n',
  );
  await rows("SELECT reseller_report.grant_access('page_head_office', 9)");
  const cookie = await signIn(tickets.headOffice);
  const file = await request('/section.csv?reseller=9&from=2026-10-01T00:00&to=2026-11-01T00:00&service=bot', { cookie });
  const lines = parseCsv(file.text);
  assert.equal(lines.length, 3001);
  assert.deepEqual(lines[3000], ['103000', 'One of many 3000', '0', '0.000000', '0.000000']);
  const { page, done } = await open(tickets.headOffice);
  await page.goto(`${origin}/?reseller=9&from=2026-10-01T00:00&to=2026-11-01T00:00&page=60`);
  assert.equal((await figures(page, 'bot')).at(-1)?.[0], '103000');
  assert.match(await page.locator('#bot .pages').innerText(), /Companies 2,951 to 3,000 of 3,000/);
  assert.match(await page.locator('#bot').innerText(), /No usage in this period/);
  await page.getByLabel('There are expenses').check();
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/expenses=1/);
  assert.match(await page.locator('#bot .empty').last().innerText(), /No company has expenses for this service/);
  await done();
});

test('each error has a page that says what to do', async () => {
  const { page, done } = await open(tickets.northernLights);
  const visit = async (/** @type {string} */ path) => {
    const response = await page.goto(origin + path);
    return `${response?.status()} ${await page.locator('[role=alert]').innerText()}`;
  };
  const month = 'from=2026-10-01T00:00&to=2026-11-01T00:00';
  assert.match(await visit(`/?reseller=2&${month}`), /^403 You have no right to see reseller 2/);
  assert.match(await visit('/?reseller=2&period=last_month&at=2026-11-01T00:00Z'), /^403 You have no right/);
  await page.getByRole('link', { name: 'Last month', exact: true }).click();
  await page.waitForURL(/reseller=1&period=last_month&at=/);
  assert.match(await visit(`/?reseller=424242&${month}`), /^403 /, 'which accounts there are is not told');
  assert.match(await visit('/?reseller=1&from=2026-11-01T00:00&to=2026-10-01T00:00'), /^400 The period must end after it begins/);
  assert.equal(await page.getByLabel('From').inputValue(), '2026-11-01T00:00', 'what was asked for stays in the form');
  assert.match(await visit('/?reseller=1&from=2026-02-30T00:00&to=2026-10-01T00:00'), /^400 There is no such date/);
  assert.match(await visit('/?reseller=1&from=2026-02-20T00:00%2B99&to=2026-10-01T00:00'), /^400 There is no such date/);
  assert.match(await visit('/?reseller=1&period=today&at=2026-02-20T00:00-16'), /^400 There is no such date/);
  assert.match(await visit('/?reseller=1&from=2026-02-20T00:00'), /^400 The period needs a beginning and an end/);
  assert.match(await visit(`/?reseller=1&${month}&sort=beauty`), /^400 .*not known/);
  assert.match(await visit('/?reseller=1&period=next_month&at=2026-11-01T00:00Z'), /^400 .*not known/);
  assert.match(await visit(`/events?reseller=1&${month}&service=chat&company=101&cell=calls`), /^400 The address names no figure/);
  assert.match(await visit('/nowhere'), /^404 There is no such page/);
  await done();
  const all = await open(tickets.headOffice);
  await rows("SELECT reseller_report.grant_access('page_head_office', NULL)");
  const response = await all.page.goto(`${origin}/?reseller=101&${month}`);
  assert.equal(response?.status(), 404);
  assert.match(await all.page.locator('[role=alert]').innerText(), /no reseller account/);
  await rows("SELECT reseller_report.revoke_access('page_head_office', NULL)");
  await all.done();
});

const waiting = () => value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'reseller_page' AND wait_event_type = 'Lock'");

test('a report that takes long shows that it works, and cancelling it cancels the query', async () => {
  const { page, done } = await open(tickets.northernLights);
  const shown = await page.locator('main').innerText();
  const holder = await database.connect();
  try {
    await holder.query('BEGIN; LOCK TABLE usage.bot_message IN ACCESS EXCLUSIVE MODE');
    // Whatever asks the page something waits for the next page. So the page itself remembers what it showed.
    await page.evaluate(() => {
      const working = /** @type {HTMLElement} */ (document.querySelector('.working'));
      new MutationObserver(() => (document.title = `${document.title} ${working.hidden ? 'hidden' : 'shown'}`)).observe(working, {
        attributes: true,
      });
      setTimeout(() => /** @type {HTMLElement} */ (document.querySelector('.periods a[href*=last_7_days]')).click());
    });
    await until('the query waits', async () => (await waiting()) === '1');
    // Longer than it takes until the page says that it works.
    await new Promise((resolve) => setTimeout(resolve, 600));
    const screen = await page.context().newCDPSession(page);
    const { data } = await screen.send('Page.captureScreenshot');
    writeFileSync(artefact('working.png'), data, 'base64');
    await page.keyboard.press('Escape');
    await until('the query is cancelled', async () => (await waiting()) === '0');
    assert.match(await page.title(), / shown hidden$/);
    assert.match(await page.locator('.cancelled').innerText(), /Cancelled/);
    assert.equal(await page.locator('main').innerText(), shown, 'the page is as it was');

    // Closing the page cancels, too.
    void page.goto(`${origin}/?reseller=1&period=last_7_days`).catch(() => {});
    await until('the next query waits', async () => (await waiting()) === '1');
    await done();
    await until('it is cancelled', async () => (await waiting()) === '0');
  } finally {
    await holder.query('ROLLBACK');
    holder.release(true);
  }
});

test('a query beyond the time limit is cancelled, and the page says so', async () => {
  const { page, done } = await open(tickets.northernLights);
  const holder = await database.connect();
  try {
    await holder.query('BEGIN; LOCK TABLE usage.bot_message IN ACCESS EXCLUSIVE MODE');
    const response = await page.goto(`${origin}/?reseller=1&period=last_7_days&at=2026-11-01T00:00Z`);
    assert.equal(response?.status(), 504);
    assert.match(await page.locator('[role=alert]').innerText(), /longer than \d+ seconds and was cancelled/);
    assert.equal(await waiting(), '0');
  } finally {
    await holder.query('ROLLBACK');
    holder.release(true);
  }
  await done();
});

test('without script the page has all but comfort', async () => {
  const { page, done } = await open(tickets.bharat, { javaScriptEnabled: false });
  await page.getByLabel('There are expenses').check();
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/expenses=1/);
  await page.locator('#bot thead').getByRole('link', { name: 'Total price to Twin' }).click();
  await page.waitForURL(/sort=-total_price_to_twin/);
  await page.locator('#text_messaging').getByRole('link', { name: 'Next page' }).click();
  await page.waitForURL(/page=2/);
  await page.locator('#text_messaging tbody td.number a').first().click();
  await page.waitForURL(/events/);
  assert.equal(await page.locator('.equal').count(), 1);
  await done();
});

test('the keyboard reaches everything, and shows where it is', async () => {
  const { page, done } = await open(tickets.northernLights);
  const focused = () =>
    page.evaluate(() => {
      const element = /** @type {HTMLElement} */ (document.activeElement);
      const style = getComputedStyle(element);
      return {
        isPage: element === document.body,
        text: element.innerText?.trim() || element.outerHTML.slice(0, 80),
        outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        cell:
          element.closest('td, th') &&
          [
            /** @type {HTMLTableCellElement} */ (element.closest('td, th')).cellIndex,
            /** @type {HTMLTableRowElement} */ (element.closest('tr')).rowIndex,
          ].join(),
      };
    });
  await page.keyboard.press('Tab');
  assert.equal((await focused()).text, 'Skip to the report');
  await page.screenshot({ path: artefact('focus.png') });
  const seen = new Set();
  for (let i = 0; i < 160; i++) {
    const { text, outline, isPage } = await focused();
    if (isPage) break;
    assert.ok(outline, `the focus on ${text} is seen`);
    seen.add(text);
    await page.keyboard.press('Tab');
  }
  for (const text of ['Reseller and companies', 'Sign out', 'Show', 'Last month', 'CSV', 'Price SMS', 'The chart as a table'])
    assert.ok(seen.has(text), text);
  // Arrows move among the figures of a table; one of them is a stop of the Tab key.
  await page.locator('#bot tbody td a').first().focus();
  const at = async () => (await focused()).cell;
  assert.equal(await at(), '2,1');
  await page.keyboard.press('ArrowRight');
  assert.equal(await at(), '3,1');
  await page.keyboard.press('ArrowDown');
  assert.equal(await at(), '3,2');
  await page.keyboard.press('End');
  assert.equal(await at(), '4,2');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  assert.equal(await at(), '4,0');
  assert.equal(await page.locator('#bot tbody td a[tabindex="0"]').count(), 1);
  await done();
});

for (const [name, options] of LOOKS)
  test(`axe-core finds nothing: ${name}`, async () => {
    const { page, done } = await open(tickets.northernLights, { ...options, bypassCSP: true });
    // All of the page in one look, and few rows of it in the others: the time goes by the number of cells.
    for (const path of [
      `/?reseller=1&${month}${name === 'light' ? '' : '&search=ar'}`,
      `/events?reseller=1&${month}&service=text_messaging&company=109&cell=total_price_to_twin`,
      '/?reseller=1&from=2026-11-01T00:00&to=2026-10-01T00:00',
      `/?reseller=1&${month}&search=nobody`,
    ]) {
      await page.goto(origin + path);
      for (const details of await page.locator('details').all())
        await details.evaluate((element) => element.setAttribute('open', ''));
      await assertAccessible(page);
    }
    await page.goto(tickets.northernLights.href);
    await page.screenshot({ path: artefact(`${name}.png`) });
    await page.locator('#text_messaging .scroll').last().scrollIntoViewIfNeeded();
    await page.screenshot({ path: artefact(`${name}-table.png`) });
    await done();
  });

test('Id and Name stay while the rest scrolls, and headings and totals stay in view', async () => {
  for (const width of [1360, 390]) {
    const { page, done } = await open(tickets.bharat, { viewport: { width, height: 800 } });
    const region = page.locator('#text_messaging .scroll:has(table.report)');
    await region.scrollIntoViewIfNeeded();
    const places = () =>
      region.evaluate((element) =>
        [...element.querySelectorAll('tbody tr:first-child .stays')].map((cell) => Math.round(cell.getBoundingClientRect().left)),
      );
    const before = await places();
    await region.evaluate((element) => (element.scrollLeft = 400));
    assert.deepEqual(await places(), before);
    await region.evaluate((element) => (element.scrollTop = 300));
    const [top, bottom] = await region.evaluate((element) => {
      const box = element.getBoundingClientRect();
      const rect = (/** @type {string} */ selector) =>
        /** @type {Element} */ (element.querySelector(selector)).getBoundingClientRect();
      return [rect('thead th').top - box.top, box.bottom - rect('tfoot td').bottom];
    });
    assert.ok(Math.abs(top) < 3 && bottom < 20, `${top}, ${bottom}`);
    await done();
  }
});

test('what is printed is a statement without anything to click', async () => {
  const { page, done } = await open(tickets.northernLights);
  await page.emulateMedia({ media: 'print' });
  for (const selector of ['.side', '.choose', '.periods', '.csv', '.behind'])
    assert.ok(await page.locator(selector).first().isHidden(), selector);
  for (const selector of ['h1', '.about', '#bot tfoot', '#chat .drawing svg'])
    assert.ok(await page.locator(selector).first().isVisible(), selector);
  const pdf = await page.pdf({ path: artefact('print.pdf'), preferCSSPageSize: true });
  assert.ok(pdf.length > 10_000);
  // A sheet is 277 mm wide within its margins: no table may be wider.
  await page.setViewportSize({ width: Math.floor((277 / 25.4) * 96), height: 700 });
  const widths = await page
    .locator('table.report')
    .evaluateAll((tables) => tables.map((table) => table.scrollWidth - document.documentElement.clientWidth));
  assert.ok(
    widths.every((width) => width <= 0),
    `${widths}`,
  );
  await page.screenshot({ path: artefact('print.png'), fullPage: true });
  await done();
});

test('signing out ends the session', async () => {
  const { page, done } = await open(tickets.northernLights);
  const report = page.url();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.locator('[role=alert]').waitFor();
  assert.equal((await page.goto(report))?.status(), 401);
  await done();
});

test('usage that was pruned: the page says from when on, and offers a period that it can show', async () => {
  await rows('SELECT * FROM reseller_report.materialize(1000000)');
  const [{ horizon }] = await rows(
    `SELECT max(period_to) AS horizon
    FROM reseller_report.prune('usage.bot_message', date_trunc('month', now()) - interval '2 months')`,
  );
  assert.ok(horizon);
  const [{ from, to, day }] = await rows(
    `SELECT to_char($1::timestamptz AT TIME ZONE 'Europe/Moscow' - interval '9 days 1 minute', 'YYYY-MM-DD"T"HH24:MI') AS from,
        to_char($1::timestamptz AT TIME ZONE 'Europe/Moscow' - interval '8 days', 'YYYY-MM-DD"T"HH24:MI') AS to,
        to_char($1::timestamptz AT TIME ZONE 'Europe/Moscow', 'FMDD Mon YYYY, HH24:MI') AS day`,
    [horizon],
  );
  const { page, done } = await open(tickets.northernLights);
  const response = await page.goto(`${origin}/?reseller=1&from=${from}&to=${to}`);
  assert.equal(response?.status(), 409);
  const said = await page.locator('[role=alert]').innerText();
  assert.ok(said.includes(`Before ${day}, begin and end the period on whole quarter hours`), said);
  await page.getByRole('link', { name: 'widened to quarter hours' }).click();
  await page.locator('#bot table.report').waitFor();
  await page.locator('#bot tbody td.number a').first().click();
  await page.locator('[role=alert]').waitFor();
  assert.match(await page.locator('[role=alert]').innerText(), new RegExp(`single events are kept from ${day}`));
  await done();
});

test('the database away, and back', async () => {
  const { page, done } = await open(tickets.northernLights);
  const report = page.url();
  const { Pool } = (await import('pg')).default;
  const elsewhere = new Pool({ user: 'postgres', database: 'postgres', max: 1 });
  await elsewhere.query('ALTER DATABASE demo ALLOW_CONNECTIONS false');
  await elsewhere.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reseller_page'");
  const response = await page.goto(report);
  assert.equal(response?.status(), 503);
  assert.match(await page.locator('[role=alert]').innerText(), /database cannot be reached/);
  await elsewhere.query('ALTER DATABASE demo ALLOW_CONNECTIONS true');
  await elsewhere.end();
  assert.equal((await page.reload())?.status(), 200);
  await done();
});
