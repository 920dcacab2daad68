// @ts-check
/**
 * How numbers and labels are written, as in attn_magic/notation.py: tests/data/notation_cases.json holds both to it.
 */

/** @import { Axis } from "./record.js" */

/**
 * `value` with `precision` decimals, or in powers of ten where decimals would hide it or drown it; an exact zero is
 * "0".
 * @param {number} value @param {number} [precision]
 */
export function formatNumber(value, precision = 4) {
  if (Number.isNaN(value)) return "NaN";
  const sign = value < 0 ? "−" : "";
  const size = Math.abs(value);
  if (size === Infinity) return `${sign}∞`;
  if (size === 0) return "0";
  const fixed = size < 1e6 ? size.toFixed(precision) : "0";
  if (Number(fixed) !== 0) return sign + fixed;
  const [mantissa, exponent] = size.toExponential(precision).split("e");
  return `${sign}${mantissa}e${exponent[0] === "-" ? "−" : "+"}${exponent.slice(1).padStart(2, "0")}`;
}

/**
 * `value` inside a line of arithmetic: without the zeros that end it.
 * @param {number} value @param {number} precision
 */
export function formatOperand(value, precision) {
  const [number, exponent] = formatNumber(value, precision).split("e");
  const short = number.includes(".") ? number.replace(/\.?0+$/, "") : number;
  return exponent === undefined ? short : `${short}e${exponent}`;
}

/** The number that `formatNumber` or `formatOperand` wrote. @param {string} text */
export function readNumber(text) {
  return Number(text.replaceAll("−", "-").replace("∞", "Infinity"));
}

/**
 * A number or truth value as Python's explanations show it.
 * @param {number | boolean} value @param {number} precision
 */
export function showValue(value, precision) {
  return typeof value === "boolean" ? pythonBool(value) : formatNumber(value, precision);
}

/** @param {boolean} value */
export const pythonBool = (value) => (value ? "True" : "False");

/**
 * `value` in a cell: where there is room for fewer digits than asked for, a small number is 0.00 (and only an exact
 * zero is 0).
 * @param {number} value @param {number} digits @param {number} precision
 */
export function formatCell(value, digits, precision) {
  const isSmall = digits < precision && value !== 0 && Math.abs(value) < 0.5 * 10 ** -digits;
  return isSmall ? (value < 0 ? "−" : "") + (0).toFixed(digits) : formatNumber(value, digits);
}

/** The shortest text that is this float32, for typing over. @param {number} value */
export function shortestText(value) {
  for (let digits = 1; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(value);
}

/** `label` as it is shown: printable text unchanged, invisible characters as escapes. @param {string} label */
export function formatLabel(label) {
  if (/^[\x20-\x7e]*$/.test(label)) return label;
  const characters = Array.from(label);
  return characters
    .map((character, place) => formatCharacter(character, place > 0 && place < characters.length - 1))
    .join("");
}

/** @param {string} character @param {boolean} within */
function formatCharacter(character, within) {
  if (within && /[\u200c\u200d]/.test(character)) return character; // joiners belong to the word
  const code = character.codePointAt(0) ?? 0;
  if (!/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(character) && (code & 0xfffe) !== 0xfffe) return character;
  const hex = code.toString(16);
  return code < 0x100
    ? `\\x${hex.padStart(2, "0")}`
    : code < 0x10000
      ? `\\u${hex.padStart(4, "0")}`
      : `\\U${hex.padStart(8, "0")}`;
}

/**
 * `text` in at most `limit` characters, cut between characters as a reader sees them and ended with ….
 * @param {string} text @param {number} [limit]
 */
export function shorten(text, limit = 40) {
  const characters = Array.from(text);
  if (characters.length <= limit) return text;
  let end = limit - 1;
  while (
    end > 1 &&
    (/[\p{Mn}\p{Me}\p{Mc}\u200c\u200d\u{1f3fb}-\u{1f3ff}]/u.test(characters[end]) || characters[end - 1] === "\u200d")
  )
    end--;
  return `${characters.slice(0, end).join("")}…`;
}

/** @param {Axis} axis @param {number} place */
export const labelOf = (axis, place) => shorten(formatLabel(axis.labels[place]));
