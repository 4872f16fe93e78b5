// CSV as RFC 4180 has it, for spreadsheets: UTF-8 with the mark by which they know it, and texts that no spreadsheet takes for a
// formula. Figures are plain digits with a decimal point, which the file keeps exact.

/** What a file begins with. */
export const BYTE_ORDER_MARK = '\ufeff';

const FORMULA = /^\s*[=+\-@\uff0b\uff0d\uff1d\uff20]/;
// Some spreadsheets separate fields by semicolons or tabs. To them the quotes after a comma are part of a text.
const FORMULA_WITHIN = /[;\t\r\n](?=[" ]*[=+\-@\uff0b\uff0d\uff1d\uff20])/g;

/**
 * A text. One that begins like a formula gets an apostrophe, which is how spreadsheets mark a text. So does a part of it that a
 * spreadsheet may take for a field.
 * @param {string | null} text
 */
export function textField(text) {
  const whole = text ?? '';
  const defused = (FORMULA.test(whole) ? `'${whole}` : whole).replace(FORMULA_WITHIN, "$&'");
  return /[",\r\n;\t]|^\s|\s$/.test(defused) ? `"${defused.replaceAll('"', '""')}"` : defused;
}

/** @param {string[]} fields */
export function line(fields) {
  return `${fields.join(',')}\r\n`;
}
