// Comfort on top of a page that works without: it shows that a report is being computed and lets one cancel it, and moves through
// the figures of a table by the arrow keys, so that the Tab key need not pass all of them.

/**
 * @param {string} selector
 * @returns {HTMLElement}
 */
function the(selector) {
  const found = document.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`no ${selector}`);
  return found;
}

const working = the('.working');
const cancelled = the('.cancelled');

// A report that is there within this time needs no word about it.
const PATIENCE = 300;
let timer = 0;

function begin() {
  window.clearTimeout(timer);
  cancelled.textContent = '';
  timer = window.setTimeout(() => {
    working.hidden = false;
    the('main').setAttribute('aria-busy', 'true');
  }, PATIENCE);
}

function end() {
  window.clearTimeout(timer);
  working.hidden = true;
  the('main').removeAttribute('aria-busy');
}

// The connection closes, and the server cancels the query.
function cancel() {
  if (working.hidden) return;
  window.stop();
  end();
  cancelled.textContent = cancelled.dataset.says ?? '';
}

document.addEventListener('submit', begin);
document.addEventListener('click', (event) => {
  const link = event.target instanceof Element && event.target.closest('a[href]');
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (link && isPlain && !link.hasAttribute('download') && !link.getAttribute('href')?.startsWith('#')) begin();
});
the('.cancel').addEventListener('click', cancel);
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') cancel();
});
// A page that the browser kept, gone back to.
window.addEventListener('pageshow', end);

/** @type {Record<string, [number, number]>} */
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -1], End: [0, 1] };

/**
 * Of the links in the body of a table only one is reached by the Tab key. Arrows, Home and End move to the others.
 * @param {HTMLTableElement} table
 */
function moveByArrows(table) {
  const links = [...table.querySelectorAll('tbody a')].filter((link) => link instanceof HTMLElement);
  const stopAt = (/** @type {HTMLElement} */ stop) => links.forEach((link) => (link.tabIndex = link === stop ? 0 : -1));
  if (links.length > 0) stopAt(links[0]);
  table.addEventListener('focusin', ({ target }) => {
    const link = links.find((link) => link === target);
    if (link) stopAt(link);
  });
  table.addEventListener('keydown', (event) => {
    const cell = event.target instanceof Element && event.target.closest('td, th');
    const step = STEPS[event.key];
    if (!(cell instanceof HTMLTableCellElement) || !step || event.ctrlKey || event.altKey || event.metaKey) return;
    const [down, right] = step;
    const row = /** @type {HTMLTableRowElement} */ (cell.parentElement);
    /** @type {HTMLElement | undefined} */
    let found;
    for (let [y, x] = [row.rowIndex + down, cell.cellIndex + right]; ; y += down, x += right) {
      const next = table.rows[y]?.cells[x];
      if (!next) break;
      found = next.querySelector('a') ?? found;
      if (found && event.key.startsWith('Arrow')) break;
    }
    if (!found) return;
    event.preventDefault();
    found.focus();
  });
}

document.querySelectorAll('table.report').forEach((table) => moveByArrows(/** @type {HTMLTableElement} */ (table)));
