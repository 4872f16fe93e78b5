// HTML that is written by templates. Whatever a template puts in is escaped, unless it came from a template itself.

/** A piece of HTML that needs no escaping. Only `html` makes them, and what takes them apart. */
export class Html {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }
}

/** @type {Record<string, string>} */
const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '`': '&#96;' };

/**
 * A text as HTML shows it, between tags and in quoted attributes alike.
 * @param {unknown} text
 */
export function escape(text) {
  return String(text).replace(/[&<>"'`]/g, (character) => ENTITIES[character]);
}

/**
 * @param {unknown} value  nothing (null, undefined, false), a piece of HTML, a text, or a list of these
 * @returns {string}
 */
function written(value) {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(written).join('');
  return escape(value);
}

/**
 * The tag of templates: html`<p>${text}</p>`. Attributes are to be quoted.
 * @param {TemplateStringsArray} strings
 * @param {...unknown} values
 */
export function html(strings, ...values) {
  let text = strings[0];
  for (let i = 0; i < values.length; i++) text += written(values[i]) + strings[i + 1];
  return new Html(text);
}
