// A line chart as SVG: prices over time, with those of the period before. Lines differ by dash and marker, so that they are told
// apart without colour.

import { html } from './html.mjs';
import { grouped, moneyInText } from './format.mjs';

/** @typedef {import('./report.mjs').Step} Step */
/** @typedef {import('./texts/en.mjs').Texts} Texts */
/** @typedef {{id: string, marker: 'circle' | 'square', values: string[]}} Line  money a step */

const [WIDTH, HEIGHT] = [960, 230];
const [LEFT, RIGHT, TOP, BOTTOM] = [86, 14, 12, 30];
const MOST_MARKERS = 45;
const MOST_LABELS = 8;

/** Money in millionths, exact. */
const micros = (/** @type {string} */ money) => BigInt(money.replace('.', ''));

/**
 * Where the axis has its ticks: about four, at round amounts (1, 2 or 5 and zeros), from the smallest to the largest.
 * @param {bigint} least  at most 0
 * @param {bigint} most   at least 0
 */
export function ticks(least, most) {
  let step = 1n;
  for (const factors = [2n, 5n, 10n]; (most - least) / step > 4n; ) {
    const decade = 10n ** BigInt(String(step).length - 1);
    step = decade * (factors.find((factor) => decade * factor > step) ?? 10n);
  }
  const result = [];
  for (let tick = -((-least + step - 1n) / step) * step; ; tick += step) {
    result.push(tick);
    if (tick >= most) return result;
  }
}

/** Millionths as money: 1500000 as 1.500000. */
function moneyOf(/** @type {bigint} */ amount) {
  const digits = String(amount < 0n ? -amount : amount).padStart(7, '0');
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

/**
 * The lines of a service.
 * @param {Step[]} now
 * @param {Step[]} before
 * @returns {Line[]}
 */
function linesOf(now, before) {
  // The period before may have more steps, as a longer month has.
  const beside = before.slice(0, now.length);
  /** @type {Line[]} */
  const lines = [
    { id: 'twinBefore', marker: 'circle', values: beside.map((step) => step.price_to_twin) },
    { id: 'resellerBefore', marker: 'square', values: beside.map((step) => step.price_to_reseller) },
    { id: 'twin', marker: 'circle', values: now.map((step) => step.price_to_twin) },
    { id: 'reseller', marker: 'square', values: now.map((step) => step.price_to_reseller) },
  ];
  return lines.filter((line) => line.values.length > 0);
}

/**
 * @param {Line['marker']} marker
 * @param {number} x
 * @param {number} y
 */
function drawMarker(marker, x, y) {
  if (marker === 'circle') return html`<circle cx="${x}" cy="${y}" r="3" />`;
  return html`<rect x="${(x - 3).toFixed(1)}" y="${(y - 3).toFixed(1)}" width="6" height="6" />`;
}

// The present first, where lines are told of. They are drawn in the other order, so that the present lies on top.
const ordered = (/** @type {Line[]} */ lines) =>
  ['twin', 'reseller', 'twinBefore', 'resellerBefore'].flatMap((id) => lines.filter((line) => line.id === id));

/**
 * The key of a chart: each line as it is drawn, and what it is.
 * @param {Line[]} lines
 * @param {Texts} texts
 */
function legend(lines, texts) {
  return html`<ul class="legend">
    ${ordered(lines).map(
      (line) =>
        html`<li>
          <svg class="line ${line.id}" width="34" height="10" aria-hidden="true">
            <path d="M0 5H34" />
            ${drawMarker(line.marker, 17, 5)}
          </svg>
          ${texts.lines[line.id]}
        </li>`,
    )}
  </ul>`;
}

/**
 * The table behind a chart.
 * @param {string} title
 * @param {string} step
 * @param {Step[]} now
 * @param {Line[]} lines
 * @param {Texts} texts
 */
function table(title, step, now, lines, texts) {
  const columns = ordered(lines);
  return html`<details class="behind">
    <summary>${texts.chartAsTable}</summary>
    <div class="scroll" tabindex="0" role="region" aria-label="${texts.chartTable(title)}">
      <table>
        <thead>
          <tr>
            <th scope="col">${texts.steps[step]}</th>
            ${columns.map((line) => html`<th scope="col" class="number">${texts.lines[line.id]}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${now.map(
            ({ step_from }, i) =>
              html`<tr>
                <th scope="row">${texts.moment(step_from)}</th>
                ${columns.map(
                  (line) => html`<td class="number">${i < line.values.length ? grouped(line.values[i], texts.marks) : ''}</td>`,
                )}
              </tr> `,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}

/**
 * @param {{service: string, title: string, step: string, now: Step[], before: Step[]}} of
 * @param {Texts} texts
 */
export function chart({ service, title, step, now, before }, texts) {
  const lines = linesOf(now, before);
  const amounts = lines.flatMap((line) => line.values.map(micros));
  const least = amounts.reduce((a, b) => (b < a ? b : a), 0n);
  const most = amounts.reduce((a, b) => (b > a ? b : a), 0n);
  if (least === 0n && most === 0n) return html`<p class="empty">${texts.noUsage}</p>`;

  const marks = ticks(least, most);
  const [bottom, top] = [marks[0], marks[marks.length - 1]];
  const [width, height] = [WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
  // A place on the screen needs no more than the four digits that are kept here. Figures are never computed in this way.
  const y = (/** @type {bigint} */ amount) =>
    TOP + height - (Number(((amount - bottom) * 10000n) / (top - bottom)) * height) / 10000;
  const slot = width / now.length;
  const x = (/** @type {number} */ i) => LEFT + slot * (i + 0.5);
  const every = Math.ceil(now.length / MOST_LABELS);
  const name = `${service}-chart`;

  return html`<figure class="chart">
    ${legend(lines, texts)}
    <div class="drawing" tabindex="0" role="region" aria-label="${texts.chart(title, texts.steps[step])}">
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${name}">
        <title id="${name}">${texts.chart(title, texts.steps[step])}</title>
        <g class="axis">
          ${marks.map(
            (mark) =>
              html`<path d="M${LEFT} ${y(mark).toFixed(1)}H${WIDTH - RIGHT}" ${mark === 0n && html` class="zero"`} />
                <text x="${LEFT - 8}" y="${(y(mark) + 4).toFixed(1)}" text-anchor="end"
                  >${moneyInText(moneyOf(mark), texts.marks)}</text
                >`,
          )}
          ${now.map(
            ({ step_from }, i) =>
              i % every === 0 &&
              html`<text x="${x(i).toFixed(1)}" y="${HEIGHT - 9}" text-anchor="middle">${texts.stepLabel(step, step_from)}</text>`,
          )}
        </g>
        ${lines.map((line) => {
          const points = line.values.map((value, i) => [x(i), y(micros(value))]);
          return html`<g class="line ${line.id}"
            ><path d="M${points.map(([px, py]) => `${px.toFixed(1)} ${py.toFixed(1)}`).join('L')}" />${points.length <=
              MOST_MARKERS && points.map(([px, py]) => drawMarker(line.marker, Number(px.toFixed(1)), Number(py.toFixed(1))))}</g
          > `;
        })}
      </svg>
    </div>
    ${table(title, step, now, lines, texts)}
  </figure>`;
}
