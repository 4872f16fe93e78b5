// What somebody might try who means no good: names, addresses, cookies and crowds.

import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import { database, launch, month, origin, request, rows, signIn, tickets, until, value } from './site.mjs';

const cookie = await signIn(tickets.northernLights);
const { port } = new URL(origin);

/** How many connections of the page are at work. */
const busy = () => value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'reseller_page' AND state <> 'idle'");

test('a company called <script> is text on every page', async () => {
  const browser = await launch();
  const page = await browser.newPage();
  let ran = false;
  page.on('dialog', (dialog) => {
    ran = true;
    void dialog.dismiss();
  });
  await page.goto(tickets.northernLights.href);
  assert.ok((await page.locator('#text_messaging table.report tbody').innerText()).includes('<script>alert(1)</script>'));
  await page.locator('#text_messaging tr:has(bdi:text-is("109")) td.number a').first().click();
  await page.waitForURL(/events/);
  assert.ok((await page.locator('h1').innerText()).includes('<script>alert(1)</script>'));
  for (const field of ['search', 'reseller', 'from', 'sort', 'period', 'company', 'cell', 'after']) {
    const text = `"><script>alert(1)</script><img src=x onerror=alert(1)>' onmouseover='alert(1)`;
    await page.goto(`${origin}/?reseller=1&${month}&${field}=${encodeURIComponent(text)}`);
    assert.equal(await page.locator('main script, main img').count(), 0, field);
  }
  assert.equal(ran, false, 'no script of anybody else runs');
});

test('no script or style is within a page, and the policy allows none', async () => {
  for (const path of [
    `/?reseller=1&${month}`,
    `/events?reseller=1&${month}&service=chat&company=101&cell=user_messages`,
    '/nowhere',
  ]) {
    const { text, headers } = await request(path, { cookie });
    assert.doesNotMatch(text, /<style|style=|<script(?! src="\/\w+\/page\.js" defer>)|\son\w+=|javascript:/i, path);
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
    assert.doesNotMatch(policy, /unsafe/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['referrer-policy'], 'no-referrer');
  }
});

test('another reseller is neither shown nor told of, in whatever place of the address', async () => {
  const paths = [
    `/?reseller=2&${month}`,
    `/?reseller=999&${month}`,
    `/events?reseller=2&${month}&service=chat&company=201&cell=user_messages`,
    `/section.csv?reseller=2&${month}&service=chat`,
    `/events.csv?reseller=2&${month}&service=chat&company=201&cell=user_messages`,
  ];
  const said = new Set();
  for (const path of paths) {
    const { status, text } = await request(path, { cookie });
    assert.equal(status, 403, path);
    assert.doesNotMatch(text, /Monsoon|Bharat/);
    said.add(
      text
        .replace(/reseller \d+/, '')
        .replace(/value="[^"]*"/g, '')
        .replace(/\?reseller=[^"]*/g, ''),
    );
  }
  // Somebody else's company is nobody's: no events, and not its name.
  const { status, text } = await request(`/events?reseller=1&${month}&service=chat&company=201&cell=user_messages`, { cookie });
  assert.equal(status, 200);
  assert.match(text, /does not belong to the reseller/);
  assert.doesNotMatch(text, /Monsoon/);
  // The same name given twice: the first counts, everywhere.
  assert.equal((await request(`/?reseller=2&reseller=1&${month}`, { cookie })).status, 403);
});

test('SQL in every field is a text, or refused', async () => {
  const before = await value('SELECT count(*) FROM reseller_report.company');
  const fields = [
    'reseller',
    'period',
    'at',
    'from',
    'to',
    'expenses',
    'search',
    'sort',
    'page',
    'service',
    'company',
    'cell',
    'after',
  ];
  const texts = [
    "'; DROP TABLE reseller_report.company CASCADE; --",
    '1) OR (1=1',
    '$1',
    '\\',
    "' UNION SELECT rolname FROM pg_roles --",
    '{"a":"\' OR 1=1"}',
    '{"a":"\\ud800"}',
    '2026-10-01T00:00+99',
    '\u0000',
    '\ud800',
    '%00',
    '../../etc/passwd',
    '${7*7}',
    'null',
    '[]',
    '{}',
  ];
  for (const path of ['/', '/events', '/section.csv', '/events.csv'])
    for (const field of fields)
      for (const text of texts) {
        const query = new URLSearchParams({
          reseller: '1',
          from: '2026-10-01T00:00',
          to: '2026-10-02T00:00',
          service: 'chat',
          company: '101',
          cell: 'user_messages',
        });
        query.set(field, text);
        const { status } = await request(`${path}?${query}`, { cookie });
        assert.ok([200, 303, 400].includes(status), `${path} ${field}=${text}: ${status}`);
      }
  assert.equal(await value('SELECT count(*) FROM reseller_report.company'), before);
});

test("the application's role may do nothing by itself, and its users' roles read no table", async () => {
  const [{ login, tables }] = await rows(
    `SELECT NOT (rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolinherit) AS login,
        (SELECT count(*) FROM pg_class WHERE relnamespace IN ('usage'::regnamespace) AND relkind IN ('r', 'p')
            AND (has_table_privilege('reseller_page', oid, 'SELECT')
                OR has_table_privilege('page_head_office', oid, 'SELECT'))) AS tables
    FROM pg_roles WHERE rolname = 'reseller_page'`,
  );
  assert.equal(login, true);
  assert.equal(tables, '0');
});

test('a cookie that is changed, forged or old is nobody', async () => {
  const [name, session] = cookie.split('=');
  const [user, ends, signature] = session.split('.');
  for (const forged of [
    `${name}=head_office.${ends}.${signature}`,
    `${name}=${user}.${Number(ends) + 1}.${signature}`,
    `${name}=${user}.${ends}.`,
    `${name}=${user}.${ends}.${signature}x`,
    `${name}=${user}.${ends}`,
    `${name}=`,
    `${name}=__proto__.${ends}.${signature}`,
  ])
    assert.equal((await request(`/?reseller=1&${month}`, { cookie: forged })).status, 401, forged);
  assert.equal(
    (await request(`/sign-in?user=head_office&ticket=${tickets.northernLights.searchParams.get('ticket')}`)).status,
    401,
  );
  assert.equal((await request('/sign-in?user=constructor&ticket=')).status, 401);
});

test('cookies are out of reach of scripts and of forms of other sites', async () => {
  const { headers } = await request(tickets.bharat.pathname + tickets.bharat.search);
  for (const set of headers['set-cookie'] ?? []) assert.match(set, /; HttpOnly; SameSite=Lax/);
  const out = await request('/sign-out', { cookie, method: 'POST' });
  assert.match(String(out.headers['set-cookie']), /SameSite=Lax; Max-Age=0/);
  assert.equal((await request('/sign-out', { cookie })).status, 404, 'a link cannot sign out');
});

test('ten megabytes of address are refused, and the server goes on', async () => {
  const answered = await new Promise((resolve) => {
    const socket = net.connect(Number(port), '127.0.0.1');
    let text = '';
    socket.on('data', (data) => (text += data));
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
    socket.write(`GET /?search=${'x'.repeat(10_000_000)} HTTP/1.1\r\nHost: page\r\n\r\n`);
  });
  assert.match(answered, /^(HTTP\/1\.1 431|$)/);
  const long = await request(`/?reseller=1&${month}&search=${'x'.repeat(10_000)}`, { cookie });
  assert.equal(long.status, 400);
});

test('other methods, bodies and strange paths', async () => {
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])
    assert.equal((await request('/', { method, cookie })).status, 405);
  assert.equal((await request('/', { method: 'POST', cookie, body: 'x' })).status, 405);
  assert.equal((await request(`/?reseller=1&${month}`, { method: 'HEAD', cookie })).status, 200);
  for (const path of [
    '/../server.mjs',
    '/server.mjs',
    '/style.css',
    '/style.css/..',
    '//evil.example/',
    '/%2e%2e/package.json',
    '/\\evil',
    '/%',
    '/?%',
    '*',
    'http://evil.example/',
    '/constructor',
    '/__proto__',
  ]) {
    const { status, headers } = await request(path, { cookie });
    assert.ok([200, 303, 400, 404].includes(status), `${path}: ${status}`);
    assert.doesNotMatch(String(headers.location ?? '/'), /^(https?:)?\/\/|evil/, path);
  }
});

test('a hundred reports at once are all answered, and so is who comes next', async () => {
  const answers = await Promise.all(Array.from({ length: 100 }, () => request(`/?reseller=1&${month}`, { cookie })));
  for (const { status } of answers) assert.ok(status === 200 || status === 503, String(status));
  // As many as there are connections, however slow the machine is.
  assert.ok(answers.filter(({ status }) => status === 200).length >= 8);
  assert.equal((await request(`/?reseller=1&${month}`, { cookie })).status, 200);
  const connections = Number(await value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'reseller_page'"));
  assert.ok(connections <= 9, `${connections} connections`);
});

test('who reads many files slowly leaves connections to pages', async () => {
  const holder = await database.connect();
  try {
    // Files that nobody reads would do the same, but for what the sockets hold.
    await holder.query('BEGIN; LOCK TABLE usage.chat_message IN ACCESS EXCLUSIVE MODE');
    const path = `/events.csv?reseller=1&${month}&service=chat&company=101&cell=user_messages`;
    const files = Array.from({ length: 8 }, () => request(path, { cookie }));
    assert.equal((await Promise.race(files)).status, 503);
    assert.equal((await request('/', { cookie })).status, 303, 'a page has a connection');
    await holder.query('ROLLBACK');
    const statuses = (await Promise.all(files)).map(({ status }) => status);
    assert.deepEqual(statuses.sort(), [200, 200, 200, 200, 503, 503, 503, 503]);
  } finally {
    holder.release(true);
  }
  assert.equal((await request('/section.csv?reseller=1&service=bot&' + month, { cookie })).status, 200);
});

test('a hundred who leave at once leave no query behind', async () => {
  await Promise.all(
    Array.from(
      { length: 100 },
      (_, i) =>
        new Promise((resolve) => {
          const sent = http.get({ host: '127.0.0.1', port, path: `/?reseller=1&${month}`, headers: { cookie }, agent: false });
          sent.on('error', resolve);
          sent.on('close', resolve);
          sent.on('response', (response) => response.resume());
          setTimeout(() => sent.destroy(), 2 * i);
        }),
    ),
  );
  assert.equal((await request(`/?reseller=1&${month}`, { cookie })).status, 200);
  await until('no query is left', async () => (await busy()) === '0');
});

test('who leaves between two queries of a page has the next one not begun', async () => {
  const holder = await database.connect();
  try {
    // The period ends off the quarter hours, so the report reads raw rows there. A query that is left behind waits for the lock
    // longer than this test waits for it.
    const path = `/?reseller=1&from=2026-10-01T00:00&to=${new Date().toISOString().slice(0, 16)}:07.000001`;
    for (let round = 0; round < 8; round++) {
      await holder.query('BEGIN; LOCK TABLE usage.bot_message IN ACCESS EXCLUSIVE MODE');
      await Promise.all(
        Array.from(
          { length: 8 },
          (_, i) =>
            new Promise((resolve) => {
              const sent = http.get({ host: '127.0.0.1', port, path, headers: { cookie }, agent: false });
              sent.on('error', resolve);
              sent.on('close', resolve);
              setTimeout(() => sent.destroy(), 2 + 3 * i + round);
            }),
        ),
      );
      const deadline = Date.now() + 3000;
      while ((await busy()) !== '0') assert.ok(Date.now() < deadline, 'no query waits for the lock');
      await holder.query('ROLLBACK');
    }
  } finally {
    holder.release(true);
  }
});
