// @ts-check
/**
 * How a trace is drawn, as far as that takes no page: the colour and the text of a cell, which surface a stage is drawn
 * on, where stages stand, what keys and pasted text mean.
 *
 * In order: constants, colour, cells, layout, input.
 */

import { headOf, hiddenCells, operandsOf, stageOf, valueAt } from "./record.js";
import { formatCell, formatNumber } from "./notation.js";
import { formatConstant, substitute, textOf, write } from "./expressions.js";
import { describeCell } from "./explanation.js";

/** @import { Expression, Softmax, Stage, TraceRecord } from "./record.js" */
/** @import { Block } from "./explanation.js" */

/**
 * How one cell looks and what it is called.
 * @typedef {{text: string, name: string, kind: string, background: string, ink: string}} Look
 */

/**
 * What a stage view needs to draw: which place of each axis of heads, whether each row has a range of its own, how wide
 * cells are at least.
 * @typedef {{record: TraceRecord, selected: Map<string, number>, perRow: boolean, cellWidth: number,
 *   fontSize: number}} Settings
 */

export const HIDDEN_SIGN = "⊘";
export const MAX_DOM_CELLS = 1024; // with digits; larger stages are drawn on a canvas
const MAX_DOM_COLUMNS = 32;
const MAX_CANVAS_SIDE = 2048; // rows or columns that can be drawn one by one
export const WIDE = 6; // columns; in wider stages digits are smaller and fewer

// -------------------------------------------------------------------------------------------------------------- colour
// The colours of attn_magic/views/palette.py: orange to blue with white at 0, and white to deep blue for stages without
// negative numbers.

export const DIVERGING = [
  [0.702, 0.345, 0.024],
  [0.992, 0.722, 0.388],
  [0.969, 0.969, 0.969],
  [0.573, 0.773, 0.871],
  [0.129, 0.4, 0.675],
];
export const SEQUENTIAL = [
  [0.969, 0.984, 1.0],
  [0.776, 0.859, 0.937],
  [0.42, 0.682, 0.839],
  [0.129, 0.443, 0.71],
  [0.031, 0.188, 0.42],
];
// Relative luminance at which black and white text have the same contrast, 4.58 : 1.
export const DARK_INK_ABOVE = 0.179;
export const NOT_FINITE_RED = 0xff1e26b3; // of a canvas, as ABGR
export const ALLOWED_BLUE = 0xffefdbc6;

/**
 * Background and ink for `value` in a range, as `heat` in palette.py.
 * @param {number} value @param {number} low @param {number} high @param {boolean} [signed]
 */
export function heat(value, low, high, signed = low < 0) {
  const color = mix(signed ? DIVERGING : SEQUENTIAL, positionOf(value, low, high, signed));
  const hex = color
    .map((part) =>
      roundHalfEven(part * 255)
        .toString(16)
        .padStart(2, "0"),
    )
    .join("");
  return { background: `#${hex}`, ink: relativeLuminance(color) > DARK_INK_ABOVE ? "#000000" : "#ffffff" };
}

/** As WCAG has it. @param {number[]} color */
export function relativeLuminance(color) {
  const [red, green, blue] = color.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Python's `round`. @param {number} value */
const roundHalfEven = (value) => (value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));

/** @param {number} value @param {number} low @param {number} high @param {boolean} signed */
export function positionOf(value, low, high, signed) {
  const reach = Math.max(-low, high);
  if (signed) return reach > 0 ? (value / reach + 1) / 2 : 0.5;
  if (high > low) return (value - low) / (high - low);
  return low === 0 ? 0 : 0.5; // all the same: zeros are white
}

/** @param {number[][]} anchors @param {number} position */
function mix(anchors, position) {
  const along = Math.min(Math.max(position, 0), 1) * (anchors.length - 1);
  const left = Math.min(Math.floor(along), anchors.length - 2);
  return anchors[left].map((part, index) => part + (anchors[left + 1][index] - part) * (along - left));
}

/** 256 colours of a palette, as ABGR for a canvas. @param {number[][]} anchors */
export const shadesOf = (anchors) =>
  Uint32Array.from({ length: 256 }, (_, shade) =>
    mix(anchors, shade / 255).reduceRight((word, part) => word * 256 + Math.round(part * 255), 255),
  );

/**
 * The lowest and the highest number to colour in a stage, over all heads, or in one row: without hidden cells, NaN and
 * infinities.
 * @param {TraceRecord} record @param {Stage} stage @param {{row: number, head: number} | null} [only]
 * @returns {[number, number] | null}
 */
export function rangeOf(record, stage, only = null) {
  const [rows, columns] = [stage.rows.labels.length, stage.columns.labels.length];
  let [low, high] = [Infinity, -Infinity];
  const heads = only ? [only.head] : Array.from({ length: stage.heads?.labels.length ?? 1 }, (_, head) => head);
  for (const head of heads) {
    const hidden = hiddenCells(record, stage, head);
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

// --------------------------------------------------------------------------------------------------------------- cells

/** @param {Settings} settings @param {Stage} stage @returns {(row: number, column: number) => Look} */
export function lookFor({ record, selected, perRow }, stage) {
  const own = headOf(selected, stage);
  const hidden = hiddenCells(record, stage, own);
  const columns = stage.columns.labels.length;
  const whole = rangeOf(record, stage);
  const ranges = perRow ? stage.rows.labels.map((_, row) => rangeOf(record, stage, { row, head: own ?? 0 })) : null;
  const digits = digitsOf(record, stage);
  return (row, column) => {
    const value = valueAt(stage, row, column, own);
    const name = describeCell(record, { stage: stage.name, row, column, head: own }, digits);
    if (typeof value === "boolean")
      return {
        text: value ? "✓" : HIDDEN_SIGN,
        name,
        kind: value ? "allowed sign" : "hidden sign",
        background: "",
        ink: "",
      };
    const text = formatCell(value, digits, record.precision);
    if (hidden?.[row * columns + column]) return { text, name, kind: "hidden", background: "", ink: "" };
    const range = ranges ? ranges[row] : whole;
    if (!Number.isFinite(value) || !range || !whole) return { text, name, kind: "nonfinite", background: "", ink: "" };
    const { background, ink } = heat(value, range[0], range[1], whole[0] < 0);
    return { text, name, kind: text.includes(".") ? "" : "whole", background, ink };
  };
}

/** @param {TraceRecord} record @param {Stage} stage */
export const digitsOf = (record, stage) =>
  stage.columns.labels.length > WIDE ? Math.min(2, record.precision) : record.precision;

/** @param {TraceRecord} record @param {Stage} stage */
export function longestNumber(record, stage) {
  const digits = digitsOf(record, stage);
  let longest = 4;
  for (const value of stage.values) longest = Math.max(longest, formatCell(value, digits, record.precision).length);
  return longest;
}

/**
 * How many letters all labels begin with, in whole words: over narrow columns "token 1", "token 2" are 1, 2.
 * @param {string[]} labels
 */
export function commonWords(labels) {
  const isShared = (/** @type {number} */ count) =>
    labels.every((label) => label.length > count && label.startsWith(labels[0].slice(0, count)));
  let common = labels[0].lastIndexOf(" ") + 1;
  while (common > 0 && !isShared(common)) common = common > 1 ? labels[0].lastIndexOf(" ", common - 2) + 1 : 0;
  return /^[ -~]*$/.test(labels[0].slice(0, common)) ? common : 0; // escapes would shift the cut
}

/** @param {Stage} stage */
export const cellsOf = (stage) => stage.rows.labels.length * stage.columns.labels.length;

/** @param {Stage} stage @returns {"table" | "canvas" | "words"} */
export function surfaceFor(stage) {
  const [rows, columns] = [stage.rows.labels.length, stage.columns.labels.length];
  if (Math.max(rows, columns) > MAX_CANVAS_SIDE) return "words";
  return Math.min(rows, columns) > MAX_DOM_COLUMNS || columns > MAX_DOM_COLUMNS || cellsOf(stage) > MAX_DOM_CELLS
    ? "canvas"
    : "table";
}

/** @param {Stage} stage @param {number | null} head @param {"rows" | "columns"} over */
export function sumsOf(stage, head, over) {
  const [outer, inner] = over === "columns" ? [stage.rows, stage.columns] : [stage.columns, stage.rows];
  return outer.labels.map((_, a) =>
    inner.labels.reduce(
      (sum, _, b) => sum + Number(over === "columns" ? valueAt(stage, a, b, head) : valueAt(stage, b, a, head)),
      0,
    ),
  );
}

/** @param {TraceRecord} record @param {Stage} stage @param {number | null} head @param {Softmax} equation */
export function describeSums(record, stage, head, equation) {
  const sums = [...new Set(sumsOf(stage, head, equation.over).map((sum) => formatNumber(sum, record.precision)))];
  return `every ${equation.over === "columns" ? "row" : "column"} sums to ${sums.slice(0, 3).join(" or ")}`;
}

// -------------------------------------------------------------------------------------------------------------- layout

/** @typedef {{above: Stage[], main: Stage, link: string}} Group */
/** @typedef {{title: string, groups: Group[]}} Act */

/**
 * The page: acts, and in each its stages in order. A given matrix that multiplies into just one stage of its act stands
 * above that stage, as in a multiplication on paper; `link` says how a stage follows from the one before it.
 * @param {TraceRecord} record @returns {Act[]}
 */
export function layOut(record) {
  /** @type {{title: string, stages: Stage[]}[]} */
  const acts = [];
  for (const stage of record.stages) {
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
    const groups = stages
      .filter((stage) => !home.has(stage))
      .map((main, index, mains) => ({
        above: stages.filter((stage) => home.get(stage) === main),
        main,
        link:
          index > 0 && operandsOf(main.equation).includes(mains[index - 1].name)
            ? linkTo(record, main, mains[index - 1])
            : "",
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

/**
 * How a stage follows from the one before, in few signs: "÷ √d_k", "softmax".
 * @param {TraceRecord} record @param {Stage} stage @param {Stage} before
 */
function linkTo(record, stage, before) {
  const { equation } = stage;
  if (equation?.kind === "softmax") return "softmax";
  if (equation?.kind !== "elementwise" || !Array.isArray(equation.expression)) return "";
  const [name, first, ...others] = equation.expression;
  const mask = name === "where" && others[1] === -Infinity ? record.byName.get(first) : null;
  if (mask) return `mask by ${mask.symbol}`;
  const symbols = Object.fromEntries(
    operandsOf(equation).map((operand) => [operand, symbolIn(stageOf(record, operand))]),
  );
  const inSymbols = (/** @type {Expression} */ expression) =>
    textOf(write(substitute(expression, symbols), formatConstant));
  if ("+-*/".includes(name) && first === before.name)
    return inSymbols([name, "", ...others])
      .trim()
      .replace(/^\//, "÷");
  return inSymbols(equation.expression);
}

/**
 * The symbol of a stage as part of an expression: "Q" of "Q = X W_qᵀ", in brackets where it would be read another way.
 * @param {Stage} stage @returns {Expression}
 */
function symbolIn({ symbol }) {
  const [own] = symbol.split(" = ");
  // A sum of one is written in brackets where a sum is.
  return own.includes(" ") ? `(${own})` : /[/+−×]/.test(own) ? ["+", own] : own;
}

/**
 * The stage that uses `name` transposed in a product, if there is one: X W_qᵀ uses W_q so.
 * @param {TraceRecord} record @param {string} name @returns {Stage | null}
 */
export function usedTransposed(record, name) {
  return (
    record.stages.find(({ equation }) => {
      if (equation?.kind !== "contraction" || equation.operands.length !== 2) return false;
      const [left, result] = equation.indices.split("->");
      const letters = left.split(",")[equation.operands.indexOf(name)]?.slice(-2);
      if (!letters) return false;
      const [row, column] = result.slice(-2);
      return (letters[0] === column && letters[1] !== row) || (letters[1] === row && letters[0] !== column);
    }) ?? null
  );
}

/**
 * The blocks that are not yet filled when `count` cells are, row by row.
 * @param {number} count @param {number} rows @param {number} columns @returns {Block[]}
 */
export function unfilled(count, rows, columns) {
  const [row, column] = [Math.floor(count / columns), count % columns];
  /** @type {Block[]} */
  const blocks = [];
  if (column > 0) blocks.push({ rows: [row, row], columns: [column, columns - 1] });
  const next = column > 0 ? row + 1 : row;
  if (next < rows) blocks.push({ rows: [next, rows - 1], columns: [0, columns - 1] });
  return blocks;
}

// --------------------------------------------------------------------------------------------------------------- input

/**
 * Where a key leads inside a grid, or null.
 * @param {{key: string, ctrlKey?: boolean, metaKey?: boolean}} event @param {number} row @param {number} column
 * @param {number} rows @param {number} columns @returns {[number, number] | null}
 */
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

/**
 * A pasted block as rows of texts: lines, and in them tabs, commas or spaces.
 * @param {string} text @returns {string[][]}
 */
export function readBlock(text) {
  const lines = text.replace(/\r\n?/g, "\n").replace(/\n+$/, "").split("\n");
  return lines.map((line) =>
    (line.includes("\t") ? line.split("\t") : line.trim().split(/\s*,\s*|\s+/)).map((cell) => cell.trim()),
  );
}
