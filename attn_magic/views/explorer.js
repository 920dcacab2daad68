// @ts-check
/**
 * The explorer: every stage of one run of attention as a matrix, and for every number where it comes from.
 *
 * It reads one story (stages, axes, equations) and knows no stage by name: a new kind of attention is a new story. What it says about a
 * cell is what attn_magic/explain.py says; tests/data/explanation_cases.json holds both to it.
 *
 * In order: constants, reading a story, notation, arithmetic, explanations, colour, layout, small elements, views, and `mount`, which
 * connects them. `mount` talks to a small host and never to the notebook; `render` makes that host from an anywidget model.
 */

/** @typedef {{name: string, labels: string[]}} Axis */
/** @typedef {{kind: "contraction", indices: string, operands: string[]}} Contraction */
/** @typedef {{kind: "elementwise", expression: Expression, constants: Record<string, number | boolean>}} Elementwise */
/** @typedef {{kind: "softmax", operand: string, over: "rows" | "columns"}} Softmax */
/** @typedef {Contraction | Elementwise | Softmax} Equation */

/**
 * One matrix of the story. `values` are rows × columns, or heads × rows × columns; `isMask`: 1 where a query may attend.
 * @typedef {{name: string, title: string, symbol: string, act: string, meaning: string, sentence: string, rows: Axis, columns: Axis,
 *   heads: Axis | null, isMask: boolean, equation: Equation | null, values: Float32Array | Uint8Array,
 *   hidden: Map<number, Uint8Array | null>}} Stage
 */

/** @typedef {{edit: string[], mask: boolean, options: string[], undo: boolean, redo: boolean, reset: boolean}} Abilities */

/**
 * A story with its numbers.
 * @typedef {{stages: Stage[], byName: Map<string, Stage>, precision: number, tokens: string[], options: Record<string, any>, notices: {code: string, text: string}[],
 *   check: string, nonfinite: {stage: string, place: number[]} | null, can: Abilities, maskStage: string | null}} Story
 */

/** A cell, counted from 0; `head` is null in a stage without heads. @typedef {{stage: string, row: number, column: number, head: number | null}} Place */
/** A cell that a number was made from. @typedef {Place & {value: number | boolean}} Source */
/** A number in a line of arithmetic that knows its cell, and as which operand it was used. @typedef {{value: number | boolean, source: Source, operand: number}} Quantity */
/** A number, a truth value, a name, or [function, ...arguments]. @typedef {string | number | boolean | Quantity | any[]} Expression */
/** A piece of a line: text, or text that stands for an operand or one of its cells. @typedef {string | {text: string, operand: number, source?: Source}} Part */
/** @typedef {Place & {value: number | boolean, formula: Part[], lines: Part[][], sentence: string, terms: Source[][]}} Explanation */
/** A block of cells of a stage, ends included. @typedef {{rows: [number, number], columns: [number, number]}} Block */
/** The cells of one operand; `head` null means every head. @typedef {Block & {stage: string, head: number | null, operand: number}} Area */
/** A block of a stage that is marked on screen. @typedef {Block & {kind: string}} Mark */

/**
 * What the explorer needs of its surroundings. `on("live", …)` tells when a kernel goes or comes back.
 * @typedef {{get(name: string): any, set(name: string, value: any): void, on(name: string, callback: () => void): void,
 *   send(message: object): void, onMessage(callback: (message: any) => void): void, live: boolean}} Host
 */

/**
 * The traits of views/explorer.py.
 * @typedef {{story: string, values: DataView, _stylesheet: string, focus: Place | null, step: number}} Model
 */

// ---------------------------------------------------------------------------------------------------------------- constants

const NOT_LIVE = "To change numbers, start the kernel to recompute: run the cell in a notebook.";
const NOTHING_TO_ATTEND_TO = "Every key is hidden from this query: nothing to attend to.";
const HIDDEN_SIGN = "⊘";

const MOST_DIGITS = 12; // decimals at which a float32 between 0.001 and 1 is written exactly enough
const MOST_TERMS = 8; // of a sum that are written out on screen
const MOST_DOM_CELLS = 1024; // with digits; larger stages are drawn on a canvas
const MOST_DOM_COLUMNS = 32;
const MOST_CANVAS_SIDE = 2048; // rows or columns that can be drawn one by one
const CANVAS_SIZE = 480; // pixels that a large stage may take each way
const EAGER_CELLS = 800; // of all stages together; a larger story is drawn when it comes into sight
const WIDE = 6; // columns; in wider stages digits are smaller and fewer
const MOST_WORDS = 48; // of a sentence that is shaded whole
const MOST_LINES = 24; // from a query to its keys

const ANSWER_IS_LATE = 350; // milliseconds after which "recomputing" is said
const NO_ANSWER = 6000; // milliseconds after which a kernel counts as gone
const SAY_AFTER = 250; // milliseconds of rest before a screen reader is told
const WRITE_BACK_AFTER = 150; // milliseconds before Python hears of a focus

// ---------------------------------------------------------------------------------------------------------- reading a story

/**
 * The story in `text` with the numbers in `bytes`, which may start anywhere in their buffer.
 * @param {string} text @param {DataView | ArrayBuffer | Uint8Array} bytes @returns {Story}
 */
export function readStory(text, bytes) {
  const story = JSON.parse(text);
  const buffer = bytes instanceof ArrayBuffer ? bytes : bytes.buffer;
  const start = bytes instanceof ArrayBuffer ? 0 : bytes.byteOffset;
  /** @param {any} axis @returns {Axis} */
  const readAxis = (axis) => ({ name: axis.name, labels: axis.labels === "tokens" ? story.tokens : axis.labels });
  /** @type {Stage[]} */
  const stages = story.stages.map((/** @type {any} */ stage) => {
    const count = stage.shape.reduce((/** @type {number} */ product, /** @type {number} */ size) => product * size, 1);
    const size = stage.mask ? 1 : 4;
    const own = buffer.slice(start + stage.offset, start + stage.offset + count * size); // a copy is aligned
    const equation = stage.equation?.kind === "elementwise" ? readElementwise(stage.equation) : stage.equation;
    return {
      ...stage,
      rows: readAxis(stage.rows),
      columns: readAxis(stage.columns),
      heads: stage.heads ? readAxis(stage.heads) : null,
      isMask: stage.mask,
      equation,
      values: stage.mask ? new Uint8Array(own) : new Float32Array(own),
      hidden: new Map(),
    };
  });
  return { ...story, stages, byName: new Map(stages.map((stage) => [stage.name, stage])) };
}

/** @param {any} json @returns {Elementwise} */
function readElementwise({ expression, constants }) {
  const read = Object.entries(constants ?? {}).map(([name, value]) => [name, readExpression(value)]);
  return { kind: "elementwise", expression: readExpression(expression), constants: Object.fromEntries(read) };
}

/** @param {any} json @returns {Expression} */
function readExpression(json) {
  if (!Array.isArray(json)) return json;
  if (json[0] === "number") return Number(String(json[1]).replace("inf", "Infinity"));
  return [json[0], ...json.slice(1).map(readExpression)];
}

/** @param {Story} story @param {string} name @returns {Stage} */
function stageOf(story, name) {
  const stage = story.byName.get(name);
  if (!stage) throw new Error(`No stage ${name}`);
  return stage;
}

/** The number or truth value in a cell. @param {Stage} stage @param {number} row @param {number} column @param {number | null} head */
export function valueAt(stage, row, column, head) {
  const [rows, columns] = [stage.rows.labels.length, stage.columns.labels.length];
  const value = stage.values[((stage.heads ? head ?? 0 : 0) * rows + row) * columns + column];
  return stage.isMask ? value !== 0 : value;
}

/** The names of the stages that `equation` uses. @param {Equation | null} equation @returns {string[]} */
export function operandsOf(equation) {
  if (!equation) return [];
  if (equation.kind === "contraction") return equation.operands;
  if (equation.kind === "softmax") return [equation.operand];
  return names(equation.expression).filter((name) => !(name in equation.constants));
}

/**
 * 1 where a mask hides the cell of one head, row by row; null where nothing hides any. As `AttentionTrace.hidden`.
 * @param {Story} story @param {Stage} stage @param {number | null} head @returns {Uint8Array | null}
 */
export function hiddenCells(story, stage, head) {
  const key = stage.heads ? head ?? 0 : 0;
  const known = stage.hidden.get(key);
  if (known !== undefined) return known;
  const hidden = findHidden(story, stage, key);
  stage.hidden.set(key, hidden);
  return hidden;
}

/** @param {Story} story @param {Stage} stage @param {number} head @returns {Uint8Array | null} */
function findHidden(story, stage, head) {
  const { equation } = stage;
  if (!equation || equation.kind === "contraction") return null;
  if (equation.kind === "elementwise" && Array.isArray(equation.expression)) {
    const [name, condition, , ifFalse] = equation.expression;
    if (name === "where" && typeof condition === "string" && ifFalse === -Infinity) {
      const mask = stageOf(story, condition);
      const size = mask.rows.labels.length * mask.columns.labels.length;
      const from = mask.heads ? head * size : 0;
      return Uint8Array.from(mask.values.subarray(from, from + size), (value) => (value ? 0 : 1));
    }
  }
  /** @type {Uint8Array | null} */
  let union = null;
  for (const name of operandsOf(equation)) {
    const cover = hiddenCells(story, stageOf(story, name), head);
    union = cover && union ? union.map((value, place) => value | cover[place]) : (cover ?? union);
  }
  return union;
}

/** @param {Story} story @param {Place} place */
export function isHidden(story, place) {
  const stage = stageOf(story, place.stage);
  const hidden = hiddenCells(story, stage, place.head);
  return hidden !== null && hidden[place.row * stage.columns.labels.length + place.column] === 1;
}

// ----------------------------------------------------------------------------------------------------------------- notation

/**
 * `value` with `precision` decimals, or in powers of ten where decimals would hide it or drown it; an exact zero is "0".
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

/** `value` inside a line of arithmetic: without the zeros that end it. @param {number} value @param {number} precision */
export function formatOperand(value, precision) {
  const [number, exponent] = formatNumber(value, precision).split("e");
  const short = number.includes(".") ? number.replace(/\.?0+$/, "") : number;
  return exponent === undefined ? short : `${short}e${exponent}`;
}

/** The number that `formatNumber` or `formatOperand` wrote. @param {string} text */
export function readNumber(text) {
  return Number(text.replaceAll("−", "-").replace("∞", "Infinity"));
}

/** A number or truth value as Python's explanations show it. @param {number | boolean} value @param {number} precision */
function showValue(value, precision) {
  return typeof value === "boolean" ? pythonBool(value) : formatNumber(value, precision);
}

/** @param {boolean} value */
const pythonBool = (value) => (value ? "True" : "False");

/** `value` in a cell: where there is room for fewer digits than asked for, a small number is 0.00 (and only an exact zero is 0). @param {number} value @param {number} digits @param {number} precision */
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
  return characters.map((character, place) => formatCharacter(character, place > 0 && place < characters.length - 1)).join("");
}

/** @param {string} character @param {boolean} within */
function formatCharacter(character, within) {
  if (within && /[\u200c\u200d]/.test(character)) return character; // joiners belong to the word
  const code = character.codePointAt(0) ?? 0;
  if (!/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(character) && (code & 0xfffe) !== 0xfffe) return character;
  const hex = code.toString(16);
  return code < 0x100 ? `\\x${hex.padStart(2, "0")}` : code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}

/** `text` in at most `most` characters, cut between characters as a reader sees them and ended with …. @param {string} text @param {number} [most] */
export function shorten(text, most = 40) {
  const characters = Array.from(text);
  if (characters.length <= most) return text;
  let end = most - 1;
  while (end > 1 && (/[\p{Mn}\p{Me}\p{Mc}\u200c\u200d\u{1f3fb}-\u{1f3ff}]/u.test(characters[end]) || characters[end - 1] === "\u200d")) end--;
  return `${characters.slice(0, end).join("")}…`;
}

/** @param {Axis} axis @param {number} place */
const labelOf = (axis, place) => shorten(formatLabel(axis.labels[place]));

// --------------------------------------------------------------------------------------------------------------- arithmetic

/** @type {Record<string, string>} */
const SIGNS = { "+": " + ", "-": " − ", "*": " × ", "/": " / " };
/** How tightly a function holds its arguments; calls hold tightest. @type {Record<string, number>} */
const BINDING = { where: 0, "+": 1, "-": 1, "*": 2, "/": 2 };
const TIGHTEST = 3;

/** @param {Expression} leaf @returns {leaf is Quantity} */
const isQuantity = (leaf) => typeof leaf === "object" && !Array.isArray(leaf);

/** @param {Part[]} parts */
export const textOf = (parts) => parts.map((part) => (typeof part === "string" ? part : part.text)).join("");

/** The names in an expression, in order of appearance, each once. @param {Expression} expression @returns {string[]} */
export function names(expression) {
  if (Array.isArray(expression)) return [...new Set(expression.slice(1).flatMap(names))];
  return typeof expression === "string" ? [expression] : [];
}

/** `expression` with the names that `values` knows replaced. @param {Expression} expression @param {Record<string, any>} values @returns {Expression} */
export function substitute(expression, values) {
  if (Array.isArray(expression)) return [expression[0], ...expression.slice(1).map((argument) => substitute(argument, values))];
  return typeof expression === "string" && Object.hasOwn(values, expression) ? values[expression] : expression;
}

/**
 * `expression` as a person writes it, each number or truth value by way of `show`.
 * @param {Expression} expression @param {(value: number | boolean) => string} show @returns {Part[]}
 */
export function write(expression, show) {
  if (!Array.isArray(expression)) {
    if (isQuantity(expression)) return [{ text: show(expression.value), operand: expression.operand, source: expression.source }];
    return [typeof expression === "string" ? expression : show(expression)];
  }
  const [name, ...values] = expression;
  if (name in SIGNS) return join(values.map((value, place) => writeArgument(value, name, place, show)), SIGNS[name]);
  if (name === "where") {
    const [condition, ifTrue, ifFalse] = values.map((value) => write(value, show));
    return [...ifTrue, " if ", ...condition, " else ", ...ifFalse];
  }
  if (name === "more") return [`(${values[0]} more: ${show(values[1])})`];
  const inner = join(values.map((value) => write(value, show)), ", ");
  if (name === "sqrt") return Array.isArray(values[0]) ? ["√(", ...inner, ")"] : ["√", ...inner];
  return [name === "exp" ? "e^(" : `${name}(`, ...inner, ")"];
}

/** @param {Part[][]} lists @param {string} between @returns {Part[]} */
const join = (lists, between) => lists.flatMap((list, place) => (place ? [between, ...list] : list));

/** @param {Expression} argument @param {string} name @param {number} place @param {(value: number | boolean) => string} show */
function writeArgument(argument, name, place, show) {
  const parts = write(argument, show);
  const binding = Array.isArray(argument) ? (BINDING[argument[0]] ?? TIGHTEST) : TIGHTEST;
  const needsMore = "-/".includes(name) && place > 0; // a − (b − c) is not a − b − c
  const loose = binding < BINDING[name] || (needsMore && binding === BINDING[name]);
  const negative = name === "-" && place > 0 && textOf(parts).startsWith("−");
  return loose || negative ? ["(", ...parts, ")"] : parts;
}

/** What `expression` comes to; NaN or ∞ where arithmetic ends there. @param {Expression} expression @returns {number} */
export function evaluate(expression) {
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

/** A function of many arguments, of which at most `most` are written out and the others summed up. @param {string} name @param {Expression[]} values @param {number | null} most @returns {Expression} */
export function fold(name, values, most) {
  if (most === null || values.length <= Math.max(most, 2)) return [name, ...values];
  const first = Math.max(most, 2) - 1;
  const rest = values.slice(first, -1);
  return [name, ...values.slice(0, first), ["more", rest.length, evaluate([name, ...rest])], values[values.length - 1]];
}

/**
 * `expression = value` with the numbers written out, true as shown: operands get more digits until evaluating the text as it stands
 * gives the value as it stands; where float32's own rounding forbids that, the sign is ≈.
 * @param {Expression} expression @param {number} value @param {number} precision @returns {Part[]}
 */
export function equate(expression, value, precision) {
  const shown = formatNumber(value, precision);
  for (let digits = precision + 2; digits < Math.max(precision + 3, MOST_DIGITS) + 1; digits++) {
    if (formatNumber(evaluateAsShown(expression, digits), precision) === shown) return [...writeOut(expression, digits), ` = ${shown}`];
  }
  const parts = writeOut(expression, precision + 2);
  const result = evaluateAsShown(expression, precision + 2);
  if (Math.abs(value) === Infinity && Number.isFinite(result)) return [...parts, ` = ${formatNumber(result, precision)}, too large for float32, so ${shown}`];
  return [...parts, ` ≈ ${shown}`];
}

/** @param {Expression} expression @param {number} digits */
const writeOut = (expression, digits) => write(expression, (value) => (typeof value === "boolean" ? pythonBool(value) : formatOperand(value, digits)));

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

// ------------------------------------------------------------------------------------------------------------- explanations

/**
 * Where one number comes from: the same words and numbers as `AttentionTrace.explain`.
 * @param {Story} story @param {Place} place @param {number | null} [mostTerms] @returns {Explanation}
 */
export function explain(story, place, mostTerms = null) {
  const stage = stageOf(story, place.stage);
  const { equation } = stage;
  if (equation?.kind === "contraction") return explainContraction(story, stage, place, equation, mostTerms);
  if (equation?.kind === "elementwise") return explainElementwise(story, stage, place, equation);
  if (equation?.kind === "softmax") return explainSoftmax(story, stage, place, equation, mostTerms);
  const value = valueAt(stage, place.row, place.column, place.head);
  return explanation(stage, place, [`${nameOf(stage, place)} = ${showValue(value, story.precision)}`], [], []);
}

/** @param {Stage} stage @param {Place} place @param {Part[]} formula @param {Part[][]} lines @param {Source[][]} terms @param {string} [remark] @returns {Explanation} */
function explanation(stage, place, formula, lines, terms, remark = "") {
  /** @type {Record<string, string>} */
  const labels = { row: labelOf(stage.rows, place.row), column: labelOf(stage.columns, place.column) };
  const sentence = stage.sentence.replace(/\{(row|column)\}/g, (_, name) => labels[name]); // one pass: a token may read "{column}"
  const { row, column, head } = place;
  const value = valueAt(stage, row, column, head);
  return { stage: stage.name, row, column, head, value, formula, lines, sentence: [sentence, remark].filter(Boolean).join(" "), terms };
}

/** @param {Story} story @param {Stage} stage @param {Place} place @param {Contraction} equation @param {number | null} mostTerms */
function explainContraction(story, stage, place, equation, mostTerms) {
  const operands = equation.operands.map((name) => stageOf(story, name));
  const { letters, bound, sizes } = readIndices(stage, place, equation, operands);
  const summed = [...sizes.keys()].filter((letter) => !bound.has(letter));
  const at = new Map(bound);
  /** @type {Source[][]} */
  const terms = [];
  const take = (/** @type {number} */ depth) => {
    if (depth === summed.length) return void terms.push(operands.map((operand, index) => sourceAt(operand, [...letters[index]].map((letter) => at.get(letter) ?? 0))));
    for (let count = 0; count < (sizes.get(summed[depth]) ?? 0); count++) {
      at.set(summed[depth], count);
      take(depth + 1);
    }
  };
  take(0);
  const products = terms.map((term) => ["*", ...term.map((source, operand) => ({ value: source.value, source, operand }))]);
  const line = equate(fold("+", products, mostTerms), Number(valueAt(stage, place.row, place.column, place.head)), story.precision);
  /** @type {Part[][]} */
  const factors = operands.map((operand, index) => {
    const labels = [...letters[index]].map((letter, axis) => (bound.has(letter) ? labelOf(axesOf(operand)[axis], bound.get(letter) ?? 0) : letter));
    return [{ text: `${operand.name}[${labels.join(", ")}]`, operand: index }];
  });
  const formula = [`${nameOf(stage, place)} = ${summed.length ? `Σ_${summed.join("")} ` : ""}`, ...join(factors, " × ")];
  const allHidden = terms.every((term) => term.some((source) => isHidden(story, source)));
  return explanation(stage, place, formula, [["= ", ...line]], terms, allHidden ? NOTHING_TO_ATTEND_TO : "");
}

/** @param {Story} story @param {Stage} stage @param {Place} place @param {Elementwise} equation */
function explainElementwise(story, stage, place, equation) {
  const { precision } = story;
  /** @type {Record<string, Quantity>} */
  const quantities = {};
  operandsOf(equation).forEach((name, operand) => {
    const source = sameCell(stageOf(story, name), place);
    quantities[name] = { value: source.value, source, operand };
  });
  /** @type {Part[]} */
  const symbols = write(equation.expression, (value) => showValue(value, precision)).map((part) => {
    const quantity = typeof part === "string" && Object.hasOwn(quantities, part) ? quantities[part] : null;
    return quantity ? { text: nameOf(stageOf(story, quantity.source.stage), quantity.source), operand: quantity.operand } : part;
  });
  const value = Number(valueAt(stage, place.row, place.column, place.head));
  const line = equate(substitute(equation.expression, { ...equation.constants, ...quantities }), value, precision);
  const sources = Object.values(quantities).map((quantity) => quantity.source);
  return explanation(stage, place, [`${nameOf(stage, place)} = `, ...symbols], [["= ", ...line]], [sources], remarkOn(story, stage, place));
}

/** @param {Story} story @param {Stage} stage @param {Place} place @param {Softmax} equation @param {number | null} mostTerms */
function explainSoftmax(story, stage, place, equation, mostTerms) {
  const operand = stageOf(story, equation.operand);
  const across = equation.over === "columns";
  const axis = across ? operand.columns : operand.rows;
  const sources = axis.labels.map((_, count) => sameCell(operand, across ? { ...place, column: count } : { ...place, row: count }));
  const own = sameCell(operand, place);
  const letters = [across ? labelOf(operand.rows, place.row) : "i", across ? "j" : labelOf(operand.columns, place.column)];
  const head = operand.heads && place.head !== null ? [labelOf(operand.heads, place.head)] : [];
  /** @type {Part[]} */
  const formula = [
    `${nameOf(stage, place)} = e^(`,
    { text: nameOf(operand, own), operand: 0 },
    ` − max) / Σ_${across ? "j" : "i"} e^(`,
    { text: `${operand.name}[${[...head, ...letters].join(", ")}]`, operand: 1 },
    " − max)",
  ];
  const lines = softmaxLines(story, stage, place, sources, across ? place.column : place.row, mostTerms);
  return explanation(stage, place, formula, lines, sources.map((source) => [source]), remarkOn(story, stage, place));
}

/**
 * The maximum, this cell's exponential, the sum of all exponentials, the division.
 * @param {Story} story @param {Stage} stage @param {Place} place @param {Source[]} sources @param {number} own @param {number | null} mostTerms @returns {Part[][]}
 */
function softmaxLines(story, stage, place, sources, own, mostTerms) {
  const scores = sources.map((source) => Number(source.value));
  const highest = scores.reduce((a, b) => (b > a ? b : a));
  if (highest === -Infinity) return [[`${NOTHING_TO_ATTEND_TO} All weights are 0.`]];
  const quantities = sources.map((source, count) => ({ value: source.value, source, operand: count === own ? 0 : 1 }));
  const exponentials = scores.map((score) => Math.exp(score - highest));
  const total = exponentials.reduce((a, b) => a + b, 0);
  const value = Number(valueAt(stage, place.row, place.column, place.head));
  const { precision } = story;
  const exponents = quantities.map((quantity) => ["exp", ["-", quantity, highest]]);
  return [
    ["max: ", ...equate(fold("max", quantities, mostTerms), highest, precision)],
    ["exponential: ", ...equate(exponents[own], exponentials[own], precision)],
    ["sum: ", ...equate(fold("+", exponents, mostTerms), total, precision)],
    ["quotient: ", ...equate(["/", exponentials[own], total], value, precision)],
  ];
}

/**
 * The cells that a number was made from, as one block for each operand: what is lit. Costs nothing, however long the sum.
 * @param {Story} story @param {Place} place @returns {Area[]}
 */
export function sourceAreas(story, place) {
  const stage = stageOf(story, place.stage);
  const { equation } = stage;
  const { row, column } = place;
  if (equation?.kind === "contraction") {
    const operands = equation.operands.map((name) => stageOf(story, name));
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
  const cell = (name, operand) => ({ stage: name, rows: [row, row], columns: [column, column], head: place.head, operand });
  if (equation?.kind !== "softmax") return operandsOf(equation).map(cell);
  const operand = stageOf(story, equation.operand);
  const every = cell(operand.name, 1);
  if (equation.over === "columns") every.columns = [0, operand.columns.labels.length - 1];
  else every.rows = [0, operand.rows.labels.length - 1];
  return [every, cell(operand.name, 0)];
}

/** What each letter of a contraction stands for at `place`. @param {Stage} stage @param {Place} place @param {Contraction} equation @param {Stage[]} operands */
function readIndices(stage, place, equation, operands) {
  const [left, result] = equation.indices.split("->");
  const letters = left.split(",");
  const places = stage.heads ? [place.head ?? 0, place.row, place.column] : [place.row, place.column];
  const bound = new Map([...result].map((letter, axis) => [letter, places[axis]]));
  /** @type {Map<string, number>} */
  const sizes = new Map();
  operands.forEach((operand, index) => axesOf(operand).forEach((axis, place) => sizes.set(letters[index][place], axis.labels.length)));
  return { letters, bound, sizes };
}

/** @param {Stage} stage */
const axesOf = (stage) => (stage.heads ? [stage.heads, stage.rows, stage.columns] : [stage.rows, stage.columns]);

/** @param {Stage} stage @param {number[]} places @returns {Source} */
function sourceAt(stage, places) {
  const [row, column] = places.slice(-2);
  const head = stage.heads ? places[0] : null;
  return { stage: stage.name, row, column, head, value: valueAt(stage, row, column, head) };
}

/** @param {Stage} stage @param {Place} place @returns {Source} */
const sameCell = (stage, place) => sourceAt(stage, stage.heads ? [place.head ?? 0, place.row, place.column] : [place.row, place.column]);

/** "scores[Indian, I]". @param {Stage} stage @param {Place} place */
function nameOf(stage, place) {
  const places = stage.heads ? [place.head ?? 0, place.row, place.column] : [place.row, place.column];
  return `${stage.name}[${axesOf(stage).map((axis, index) => labelOf(axis, places[index])).join(", ")}]`;
}

/** @param {Story} story @param {Stage} stage @param {Place} place */
const remarkOn = (story, stage, place) => (isHidden(story, { ...place, stage: stage.name }) ? "The mask hides this cell." : "");

/** "query Indian, key I, 0.4842": what a screen reader says of a cell. @param {Story} story @param {Place} place @param {number} [digits] */
export function describeCell(story, place, digits = story.precision) {
  const stage = stageOf(story, place.stage);
  const value = valueAt(stage, place.row, place.column, place.head);
  const head = stage.heads ? [labelOf(stage.heads, place.head ?? 0)] : [];
  const cell = [`${stage.rows.name} ${labelOf(stage.rows, place.row)}`, `${stage.columns.name} ${labelOf(stage.columns, place.column)}`];
  if (typeof value === "boolean") return [...head, ...cell, value ? "may attend" : "hidden"].join(", ");
  return [...head, ...cell, formatCell(value, digits, story.precision), ...(isHidden(story, place) ? ["hidden"] : [])].join(", ");
}

/** "row Indian", "column dim 1", "row Indian, column I": an area in words. @param {Stage} stage @param {Area} area */
export function describeArea(stage, area) {
  const one = (/** @type {[number, number]} */ ends) => ends[0] === ends[1];
  const row = one(area.rows) ? [`${stage.rows.name} ${labelOf(stage.rows, area.rows[0])}`] : [];
  const column = one(area.columns) ? [`${stage.columns.name} ${labelOf(stage.columns, area.columns[0])}`] : [];
  const heads = stage.heads && area.head === null ? ["every head"] : [];
  return [...heads, ...row, ...column].join(", ") || "every cell";
}

// ------------------------------------------------------------------------------------------------------------------- colour
// The colours of attn_magic/views/palette.py: orange to blue with white at 0, and white to deep blue for stages without negative numbers.

const DIVERGING = [[0.702, 0.345, 0.024], [0.992, 0.722, 0.388], [0.969, 0.969, 0.969], [0.573, 0.773, 0.871], [0.129, 0.4, 0.675]];
const SEQUENTIAL = [[0.969, 0.984, 1.0], [0.776, 0.859, 0.937], [0.42, 0.682, 0.839], [0.129, 0.443, 0.71], [0.031, 0.188, 0.42]];
const DARK_INK_ABOVE = 0.179; // relative luminance at which black and white text have the same contrast, 4.58 : 1
const HIDDEN_GREY = 0xffd9d9d9; // of a canvas, as ABGR
const NOT_FINITE_RED = 0xff1e26b3;
const ALLOWED_BLUE = 0xffefdbc6;

/** Background and ink for `value` in a range, as `heat` in palette.py. @param {number} value @param {number} low @param {number} high @param {boolean} [signed] */
export function heat(value, low, high, signed = low < 0) {
  const color = mix(signed ? DIVERGING : SEQUENTIAL, positionOf(value, low, high, signed));
  const [red, green, blue] = color.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  const hex = color.map((part) => roundHalfEven(part * 255).toString(16).padStart(2, "0")).join("");
  return { background: `#${hex}`, ink: luminance > DARK_INK_ABOVE ? "#000000" : "#ffffff" };
}

/** Python's `round`. @param {number} value */
const roundHalfEven = (value) => (value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));

/** @param {number} value @param {number} low @param {number} high @param {boolean} signed */
function positionOf(value, low, high, signed) {
  const reach = Math.max(-low, high);
  if (signed) return reach > 0 ? (value / reach + 1) / 2 : 0.5;
  return high > low ? (value - low) / (high - low) : 0.5;
}

/** @param {number[][]} anchors @param {number} position */
function mix(anchors, position) {
  const along = Math.min(Math.max(position, 0), 1) * (anchors.length - 1);
  const left = Math.min(Math.floor(along), anchors.length - 2);
  return anchors[left].map((part, index) => part + (anchors[left + 1][index] - part) * (along - left));
}

/** 256 colours of a palette, as ABGR for a canvas. @param {number[][]} anchors */
const shadesOf = (anchors) =>
  Uint32Array.from({ length: 256 }, (_, shade) => mix(anchors, shade / 255).reduceRight((word, part) => word * 256 + Math.round(part * 255), 255));

/**
 * The lowest and the highest number to colour in a stage, over all heads, or in one row: without hidden cells, NaN and infinities.
 * @param {Story} story @param {Stage} stage @param {{row: number, head: number} | null} [only] @returns {[number, number] | null}
 */
export function rangeOf(story, stage, only = null) {
  const [rows, columns] = [stage.rows.labels.length, stage.columns.labels.length];
  let [low, high] = [Infinity, -Infinity];
  const heads = only ? [only.head] : Array.from({ length: stage.heads?.labels.length ?? 1 }, (_, head) => head);
  for (const head of heads) {
    const hidden = hiddenCells(story, stage, head);
    const first = only ? only.row * columns : 0;
    for (let cell = first; cell < (only ? first + columns : rows * columns); cell++) {
      const value = stage.values[head * rows * columns + cell];
      if (hidden?.[cell] || !Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? [low, high] : null;
}

// ------------------------------------------------------------------------------------------------------------------- layout

/** @typedef {{above: Stage[], main: Stage, link: string}} Group */
/** @typedef {{title: string, groups: Group[]}} Act */

/**
 * The page: acts, and in each its stages in order. A given matrix that multiplies into just one stage of its act stands above that stage,
 * as in a multiplication on paper; `link` says how a stage follows from the one before it.
 * @param {Story} story @returns {Act[]}
 */
export function layOut(story) {
  /** @type {{title: string, stages: Stage[]}[]} */
  const acts = [];
  for (const stage of story.stages) {
    if (acts.at(-1)?.title !== stage.act) acts.push({ title: stage.act, stages: [] });
    acts[acts.length - 1].stages.push(stage);
  }
  return acts.map(({ title, stages }) => {
    /** @type {Map<Stage, Stage>} */
    const home = new Map();
    for (const given of stages.filter((stage) => !stage.equation)) {
      const users = stages.filter((stage) => operandsOf(stage.equation).includes(given.name));
      if (users.length === 1 && isRightFactor(users[0], given.name)) home.set(given, users[0]);
    }
    const groups = stages.filter((stage) => !home.has(stage)).map((main, index, mains) => ({
      above: stages.filter((stage) => home.get(stage) === main),
      main,
      link: index > 0 && operandsOf(main.equation).includes(mains[index - 1].name) ? linkTo(story, main) : "",
    }));
    return { title, groups };
  });
}

/** @param {Stage} stage @param {string} operand */
function isRightFactor(stage, operand) {
  if (stage.equation?.kind !== "contraction") return false;
  const [left, result] = stage.equation.indices.split("->");
  const letters = left.split(",")[stage.equation.operands.indexOf(operand)];
  return letters.includes(result.slice(-1)) && !letters.includes(result.slice(-2, -1));
}

/** How a stage follows from the one before, in few signs: "÷ √d_k", "softmax". @param {Story} story @param {Stage} stage */
function linkTo(story, stage) {
  const { equation } = stage;
  if (equation?.kind === "softmax") return "softmax";
  if (equation?.kind !== "elementwise" || !Array.isArray(equation.expression)) return "";
  const [name, first, second] = equation.expression;
  if (name === "/" && operandsOf(equation)[0] === first) return `÷ ${textOf(write(second, String))}`;
  if (name === "where" && second !== undefined && equation.expression[3] === -Infinity) return `mask by ${stageOf(story, first).symbol}`;
  const symbols = Object.fromEntries(operandsOf(equation).map((operand) => [operand, stageOf(story, operand).isMask ? stageOf(story, operand).symbol : "x"]));
  return textOf(write(substitute(equation.expression, symbols), (value) => showValue(value, 0)));
}

/**
 * The stage that uses `name` transposed in a product, if there is one: X W_qᵀ uses W_q so.
 * @param {Story} story @param {string} name @returns {Stage | null}
 */
export function usedTransposed(story, name) {
  return story.stages.find(({ equation }) => {
    if (equation?.kind !== "contraction" || equation.operands.length !== 2) return false;
    const [left, result] = equation.indices.split("->");
    const letters = left.split(",")[equation.operands.indexOf(name)]?.slice(-2);
    if (!letters) return false;
    const [row, column] = result.slice(-2);
    return (letters[0] === column && letters[1] !== row) || (letters[1] === row && letters[0] !== column);
  }) ?? null;
}

/** A pasted block as rows of texts: lines, and in them tabs, commas or spaces. @param {string} text @returns {string[][]} */
export function readBlock(text) {
  const lines = text.replace(/\r\n?/g, "\n").replace(/\n+$/, "").split("\n");
  return lines.map((line) => (line.includes("\t") ? line.split("\t") : line.trim().split(/\s*,\s*|\s+/)).map((cell) => cell.trim()));
}

/** Where a key leads inside a grid, or null. @param {{key: string, ctrlKey?: boolean, metaKey?: boolean}} event @param {number} row @param {number} column @param {number} rows @param {number} columns @returns {[number, number] | null} */
export function stepFrom({ key, ctrlKey = false, metaKey = false }, row, column, rows, columns) {
  const far = ctrlKey || metaKey;
  const bound = (/** @type {number} */ value, /** @type {number} */ size) => Math.min(Math.max(value, 0), size - 1);
  switch (key) {
    case "ArrowLeft":
      return [row, far ? 0 : bound(column - 1, columns)];
    case "ArrowRight":
      return [row, far ? columns - 1 : bound(column + 1, columns)];
    case "ArrowUp":
      return [far ? 0 : bound(row - 1, rows), column];
    case "ArrowDown":
      return [far ? rows - 1 : bound(row + 1, rows), column];
    case "Home":
      return [far ? 0 : row, 0];
    case "End":
      return [far ? rows - 1 : row, columns - 1];
    case "PageUp":
      return [bound(row - 10, rows), column];
    case "PageDown":
      return [bound(row + 10, rows), column];
    default:
      return null;
  }
}

/** The blocks that are not yet filled when `count` cells are, row by row. @param {number} count @param {number} rows @param {number} columns @returns {Block[]} */
export function unfilled(count, rows, columns) {
  const [row, column] = [Math.floor(count / columns), count % columns];
  /** @type {Block[]} */
  const blocks = [];
  if (column > 0) blocks.push({ rows: [row, row], columns: [column, columns - 1] });
  const next = column > 0 ? row + 1 : row;
  if (next < rows) blocks.push({ rows: [next, rows - 1], columns: [0, columns - 1] });
  return blocks;
}

/** "dark" or "light": JupyterLab's word, VS Code's, Colab's, a page's own, the system's. @param {Document} document @param {boolean} systemIsDark */
export function themeOf(document, systemIsDark) {
  const { body, documentElement: html } = document;
  const lab = body.getAttribute("data-jp-theme-light");
  if (lab !== null) return lab === "false" ? "dark" : "light";
  if (body.classList.contains("vscode-light") || body.classList.contains("vscode-high-contrast-light")) return "light";
  if (body.classList.contains("vscode-dark") || body.classList.contains("vscode-high-contrast")) return "dark";
  const own = html.getAttribute("theme") ?? html.getAttribute("data-theme");
  if (own === "dark" || own === "light") return own;
  return systemIsDark ? "dark" : "light";
}

// ----------------------------------------------------------------------------------------------------------- small elements

/**
 * An element with properties ("class", "on…" and ARIA names as attributes) and children; text only ever becomes text.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, any>} [properties] @param {...(Node | string | null)} children @returns {HTMLElementTagNameMap[T]}
 */
function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** @param {string} tag @param {Record<string, string | number>} attributes @param {string} [text] */
function svg(tag, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

/** @type {Record<string, string>} */
const ICONS = {
  previous: "M15 5 8 12l7 7M5 5v14",
  next: "m9 5 7 7-7 7M19 5v14",
  play: "M7 4.5v15l12-7.5z",
  pause: "M8 5v14M16 5v14",
  undo: "M4 9h10a5 5 0 0 1 0 10H9M8 5 4 9l4 4",
  redo: "M20 9H10a5 5 0 0 0 0 10h5M16 5l4 4-4 4",
};

/** @param {string} name */
function icon(name) {
  const image = svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: `icon ${name}` });
  image.append(svg("path", { d: ICONS[name] }));
  return image;
}

/** "W_q" with its index lowered. @param {string} symbol @returns {(Node | string)[]} */
const mathematics = (symbol) => formatLabel(symbol).split(/_([A-Za-z0-9]+)/).map((piece, place) => (place % 2 ? h("sub", {}, piece) : piece));

/** @param {HTMLElement} element @param {string} text */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A choice of few, as radio buttons side by side. @param {string} name @param {string} label @param {[string, string][]} choices @param {(value: string) => void} onChoose */
function choice(name, label, choices, onChoose) {
  const group = `${name}-${Math.random().toString(36).slice(2)}`; // radio buttons of two explorers must not be one group
  const inputs = choices.map(([value]) => h("input", { type: "radio", name: group, value }));
  const labels = choices.map(([, text], index) => h("label", {}, inputs[index], h("span", {}, h("span", {}, ...mathematics(text)))));
  const element = h("fieldset", { class: "choice" }, h("legend", {}, label), h("div", { class: "segments" }, ...labels));
  element.addEventListener("change", (event) => onChoose(/** @type {HTMLInputElement} */ (event.target).value));
  return {
    element,
    /** @param {string} value */
    select(value) {
      for (const input of inputs) input.checked = input.value === value;
    },
    /** @param {string} value @param {boolean} isOffered */
    offer(value, isOffered) {
      inputs.forEach((input, index) => input.value === value && (labels[index].hidden = !isOffered));
    },
  };
}

// -------------------------------------------------------------------------------------------------------------------- views

/**
 * How one cell looks and what it is called.
 * @typedef {{text: string, name: string, kind: string, background: string, ink: string}} Look
 */

/**
 * What a stage view needs to draw: which head, whether each row has a range of its own, how wide cells are at least.
 * @typedef {{story: Story, head: number, perRow: boolean, cellWidth: number, fontSize: number}} Settings
 */

/** @param {Settings} settings @param {Stage} stage @returns {(row: number, column: number) => Look} */
function lookFor({ story, head, perRow }, stage) {
  const own = stage.heads ? head : null;
  const hidden = hiddenCells(story, stage, own);
  const columns = stage.columns.labels.length;
  const whole = rangeOf(story, stage);
  const ranges = perRow ? stage.rows.labels.map((_, row) => rangeOf(story, stage, { row, head: own ?? 0 })) : null;
  const digits = digitsOf(story, stage);
  return (row, column) => {
    const value = valueAt(stage, row, column, own);
    const name = describeCell(story, { stage: stage.name, row, column, head: own }, digits);
    if (typeof value === "boolean") return { text: value ? "✓" : HIDDEN_SIGN, name, kind: value ? "allowed sign" : "hidden sign", background: "", ink: "" };
    const text = formatCell(value, digits, story.precision);
    if (hidden?.[row * columns + column]) return { text, name, kind: "hidden", background: "", ink: "" };
    const range = ranges ? ranges[row] : whole;
    if (!Number.isFinite(value) || !range || !whole) return { text, name, kind: "nonfinite", background: "", ink: "" };
    const { background, ink } = heat(value, range[0], range[1], whole[0] < 0);
    return { text, name, kind: text.includes(".") ? "" : "whole", background, ink };
  };
}

/** @param {Story} story @param {Stage} stage */
const digitsOf = (story, stage) => (stage.columns.labels.length > WIDE ? Math.min(2, story.precision) : story.precision);

/** How many letters all labels begin with, in whole words: over narrow columns "token 1", "token 2" are 1, 2. @param {string[]} labels */
export function commonWords(labels) {
  const isShared = (/** @type {number} */ count) => labels.every((label) => label.length > count && label.startsWith(labels[0].slice(0, count)));
  let common = labels[0].lastIndexOf(" ") + 1;
  while (common > 0 && !isShared(common)) common = common > 1 ? labels[0].lastIndexOf(" ", common - 2) + 1 : 0;
  return /^[ -~]*$/.test(labels[0].slice(0, common)) ? common : 0; // escapes would shift the cut
}

/** @param {Stage} stage */
const cellsOf = (stage) => stage.rows.labels.length * stage.columns.labels.length;

/** @param {Stage} stage @returns {"table" | "canvas" | "words"} */
export function surfaceFor(stage) {
  const [rows, columns] = [stage.rows.labels.length, stage.columns.labels.length];
  if (Math.max(rows, columns) > MOST_CANVAS_SIDE) return "words";
  return Math.min(rows, columns) > MOST_DOM_COLUMNS || columns > MOST_DOM_COLUMNS || cellsOf(stage) > MOST_DOM_CELLS ? "canvas" : "table";
}

/**
 * A surface shows the cells of a stage and knows where they are.
 * @typedef {{element: HTMLElement, fill(settings: Settings, stage: Stage): void, locate(event: MouseEvent): [number, number] | null,
 *   moveTabStop(row: number, column: number, name: string): HTMLElement, emphasize(row: number, column: number): void, cell: [number, number]}} Surface
 */

/**
 * Digits in a table, one element for each cell.
 * @param {Stage} stage @param {boolean} transposed @param {string} label @param {boolean} readOnly @returns {Surface}
 */
function tableSurface(stage, transposed, label, readOnly) {
  const [rows, columns] = transposed ? [stage.columns, stage.rows] : [stage.rows, stage.columns];
  const common = columns.labels.length > WIDE ? commonWords(columns.labels) : 0;
  /** @param {Axis} axis @param {number} place @param {string} role @param {number} [cut] */
  const header = (axis, place, role, cut = 0) => h("th", { role, class: role, title: labelOf(axis, place), "aria-label": cut ? labelOf(axis, place) : null }, h("bdi", {}, labelOf(axis, place).slice(cut)));
  const corner = h("th", { role: "columnheader", class: "corner" }, h("span", { class: "across" }, ...mathematics(columns.name)), h("span", { class: "down" }, ...mathematics(rows.name)));
  const head = h("tr", { role: "row" }, corner, ...columns.labels.map((_, place) => header(columns, place, "columnheader", common)));
  const rowHeaders = rows.labels.map((_, place) => header(rows, place, "rowheader"));
  /** @type {HTMLTableCellElement[][]} */
  const cells = rows.labels.map(() => columns.labels.map(() => h("td", { role: "gridcell", tabindex: -1 })));
  const lines = cells.map((line, row) => h("tr", { role: "row" }, rowHeaders[row], ...line));
  const table = h("table", { role: "grid", "aria-label": label, "aria-readonly": String(readOnly) }, h("thead", { role: "rowgroup" }, head), h("tbody", { role: "rowgroup" }, ...lines));
  /** @type {string[]} */
  const drawn = [];
  let stop = cells[0][0];
  stop.tabIndex = 0;
  /** @type {HTMLElement[]} */
  let strong = [];
  return {
    element: table,
    cell: [0, 0],
    fill(settings, stage) {
      const look = lookFor(settings, stage);
      cells.forEach((line, row) =>
        line.forEach((cell, column) => {
          const { text, name, kind, background, ink } = transposed ? look(column, row) : look(row, column);
          const key = [text, name, kind, background].join();
          const index = row * line.length + column;
          if (drawn[index] === key) return;
          drawn[index] = key;
          cell.textContent = text;
          cell.className = kind;
          cell.style.background = background;
          cell.style.color = ink;
          cell.setAttribute("aria-label", name);
        }),
      );
    },
    locate(event) {
      const cell = /** @type {HTMLElement} */ (event.target).closest("td");
      return cell ? [/** @type {HTMLTableRowElement} */ (cell.parentElement).rowIndex - 1, cell.cellIndex - 1] : null;
    },
    moveTabStop(row, column) {
      stop.tabIndex = -1;
      stop = cells[row][column];
      stop.tabIndex = 0;
      return stop;
    },
    emphasize(row, column) {
      for (const header of strong) header.classList.remove("strong");
      strong = row < 0 ? [] : [rowHeaders[row], /** @type {HTMLElement} */ (head.children[column + 1])];
      for (const header of strong) header.classList.add("strong");
    },
  };
}

/**
 * One pixel for each cell on a canvas, enlarged; the focused cell is a single element that moves.
 * @param {Stage} stage @param {boolean} transposed @param {number} width @param {number} height @param {string} label @param {boolean} readOnly @returns {Surface}
 */
function canvasSurface(stage, transposed, width, height, label, readOnly) {
  const [rows, columns] = transposed ? [stage.columns, stage.rows] : [stage.rows, stage.columns];
  const [down, across] = [rows.labels.length, columns.labels.length];
  const canvas = h("canvas", { width: across, height: down, "aria-hidden": "true" });
  canvas.style.width = `${across * width}px`;
  canvas.style.height = `${down * height}px`;
  const cursor = h("div", { role: "gridcell", class: "cursor", tabindex: 0, "aria-colindex": 1, "aria-label": `${rows.name} ${labelOf(rows, 0)}, ${columns.name} ${labelOf(columns, 0)}` });
  const line = h("div", { role: "row", "aria-rowindex": 1 }, cursor);
  const names = [h("span", { class: "across" }, ...mathematics(columns.name), " →"), h("span", { class: "down" }, ...mathematics(rows.name), " ↓")];
  const grid = h("div", { role: "grid", "aria-label": label, "aria-rowcount": down, "aria-colcount": across, "aria-readonly": String(readOnly), class: "pixels" }, canvas, line);
  const element = h("div", { class: "picture" }, h("div", { class: "axes", "aria-hidden": "true" }, ...names), grid);
  return {
    element,
    cell: [width, height],
    fill(settings, stage) {
      const context = canvas.getContext("2d");
      if (context) context.putImageData(paint(settings, stage, transposed), 0, 0);
    },
    locate(event) {
      if (event.target !== canvas) return null;
      return [Math.min(Math.max(Math.floor(event.offsetY / height), 0), down - 1), Math.min(Math.max(Math.floor(event.offsetX / width), 0), across - 1)];
    },
    moveTabStop(row, column, name) {
      line.setAttribute("aria-rowindex", String(row + 1));
      cursor.setAttribute("aria-colindex", String(column + 1));
      cursor.setAttribute("aria-label", name);
      cursor.style.cssText = `right:${(across - 1 - column) * width}px;bottom:${(down - 1 - row) * height}px;width:${width}px;height:${height}px`;
      return cursor;
    },
    emphasize() {},
  };
}

/** @param {Settings} settings @param {Stage} stage @param {boolean} transposed */
function paint({ story, head, perRow }, stage, transposed) {
  const [rows, columns] = [stage.rows.labels.length, stage.columns.labels.length];
  const image = new ImageData(transposed ? rows : columns, transposed ? columns : rows);
  const pixels = new Uint32Array(image.data.buffer);
  const own = stage.heads ? head : 0;
  const hidden = hiddenCells(story, stage, own);
  const whole = rangeOf(story, stage);
  const signed = whole !== null && whole[0] < 0;
  const shades = shadesOf(signed ? DIVERGING : SEQUENTIAL);
  for (let row = 0; row < rows; row++) {
    const range = perRow ? rangeOf(story, stage, { row, head: own }) : whole;
    for (let column = 0; column < columns; column++) {
      const cell = row * columns + column;
      const value = stage.values[own * rows * columns + cell];
      let color = NOT_FINITE_RED;
      if (stage.isMask) color = value ? ALLOWED_BLUE : HIDDEN_GREY;
      else if (hidden?.[cell]) color = HIDDEN_GREY;
      else if (Number.isFinite(value) && range) color = shades[Math.round(Math.min(Math.max(positionOf(value, range[0], range[1], signed), 0), 1) * 255)];
      pixels[transposed ? column * rows + row : cell] = color;
    }
  }
  return image;
}

/**
 * One stage: its name, its cells, marks over them, sums beside a softmax, the scale of its colours.
 * @typedef {ReturnType<typeof stageView>} StageView
 */

/** @param {Stage} first @param {{onTurn: () => void}} callbacks */
function stageView(first, { onTurn }) {
  let stage = first;
  let transposed = false;
  let structure = "";
  /** @type {Settings | null} */
  let waiting = null; // to be drawn when the stage comes into sight
  /** @type {Surface | null} */
  let surface = null;
  /** @type {Mark[]} */
  let marks = [];

  const symbol = h("span", { class: "symbol" });
  const title = h("span", { class: "title" });
  const shape = h("span", { class: "shape" });
  const pencil = h("span", { class: "editable", hidden: true, title: "Double-click a number, or press F2 on it, to change it" }, "editable");
  const turn = h("button", { type: "button", class: "turn", hidden: true });
  const caption = h("figcaption", {}, h("div", { class: "name" }, symbol, title), h("div", { class: "about" }, shape, pencil, turn));
  const overlay = h("div", { class: "overlay" });
  const core = h("div", { class: "core" });
  const rowSums = h("div", { class: "sums rows" });
  const columnSums = h("div", { class: "sums columns" });
  const sheet = h("div", { class: "sheet" }, core, rowSums, columnSums);
  const frame = h("div", { class: "frame" }, sheet);
  const legend = h("div", { class: "legend" });
  const element = h("figure", { class: "stage", "data-stage": first.name }, caption, frame, legend);
  const scrolled = { top: 0, left: 0 };

  frame.addEventListener("scroll", () => Object.assign(scrolled, { top: frame.scrollTop, left: frame.scrollLeft }), { passive: true });
  turn.addEventListener("click", () => {
    transposed = !transposed;
    onTurn();
  });

  /** @param {Settings} settings */
  function drawCaption({ story, head }) {
    const user = usedTransposed(story, stage.name);
    const [rows, columns] = size();
    symbol.replaceChildren(...mathematics(transposed ? `${stage.symbol.split(" ")[0]}ᵀ` : stage.symbol));
    setText(title, formatLabel(stage.title));
    setText(shape, `${rows} × ${columns}${stage.heads ? ` · ${labelOf(stage.heads, head)}` : ""}`);
    pencil.hidden = !story.can.edit?.includes(stage.name);
    turn.hidden = !user;
    setText(turn, stage.equation ? "transpose" : transposed ? "as used ᵀ" : "as stored");
    turn.setAttribute("aria-pressed", String(transposed));
    turn.setAttribute("aria-label", `${turn.textContent}: ${stage.title}`);
    turn.title = user ? `${user.title} uses it transposed: rows and columns change places. Click to see it ${transposed ? "as stored" : "as used"}.` : "";
  }

  /** @param {Settings} settings */
  function draw(settings) {
    const { story } = settings;
    waiting = null;
    frame.style.cssText = "";
    const [rows, columns] = size();
    const kind = surfaceFor(stage);
    if (kind === "words") {
      core.replaceChildren(h("p", { class: "too-large" }, `${rows.toLocaleString("en")} × ${columns.toLocaleString("en")} numbers are too many to draw one by one. Take part of the matrix, or ask Python for any cell: trace.explain("${stage.name}", row, column).`));
      return;
    }
    const [width, height] = kind === "table" ? cellSize(settings) : pixelSize();
    const readOnly = pencil.hidden && story.maskStage !== stage.name;
    const next = [kind, transposed, readOnly, ...axesOf(stage).flatMap((axis) => [axis.name, ...axis.labels])].join("\u0000");
    if (next !== structure || !surface) {
      structure = next;
      surface = kind === "table" ? tableSurface(stage, transposed, formatLabel(stage.title), readOnly) : canvasSurface(stage, transposed, width, height, formatLabel(stage.title), readOnly);
      core.replaceChildren(surface.element, overlay);
      element.classList.toggle("small-digits", kind === "table" && columns > WIDE);
    }
    surface.cell = [width, height];
    for (const [name, value] of [["--cell-width", `${width}px`], ["--cell-height", `${height}px`], ["--decimals", String(digitsOf(story, stage))]]) sheet.style.setProperty(name, value);
    surface.fill(settings, stage);
    drawSums(settings, kind === "table");
    drawLegend(settings);
  }

  /** @returns {[number, number]} */
  function size() {
    const [rows, columns] = [stage.rows.labels.length, stage.columns.labels.length];
    return transposed ? [columns, rows] : [rows, columns];
  }

  /** @param {Settings} settings @returns {[number, number]} */
  function cellSize({ story, cellWidth, fontSize }) {
    const small = size()[1] > WIDE;
    if (stage.isMask) return [small ? 32 : Math.max(48, Math.round(cellWidth * 0.8)), small ? 26 : 32];
    const longest = longestNumber(story, stage);
    const own = Math.ceil(longest * 0.58 * fontSize * (small ? 0.8 : 1) + (small ? 10 : 22));
    return small ? [Math.max(own, 34), 26] : [Math.max(own, cellWidth), 32];
  }

  /** @returns {[number, number]} */
  function pixelSize() {
    const [rows, columns] = size();
    const fit = (/** @type {number} */ count) => Math.max(1, Math.min(24, Math.floor(CANVAS_SIZE / count)));
    return [fit(columns), fit(rows)];
  }

  /** @param {Settings} settings @param {boolean} isTable */
  function drawSums({ story, head }, isTable) {
    const isSoftmax = isTable && stage.equation?.kind === "softmax";
    const rows = isSoftmax ? sumsOf(stage, head, "columns") : [];
    const columns = isTable && stage.equation?.kind === "softmax" && stage.equation.over === "rows" ? sumsOf(stage, head, "rows") : [];
    const [shown, below] = transposed ? [columns, rows] : [rows, columns];
    /** @param {HTMLElement} strip @param {string} label @param {number[]} sums */
    const fill = (strip, label, sums) => {
      strip.hidden = sums.length === 0;
      const digits = strip === columnSums ? digitsOf(story, stage) : story.precision;
      if (!strip.hidden) strip.replaceChildren(h("span", { class: "sum-name" }, label), ...sums.map((sum) => h("span", { class: sum === 0 ? "sum none" : "sum" }, formatNumber(sum, digits))));
    };
    fill(rowSums, "Σ row", shown);
    fill(columnSums, "Σ column", below);
  }

  /** @param {Settings} settings */
  function drawLegend({ story, perRow, head }) {
    /** @type {(Node | string)[]} */
    const pieces = [];
    const hidden = hiddenCells(story, stage, stage.heads ? head : null);
    const range = rangeOf(story, stage);
    if (stage.isMask) pieces.push(h("span", { class: "key allowed" }, "✓"), "may attend", h("span", { class: "key hidden" }, HIDDEN_SIGN), "hidden");
    else if (range) {
      const [low, high] = range;
      const reach = Math.max(-low, high);
      const ends = low < 0 ? [formatNumber(-reach, 2), "0", formatNumber(reach, 2)] : [formatNumber(low, 2), formatNumber(high, 2)];
      const own = low < 0 ? ["− largest of row", "+ largest of row"] : ["lowest of row", "highest of row"];
      const [first, last] = perRow ? own : [ends[0], ends[ends.length - 1]];
      pieces.push(first, h("span", { class: `scale ${low < 0 ? "diverging" : "sequential"}` }), last);
    }
    if (!stage.isMask && hidden?.includes(1)) pieces.push(h("span", { class: "key hidden" }, HIDDEN_SIGN), "hidden");
    if (story.nonfinite?.stage === stage.name) pieces.push(h("strong", { class: "first-nonfinite" }, "first number that is not finite"));
    if (surfaceFor(stage) === "canvas" && stage.equation?.kind === "softmax") pieces.push(describeSums(story, stage, head, stage.equation));
    legend.replaceChildren(...pieces.map((piece) => (typeof piece === "string" ? h("span", {}, piece) : piece)));
  }

  /** Displayed places ↔ places of the stage. @param {number} row @param {number} column @returns {[number, number]} */
  const turned = (row, column) => (transposed ? [column, row] : [row, column]);

  return {
    element,
    get stage() {
      return stage;
    },
    get size() {
      return size();
    },
    get isWaiting() {
      return waiting !== null;
    },
    turned,
    /** @param {Stage} next @param {Settings} settings @param {boolean} now */
    update(next, settings, now) {
      stage = next;
      drawCaption(settings);
      if (now || surface || surfaceFor(stage) === "words") return draw(settings);
      waiting = settings;
      const [rows, columns] = size();
      const [width, height] = surfaceFor(stage) === "table" ? cellSize(settings) : pixelSize();
      const header = surfaceFor(stage) === "table" ? 70 : 10; // about: what is drawn later should not push the page about
      frame.style.cssText = `width:${columns * width + header}px;height:${Math.min(rows * height + 38, 520)}px`;
    },
    drawIfWaiting() {
      if (waiting) draw(waiting);
    },
    /** @param {MouseEvent} event @returns {[number, number] | null} */
    locate(event) {
      const found = surface?.locate(event);
      return found ? turned(...found) : null;
    },
    /** Make this cell the one that Tab reaches. @param {number} row @param {number} column @param {string} name */
    moveTabStop(row, column, name) {
      this.drawIfWaiting();
      return surface?.moveTabStop(...turned(row, column), name) ?? null;
    },
    get isMarked() {
      return marks.length > 0;
    },
    /** Show exactly these marks. @param {Mark[]} next */
    light(next) {
      this.drawIfWaiting();
      if (!surface) return;
      marks = next;
      const [rows, columns] = size();
      const [width, height] = surface.cell;
      next.forEach((mark, index) => {
        const bar = /** @type {HTMLElement} */ (overlay.children[index] ?? overlay.appendChild(h("div")));
        const [down, across] = transposed ? [mark.columns, mark.rows] : [mark.rows, mark.columns];
        bar.className = `mark ${mark.kind}`;
        bar.style.cssText = `right:${(columns - 1 - across[1]) * width}px;bottom:${(rows - 1 - down[1]) * height}px;width:${(across[1] - across[0] + 1) * width}px;height:${(down[1] - down[0] + 1) * height}px`;
        if (mark.kind.startsWith("operand")) this.bring(down, across);
      });
      while (overlay.children.length > next.length) overlay.lastElementChild?.remove();
      const focus = next.find((mark) => mark.kind.startsWith("focus"));
      surface.emphasize(...(focus ? turned(focus.rows[0], focus.columns[0]) : /** @type {[number, number]} */ ([-1, -1])));
    },
    /** Scroll inside the stage so that a block is in sight. @param {[number, number]} down @param {[number, number]} across */
    bring(down, across) {
      const [rows, columns] = size();
      const [width, height] = surface?.cell ?? [0, 0];
      if (rows * height <= 460 && columns <= WIDE) return; // nothing to scroll
      const [top, bottom] = [down[0] * height, (down[1] + 1) * height];
      if (bottom - top < 400 && (top < scrolled.top || bottom > scrolled.top + 440)) frame.scrollTop = Math.max(0, top - 200);
      const [left, right] = [across[0] * width, (across[1] + 1) * width];
      if (across[0] === across[1] && (left < scrolled.left || right > scrolled.left + 300)) frame.scrollLeft = Math.max(0, left - 150);
    },
    /** Where a cell is on screen. @param {number} row @param {number} column */
    boxOf(row, column) {
      const [down, across] = turned(row, column);
      const [rows, columns] = size();
      const [width, height] = surface?.cell ?? [0, 0];
      const { right, bottom } = core.getBoundingClientRect();
      const [x, y] = [right - (columns - across) * width, bottom - (rows - down) * height];
      return { x, y, right: x + width, bottom: y + height, width, height };
    },
  };
}

/** @param {Story} story @param {Stage} stage */
function longestNumber(story, stage) {
  const digits = digitsOf(story, stage);
  let longest = 4;
  for (const value of stage.values) longest = Math.max(longest, formatCell(value, digits, story.precision).length);
  return longest;
}

/** @param {Stage} stage @param {number} head @param {"rows" | "columns"} over */
function sumsOf(stage, head, over) {
  const own = stage.heads ? head : null;
  const [outer, inner] = over === "columns" ? [stage.rows, stage.columns] : [stage.columns, stage.rows];
  return outer.labels.map((_, a) => inner.labels.reduce((sum, _, b) => sum + Number(over === "columns" ? valueAt(stage, a, b, own) : valueAt(stage, b, a, own)), 0));
}

/** @param {Story} story @param {Stage} stage @param {number} head @param {Softmax} equation */
function describeSums(story, stage, head, equation) {
  const sums = [...new Set(sumsOf(stage, head, equation.over).map((sum) => formatNumber(sum, story.precision)))];
  return `every ${equation.over === "columns" ? "row" : "column"} sums to ${sums.slice(0, 3).join(" or ")}`;
}

/**
 * One query's weights as people know them from other tools: its sentence shaded by weight, or lines to its keys.
 * @param {() => string} chosen @param {(value: string) => void} onChoose
 */
function attentionView(chosen, onChoose) {
  const kinds = choice("attention", "Show as", [["words", "words"], ["lines", "lines"]], onChoose);
  const heading = h("p", { class: "who" });
  const picture = h("div", { class: "picture-of-weights", role: "img" });
  const element = h("div", { class: "attention" }, h("div", { class: "attention-head" }, heading, kinds.element), picture);
  let drawn = "";
  return {
    element,
    /** @param {Story} story @param {Stage} stage @param {number} row @param {number} head */
    draw(story, stage, row, head) {
      const own = stage.heads ? head : null;
      const weights = stage.columns.labels.map((_, column) => Number(valueAt(stage, row, column, own)));
      const hidden = stage.columns.labels.map((_, column) => isHidden(story, { stage: stage.name, row, column, head: own }));
      const key = [chosen(), row, head, ...weights, ...hidden].join();
      if (key === drawn) return;
      drawn = key;
      kinds.select(chosen());
      const query = labelOf(stage.rows, row);
      heading.replaceChildren(h("bdi", { class: "query" }, query), ` looks at …`);
      const order = weights.map((_, column) => column).sort((a, b) => weights[b] - weights[a]);
      const most = chosen() === "words" ? MOST_WORDS : MOST_LINES;
      const columns = order.slice(0, most).sort((a, b) => a - b);
      const said = order.slice(0, 12).map((column) => `${labelOf(stage.columns, column)} ${hidden[column] ? "hidden" : formatNumber(weights[column], story.precision)}`);
      picture.setAttribute("aria-label", `${query} looks at ${said.join(", ")}${order.length > 12 ? " and others" : ""}`);
      const entries = columns.map((column) => ({ label: labelOf(stage.columns, column), weight: weights[column], hidden: hidden[column] }));
      picture.replaceChildren(chosen() === "words" ? sentenceOf(entries, Math.max(...weights), story.precision) : linesOf(query, entries, Math.max(...weights), story.precision));
      if (hidden.every(Boolean)) picture.append(h("p", { class: "note" }, NOTHING_TO_ATTEND_TO));
      if (columns.length < weights.length) picture.append(h("p", { class: "note" }, `the ${columns.length} of ${weights.length} keys with the largest weights`));
    },
    forget() {
      drawn = "";
    },
  };
}

/** @typedef {{label: string, weight: number, hidden: boolean}} Entry */

/** @param {Entry[]} entries @param {number} most @param {number} precision */
function sentenceOf(entries, most, precision) {
  const words = entries.map(({ label, weight, hidden }) => {
    const word = h("span", { class: hidden ? "word hidden" : "word" }, h("bdi", {}, label), h("small", {}, hidden ? `${HIDDEN_SIGN} hidden` : formatNumber(weight, precision)));
    if (!hidden && Number.isFinite(weight)) {
      const { background, ink } = heat(weight, 0, most > 0 ? most : 1, false);
      Object.assign(word.style, { background, color: ink });
    }
    return word;
  });
  return h("div", { class: "sentence" }, ...words);
}

/** @param {string} query @param {Entry[]} entries @param {number} most @param {number} precision */
function linesOf(query, entries, most, precision) {
  const height = entries.length * 30;
  const image = svg("svg", { viewBox: `0 0 360 ${height}`, class: "lines" });
  entries.forEach(({ label, weight, hidden }, place) => {
    const y = place * 30 + 15;
    const share = most > 0 && Number.isFinite(weight) ? weight / most : 0;
    if (!hidden) image.append(svg("path", { d: `M118 ${height / 2} C 170 ${height / 2} 150 ${y} 200 ${y}`, "stroke-width": 1 + 8 * share, "stroke-opacity": 0.2 + 0.8 * share }));
    image.append(svg("text", { x: 208, y: y + 5, class: hidden ? "faint" : "" }, shorten(label, 12)));
    image.append(svg("text", { x: 356, y: y + 5, "text-anchor": "end", class: "number" }, hidden ? `${HIDDEN_SIGN} hidden` : formatNumber(weight, precision)));
  });
  image.append(svg("text", { x: 110, y: height / 2 + 5, "text-anchor": "end", class: "from" }, shorten(query, 12)));
  return image;
}

/** The panel that explains one cell. @param {(source: Source) => void} onWalk @param {(level: number) => void} onReturn @param {() => void} onLetGo */
function panelView(onWalk, onReturn, onLetGo) {
  const trailBar = h("nav", { class: "trail", "aria-label": "The way here" });
  const heading = h("div", { class: "heading" });
  const release = h("button", { type: "button", class: "release" }, "Let go", h("kbd", {}, "Esc"));
  const formula = h("div", { class: "formula" });
  const lines = h("div", { class: "arithmetic" });
  const sentence = h("p", { class: "words" });
  const sources = h("ul", { class: "sources" });
  const help = h("div", { class: "help" });
  const body = h("div", { class: "explained" }, trailBar, h("div", { class: "top" }, heading, release), formula, lines, h("div", { class: "foot" }, sentence, sources));
  const element = h("section", { class: "panel", "aria-label": "Where this number comes from", tabindex: -1 }, body, help);
  help.append(
    h("p", { class: "invitation" }, "Point at a number to see where it comes from."),
    h("p", { class: "keys" }, ...keys(["← ↑ ↓ →", "walk"], ["Enter", "pin"], ["Esc", "let go"], ["F2", "change"], ["Space", "play"], ["[ ]", "step"], ["Backspace", "back"])),
  );
  /** @type {Source[]} */
  let clickable = [];
  lines.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    if (button) onWalk(clickable[Number(button.dataset.source)]);
  });
  trailBar.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    if (button) onReturn(Number(button.dataset.level));
  });
  release.addEventListener("click", onLetGo);

  /** @param {Part} part */
  const show = (part) => {
    if (typeof part === "string") return part;
    const kind = `term operand-${Math.min(part.operand, 3)}`;
    if (!part.source) return h("span", { class: kind }, part.text);
    return h("button", { type: "button", class: kind, "data-source": clickable.push(part.source) - 1, title: "Where does this number come from?" }, part.text);
  };
  return {
    element,
    /** @param {Story} story @param {Explanation | null} explanation @param {{pinned: boolean, trail: Place[]}} state */
    draw(story, explanation, { pinned, trail }) {
      body.hidden = explanation === null;
      help.hidden = explanation !== null;
      if (!explanation) return;
      const stage = stageOf(story, explanation.stage);
      clickable = [];
      trailBar.hidden = trail.length === 0;
      const crumbs = trail.flatMap((place, level) => [h("button", { type: "button", "data-level": level }, nameOf(stageOf(story, place.stage), place)), " › "]);
      trailBar.replaceChildren(...crumbs, h("span", { "aria-current": "step" }, nameOf(stage, explanation)));
      heading.replaceChildren(h("strong", {}, formatLabel(stage.title)), " ", h("span", { class: "where" }, describeCell(story, explanation)));
      release.hidden = !pinned;
      formula.replaceChildren(...explanation.formula.map((part) => show(part)));
      lines.replaceChildren(
        ...explanation.lines.flatMap(([first, ...rest]) => {
          const [, label, start] = /^(max|exponential|sum|quotient): (.*)$/.exec(typeof first === "string" ? first : "") ?? [null, "", first];
          return [h("span", { class: "label" }, label), h("span", { class: "line" }, ...[start, ...rest].filter((part) => part !== "").map(show))];
        }),
      );
      sources.replaceChildren(
        ...sourceAreas(story, explanation).sort((a, b) => a.operand - b.operand).map((area) => {
          const from = stageOf(story, area.stage);
          return h("li", { class: `operand-${Math.min(area.operand, 3)}` }, h("i", { "aria-hidden": "true" }), h("b", {}, formatLabel(from.title)), ` ${describeArea(from, area)}`);
        }),
      );
      setText(sentence, [explanation.sentence, stage.meaning].filter(Boolean)[0] ?? "");
    },
    focusFirst() {
      (lines.querySelector("button") ?? trailBar.querySelector("button:last-of-type") ?? element).focus({ preventScroll: true });
    },
  };
}

/** @param {...[string, string]} pairs */
const keys = (...pairs) => pairs.flatMap(([key, meaning]) => [h("span", { class: "key-pair" }, h("kbd", {}, key), ` ${meaning}`)]);

/** The row of buttons and choices. @param {{go: (by: number) => void, play: () => void, ask: (message: object) => void, setHead: (head: number) => void, setRange: (range: string) => void}} actions */
function toolbarView({ go, play, ask, setHead, setRange }) {
  /** @param {string} name @param {string} label @param {() => void} act @param {string} [text] */
  const button = (name, label, act, text) => {
    const element = h("button", { type: "button", class: `tool ${name}`, "aria-label": label, title: label }, ...(name in ICONS ? [icon(name)] : []), ...(text ? [text] : []));
    element.addEventListener("click", act);
    return element;
  };
  const previous = button("previous", "Previous step [", () => go(-1));
  const next = button("next", "Next step ]", () => go(1));
  const playing = button("play", "Play (space)", play);
  const position = h("span", { class: "position" });
  const head = h("select", { "aria-label": "Head" });
  const heads = h("label", { class: "heads" }, "Head ", head);
  head.addEventListener("change", () => setHead(head.selectedIndex));
  const range = choice("range", "Colours", [["stage", "whole stage"], ["row", "each row"]], setRange);

  const option = (/** @type {string} */ name, /** @type {any} */ value) => ask({ kind: "option", name, value });
  const mask = choice("mask", "Mask", [["none", "none"], ["causal", "causal"], ["given", "by hand"]], (value) => value !== "given" && option("mask", value));
  const scale = choice("scale", "Scale", [["true", "÷ √d_k"], ["false", "off"]], (value) => option("scale", value === "true"));
  const over = choice("col_dim", "Softmax over", [["1", "each row"], ["0", "each column"]], (value) => option("col_dim", Number(value)));
  const slider = h("input", { type: "range", min: -1, max: 1, step: 0.05, "aria-label": "Temperature" });
  const degrees = h("output", {});
  const temperature = h("fieldset", { class: "choice" }, h("legend", {}, "Temperature"), h("div", { class: "slide" }, slider, degrees));
  const warm = () => Number((10 ** Number(slider.value)).toPrecision(2));
  slider.addEventListener("input", () => {
    setText(degrees, String(warm()));
    slider.setAttribute("aria-valuetext", String(warm()));
    option("temperature", warm());
  });
  const seedBox = h("input", { type: "text", inputmode: "numeric", "aria-label": "Seed", class: "seed" });
  let drawnSeed = "";
  const sow = () => {
    const text = seedBox.value.trim();
    if (text === drawnSeed) return;
    drawnSeed = text;
    option("seed", /^\d{1,15}$/.test(text) ? Number(text) : text);
  };
  seedBox.addEventListener("change", sow);
  seedBox.addEventListener("keydown", (event) => event.key === "Enter" && sow()); // a notebook may keep Enter from becoming a change
  const another = button("another", "next seed: draw other weights", () => option("seed", (Number(seedBox.value) || 0) + 1), "next");
  const seed = h("fieldset", { class: "choice" }, h("legend", {}, "Seed"), h("div", { class: "slide" }, seedBox, another));
  const undo = button("undo", "Undo", () => ask({ kind: "undo" }));
  const redo = button("redo", "Redo", () => ask({ kind: "redo" }));
  const reset = button("reset", "Reset: Back to what was typed", () => ask({ kind: "reset" }), "Reset");
  /** @type {Record<string, HTMLElement>} */
  const options = { mask: mask.element, scale: scale.element, temperature, col_dim: over.element, seed };
  const history = h("fieldset", { class: "history", "aria-label": "Changes" }, undo, redo, reset);
  const experiment = h("fieldset", { class: "experiment", "aria-label": "What if" }, ...Object.values(options));
  const reason = h("p", { class: "reason", hidden: true }, NOT_LIVE);
  const element = h("div", { class: "toolbar" }, h("div", { class: "walk" }, h("div", { class: "buttons" }, previous, playing, next), position, h("div", { class: "looks" }, history, heads, range.element)), experiment, reason);
  return {
    element,
    takeFocus: () => playing.focus({ preventScroll: true }),
    /** @param {Story} story @param {{live: boolean, step: number, filled: number | null, playing: boolean, head: number, perRow: boolean}} state */
    draw(story, state) {
      const { can } = story;
      const stage = story.stages[state.step];
      const cell = state.filled === null ? "" : `, cell ${Math.min(state.filled, cellsOf(stage))} of ${cellsOf(stage)}`;
      position.replaceChildren(h("span", { class: "count" }, `step ${state.step + 1} of ${story.stages.length}: `), h("strong", {}, formatLabel(stage.title)), cell);
      previous.disabled = state.step === 0;
      next.disabled = state.step === story.stages.length - 1 && state.filled === null;
      playing.replaceChildren(icon(state.playing ? "pause" : "play"));
      playing.setAttribute("aria-label", state.playing ? "Pause (space)" : "Play (space)");
      playing.title = state.playing ? "Pause (space)" : "Play (space)";
      const axis = story.stages.find((one) => one.heads)?.heads;
      heads.hidden = !axis;
      if (axis && head.options.length !== axis.labels.length) head.replaceChildren(...axis.labels.map((_, place) => h("option", {}, labelOf(axis, place))));
      head.selectedIndex = state.head;
      range.select(state.perRow ? "row" : "stage");

      const offers = can.options ?? [];
      for (const [name, control] of Object.entries(options)) control.hidden = !offers.includes(name);
      history.hidden = !(can.undo || can.redo || can.reset || offers.length || can.edit?.length);
      experiment.hidden = offers.length === 0;
      experiment.disabled = history.disabled = !state.live;
      reason.hidden = state.live || history.hidden;
      undo.disabled = !can.undo;
      redo.disabled = !can.redo;
      reset.disabled = !can.reset;
      mask.offer("given", story.options.mask === "given");
      mask.select(story.options.mask);
      scale.select(String(story.options.scale));
      over.select(String(story.options.col_dim));
      const degree = Number(story.options.temperature);
      if (!slider.matches(":active")) slider.value = String(Math.log10(degree));
      if (!slider.matches(":active")) setText(degrees, String(degree));
      slider.setAttribute("aria-valuetext", String(degree));
      drawnSeed = String(story.options.seed);
      if (!seedBox.matches(":focus")) seedBox.value = drawnSeed;
    },
  };
}

// -------------------------------------------------------------------------------------------------------------------- mount

/**
 * Build an explorer inside `root` and keep it true to `host` until `signal` ends it.
 * @param {HTMLElement | ShadowRoot} root @param {Host} host @param {{signal: AbortSignal}} options
 */
export function mount(root, host, { signal }) {
  let story = readStory(host.get("story"), host.get("values"));
  let live = host.live;
  let step = clampStep(host.get("step"));
  /** How many cells of the last revealed stage are filled; null: all. @type {number | null} */
  let filled = null;
  let playing = 0; // the timer
  let head = 0;
  let perRow = false;
  let attentionKind = "words";
  /** @type {Place | null} */
  let focus = null;
  /** @type {Place | null} */
  let hover = null;
  let pinned = false;
  /** @type {Place[]} */
  let trail = [];
  /** @type {{place: Place, element: HTMLElement, input: HTMLInputElement} | null} */
  let editor = null;
  /** @type {Map<string, StageView>} */
  const views = new Map();
  /** @type {Map<string, ReturnType<typeof attentionView>>} */
  const attentions = new Map();
  let attentionRow = -1;
  let arrangement = "";
  let frame = 0;

  const toolbar = toolbarView({ go, play: togglePlay, ask: (message) => ask(message), setHead, setRange });
  const notices = h("ul", { class: "notices" });
  const acts = h("div", { class: "acts" });
  const check = h("p", { class: "check" });
  const status = h("p", { class: "status", role: "status" });
  const spoken = h("div", { class: "spoken", "aria-live": "polite", "aria-atomic": "true" });
  const panel = panelView(walkTo, returnTo, letGo);
  const page = h("div", { class: "explorer", dir: "ltr" }, toolbar.element, notices, acts, check, panel.element, status, spoken);
  root.append(page);

  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const night = matchMedia("(prefers-color-scheme: dark)");
  const plainSize = parseFloat(getComputedStyle(page).fontSize) || 14;
  let fontSize = plainSize;
  const timers = new Set();
  signal.addEventListener("abort", () => {
    for (const timer of timers) clearTimeout(timer);
    clearTimeout(playing);
    cancelAnimationFrame(frame);
    page.remove();
  });

  /** On a wide page, as on a projector, everything is a size larger. */
  const width = new ResizeObserver(() => fitText() && draw());
  const fitText = () => {
    const next = page.clientWidth >= 1250 ? Math.round(plainSize * 1.15) : plainSize;
    if (next === fontSize) return false;
    fontSize = next;
    page.style.fontSize = `${next}px`;
    return true;
  };
  width.observe(page);
  signal.addEventListener("abort", () => width.disconnect());

  /** Call `act` once, after a rest. @param {() => void} act @param {number} rest */
  function afterRest(act, rest) {
    let timer = 0;
    return () => {
      clearTimeout(timer);
      timers.delete(timer);
      timer = window.setTimeout(act, rest);
      timers.add(timer);
    };
  }
  const speak = afterRest(() => setText(spoken, spokenText()), SAY_AFTER);
  const writeBack = afterRest(() => host.set("focus", focus), WRITE_BACK_AFTER);

  // ------------------------------------------------------------------------------------------ what is shown

  /** @param {any} wanted */
  function clampStep(wanted) {
    const last = story.stages.length - 1;
    return Number.isInteger(wanted) ? Math.min(Math.max(wanted, 0), last) : last;
  }

  /** @param {any} place @returns {Place | null} */
  function validPlace(place) {
    const stage = place && story.byName.get(place.stage);
    if (!stage || !(place.row < stage.rows.labels.length && place.column < stage.columns.labels.length)) return null;
    return { stage: stage.name, row: place.row, column: place.column, head: stage.heads ? Math.min(place.head ?? 0, stage.heads.labels.length - 1) : null };
  }

  /** @returns {Settings} */
  function settings() {
    const small = story.stages.filter((stage) => !stage.isMask && stage.columns.labels.length <= WIDE && cellsOf(stage) <= MOST_DOM_CELLS);
    const longest = Math.min(Math.max(5, ...small.map((stage) => longestNumber(story, stage))), 8);
    return { story, head, perRow, cellWidth: Math.ceil(longest * 0.58 * fontSize + 22), fontSize };
  }

  /** Put every stage in its place; those that were there stay the same elements. */
  function arrange() {
    const plan = layOut(story);
    const key = JSON.stringify(plan.map(({ title, groups }) => [title, groups.map(({ above, main, link }) => [above.map((one) => one.name), main.name, main.equation?.kind, link])]));
    if (key === arrangement) return;
    arrangement = key;
    const focused = /** @type {HTMLElement | null} */ (activeElement());
    for (const [name, view] of views) {
      if (story.byName.has(name)) continue;
      sight.unobserve(view.element);
      views.delete(name);
    }
    attentions.clear();
    const sections = plan.map(({ title, groups }, index) =>
      h(
        "section",
        { class: "act", "aria-label": formatLabel(title) },
        h("p", { class: "act-name" }, h("span", { class: "number" }, String(index + 1)), formatLabel(title)),
        h("div", { class: "groups" }, ...groups.map((group) => (group.link ? h("div", { class: "linked" }, h("div", { class: "link" }, ...mathematics(group.link)), groupElement(group)) : groupElement(group)))),
      ),
    );
    acts.replaceChildren(...sections);
    if (focused && page.contains(focused)) focused.focus({ preventScroll: true });
  }

  /** @param {Group} group */
  function groupElement({ above, main }) {
    const children = [...above, main].map((stage) => viewOf(stage).element);
    const group = h("div", { class: above.length ? "group stacked" : "group" }, ...children);
    if (main.equation?.kind !== "softmax") return group;
    const attention = attentionView(() => attentionKind, (kind) => {
      attentionKind = kind;
      show();
    });
    attentions.set(main.name, attention);
    return h("div", { class: "group beside" }, group, attention.element);
  }

  /** @param {Stage} stage @returns {StageView} */
  function viewOf(stage) {
    const known = views.get(stage.name);
    if (known) return known;
    const view = stageView(stage, {
      onTurn: () => {
        view.update(view.stage, settings(), true);
        if (focus?.stage === view.stage.name) view.moveTabStop(focus.row, focus.column, describeCell(story, focus));
        show();
      },
    });
    views.set(stage.name, view);
    sight.observe(view.element);
    return view;
  }

  /** What is out of sight is drawn too, stage by stage when there is time: somebody may search for it or read it with other means. */
  const drawRest = afterRest(() => {
    const next = [...views.values()].find((view) => view.isWaiting);
    if (!next) return;
    next.drawIfWaiting();
    drawRest();
  }, 40);
  const sight = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        const view = isIntersecting ? views.get(/** @type {HTMLElement} */ (target).dataset.stage ?? "") : null;
        if (!view?.isWaiting) continue;
        view.drawIfWaiting();
        show();
      }
    },
    { rootMargin: "300px" },
  );
  signal.addEventListener("abort", () => sight.disconnect());

  /** Draw everything from the story, in place. */
  function draw() {
    const inGrid = activeElement()?.matches("[role=gridcell]");
    arrange();
    const now = settings();
    const small = story.stages.reduce((sum, stage) => sum + cellsOf(stage), 0) <= EAGER_CELLS;
    for (const stage of story.stages) viewOf(stage).update(stage, now, small);
    notices.hidden = story.notices.length === 0;
    notices.replaceChildren(...story.notices.map((notice) => h("li", {}, formatLabel(notice.text))));
    setText(check, (/^agrees/.test(story.check) ? "✓ " : "") + formatLabel(story.check));
    const cell = focus && views.get(focus.stage)?.moveTabStop(focus.row, focus.column, describeCell(story, focus));
    reveal();
    show();
    if (inGrid && cell && activeElement() !== cell) cell.focus({ preventScroll: true }); // its table was built anew
    drawRest();
  }

  function reveal() {
    story.stages.forEach((stage, index) => {
      const view = viewOf(stage);
      view.element.classList.toggle("later", index > step);
      view.element.classList.toggle("current", index === step && (step < story.stages.length - 1 || playing !== 0));
      view.element.inert = index > step;
      const attention = attentions.get(stage.name);
      attention?.element.classList.toggle("later", index > step || (index === step && filled !== null));
    });
    toolbar.draw(story, { live, step, filled, playing: playing !== 0, head, perRow });
  }

  /** The cell whose story is told. */
  const shown = () => (pinned ? focus : (hover ?? focus));

  /** Light the cells of the shown number and say where it comes from. */
  function show() {
    const place = shown();
    /** @type {Map<string, Mark[]>} */
    const marks = new Map();
    const mark = (/** @type {string} */ stage, /** @type {Mark} */ one) => void marks.set(stage, [...(marks.get(stage) ?? []), one]);
    if (story.nonfinite) {
      const [row, column] = story.nonfinite.place.slice(-2);
      const only = story.nonfinite.place.length === 3 ? story.nonfinite.place[0] : null;
      if (only === null || only === head) mark(story.nonfinite.stage, { kind: "alarm", rows: [row, row], columns: [column, column] });
    }
    if (filled !== null) {
      const view = viewOf(story.stages[step]);
      for (const block of unfilled(filled, ...view.size)) {
        const [rows, columns] = view.turned(0, 1)[0] ? [block.columns, block.rows] : [block.rows, block.columns];
        mark(story.stages[step].name, { kind: "cover", rows, columns });
      }
    }
    if (place) {
      for (const area of sourceAreas(story, place)) {
        if (area.head === null || area.head === head || !stageOf(story, area.stage).heads) mark(area.stage, { kind: `operand-${Math.min(area.operand, 3)}`, rows: area.rows, columns: area.columns });
      }
      mark(place.stage, { kind: pinned ? "focus pinned" : "focus", rows: [place.row, place.row], columns: [place.column, place.column] });
    }
    for (const [name, view] of views) {
      const next = marks.get(name) ?? [];
      if (next.length || view.isMarked) view.light(next);
    }
    panel.draw(story, place ? explain(story, place, MOST_TERMS) : null, { pinned, trail });
    frame ||= requestAnimationFrame(() => ((frame = 0), drawAttention(shown()))); // what was asked for comes first
    page.classList.toggle("is-pinned", pinned);
    if (place) speak();
  }

  /** @param {Place | null} place */
  function drawAttention(place) {
    for (const [name, attention] of attentions) {
      const stage = stageOf(story, name);
      const rows = stage.rows.labels.length;
      const axis = place && stageOf(story, place.stage).rows;
      if (place && axis && axis.labels.length === rows && (axis.name === stage.rows.name || place.stage === name)) attentionRow = place.row;
      if (attentionRow < 0 || attentionRow >= rows) attentionRow = rows - 1; // the last token sees most
      attention.draw(story, stage, attentionRow, head);
    }
  }

  function spokenText() {
    const place = shown();
    if (!place) return "";
    const { lines, sentence } = explain(story, place, MOST_TERMS);
    return [`${stageOf(story, place.stage).title}: ${describeCell(story, place)}.`, ...lines.map(textOf), sentence].join(" ");
  }

  /** @param {string} text */
  function say(text) {
    setText(status, text);
    status.hidden = text === "";
  }

  // ------------------------------------------------------------------------------------------ focus, pin, walk

  /** @param {Place} place @param {{pin?: boolean, keepTrail?: boolean, dom?: boolean, scroll?: boolean}} how */
  function setFocus(place, { pin = false, keepTrail = false, dom = false, scroll = false }) {
    if (place.head !== null && place.head !== head) setHead(place.head);
    focus = place;
    pinned = pin;
    hover = null;
    if (!keepTrail) trail = [];
    const cell = views.get(place.stage)?.moveTabStop(place.row, place.column, describeCell(story, place));
    if (dom) cell?.focus({ preventScroll: true });
    if (scroll) cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
    writeBack();
    show();
  }

  function letGo() {
    if (!pinned || !activeElement()?.matches("[role=gridcell]")) focus = null; // the keyboard's cell goes on being explained
    pinned = false;
    trail = [];
    hover = null;
    writeBack();
    show();
  }

  const activeElement = () => /** @type {Document | ShadowRoot} */ (page.getRootNode()).activeElement;

  /** One level back: explain a source of what is explained. @param {Source} source @param {boolean} [inGrid] */
  function walkTo({ stage, row, column, head: at }, inGrid = false) {
    const place = shown();
    if (place) trail = [...trail, place];
    setFocus({ stage, row, column, head: at }, { pin: true, keepTrail: true, dom: inGrid });
    if (!inGrid) panel.focusFirst();
  }

  /** Forward again to what was explained before. @param {number} level */
  function returnTo(level) {
    const place = trail[level];
    trail = trail.slice(0, level);
    setFocus(place, { pin: true, keepTrail: true });
    panel.focusFirst();
  }

  /** @param {Place} place @returns {boolean} */
  function isSource(place) {
    const from = pinned && focus;
    if (!from) return false;
    return sourceAreas(story, from).some(
      (area) => area.stage === place.stage && area.rows[0] <= place.row && place.row <= area.rows[1] && area.columns[0] <= place.column && place.column <= area.columns[1],
    );
  }

  /** Enter or click on a cell. @param {Place} place */
  function activate(place) {
    if (story.maskStage === place.stage && story.can.mask) {
      setFocus(place, { dom: true });
      const { stage, row, column } = place;
      return ask({ kind: "toggle", stage, row, column });
    }
    if (isSource(place)) return walkTo({ ...place, value: 0 }, true);
    setFocus(place, { pin: true, dom: true });
  }

  /** @param {Event} event @returns {StageView | undefined} */
  function viewAt(event) {
    const figure = event.target instanceof Element ? event.target.closest("figure") : null;
    return figure ? views.get(figure.dataset.stage ?? "") : undefined;
  }

  /** @param {MouseEvent} event @returns {Place | null} */
  function placeAt(event) {
    const view = viewAt(event);
    const found = view?.locate(event);
    return view && found ? { stage: view.stage.name, row: found[0], column: found[1], head: view.stage.heads ? head : null } : null;
  }

  /** @param {Place | null} a @param {Place | null} b */
  const isSame = (a, b) => a === b || (a !== null && b !== null && a.stage === b.stage && a.row === b.row && a.column === b.column && a.head === b.head);

  // ------------------------------------------------------------------------------------------ steps and play

  /** @param {number} wanted @param {number | null} [cells] */
  function setStep(wanted, cells = null) {
    step = clampStep(wanted);
    filled = cells;
    const hidden = focus && story.stages.findIndex((stage) => stage.name === focus?.stage) > step;
    if (hidden) [focus, pinned, trail] = [null, false, []];
    if (hidden && activeElement()?.matches("[role=gridcell]")) toolbar.takeFocus();
    hover = null;
    host.set("step", step);
    reveal();
    show();
  }

  /** @param {number} by */
  function go(by) {
    pause();
    if (by > 0 && filled !== null) return setStep(step);
    setStep(step + by);
  }

  function pause() {
    clearTimeout(playing);
    playing = 0;
    reveal();
  }

  function togglePlay() {
    if (playing) return pause();
    if (step === story.stages.length - 1 && filled === null) setStep(0);
    pinned = false;
    focus = null;
    schedule(300);
  }

  /** @param {number} rest */
  function schedule(rest) {
    playing = window.setTimeout(tick, rest);
    reveal();
  }

  /** The next cell of this stage, or the next stage. */
  function tick() {
    const stage = story.stages[step];
    const cells = cellsOf(stage);
    if (filled !== null && filled < cells) {
      const [, columns] = viewOf(stage).size;
      const [row, column] = viewOf(stage).turned(Math.floor(filled / columns), filled % columns);
      focus = { stage: stage.name, row, column, head: stage.heads ? head : null };
      filled += 1;
      hover = null;
      show();
      return schedule(Math.min(900, Math.max(60, 9000 / cells)));
    }
    if (step === story.stages.length - 1) {
      filled = null;
      show();
      return pause();
    }
    const next = story.stages[step + 1];
    const cellByCell = next.equation !== null && cellsOf(next) <= 256 && !calm.matches;
    setStep(step + 1, cellByCell ? 0 : null);
    viewOf(next).element.scrollIntoView({ block: "nearest" });
    schedule(cellByCell ? 250 : next.equation ? 1500 : 800);
  }

  /** One cell more or less inside the last revealed stage. @param {number} by */
  function fillBy(by) {
    pause();
    const stage = story.stages[step];
    const [, columns] = viewOf(stage).size;
    const count = Math.min(Math.max((filled ?? (by > 0 ? 0 : cellsOf(stage))) + by, 1), cellsOf(stage));
    filled = count === cellsOf(stage) ? null : count;
    const [row, column] = viewOf(stage).turned(Math.floor((count - 1) / columns), (count - 1) % columns);
    focus = { stage: stage.name, row, column, head: stage.heads ? head : null };
    reveal();
    show();
  }

  // ------------------------------------------------------------------------------------------ looks

  /** @param {number} next */
  function setHead(next) {
    head = next;
    if (focus && focus.head !== null) focus = { ...focus, head };
    hover = null;
    draw();
  }

  /** @param {string} next */
  function setRange(next) {
    perRow = next === "row";
    draw();
  }

  function applyTheme() {
    page.dataset.theme = themeOf(document, night.matches);
  }

  // ------------------------------------------------------------------------------------------ changes, by way of the kernel

  let requests = Math.floor(Math.random() * 1e6) * 1000; // views of one model must not take each other's answers
  /** @type {{request: number, answered: (reply: any) => void} | null} */
  let inFlight = null;
  /** @type {{message: object, answered: (reply: any) => void} | null} */
  let queued = null;
  const late = afterRest(() => inFlight && say("Recomputing …"), ANSWER_IS_LATE);
  const gone = afterRest(() => inFlight && setLive(false), NO_ANSWER);

  /** Ask the kernel. One request is under way at a time, and of those that wait only the latest counts. @param {object} message @param {(reply: any) => void} [answered] */
  function ask(message, answered = () => {}) {
    if (!live) {
      say(NOT_LIVE);
      return answered({ ok: false, text: NOT_LIVE });
    }
    if (inFlight) {
      queued = { message, answered };
      return;
    }
    requests += 1;
    inFlight = { request: requests, answered };
    late();
    gone();
    try {
      host.send({ request: requests, ...message });
    } catch {
      setLive(false);
    }
  }

  host.onMessage((reply) => {
    if (signal.aborted || !inFlight || reply?.request !== inFlight.request) return;
    const { answered } = inFlight;
    inFlight = null;
    if (!live) setLive(true);
    say(reply.text ?? "");
    refresh();
    if (!reply.ok) draw(); // a choice that was refused goes back
    answered(reply);
    const next = queued;
    queued = null;
    if (next) ask(next.message, next.answered);
  });

  /** @param {boolean} next */
  function setLive(next) {
    live = next;
    queued = null;
    const waiting = live ? null : inFlight;
    say(live || !(story.can.options?.length || story.can.edit?.length) ? "" : NOT_LIVE);
    reveal();
    waiting?.answered({ ok: false, text: NOT_LIVE });
    if (waiting) waiting.answered = () => {};
  }

  let readText = host.get("story");
  let readValues = host.get("values");
  /** Take over a story that changed. */
  function refresh() {
    if (signal.aborted || (readText === host.get("story") && readValues === host.get("values"))) return;
    readText = host.get("story");
    readValues = host.get("values");
    const last = step === story.stages.length - 1;
    story = readStory(readText, readValues);
    const told = host.get("step"); // the kernel keeps it at the same stage; where nobody does, the end stays the end
    step = last && told === step ? story.stages.length - 1 : clampStep(told);
    if (filled !== null && filled > cellsOf(story.stages[step])) filled = null;
    focus = validPlace(focus);
    hover = validPlace(hover);
    pinned = pinned && focus !== null;
    trail = trail.filter((place) => validPlace(place));
    head = Math.min(head, (story.stages.find((stage) => stage.heads)?.heads?.labels.length ?? 1) - 1);
    draw();
  }

  /** Listen to the host; what changes together is looked at when all of it is there. @param {string} name @param {() => void} act */
  const follow = (name, act) => host.on(name, () => queueMicrotask(() => signal.aborted || (refresh(), act())));
  follow("story", () => {});
  follow("values", () => {});
  follow("live", () => setLive(host.live));
  follow("step", () => {
    const wanted = clampStep(host.get("step"));
    if (wanted === step) return;
    pause();
    setStep(wanted);
  });
  follow("focus", () => {
    const wanted = validPlace(host.get("focus"));
    if (isSame(wanted, focus)) return;
    if (wanted) return setFocus(wanted, { pin: true });
    focus = null;
    letGo();
  });

  // ------------------------------------------------------------------------------------------ editing

  /** @param {Place} place */
  const canEdit = (place) => story.can.edit?.includes(place.stage) ?? false;

  /** @param {Place} place @param {string} [typed] */
  function edit(place, typed) {
    if (!canEdit(place)) return;
    if (!live) return say(NOT_LIVE);
    closeEditor();
    const stage = stageOf(story, place.stage);
    const value = Number(valueAt(stage, place.row, place.column, place.head));
    const input = h("input", { type: "text", class: "editor", "aria-label": `New value for ${describeCell(story, place)}`, spellcheck: "false", autocomplete: "off" });
    input.value = typed ?? shortestText(value);
    const element = seat(place, input);
    editor = { place, element, input };
    input.focus({ preventScroll: true });
    if (typed === undefined) input.select();
    input.addEventListener("blur", () => window.setTimeout(() => editor?.input === input && !input.matches(":focus") && !input.readOnly && closeEditor(), 0));
  }

  /** Put something over a cell, outside of what scrolls. @param {Place} place @param {HTMLElement} guest */
  function seat(place, guest) {
    const box = viewOf(stageOf(story, place.stage)).boxOf(place.row, place.column);
    const around = page.getBoundingClientRect();
    const element = h("div", { class: "seat" }, guest);
    const left = Math.max(0, Math.min(box.x, box.right - 120) - around.x);
    element.style.cssText = `left:${left}px;top:${box.y - around.y}px;--cell-height:${Math.max(box.height, 26)}px;min-height:${box.height}px`;
    page.append(element);
    return element;
  }

  function closeEditor() {
    editor?.element.remove();
    editor = null;
  }

  function commit() {
    if (!editor) return;
    const { place, input } = editor;
    if (input.value.trim() === shortestText(Number(valueAt(stageOf(story, place.stage), place.row, place.column, place.head)))) return revert();
    sendCells([{ ...place, text: input.value }]);
  }

  function revert() {
    const place = editor?.place;
    closeEditor();
    say("");
    if (place) setFocus(place, { dom: true });
  }

  /** @param {(Place & {text: string})[]} cells */
  function sendCells(cells) {
    if (editor) editor.input.readOnly = true;
    const [first] = cells;
    ask({ kind: "edit", cells: cells.map(({ stage, row, column, head, text }) => ({ stage, row, column, head, text })) }, (reply) => {
      if (editor) editor.input.readOnly = false;
      if (reply.ok) {
        closeEditor();
        const place = validPlace(first);
        return place && setFocus(place, { dom: true });
      }
      const refused = validPlace(reply.cells?.[0] ? { head: first.head, ...reply.cells[0] } : null) ?? first;
      refuse(refused, reply.cells?.[0]?.text ?? reply.text ?? "This cannot be computed.");
    });
  }

  /** Say beside a cell why it cannot be so. @param {Place} place @param {string} text */
  function refuse(place, text) {
    say("");
    page.querySelector(".refusal")?.remove();
    const words = h("p", { class: "refusal", role: "alert", id: `refusal-${requests}` }, text);
    if (editor && isSame(editor.place, place)) {
      editor.element.append(words);
      editor.input.setAttribute("aria-invalid", "true");
      editor.input.setAttribute("aria-describedby", words.id);
      editor.input.focus({ preventScroll: true });
      return;
    }
    closeEditor();
    const element = seat(place, words);
    const forget = new AbortController();
    for (const kind of ["keydown", "pointerdown"]) {
      page.addEventListener(kind, () => (element.remove(), forget.abort()), { signal: forget.signal, capture: true });
    }
  }

  /** @param {Place} place @param {string} text */
  function paste(place, text) {
    const block = readBlock(text);
    const stage = stageOf(story, place.stage);
    const [rows, columns] = [stage.rows.labels.length - place.row, stage.columns.labels.length - place.column];
    const width = Math.max(...block.map((line) => line.length));
    if (block.length > rows || width > columns) return refuse(place, `The block has ${block.length} × ${width} numbers, but from here on there are only ${rows} × ${columns} cells.`);
    closeEditor();
    sendCells(block.flatMap((line, row) => line.map((cell, column) => ({ ...place, row: place.row + row, column: place.column + column, text: cell }))));
  }

  // ------------------------------------------------------------------------------------------ events, once for everything

  page.addEventListener(
    "pointermove",
    (event) => {
      if (event.pointerType === "touch" || playing) return;
      const place = placeAt(event);
      if (!place && hover && event.target instanceof Element && event.target.closest(".panel")) return; // on the way to what is explained
      if (isSame(place, hover)) return;
      hover = place;
      if (!pinned) show();
    },
    { signal },
  );
  page.addEventListener("pointerleave", () => {
    if (!hover || playing) return;
    hover = null;
    if (!pinned) show();
  }, { signal });
  page.addEventListener("click", (event) => {
    const place = placeAt(event);
    if (!place || editor?.element.contains(/** @type {Node} */ (event.target))) return;
    if (playing) pause();
    activate(place);
  }, { signal });
  page.addEventListener("dblclick", (event) => {
    const place = placeAt(event);
    if (place) edit(place);
  }, { signal });
  page.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const inEditor = editor !== null && event.target === editor.input;
    const place = inEditor ? (editor?.place ?? null) : cellWithFocus(event);
    if (!place || !canEdit(place) || (inEditor && !/[\t\n]/.test(text.trim()))) return;
    event.preventDefault();
    if (!live) return say(NOT_LIVE);
    paste(place, text);
  }, { signal });
  page.addEventListener("focusin", (event) => {
    const place = cellWithFocus(event);
    if (!place || isSame(place, focus) || pinned) return;
    setFocus(place, {});
  }, { signal });
  page.addEventListener("keydown", onKey, { signal });

  /** The cell that has the keyboard. @param {Event} event @returns {Place | null} */
  function cellWithFocus(event) {
    const cell = event.target instanceof HTMLElement && event.target.getAttribute("role") === "gridcell" ? event.target : null;
    const view = cell && viewAt(event);
    if (!cell || !view) return null;
    const [down, across] = cell instanceof HTMLTableCellElement ? [/** @type {HTMLTableRowElement} */ (cell.parentElement).rowIndex - 1, cell.cellIndex - 1] : [Number(cell.parentElement?.ariaRowIndex) - 1, Number(cell.ariaColIndex) - 1];
    const [row, column] = view.turned(down, across);
    return { stage: view.stage.name, row, column, head: view.stage.heads ? head : null };
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (editor && event.target === editor.input) return onEditorKey(event);
    const target = /** @type {HTMLElement} */ (event.target);
    const place = cellWithFocus(event);
    const done = place ? onCellKey(event, place) : false;
    if (done || onPageKey(event, target)) event.preventDefault();
  }

  /** @param {KeyboardEvent} event */
  function onEditorKey(event) {
    if (event.key === "Enter") commit();
    else if (event.key === "Escape") revert();
    else return;
    event.preventDefault();
  }

  /** @param {KeyboardEvent} event @param {Place} place */
  function onCellKey(event, place) {
    const view = viewOf(stageOf(story, place.stage));
    const to = event.altKey || event.shiftKey ? null : stepFrom(event, ...view.turned(place.row, place.column), ...view.size);
    if (to) {
      const [row, column] = view.turned(...to);
      if (playing) pause();
      setFocus({ ...place, row, column }, { dom: true, scroll: true });
      return true;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === "Enter") return activate(place), true;
    if (event.key === "F2") return edit(place), true;
    if (/^[0-9.+−-]$/.test(event.key) && canEdit(place)) return edit(place, event.key), true;
    return false;
  }

  /** @param {KeyboardEvent} event @param {HTMLElement} target */
  function onPageKey(event, target) {
    if (event.ctrlKey || event.metaKey || event.altKey || target.matches("input[type=text]")) return false;
    switch (event.key) {
      case "Escape":
        if (playing) pause();
        return letGo(), true;
      case "Backspace":
        return trail.length > 0 && (returnTo(trail.length - 1), true);
      case "[":
        return go(-1), true;
      case "]":
        return go(1), true;
      case "{":
        return fillBy(-1), true;
      case "}":
        return fillBy(1), true;
      case " ":
        return !target.matches("button, input, select") && (togglePlay(), true);
      default:
        return false;
    }
  }

  night.addEventListener("change", applyTheme, { signal });
  const themes = new MutationObserver(applyTheme);
  for (const element of [document.body, document.documentElement]) themes.observe(element, { attributes: true, attributeFilter: ["data-jp-theme-light", "class", "theme", "data-theme"] });
  signal.addEventListener("abort", () => themes.disconnect());

  applyTheme();
  fitText();
  say("");
  focus = validPlace(host.get("focus"));
  pinned = focus !== null;
  draw();
}

// ------------------------------------------------------------------------------------------------------------------- render

/** In the page of a notebook, whose outputs clip what is in them: lets the explanation stay in sight while the stages scroll. */
const AROUND = ["", "-child", "-output"].map((part) => `.jp-OutputArea${part}:has(.attn-magic-live) { overflow: visible }`).join(" ");

/**
 * An explorer in the view of an anywidget model.
 * @param {{model: any, el: HTMLElement, signal?: AbortSignal}} context
 */
function render({ model, el, signal }) {
  const ended = new AbortController();
  signal?.addEventListener("abort", () => ended.abort());
  el.classList.add("attn-magic-live");
  const shell = h("div", { "data-lm-suppress-shortcuts": "true" });
  el.append(h("style", {}, AROUND), shell);
  const root = shell.attachShadow({ mode: "open" });
  root.append(h("style", {}, model.get("_stylesheet")));
  holdShortcuts(shell, ended.signal);
  mount(root, hostOf(model, ended.signal), { signal: ended.signal });
  return () => {
    ended.abort();
    el.replaceChildren();
    el.classList.remove("attn-magic-live");
  };
}

/** The notebook's shortcuts rest while the focus is in the explorer, but for those with Ctrl or Cmd: saving still works. @param {HTMLElement} shell @param {AbortSignal} signal */
function holdShortcuts(shell, signal) {
  const update = (/** @type {KeyboardEvent} */ event) => {
    if (event.ctrlKey || event.metaKey) shell.removeAttribute("data-lm-suppress-shortcuts");
    else shell.setAttribute("data-lm-suppress-shortcuts", "true");
  };
  window.addEventListener("keydown", update, { signal, capture: true });
  window.addEventListener("keyup", update, { signal, capture: true });
}

/**
 * A host made of an anywidget model. Whether a kernel listens cannot be read from the model: where the surroundings know of no kernel there
 * is none; otherwise it is asked, and counts as gone when it is idle and has not answered.
 * @param {any} model @param {AbortSignal} signal @returns {Host}
 */
function hostOf(model, signal) {
  /** @param {string} event @param {any} callback */
  function listen(event, callback) {
    model.on(event, callback);
    signal.addEventListener("abort", () => model.off(event, callback));
  }
  const manager = model.widget_manager ?? {};
  let answered = false;
  let idle = 0; // times that the kernel was seen idle before it had answered
  const isThere = () => {
    const { kernel } = manager;
    if ("kernel" in manager && (!kernel || kernel.status === "dead" || kernel.connectionStatus === "disconnected")) return false;
    return answered || idle < 4;
  };
  /** @type {(() => void)[]} */
  const whenLive = [];
  const host = {
    live: isThere(),
    get: (/** @type {string} */ name) => model.get(name),
    set(/** @type {string} */ name, /** @type {any} */ value) {
      model.set(name, value);
      model.save_changes();
    },
    on: (/** @type {string} */ name, /** @type {() => void} */ callback) => (name === "live" ? void whenLive.push(callback) : listen(`change:${name}`, callback)),
    send: (/** @type {object} */ message) => model.send(message),
    onMessage: (/** @type {(message: any) => void} */ callback) => listen("msg:custom", callback),
  };
  const look = () => {
    if (!answered && manager.kernel?.status === "idle") idle += 1;
    if (host.live === isThere()) return;
    host.live = !host.live;
    for (const callback of whenLive) callback();
  };
  listen("msg:custom", () => {
    answered = true;
    look();
  });
  if (host.live) model.send({ request: 0, kind: "hello" });
  const timer = setInterval(look, 700);
  signal.addEventListener("abort", () => clearInterval(timer));
  return host;
}

export default { render };
