// What a page shows is in its address, so that it can be reloaded, gone back to and sent. This is the address as a value: read
// from a request, checked, and written into links.

/**
 * @typedef {object} Address
 * @property {string} reseller  '' before one is chosen
 * @property {string} period    the name of a period; '' where from and to say it
 * @property {string} at        the moment that a named period is of
 * @property {string} from      on the reseller's clock, unless an offset is given
 * @property {string} to
 * @property {boolean} expenses
 * @property {string} search
 * @property {string} sort      the key of a column, with - before it for descending
 * @property {number} page      from 1
 * @property {string} service   of a section or of a cell
 * @property {string} company   of a cell
 * @property {string} cell      the key of its column
 * @property {string} after     the position of the last event of the page before
 * @property {string} statement the number of one of the reseller's statements
 * @property {boolean} all      all lines of the statement, without pages
 */

/** An address, or a form that was sent, that says what cannot be. The reason is a key of the texts. */
export class Refused extends Error {
  /**
   * @param {'reseller' | 'moment' | 'period' | 'search' | 'sort' | 'page' | 'cell' | 'after' | 'statement' | 'words' | 'because' |
   *   'nothing' | 'elsewhere' | 'form'} reason
   */
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/** @type {Address} */
export const NOWHERE = {
  reseller: '',
  period: '',
  at: '',
  from: '',
  to: '',
  expenses: false,
  search: '',
  sort: '',
  page: 1,
  service: '',
  company: '',
  cell: '',
  after: '',
  statement: '',
  all: false,
};

const ID = /^-?\d{1,19}$/;
const NAME = /^[a-z0-9_]{1,40}$/;
const MOMENT = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:\d\d)?)?$/;
// Characters that no name holds: controls, which PostgreSQL's text may not hold either (NUL), or which hide what is there.
const CONTROLS = /[\u0000-\u001f\u007f]/;
const LONGEST_SEARCH = 200;
export const LONGEST_WORDS = 500;
const LONGEST_POSITION = 2000;
const LAST_PAGE = 1_000_000;

/**
 * @param {URLSearchParams} query
 * @returns {Address}
 */
export function readAddress(query) {
  const text = (/** @type {string} */ name) => query.get(name) ?? '';
  const matching = (/** @type {string} */ name, /** @type {RegExp} */ pattern, /** @type {Refused['reason']} */ reason) => {
    const value = text(name).trim();
    if (value !== '' && !pattern.test(value)) throw new Refused(reason);
    return value;
  };
  // An id is written in one way only, so that it can be compared as a text: 01 is 1.
  const id = (/** @type {string} */ name, /** @type {Refused['reason']} */ reason) => {
    const value = matching(name, ID, reason);
    if (value === '') return '';
    const number = BigInt(value);
    if (BigInt.asIntN(64, number) !== number) throw new Refused(reason);
    return String(number);
  };
  const search = text('search').trim();
  if (search.length > LONGEST_SEARCH || CONTROLS.test(search)) throw new Refused('search');
  const page = Number(matching('page', /^\d{1,7}$/, 'page') || '1');
  if (page < 1 || page > LAST_PAGE) throw new Refused('page');
  const after = text('after');
  if (after !== '' && !isPosition(after)) throw new Refused('after');
  return {
    reseller: id('reseller', 'reseller'),
    period: matching('period', NAME, 'period'),
    at: matching('at', MOMENT, 'moment'),
    from: matching('from', MOMENT, 'moment'),
    to: matching('to', MOMENT, 'moment'),
    expenses: text('expenses') === '1',
    search,
    sort: matching('sort', /^-?[a-z_]{1,40}$/, 'sort'),
    page,
    service: matching('service', NAME, 'cell'),
    company: id('company', 'cell'),
    cell: matching('cell', NAME, 'cell'),
    after,
    statement: id('statement', 'statement'),
    all: text('all') === '1',
  };
}

/**
 * What a person wrote into a field of a form that is sent: a note, or a reason.
 * @param {URLSearchParams} form
 * @param {string} name
 */
export function readWords(form, name) {
  const words = (form.get(name) ?? '').trim();
  if (words.length > LONGEST_WORDS || CONTROLS.test(words)) throw new Refused('words');
  return words;
}

/** @param {string} text */
function isPosition(text) {
  if (text.length > LONGEST_POSITION) return false;
  try {
    const position = JSON.parse(text);
    // JSON writes NUL and halves of surrogate pairs as \u. PostgreSQL's text can hold neither.
    return typeof position === 'object' && !/\\u(0000|d[89a-f])/.test(JSON.stringify(position));
  } catch {
    return false;
  }
}

/**
 * A link to a path with this address, changed as said. What says nothing is left out.
 * @param {string} path
 * @param {Address} address
 * @param {Partial<Address>} [changes]
 */
export function link(path, address, changes = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...address, ...changes })) {
    if (value === '' || value === false || (name === 'page' && value === 1)) continue;
    query.set(name, value === true ? '1' : String(value));
  }
  return query.size === 0 ? path : `${path}?${query}`;
}
