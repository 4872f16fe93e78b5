// What needs neither server nor browser: templates, addresses, figures, CSV, charts, and what is said about errors.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { link, NOWHERE, readAddress, readWords, Refused } from '../address.mjs';
import { ticks } from '../chart.mjs';
import { cellOf, SERVICES } from '../cells.mjs';
import { line, textField } from '../csv.mjs';
import { failure } from '../failure.mjs';
import { duration, fieldOfMoment, grouped, moment, money, moneyInText } from '../format.mjs';
import { html } from '../html.mjs';
import { en } from '../texts/en.mjs';

const read = (/** @type {Record<string, string>} */ query) => readAddress(new URLSearchParams(query));

test('templates escape what they are given, and templates within them stay', () => {
  const name = `<script>alert("1")</script>&'\``;
  assert.equal(
    html`<p title="${name}">${[html`<b>${name}</b>`, null, false, undefined, 0]}</p>`.text,
    '<p title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;&#96;"><b>&lt;script&gt;alert(&quot;1&quot;)' +
      '&lt;/script&gt;&amp;&#39;&#96;</b>0</p>',
  );
});

test('an address is read back as it was written', () => {
  const address = {
    ...NOWHERE,
    reseller: '9223372036854775807',
    period: 'last_month',
    at: '2026-11-27T12:17Z',
    expenses: true,
    search: 'a&b=c %_\u202e',
    sort: '-price_sms',
    page: 7,
    service: 'chat',
    company: '-5',
    cell: 'user_messages',
    after: '{"a":"1"}',
    statement: '12',
    all: true,
  };
  assert.deepEqual(readAddress(new URL(link('/events', address), 'http://page').searchParams), address);
  assert.equal(link('/', NOWHERE), '/');
});

test('an address that says what cannot be is refused, with the reason', () => {
  /** @type {[string, string, string][]} */
  const wrong = [
    ['reseller', '1;', 'reseller'],
    ['reseller', '1e3', 'reseller'],
    ['reseller', '9223372036854775808', 'reseller'],
    ['reseller', '-9223372036854775809', 'reseller'],
    ['from', 'now', 'moment'],
    ['to', 'infinity', 'moment'],
    ['at', '2026-10-01', 'moment'],
    ['period', "last_month'", 'period'],
    ['search', 'a\u0000', 'search'],
    ['search', 'x'.repeat(201), 'search'],
    ['sort', 'a b', 'sort'],
    ['sort', '--id', 'sort'],
    ['page', '0', 'page'],
    ['page', '-1', 'page'],
    ['page', '1.5', 'page'],
    ['page', '9999999', 'page'],
    ['cell', '"', 'cell'],
    ['service', 'Bot', 'cell'],
    ['company', 'x', 'cell'],
    ['after', '{', 'after'],
    ['after', '7', 'after'],
    ['after', `["${'x'.repeat(3000)}"]`, 'after'],
    ['after', '{"a":"\\u0000"}', 'after'],
    ['after', '{"a":"\\ud800"}', 'after'],
    ['after', '{"\\uDC00":1}', 'after'],
  ];
  for (const [name, text, reason] of wrong)
    assert.throws(
      () => read({ [name]: text }),
      (error) => error instanceof Refused && error.reason === reason,
      `${name}=${text}`,
    );
});

test('a note has words that can be seen, and not too many', () => {
  const words = (/** @type {string} */ note) => readWords(new URLSearchParams({ note }), 'note');
  assert.equal(words('  <b> & \u0416 \n'), '<b> & \u0416');
  assert.equal(readWords(new URLSearchParams(), 'note'), '');
  assert.equal(words('x'.repeat(500)).length, 500);
  for (const note of ['x'.repeat(501), 'a\u0000b', 'a\nb']) assert.throws(() => words(note), Refused);
});

test('an id has one way to be written', () => {
  for (const [text, id] of [
    ['01', '1'],
    ['-0', '0'],
    ['-007', '-7'],
    ['-9223372036854775808', '-9223372036854775808'],
    [' 9223372036854775807 ', '9223372036854775807'],
  ]) {
    assert.equal(read({ reseller: text }).reseller, id);
    assert.equal(read({ company: text }).company, id);
  }
});

test('a position may hold any character that the database may hold', () => {
  const after = '{"key": ["\\ud83d\\ude00", "\u042f"]}';
  assert.equal(read({ after }).after, after);
});

test('figures are grouped, exact and never rounded', () => {
  assert.equal(grouped('12345678901234567890.123456', en.marks), '12,345,678,901,234,567,890.123456');
  assert.equal(grouped('-1000', en.marks), '\u22121,000');
  assert.equal(grouped(0, en.marks), '0');
  assert.equal(money('1234.500000', en.marks).text, '1,234.50<span class="zeros">0000</span>');
  assert.equal(money('-0.000001', en.marks).text, '\u22120.000001');
  assert.equal(moneyInText('100.000000', en.marks), '100.00');
  assert.equal(moneyInText('0.041200', en.marks), '0.0412');
});

test('durations have hours, minutes and seconds, also those that no floating-point number holds', () => {
  assert.deepEqual(duration('62703'), { hours: '17', minutes: '25', seconds: '03' });
  assert.deepEqual(duration('9223372036854775807'), { hours: '2562047788015215', minutes: '30', seconds: '07' });
});

test('moments keep their microseconds and their offset', () => {
  assert.deepEqual(moment('2026-10-01 00:00:00+03'), { date: '2026-10-01', time: '00:00', offset: '+03:00' });
  assert.deepEqual(moment('2026-03-08 02:30:00'), { date: '2026-03-08', time: '02:30', offset: '' });
  assert.deepEqual(moment('2026-10-01 00:00:59.000001+05:30'), { date: '2026-10-01', time: '00:00:59.000001', offset: '+05:30' });
  assert.equal(fieldOfMoment('2026-10-01 23:59:59-06'), '2026-10-01T23:59:59');
  assert.equal(en.moment('2026-10-01 00:00:00+03'), '1 Oct 2026, 00:00');
  assert.equal(en.moment('0044-03-15 12:00:00+02:30:17 BC'), '0044-03-15 BC, 12:00');
});

test('a text of CSV is quoted where it must be, and is no formula of a spreadsheet', () => {
  for (const formula of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '\r=1', '\uff1d1']) {
    assert.match(textField(formula), /^"?'/, JSON.stringify(formula));
  }
  // What a spreadsheet that separates fields by semicolons takes for a field.
  assert.equal(textField('x;=1+1;'), `"x;'=1+1;"`);
  assert.equal(textField('x; "=1+1"'), `"x;' ""=1+1"""`);
  assert.equal(textField('x\n-1\t@y; z'), `"x\n'-1\t'@y; z"`);
  assert.equal(textField('a "b", c'), '"a ""b"", c"');
  assert.equal(textField('two\nlines'), '"two\nlines"');
  assert.equal(textField('Aurora Bank'), 'Aurora Bank');
  assert.equal(textField(null), '');
  assert.equal(line(['1', '-1.500000']), '1,-1.500000\r\n');
});

test('the ticks of an axis are round, few, and hold what is drawn', () => {
  for (const [least, most] of [
    [0n, 1n],
    [0n, 7n],
    [0n, 123456789n],
    [-5n, 3n],
    [-1000000n, 0n],
    [-1n, 10n ** 20n],
  ]) {
    const marks = ticks(least, most);
    assert.ok(marks[0] <= least && marks[marks.length - 1] >= most, `${least} to ${most}: ${marks}`);
    assert.ok(marks.length >= 2 && marks.length <= 7, `${least} to ${most}: ${marks}`);
    assert.ok(marks.includes(0n));
    assert.match(String(marks[1] - marks[0]), /^[125]0*$/);
  }
});

test('only columns of the page are cells', () => {
  assert.deepEqual(SERVICES, ['text_messaging', 'chat', 'telephony_outgoing', 'telephony_incoming', 'bot']);
  assert.equal(cellOf('chat', 'calls'), undefined);
  assert.equal(cellOf('constructor', 'name'), undefined);
  assert.equal(cellOf('bot', '__proto__'), undefined);
});

test('each error has a status and words for a person', () => {
  const context = { address: { ...NOWHERE, reseller: '7' }, timeLimit: 15000 };
  const said = (/** @type {object} */ error) => {
    const { status, says } = failure(error, context, en);
    return `${status} ${says.text}`;
  };
  assert.match(said({ code: '42501' }), /^403 .*no right to see reseller 7/);
  assert.match(said({ code: '22023', message: 'company 7 is not a reseller' }), /^404 .*no reseller account/);
  assert.match(said({ code: '22023', message: 'the period must end after it begins' }), /^400 .*must end after/);
  assert.match(said({ code: '22023', message: 'there is no column "x"' }), /^400 .*not known/);
  assert.match(said({ code: '42501', message: 'permission denied for function issue_statement' }), /^403 .*no right to issue/);
  const overlap = said({ code: '23P01', message: 'the period overlaps statement 12 of reseller 7, which is in force' });
  assert.match(overlap, /^409 .*billed already by statement 12, .*href="\/statement\?reseller=7&amp;statement=12"/s);
  assert.match(said({ code: '22023', message: 'the period of a statement must be over' }), /^409 .*not over yet/);
  const off = 'the period of a statement must begin and end on quarter hours UTC, not at 1900-01-01 00:00:00+02:30:17';
  assert.match(said({ code: '22023', message: off }), /^409 .*quarter hour of universal time/);
  assert.match(said({ code: '55000', message: 'statement 12 was withdrawn already, at 2026-11-27' }), /^409 .*withdrawn already/);
  assert.match(said({ code: '40001' }), /^503 .*at the same moment/);
  assert.match(said(new Refused('nothing')), /^409 .*nothing to bill/);
  assert.match(said({ code: '22008' }), /^400 .*no such date/);
  assert.match(said({ code: '22009' }), /^400 .*no such date/);
  assert.match(said({ code: '22003' }), /^422/);
  assert.match(said({ code: '57014' }), /^504 .*longer than 15 seconds/);
  assert.match(said({ code: '57P01' }), /^503 .*cannot be reached/);
  assert.match(said(new Error('Connection terminated unexpectedly')), /^503 .*cannot be reached/);
  assert.match(said(new Error('a mistake')), /^500 .*logged/);
});

test('where usage was pruned, the moment is said and a period is offered that can be answered', () => {
  const message =
    'usage of table usage.bot_message before 2026-09-01 03:00:00+03 was pruned: from then on any period can be answered, ' +
    'before it only whole quarter hours UTC';
  const of = { period_from: '2026-08-01 10:17:00+03', period_to: '2026-08-31 23:59:59.5+03', previous_from: '', previous_to: '' };
  const { status, says } = failure({ code: '55000', message }, { address: NOWHERE, of, timeLimit: 1 }, en);
  assert.equal(status, 409);
  assert.match(says.text, /Before 1 Sep 2026, 03:00, begin and end the period on whole quarter hours/);
  assert.match(says.text, /from=2026-08-01T10%3A15&amp;to=2026-09-01T00%3A00/);
});
