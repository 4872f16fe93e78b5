// How long it takes until a person sees the first row of a page, against the database's own answer to the same question. Prints
// both, in milliseconds, and their ratio; and until the first byte has come, and until an empty page is seen. All are medians of
// rounds in turn. Called by bench/page.sh; PAGE_ADDRESS signs in.

import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { chromium } from 'playwright-core';

const ROUNDS = 15;
const signIn = new URL(process.env.PAGE_ADDRESS ?? '');
const [from, to] = ['2024-01-01T00:00', '2024-02-01T00:00'];

const database = new pg.Client({ user: 'postgres' });
await database.connect();
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
const page = await browser.newPage();
await page.addInitScript(() => {
  // A task after the frame that the row is first part of: by then it is drawn.
  const look = () => {
    if (!document.querySelector('table.report tbody tr, section .empty')) return void requestAnimationFrame(look);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => document.documentElement.setAttribute('data-seen', String(window.performance.now()));
    port2.postMessage('');
  };
  look();
});
await page.goto(signIn.href);

async function askDatabase() {
  const begun = performance.now();
  await database.query(
    `SELECT reseller_report.reseller_and_companies(1, $1::timestamp AT TIME ZONE $3, $2::timestamp AT TIME ZONE $3,
      row_limit => 50)`,
    [from, to, 'Europe/Moscow'],
  );
  return performance.now() - begun;
}

/** @param {string} search */
async function seePage(search) {
  await page.goto(`${signIn.origin}/?reseller=1&from=${from}&to=${to}&search=${search}`);
  const seen = Number(await page.locator('html[data-seen]').getAttribute('data-seen'));
  const received = await page.evaluate(
    () => /** @type {PerformanceNavigationTiming} */ (window.performance.getEntriesByType('navigation')[0]).responseStart,
  );
  return { seen, received };
}

/** @type {{answer: number, seen: number, ratio: number, received: number, empty: number}[]} */
const rounds = [];
for (let round = -2; round < ROUNDS; round++) {
  const answer = await askDatabase();
  const { seen, received } = await seePage('');
  const { seen: empty } = await seePage('nobody');
  if (round >= 0) rounds.push({ answer, seen, ratio: seen / answer, received, empty });
}
const median = (/** @type {'answer' | 'seen' | 'ratio' | 'received' | 'empty'} */ what) =>
  rounds
    .map((round) => round[what])
    .sort((a, b) => a - b)
    [(ROUNDS - 1) / 2].toFixed(2);
await browser.close();
await database.end();
console.log(median('answer'), median('seen'), median('ratio'), median('received'), median('empty'));
