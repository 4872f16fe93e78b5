// Which events a figure of the page is made of, and which figure of theirs it adds up.

/**
 * @typedef {object} Cell
 * @property {string[] | null} items  the items whose events count; null: all of the service
 * @property {'events' | 'delivered' | 'seconds' | 'price_to_twin' | 'price_to_reseller'} figure
 */

/** @type {(figure: Cell['figure'], ...items: string[]) => Cell} */
const cell = (figure, ...items) => ({ items: items.length > 0 ? items : null, figure });

const totals = { total_price_to_twin: cell('price_to_twin'), total_price_to_reseller: cell('price_to_reseller') };
const calls = { calls: cell('events'), total_duration_seconds: cell('seconds'), ...totals };

/** @type {Record<string, Record<string, Cell>>} */
const CELLS = {
  text_messaging: {
    delivered_sms: cell('delivered', 'sms'),
    price_sms: cell('price_to_twin', 'sms'),
    ...Object.fromEntries(
      ['viber', 'whatsapp', 'email', 'push'].flatMap((channel) => [
        [`sent_${channel}`, cell('events', channel)],
        [`delivered_${channel}`, cell('delivered', channel)],
        [`price_${channel}`, cell('price_to_twin', channel)],
      ]),
    ),
    ...totals,
  },
  chat: {
    operator_messages: cell('events', 'operator'),
    operator_messages_price: cell('price_to_twin', 'operator'),
    bot_messages_with_first: cell('events', 'bot'),
    bot_messages_price: cell('price_to_twin', 'bot'),
    user_messages: cell('events', 'user'),
    user_messages_price: cell('price_to_twin', 'user'),
    operator_messages_alice: cell('events', 'operator_alice'),
    bot_messages_alice: cell('events', 'bot_alice'),
    user_messages_alice: cell('events', 'user_alice'),
    alice_messages_price: cell('price_to_twin', 'operator_alice', 'bot_alice', 'user_alice'),
    ...totals,
  },
  telephony_outgoing: calls,
  telephony_incoming: calls,
  bot: { billable_messages: cell('events', 'billable'), ...totals },
};

/** The services in the order of the page. */
export const SERVICES = Object.keys(CELLS);

/**
 * @param {string} service
 * @param {string} key  of a column
 * @returns {Cell | undefined}
 */
export function cellOf(service, key) {
  if (!Object.hasOwn(CELLS, service) || !Object.hasOwn(CELLS[service], key)) return undefined;
  return CELLS[service][key];
}
