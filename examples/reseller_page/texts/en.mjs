// All that the page says, in English. Another language is a file like this one, imported in its place. Titles of sections and
// columns come from the database, in English; a language may give its own.

import { moment } from '../format.mjs';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** 2026-10-05 as 5 Oct 2026. Years of more digits are as they are. */
const day = (/** @type {string} */ date, withYear = true) => {
  const [, year, month, number] = date.match(/^(\d+)-(\d\d)-(\d\d)$/) ?? [];
  if (year === undefined) return date;
  return `${Number(number)} ${MONTHS[Number(month) - 1]}${withYear ? ` ${year}` : ''}`;
};

const companies = (/** @type {string} */ count) => (count === '1' ? '1 company' : `${count} companies`);

const linesOf = (/** @type {string} */ count) => (count === '1' ? '1 line' : `${count} lines`);

/** @type {Record<string, string>} */
const ITEMS = {
  sms: 'SMS',
  viber: 'Viber',
  whatsapp: 'Whatsapp',
  email: 'Email',
  push: 'Push',
  operator: 'Operator message',
  bot: 'Bot message',
  user: 'User message',
  operator_alice: 'Operator message, Alice',
  bot_alice: 'Bot message, Alice',
  user_alice: 'User message, Alice',
  outgoing_call: 'Outgoing call',
  incoming_call: 'Incoming call',
  billable: 'Billable message',
  free: 'Free message',
};

export const en = {
  language: 'en',
  marks: { group: ',', decimal: '.' },

  reports: 'Reports',
  statements: 'Statements',
  title: 'Reseller and companies',
  product: 'Partner office',
  skip: 'Skip to the report',
  signedInAs: (/** @type {string} */ name) => `Signed in as ${name}`,
  signOut: 'Sign out',

  // The form.
  choose: 'What the report shows',
  account: 'Reseller account',
  from: 'From',
  to: 'To, not included',
  clock: (/** @type {string} */ zone, /** @type {string} */ offset) => `Time zone: ${zone} (UTC${offset})`,
  clockShifts: (/** @type {string} */ zone, /** @type {string} */ before, /** @type {string} */ after) =>
    `Time zone: ${zone} (UTC${before}, at the end UTC${after})`,
  skipped: (/** @type {string} */ asked, /** @type {string} */ taken) =>
    `There is no ${asked}, because the clock is set forward then. ${taken} is taken instead.`,
  twice: (/** @type {string} */ moment, /** @type {boolean} */ isFirst, /** @type {string} */ offset) =>
    `${moment} comes twice, because the clock is set back then. The ${isFirst ? 'first' : 'second'} one is taken (UTC${offset}).`,
  takeOther: (/** @type {boolean} */ isFirst, /** @type {string} */ offset) =>
    `Take the ${isFirst ? 'first' : 'second'} one (UTC${offset})`,
  expenses: 'There are expenses',
  search: 'Name or Id of a company',
  show: 'Show',
  periods: 'Periods by name',
  /** @type {[string, string][]} */
  periodNames: [
    ['today', 'Today'],
    ['yesterday', 'Yesterday'],
    ['last_7_days', 'Last 7 days'],
    ['last_30_days', 'Last 30 days'],
    ['last_90_days', 'Last 90 days'],
    ['this_week', 'This week'],
    ['last_week', 'Last week'],
    ['this_month', 'This month'],
    ['last_month', 'Last month'],
    ['this_quarter', 'This quarter'],
    ['last_quarter', 'Last quarter'],
    ['this_year', 'This year'],
    ['last_year', 'Last year'],
  ],

  // The report.
  day,
  moment: (/** @type {string} */ text) => {
    const { date, time } = moment(text);
    return `${day(date)}, ${time}`;
  },
  period: (/** @type {string} */ from, /** @type {string} */ to) => `${from} to ${to}`,
  currency: (/** @type {string} */ currency) => `Money in ${currency}`,
  sectionTitle: (/** @type {string} */ _service, /** @type {string} */ title) => title,
  columnTitle: (/** @type {string} */ _service, /** @type {string} */ _key, /** @type {string} */ title) => title,
  companies,
  companiesOf: (/** @type {string} */ title) => `${title}: companies`,
  rowsOf: (/** @type {string} */ first, /** @type {string} */ last, /** @type {string} */ all) =>
    `Companies ${first} to ${last} of ${all}`,
  total: 'Total',
  totalOf: (/** @type {string} */ count) => `of ${companies(count)}`,
  csv: 'CSV',
  csvOf: (/** @type {string} */ title) => `${title} as CSV`,
  pages: 'Pages',
  pageOf: (/** @type {string} */ number, /** @type {string} */ all) => `Page ${number} of ${all}`,
  previous: 'Previous page',
  next: 'Next page',
  duration: (/** @type {{hours: string, minutes: string, seconds: string}} */ { hours, minutes, seconds }) =>
    `${hours}:${minutes}:${seconds}`,
  seconds: (/** @type {string} */ seconds) => `${seconds} s`,
  none: 'No companies belong to this reseller in this period.',
  noneFound: (/** @type {string} */ search) => `No company's name contains \u201c${search}\u201d, and none has it as its Id.`,
  noneWithExpenses: 'No company has expenses for this service in this period.',
  noneOnPage: 'This page is beyond the last company.',
  firstPage: 'To the first page',
  withoutExpenses: 'Show companies without expenses, too',
  withoutSearch: 'Show all companies',

  // Totals and charts.
  /** @type {Record<string, string>} */
  figures: {
    events: 'Messages',
    seconds: 'Duration',
    price_to_twin: 'Price to Twin',
    price_to_reseller: 'Price to reseller',
  },
  calls: 'Calls',
  allCompanies: 'Charts, and the totals above them, are of all companies.',
  change: (/** @type {string} */ percent) => `${percent} %`,
  changeSaid: 'against the period before',
  comparedWith: (/** @type {string} */ period) => `Change against ${period}`,
  notCompared: 'The period before cannot be shown: usage was pruned, or there is no such time.',
  noUsage: 'No usage in this period.',
  noChart: 'The period is too long for a chart.',
  chart: (/** @type {string} */ title, /** @type {string} */ step) => `${title}: prices by ${step}`,
  /** @type {Record<string, string>} */
  steps: { hour: 'hour', day: 'day', week: 'week', month: 'month', quarter: 'quarter', year: 'year' },
  chartAsTable: 'The chart as a table',
  chartTable: (/** @type {string} */ title) => `${title}: the chart as a table`,
  /** @type {Record<string, string>} */
  lines: {
    twin: 'Price to Twin',
    reseller: 'Price to reseller',
    twinBefore: 'Price to Twin, period before',
    resellerBefore: 'Price to reseller, period before',
  },
  stepLabel: (/** @type {string} */ step, /** @type {string} */ text) => {
    const { date, time } = moment(text);
    if (step === 'hour') return time === '00:00' ? day(date, false) : time;
    if (step === 'day' || step === 'week') return day(date, false);
    return step === 'year' ? date.replace(/-.*/, '') : day(date).replace(/^\d+ /, '');
  },

  // A cell's events.
  back: 'Back to the report',
  eventsOf: (/** @type {string} */ company, /** @type {string} */ column) => `${company}: ${column}`,
  eventsAbout: (/** @type {string} */ title, /** @type {string} */ period) => `${title}, ${period}`,
  inReport: 'In the report',
  sumOfEvents: (/** @type {string} */ count) => (count === '1' ? 'Sum of 1 event' : `Sum of ${count} events`),
  equal: 'The events add up to the figure of the report.',
  notEqual: 'The events do not add up to the figure of the report.',
  noEvents: 'There are no events behind this figure.',
  noSuchCompany: 'This company does not belong to the reseller in this period.',
  events: 'Events',
  eventsShown: (/** @type {string} */ count) => `${count} events on this page`,
  occurred: 'Occurred at',
  item: 'What',
  delivered: 'Delivered',
  eventSeconds: 'Duration',
  toTwin: 'Price to Twin',
  toReseller: 'Price to reseller',
  source: 'Table',
  key: 'Key',
  yes: 'yes',
  no: 'no',
  itemName: (/** @type {string} */ item) => ITEMS[item] ?? item,
  nextEvents: 'Next events',
  firstEvents: 'First events',
  eventsCsv: 'Events as CSV',

  // Which days are billed, in the report's form.
  daysBilled: (/** @type {string} */ stretches) => `Billed so far: ${stretches}.`,
  nothingBilled: 'Nothing is billed so far.',
  earlier: (/** @type {string} */ count) => `and ${count} earlier`,
  /** @type {Record<'all' | 'none' | 'part', string>} */
  ofPeriod: {
    all: 'All of this period is billed.',
    none: 'None of this period is billed.',
    part: 'Only a part of this period is billed.',
  },
  days: (/** @type {string} */ first, /** @type {string} */ last) =>
    first === last ? day(first) : `${day(first)} to ${day(last)}`,

  // Statements.
  statementsOf: (/** @type {string} */ reseller) => `${reseller}: Statements`,
  clockOf: (/** @type {string} */ zone) => `Time zone: ${zone}`,
  chooseAccount: 'Whose statements',
  issueTitle: 'Last month',
  dueIs: (/** @type {string} */ days) => `Last month is ${days}.`,
  dueIsBilled: (/** @type {string} */ number) => `It is billed by statement ${number}. There is nothing to do.`,
  dueOverlaps: (/** @type {string} */ numbers) =>
    `A part of it is billed already, by statement ${numbers}, so it cannot be billed as a whole.`,
  dueIsOpen: 'It is not billed yet.',
  mayNotIssueHere: 'You may read statements, but not issue them.',
  note: 'Note on the statement (optional)',
  issue: 'Issue the statement',
  issueMeans:
    'The statement keeps the figures as they are now, and carries what has changed since earlier ones. It can be withdrawn, but ' +
    'never changed.',
  dueReport: 'See the report of last month',
  changedTitle: 'Changed since',
  changedNothing: 'Nothing has changed since the statements were issued.',
  changedNothingOf: 'Nothing has changed since it was issued, but for what later statements have corrected.',
  changed: (/** @type {string} */ rows) =>
    `Usage that is billed has changed, in ${linesOf(rows)}. The next statement carries the difference.`,
  changedOf: (/** @type {string} */ number, /** @type {string} */ rows) =>
    `What statement ${number} bills has changed since, in ${linesOf(rows)}. The next statement carries the difference.`,
  seeChanges: 'See what has changed',
  differenceToTwin: 'Price to Twin, difference',
  differenceToReseller: 'Price to reseller, difference',
  noStatements: 'There are no statements yet.',
  noneOnStatementsPage: 'This page is beyond the last statement.',
  issuedTitle: 'All statements',
  tableOf: (/** @type {string} */ title) => `${title}: the table`,
  statement: 'Statement',
  number: 'Number',
  billedPeriod: 'Period',
  issuedAt: 'Issued at',
  issuedBy: 'Issued by',
  ofWhichCorrections: 'of which corrections',
  state: 'State',
  inForce: 'In force',
  withdrawn: 'Not in force',
  withdrawnAt: (/** @type {string} */ at) => `Withdrawn at ${at}`,
  hash: 'Hash (SHA-256)',
  noteOf: 'Note',
  numberOf: (/** @type {string} */ number) => `Statement ${number}`,
  titleOf: (/** @type {string} */ number, /** @type {string} */ reseller) => `Statement ${number} of ${reseller}`,
  withdrawnBecause: (/** @type {string} */ at, /** @type {string} */ reason) =>
    `This statement was withdrawn at ${at} and counts no more. Reason: ${reason}`,
  linesTitle: 'Lines',
  noLines: 'This statement has no lines.',
  noneOnLinesPage: 'This page is beyond the last line.',
  firstLines: 'To the first page',
  companyId: 'Id',
  company: 'Name',
  billedFor: 'Billed for',
  ownPeriod: 'This period',
  corrects: (/** @type {string} */ number) => `Corrects statement ${number}`,
  service: 'Service',
  /** @type {Record<string, string>} */
  serviceNames: {
    text_messaging: 'Text messaging',
    chat: 'Chat',
    telephony_outgoing: 'Telephony (legacy)',
    telephony_incoming: 'Telephony (new)',
    bot: 'Bot',
  },
  eventCount: 'Messages or calls',
  correctsNumber: 'Corrects statement',
  secondsOf: 'Duration (seconds)',
  /** @type {Record<string, string>} */
  changedFigures: {
    events: 'Messages or calls',
    delivered: 'Delivered',
    seconds: 'Duration (seconds)',
    price_to_twin: 'Price to Twin',
    price_to_reseller: 'Price to reseller',
  },
  totalOfLines: (/** @type {string} */ count) => `of ${linesOf(count)}`,
  linesShown: (/** @type {string} */ first, /** @type {string} */ last, /** @type {string} */ all) =>
    `Lines ${first} to ${last} of ${all}`,
  changesShown: (/** @type {string} */ first, /** @type {string} */ last, /** @type {string} */ all) =>
    `Changes ${first} to ${last} of ${all}`,
  statementsShown: (/** @type {string} */ first, /** @type {string} */ last, /** @type {string} */ all) =>
    `Statements ${first} to ${last} of ${all}`,
  allLines: 'All lines on one page, to print',
  tooManyLines: (/** @type {string} */ most) => `There are more than ${most} lines, too many to print. The file has all of them.`,
  linesCsv: 'Lines as CSV',
  changesCsv: 'Changes as CSV',
  changesTitle: (/** @type {string} */ reseller) => `${reseller}: Changed since it was billed`,
  changesOfTitle: (/** @type {string} */ number, /** @type {string} */ reseller) =>
    `Statement ${number} of ${reseller}: Changed since it was issued`,
  changesAbout: 'Billed: as issued and corrected since. A statement that was withdrawn should bill nothing.',
  changes: 'Lines that have changed',
  billed: 'billed',
  now: 'now',
  difference: 'difference',
  toStatements: 'Back to all statements',
  toStatement: (/** @type {string} */ number) => `Back to statement ${number}`,
  withdraw: 'Withdraw this statement …',
  withdrawTitle: (/** @type {string} */ number, /** @type {string} */ reseller) => `Withdraw statement ${number} of ${reseller}?`,
  withdrawMeans:
    'It counts no more, and its period can be billed again. What later statements corrected of it is taken back by the next one. ' +
    'This cannot be undone.',
  because: 'Reason',
  withdrawNow: (/** @type {string} */ number) => `Withdraw statement ${number}`,
  keepIt: 'Keep it',

  // While a report is computed.
  working: 'Working\u2026',
  cancel: 'Cancel',
  cancelled: 'Cancelled. The page is as it was.',

  // What can go wrong.
  signIn: 'Sign in',
  notSignedIn: 'You are not signed in, or your session has ended. Open the address that the program printed when it started.',
  failed: 'The report cannot be shown',
  toReport: 'To the report',
  statementFailed: 'This cannot be done',
  toTheStatements: 'To the statements',
  mayNotIssue: 'You have no right to issue or withdraw statements. Ask who bills.',
  overlap: (/** @type {string} */ number) =>
    `This period, or a part of it, is billed already by statement ${number}, which is in force. Nothing was issued. What has ` +
    'changed since is carried by the next statement. Or withdraw it, and issue another.',
  notOver: 'The month is not over yet. Nothing was issued. Issue its statement when it has ended.',
  offQuarters: 'A statement begins and ends on a quarter hour of universal time. Nothing was issued.',
  withdrawnAlready: (/** @type {string} */ number) => `Statement ${number} was withdrawn already.`,
  meanwhile: 'Something else changed the same at the same moment. Try again.',
  noRight: (/** @type {string} */ reseller) =>
    `You have no right to see reseller ${reseller}, or there is no such account. Choose one of yours.`,
  notReseller: 'This company has no reseller account, so it has no report.',
  reversed: 'The period must end after it begins. Choose a later end, or an earlier beginning.',
  noSuchMoment: 'There is no such date or time. Write it as 2026-10-01 00:00.',
  noSuchName: 'The address names something that is not known: a period, a column or a service.',
  pruned: 'Details of a time that long ago are not kept any more.',
  prunedUntil: (/** @type {string} */ moment) =>
    `Before ${moment}, begin and end the period on whole quarter hours; from then on, at any moment.`,
  prunedEvents: (/** @type {string} */ moment) =>
    `The single events are kept from ${moment} on. Figures before that are still exact.`,
  quarterHours: 'Show the same period, widened to quarter hours',
  tooLarge: 'A figure is too large to be shown.',
  away: 'The database cannot be reached at the moment. Try again in a minute.',
  tooLong: (/** @type {string} */ seconds) =>
    `This took longer than ${seconds} seconds and was cancelled. Choose a shorter period, or try again later.`,
  busy: 'Too many reports are being computed at the moment. Try again in a minute.',
  notFound: 'There is no such page.',
  notAllowed: 'This page can only be read.',
  wrong: 'Something went wrong. It has been logged.',
  /** @type {Record<import('../address.mjs').Refused['reason'], string>} */
  refused: {
    reseller: 'The address names no reseller account.',
    moment: 'There is no such date or time. Write it as 2026-10-01 00:00.',
    period: 'The period needs a beginning and an end.',
    search: 'This is not a name or an Id that can be searched for.',
    sort: 'There is no such column to sort by.',
    page: 'There is no such page of companies.',
    cell: 'The address names no figure of the report.',
    after: 'The address names no event to go on from.',
    statement: 'There is no such statement.',
    words: 'A note or a reason has at most 500 characters, and none that are not seen.',
    because: 'Say why the statement is withdrawn. Nothing was withdrawn.',
    nothing:
      'There was no usage last month, and nothing has changed since earlier statements. So there is nothing to bill, and nothing ' +
      'was issued.',
    elsewhere: 'This form was not sent from a page of this site. Nothing was changed.',
    form: 'This form is not one of this site, or is too long. Nothing was changed.',
  },
};

/** @typedef {typeof en} Texts */
