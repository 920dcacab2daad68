// @ts-check
/**
 * Where a number of a trace comes from, in arithmetic and in words: what attn_magic/notation.py, expressions.py and
 * explain.py say. tests/data/notation_cases.json and explanation_cases.json hold both to it.
 *
 * In order: notation, arithmetic, explanations.
 */

import { isHidden, operandsOf, stageOf, valueAt } from "./record.js";

/**
 * @import { Axis, Contraction, Elementwise, Expression, Place, Quantity, Softmax, Source, Stage,
 *   TraceRecord } from "./record.js"
 */

/**
 * A piece of a line: text, or text that stands for an operand or one of its cells.
 * @typedef {string | {text: string, operand: number, source?: Source}} Part
 */
/**
 * @typedef {Place & {value: number | boolean, formula: Part[], lines: Part[][], sentence: string,
 *   terms: Source[][]}} Explanation
 */
/** A block of cells of a stage, ends included. @typedef {{rows: [number, number], columns: [number, number]}} Block */
/**
 * The cells of one operand; `head` null means every head.
 * @typedef {Block & {stage: string, head: number | null, operand: number}} Area
 */
/** A block of a stage that is marked on screen. @typedef {Block & {kind: string}} Mark */

export const NOTHING_TO_ATTEND_TO = "Every key is hidden from this query: nothing to attend to.";
const MAX_DIGITS = 12; // decimals at which a float32 between 0.001 and 1 is written exactly enough

// ------------------------------------------------------------------------------------------------------------ notation

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
function showValue(value, precision) {
  return typeof value === "boolean" ? pythonBool(value) : formatNumber(value, precision);
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

/** @param {boolean} value */
const pythonBool = (value) => (value ? "True" : "False");

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

// ---------------------------------------------------------------------------------------------------------- arithmetic

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
const join = (lists, between) => lists.flatMap((list, place) => (place ? [between, ...list] : list));

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
function fold(name, values, limit) {
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

// -------------------------------------------------------------------------------------------------------- explanations

/**
 * Where one number comes from: the same words and numbers as `AttentionTrace.explain`.
 * @param {TraceRecord} record @param {Place} place @param {number | null} [maxTerms] @returns {Explanation}
 */
export function explain(record, place, maxTerms = null) {
  const stage = stageOf(record, place.stage);
  const { equation } = stage;
  if (equation?.kind === "contraction") return explainContraction(record, stage, place, equation, maxTerms);
  if (equation?.kind === "elementwise") return explainElementwise(record, stage, place, equation);
  if (equation?.kind === "softmax") return explainSoftmax(record, stage, place, equation, maxTerms);
  const value = valueAt(stage, place.row, place.column, place.head);
  return explanation(stage, place, [`${nameOf(stage, place)} = ${showValue(value, record.precision)}`], [], []);
}

/**
 * @param {Stage} stage @param {Place} place @param {Part[]} formula @param {Part[][]} lines @param {Source[][]} terms
 * @param {string} [remark] @returns {Explanation}
 */
export function explanation(stage, place, formula, lines, terms, remark = "") {
  /** @type {Record<string, string>} */
  const labels = { row: labelOf(stage.rows, place.row), column: labelOf(stage.columns, place.column) };
  // One pass: a token may read "{column}".
  const sentence = stage.sentence.replace(/\{(row|column)\}/g, (_, name) => labels[name]);
  const { row, column, head } = place;
  const value = valueAt(stage, row, column, head);
  return {
    stage: stage.name,
    row,
    column,
    head,
    value,
    formula,
    lines,
    sentence: [sentence, remark].filter(Boolean).join(" "),
    terms,
  };
}

/**
 * @param {TraceRecord} record @param {Stage} stage @param {Place} place @param {Contraction} equation
 * @param {number | null} maxTerms
 */
function explainContraction(record, stage, place, equation, maxTerms) {
  const operands = equation.operands.map((name) => stageOf(record, name));
  const { letters, bound, sizes } = readIndices(stage, place, equation, operands);
  const summed = [...sizes.keys()].filter((letter) => !bound.has(letter));
  const at = new Map(bound);
  /** @type {Source[][]} */
  const terms = [];
  const take = (/** @type {number} */ depth) => {
    if (depth === summed.length)
      return void terms.push(
        operands.map((operand, index) =>
          sourceAt(
            operand,
            [...letters[index]].map((letter) => at.get(letter) ?? 0),
          ),
        ),
      );
    for (let count = 0; count < (sizes.get(summed[depth]) ?? 0); count++) {
      at.set(summed[depth], count);
      take(depth + 1);
    }
  };
  take(0);
  const products = terms.map((term) => [
    "*",
    ...term.map((source, operand) => ({ value: source.value, source, operand })),
  ]);
  const line = equate(
    fold("+", products, maxTerms),
    Number(valueAt(stage, place.row, place.column, place.head)),
    record.precision,
  );
  /** @type {Part[][]} */
  const factors = operands.map((operand, index) => {
    const labels = [...letters[index]].map((letter, axis) =>
      bound.has(letter) ? labelOf(axesOf(operand)[axis], bound.get(letter) ?? 0) : letter,
    );
    return [{ text: `${operand.name}[${labels.join(", ")}]`, operand: index }];
  });
  const formula = [
    `${nameOf(stage, place)} = ${summed.length ? `Σ_${summed.join("")} ` : ""}`,
    ...join(factors, " × "),
  ];
  const allHidden = terms.every((term) => term.some((source) => isHidden(record, source)));
  return explanation(stage, place, formula, [["= ", ...line]], terms, allHidden ? NOTHING_TO_ATTEND_TO : "");
}

/** @param {TraceRecord} record @param {Stage} stage @param {Place} place @param {Elementwise} equation */
function explainElementwise(record, stage, place, equation) {
  const { precision } = record;
  /** @type {Record<string, Quantity>} */
  const quantities = {};
  operandsOf(equation).forEach((name, operand) => {
    const source = sameCell(stageOf(record, name), place);
    quantities[name] = { value: source.value, source, operand };
  });
  /** @type {Part[]} */
  const symbols = write(equation.expression, formatConstant).map((part) => {
    const quantity = typeof part === "string" && Object.hasOwn(quantities, part) ? quantities[part] : null;
    return quantity
      ? { text: nameOf(stageOf(record, quantity.source.stage), quantity.source), operand: quantity.operand }
      : part;
  });
  const value = Number(valueAt(stage, place.row, place.column, place.head));
  const line = equate(substitute(equation.expression, { ...equation.constants, ...quantities }), value, precision);
  const sources = Object.values(quantities).map((quantity) => quantity.source);
  return explanation(
    stage,
    place,
    [`${nameOf(stage, place)} = `, ...symbols],
    [["= ", ...line]],
    [sources],
    remarkOn(record, stage, place),
  );
}

/**
 * @param {TraceRecord} record @param {Stage} stage @param {Place} place @param {Softmax} equation
 * @param {number | null} maxTerms
 */
function explainSoftmax(record, stage, place, equation, maxTerms) {
  const operand = stageOf(record, equation.operand);
  const across = equation.over === "columns";
  const axis = across ? operand.columns : operand.rows;
  const sources = axis.labels.map((_, count) =>
    sameCell(operand, across ? { ...place, column: count } : { ...place, row: count }),
  );
  const own = sameCell(operand, place);
  const letters = [
    across ? labelOf(operand.rows, place.row) : "i",
    across ? "j" : labelOf(operand.columns, place.column),
  ];
  const head = operand.heads && place.head !== null ? [labelOf(operand.heads, place.head)] : [];
  /** @type {Part[]} */
  const formula = [
    `${nameOf(stage, place)} = e^(`,
    { text: nameOf(operand, own), operand: 0 },
    ` − max) / Σ_${across ? "j" : "i"} e^(`,
    { text: `${operand.name}[${[...head, ...letters].join(", ")}]`, operand: 1 },
    " − max)",
  ];
  const lines = softmaxLines(record, stage, place, sources, across ? place.column : place.row, maxTerms);
  return explanation(
    stage,
    place,
    formula,
    lines,
    sources.map((source) => [source]),
    remarkOn(record, stage, place),
  );
}

/**
 * The maximum, this cell's exponential, the sum of all exponentials, the division.
 * @param {TraceRecord} record @param {Stage} stage @param {Place} place @param {Source[]} sources @param {number} own
 * @param {number | null} maxTerms @returns {Part[][]}
 */
function softmaxLines(record, stage, place, sources, own, maxTerms) {
  const scores = sources.map((source) => Number(source.value));
  const highest = scores.reduce((a, b) => (b > a ? b : a));
  if (highest === -Infinity) return [[`${NOTHING_TO_ATTEND_TO} All weights are 0.`]];
  const quantities = sources.map((source, count) => ({ value: source.value, source, operand: count === own ? 0 : 1 }));
  const exponentials = scores.map((score) => Math.exp(score - highest));
  const total = exponentials.reduce((a, b) => a + b, 0);
  const value = Number(valueAt(stage, place.row, place.column, place.head));
  const { precision } = record;
  const exponents = quantities.map((quantity) => ["exp", ["-", quantity, highest]]);
  return [
    ["max: ", ...equate(fold("max", quantities, maxTerms), highest, precision)],
    ["exponential: ", ...equate(exponents[own], exponentials[own], precision)],
    ["sum: ", ...equate(fold("+", exponents, maxTerms), total, precision)],
    ["quotient: ", ...equate(["/", exponentials[own], total], value, precision)],
  ];
}

/**
 * The cells that a number was made from, as one block for each operand: what is lit. Costs nothing, however long the
 * sum.
 * @param {TraceRecord} record @param {Place} place @returns {Area[]}
 */
export function sourceAreas(record, place) {
  const stage = stageOf(record, place.stage);
  const { equation } = stage;
  const { row, column } = place;
  if (equation?.kind === "contraction") {
    const operands = equation.operands.map((name) => stageOf(record, name));
    const { letters, bound } = readIndices(stage, place, equation, operands);
    return operands.map((operand, index) => {
      /** @type {[number, number][]} */
      const ends = [...letters[index]].map((letter, axis) => {
        const fixed = bound.get(letter);
        return fixed === undefined ? [0, axesOf(operand)[axis].labels.length - 1] : [fixed, fixed];
      });
      const [rows, columns] = ends.slice(-2);
      const head = operand.heads && ends[0][0] === ends[0][1] ? ends[0][0] : null;
      return { stage: operand.name, rows, columns, head, operand: index };
    });
  }
  /** @param {string} name @param {number} operand @returns {Area} */
  const cell = (name, operand) => ({
    stage: name,
    rows: [row, row],
    columns: [column, column],
    head: place.head,
    operand,
  });
  if (equation?.kind !== "softmax") return operandsOf(equation).map(cell);
  const operand = stageOf(record, equation.operand);
  const every = cell(operand.name, 1);
  if (equation.over === "columns") every.columns = [0, operand.columns.labels.length - 1];
  else every.rows = [0, operand.rows.labels.length - 1];
  return [every, cell(operand.name, 0)];
}

/**
 * What each letter of a contraction stands for at `place`.
 * @param {Stage} stage @param {Place} place @param {Contraction} equation @param {Stage[]} operands
 */
function readIndices(stage, place, equation, operands) {
  const [left, result] = equation.indices.split("->");
  const letters = left.split(",");
  const places = stage.heads ? [place.head ?? 0, place.row, place.column] : [place.row, place.column];
  const bound = new Map([...result].map((letter, axis) => [letter, places[axis]]));
  /** @type {Map<string, number>} */
  const sizes = new Map();
  operands.forEach((operand, index) =>
    axesOf(operand).forEach((axis, place) => sizes.set(letters[index][place], axis.labels.length)),
  );
  return { letters, bound, sizes };
}

/** @param {Stage} stage */
export const axesOf = (stage) => (stage.heads ? [stage.heads, stage.rows, stage.columns] : [stage.rows, stage.columns]);

/** @param {Stage} stage @param {number[]} places @returns {Source} */
function sourceAt(stage, places) {
  const [row, column] = places.slice(-2);
  const head = stage.heads ? places[0] : null;
  return { stage: stage.name, row, column, head, value: valueAt(stage, row, column, head) };
}

/** @param {Stage} stage @param {Place} place @returns {Source} */
const sameCell = (stage, place) =>
  sourceAt(stage, stage.heads ? [place.head ?? 0, place.row, place.column] : [place.row, place.column]);

/** "scores[Indian, I]". @param {Stage} stage @param {Place} place */
export function nameOf(stage, place) {
  const places = stage.heads ? [place.head ?? 0, place.row, place.column] : [place.row, place.column];
  const labels = axesOf(stage).map((axis, index) => labelOf(axis, places[index]));
  return `${stage.name}[${labels.join(", ")}]`;
}

/** @param {TraceRecord} record @param {Stage} stage @param {Place} place */
const remarkOn = (record, stage, place) =>
  isHidden(record, { ...place, stage: stage.name }) ? "The mask hides this cell." : "";

/**
 * "query Indian, key I, 0.4842": what a screen reader says of a cell.
 * @param {TraceRecord} record @param {Place} place @param {number} [digits]
 */
export function describeCell(record, place, digits = record.precision) {
  const stage = stageOf(record, place.stage);
  const value = valueAt(stage, place.row, place.column, place.head);
  const head = stage.heads ? [labelOf(stage.heads, place.head ?? 0)] : [];
  const cell = [
    `${stage.rows.name} ${labelOf(stage.rows, place.row)}`,
    `${stage.columns.name} ${labelOf(stage.columns, place.column)}`,
  ];
  if (typeof value === "boolean") return [...head, ...cell, value ? "may attend" : "hidden"].join(", ");
  return [
    ...head,
    ...cell,
    formatCell(value, digits, record.precision),
    ...(isHidden(record, place) ? ["hidden"] : []),
  ].join(", ");
}

/** "row Indian", "column dim 1", "row Indian, column I": an area in words. @param {Stage} stage @param {Area} area */
export function describeArea(stage, area) {
  const one = (/** @type {[number, number]} */ ends) => ends[0] === ends[1];
  const row = one(area.rows) ? [`${stage.rows.name} ${labelOf(stage.rows, area.rows[0])}`] : [];
  const column = one(area.columns) ? [`${stage.columns.name} ${labelOf(stage.columns, area.columns[0])}`] : [];
  const heads = stage.heads && area.head === null ? [`every ${formatLabel(stage.heads.name)}`] : [];
  return [...heads, ...row, ...column].join(", ") || "every cell";
}
