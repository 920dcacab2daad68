// @ts-check
/**
 * Arithmetic as data, written out and evaluated, as in attn_magic/expressions.py: tests/data/notation_cases.json holds
 * both to it.
 */

import { formatNumber, formatOperand, pythonBool, readNumber, showValue } from "./notation.js";

/** @import { Expression, Quantity, Source } from "./record.js" */

/**
 * A piece of a line: text, or text that stands for an operand or one of its cells.
 * @typedef {string | {text: string, operand: number, source?: Source}} Part
 */

const MAX_DIGITS = 12; // decimals at which a float32 between 0.001 and 1 is written exactly enough

/** @type {Record<string, string>} */
const SIGNS = { "+": " + ", "-": " − ", "*": " × ", "/": " / " };
/** How tightly a function holds its arguments; calls hold tightest. @type {Record<string, number>} */
const BINDING = { where: 0, "+": 1, "-": 1, "*": 2, "/": 2 };
const TIGHTEST = 3;

/** @param {Expression} leaf @returns {leaf is Quantity} */
const isQuantity = (leaf) => typeof leaf === "object" && !Array.isArray(leaf);

/** @param {Part[]} parts */
export const textOf = (parts) => parts.map((part) => (typeof part === "string" ? part : part.text)).join("");

/**
 * `expression` with the names that `values` knows replaced.
 * @param {Expression} expression @param {Record<string, any>} values @returns {Expression}
 */
export function substitute(expression, values) {
  if (Array.isArray(expression))
    return [expression[0], ...expression.slice(1).map((argument) => substitute(argument, values))];
  return typeof expression === "string" && Object.hasOwn(values, expression) ? values[expression] : expression;
}

/**
 * `expression` as a person writes it, each number or truth value by way of `show`.
 * @param {Expression} expression @param {(value: number | boolean) => string} show @returns {Part[]}
 */
export function write(expression, show) {
  if (!Array.isArray(expression)) {
    if (isQuantity(expression))
      return [{ text: show(expression.value), operand: expression.operand, source: expression.source }];
    return [typeof expression === "string" ? expression : show(expression)];
  }
  const [name, ...values] = expression;
  if (name in SIGNS)
    return join(
      values.map((value, place) => writeArgument(value, name, place, show)),
      SIGNS[name],
    );
  if (name === "where") {
    const [condition, ifTrue, ifFalse] = values.map((value) => write(value, show));
    return [...ifTrue, " if ", ...condition, " else ", ...ifFalse];
  }
  if (name === "more") return [`(${values[0]} more: ${show(values[1])})`];
  const inner = join(
    values.map((value) => write(value, show)),
    ", ",
  );
  if (name === "sqrt") return Array.isArray(values[0]) ? ["√(", ...inner, ")"] : ["√", ...inner];
  return [name === "exp" ? "e^(" : `${name}(`, ...inner, ")"];
}

/** @param {Part[][]} lists @param {string} between @returns {Part[]} */
export const join = (lists, between) => lists.flatMap((list, place) => (place ? [between, ...list] : list));

/**
 * @param {Expression} argument @param {string} name @param {number} place
 * @param {(value: number | boolean) => string} show
 */
function writeArgument(argument, name, place, show) {
  const parts = write(argument, show);
  const binding = Array.isArray(argument) ? (BINDING[argument[0]] ?? TIGHTEST) : TIGHTEST;
  const needsMore = "-/".includes(name) && place > 0; // a − (b − c) is not a − b − c
  const loose = binding < BINDING[name] || (needsMore && binding === BINDING[name]);
  const negative = name === "-" && place > 0 && textOf(parts).startsWith("−");
  return loose || negative ? ["(", ...parts, ")"] : parts;
}

/**
 * A number or truth value as somebody wrote it into an equation: as Python's `repr` has it.
 * @param {number | boolean} value
 */
export function formatConstant(value) {
  if (typeof value === "boolean" || value === 0 || !Number.isFinite(value)) return showValue(value, 0);
  const [mantissa, exponent] = value.toExponential().split("e");
  if (-4 <= Number(exponent) && Number(exponent) < 16) return String(value).replace("-", "−");
  return `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`.replaceAll("-", "−");
}

/**
 * What `expression` comes to; NaN or ∞ where arithmetic ends there.
 * @param {Expression} expression @returns {number}
 */
function evaluate(expression) {
  if (!Array.isArray(expression)) return Number(isQuantity(expression) ? expression.value : expression);
  const [name, ...values] = expression;
  return apply(name, values.map(evaluate));
}

/** @param {string} name @param {number[]} numbers */
function apply(name, numbers) {
  const product = (/** @type {number[]} */ factors) => factors.reduce((a, b) => a * b, 1);
  switch (name) {
    case "+":
      return numbers.reduce((a, b) => a + b, 0);
    case "-":
      return numbers[0] - numbers.slice(1).reduce((a, b) => a + b, 0);
    case "*":
      return product(numbers);
    case "/":
      return product(numbers.slice(1)) === 0 ? NaN : numbers[0] / product(numbers.slice(1));
    case "where":
      return numbers[0] !== 0 ? numbers[1] : numbers[2];
    case "more":
      return numbers[1];
    case "max":
      return Math.max(...numbers);
    case "sqrt":
      return Math.sqrt(numbers[0]);
    case "exp":
      return Math.exp(numbers[0]);
    case "tanh":
      return Math.tanh(numbers[0]);
    default:
      return NaN;
  }
}

/**
 * A function of many arguments, of which at most `limit` are written out and the others summed up.
 * @param {string} name @param {Expression[]} values @param {number | null} limit @returns {Expression}
 */
export function fold(name, values, limit) {
  if (limit === null || values.length <= Math.max(limit, 2)) return [name, ...values];
  const first = Math.max(limit, 2) - 1;
  const rest = values.slice(first, -1);
  return [name, ...values.slice(0, first), ["more", rest.length, evaluate([name, ...rest])], values[values.length - 1]];
}

/**
 * `expression = value` with the numbers written out, true as shown: operands get more digits until evaluating the text
 * as it stands gives the value as it stands; where float32's own rounding forbids that, the sign is ≈.
 * @param {Expression} expression @param {number} value @param {number} precision @returns {Part[]}
 */
export function equate(expression, value, precision) {
  const shown = formatNumber(value, precision);
  for (let digits = precision + 2; digits < Math.max(precision + 3, MAX_DIGITS) + 1; digits++) {
    if (formatNumber(evaluateAsShown(expression, digits), precision) === shown)
      return [...writeOut(expression, digits), ` = ${shown}`];
  }
  const parts = writeOut(expression, precision + 2);
  const result = evaluateAsShown(expression, precision + 2);
  if (Math.abs(value) === Infinity && Number.isFinite(result))
    return [...parts, ` = ${formatNumber(result, precision)}, too large for float32, so ${shown}`];
  return [...parts, ` ≈ ${shown}`];
}

/** @param {Expression} expression @param {number} digits */
const writeOut = (expression, digits) =>
  write(expression, (value) => (typeof value === "boolean" ? pythonBool(value) : formatOperand(value, digits)));

/** @param {Expression} expression @param {number} digits */
function evaluateAsShown(expression, digits) {
  /** @param {Expression} part @returns {Expression} */
  const asShown = (part) => {
    if (Array.isArray(part)) {
      const skip = part[0] === "more" ? 2 : 1; // a count is written as it is
      return [...part.slice(0, skip), ...part.slice(skip).map(asShown)];
    }
    const value = isQuantity(part) ? part.value : part;
    return typeof value === "number" ? readNumber(formatOperand(value, digits)) : value;
  };
  return evaluate(asShown(expression));
}
