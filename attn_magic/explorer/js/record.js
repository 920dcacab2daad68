// @ts-check
/**
 * The record of a trace with its numbers: stages, the axes of each, and how each follows from those before it, as
 * serialize.py writes them. Nothing here is drawn or put into words.
 */

/** @typedef {{name: string, labels: string[]}} Axis */
/** @typedef {{kind: "contraction", indices: string, operands: string[]}} Contraction */
/** @typedef {{kind: "elementwise", expression: Expression, constants: Record<string, number | boolean>}} Elementwise */
/** @typedef {{kind: "softmax", operand: string, over: "rows" | "columns"}} Softmax */
/** @typedef {Contraction | Elementwise | Softmax} Equation */

/**
 * One matrix of a trace. `values` are rows × columns, or heads × rows × columns; `isMask`: 1 where a query may attend.
 * @typedef {{name: string, title: string, symbol: string, act: string, meaning: string, sentence: string, rows: Axis,
 *   columns: Axis, heads: Axis | null, isMask: boolean, equation: Equation | null, values: Float32Array | Uint8Array,
 *   hidden: Map<number, Uint8Array | null>}} Stage
 */

/**
 * How an option is offered: `choices` are values and what is written on them.
 * @typedef {{name: string, label: string, kind: "choice" | "temperature" | "seed", choices: [any, string][]}} Control
 */
/**
 * @typedef {{edit: string[], mask: boolean, options: Control[], undo: boolean, redo: boolean,
 *   reset: boolean}} Abilities
 */
/**
 * What can be copied, the whole run or one stage of it, and how files of that kind end.
 * @typedef {{name: string, label: string, ending: string, ofStage: boolean}} CopyFormat
 */

/**
 * A trace as a page holds it: its stages with their numbers, and what Python says of it.
 * @typedef {{stages: Stage[], byName: Map<string, Stage>, precision: number, tokens: string[],
 *   options: Record<string, any>, notices: {code: string, text: string}[], check: string,
 *   nonfinite: {stage: string, place: number[]} | null, can: Abilities, copies: CopyFormat[],
 *   maskStage: string | null}} TraceRecord
 */

/**
 * A cell, counted from 0; `head` is null in a stage without heads.
 * @typedef {{stage: string, row: number, column: number, head: number | null}} Place
 */
/** A cell that a number was made from. @typedef {Place & {value: number | boolean}} Source */
/**
 * A number in a line of arithmetic that knows its cell, and as which operand it was used.
 * @typedef {{value: number | boolean, source: Source, operand: number}} Quantity
 */
/**
 * A number, a truth value, a name, or [function, ...arguments].
 * @typedef {string | number | boolean | Quantity | any[]} Expression
 */

/**
 * The record in `text` with the numbers in `bytes`, which may start anywhere in their buffer.
 * @param {string} text @param {DataView | ArrayBuffer | Uint8Array} bytes @returns {TraceRecord}
 */
export function readRecord(text, bytes) {
  const record = JSON.parse(text);
  const buffer = bytes instanceof ArrayBuffer ? bytes : bytes.buffer;
  const start = bytes instanceof ArrayBuffer ? 0 : bytes.byteOffset;
  /** @param {any} axis @returns {Axis} */
  const readAxis = (axis) => ({ name: axis.name, labels: axis.labels === "tokens" ? record.tokens : axis.labels });
  /** @type {Stage[]} */
  const stages = record.stages.map((/** @type {any} */ stage) => {
    const count = stage.shape.reduce((/** @type {number} */ product, /** @type {number} */ size) => product * size, 1);
    const size = stage.mask ? Math.ceil(count / 8) : 4 * count;
    const own = buffer.slice(start + stage.offset, start + stage.offset + size); // a copy is aligned
    const equation = stage.equation?.kind === "elementwise" ? readElementwise(stage.equation) : stage.equation;
    return {
      ...stage,
      rows: readAxis(stage.rows),
      columns: readAxis(stage.columns),
      heads: stage.heads ? readAxis(stage.heads) : null,
      isMask: stage.mask,
      equation,
      values: stage.mask ? readBits(new Uint8Array(own), count) : new Float32Array(own),
      hidden: new Map(),
    };
  });
  return { ...record, stages, byName: new Map(stages.map((stage) => [stage.name, stage])) };
}

/** Eight cells of a mask to a byte, the first in its lowest place. @param {Uint8Array} bytes @param {number} count */
const readBits = (bytes, count) =>
  Uint8Array.from({ length: count }, (_, cell) => (bytes[cell >> 3] >> (cell & 7)) & 1);

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

/** @param {TraceRecord} record @param {string} name @returns {Stage} */
export function stageOf(record, name) {
  const stage = record.byName.get(name);
  if (!stage) throw new Error(`No stage ${name}`);
  return stage;
}

/**
 * The number or truth value in a cell.
 * @param {Stage} stage @param {number} row @param {number} column @param {number | null} head
 */
export function valueAt(stage, row, column, head) {
  const [rows, columns] = [stage.rows.labels.length, stage.columns.labels.length];
  const value = stage.values[((stage.heads ? (head ?? 0) : 0) * rows + row) * columns + column];
  return stage.isMask ? value !== 0 : value;
}

/**
 * The head of `stage` that is shown: of every axis of heads one place is selected, by the name of the axis. null where
 * there are none.
 * @param {Map<string, number>} selected @param {Stage} stage
 */
export function headOf(selected, stage) {
  return stage.heads && Math.min(selected.get(stage.heads.name) ?? 0, stage.heads.labels.length - 1);
}

/**
 * The axes of heads of a record, of each name one; of those of different lengths the longest.
 * @param {TraceRecord} record @returns {Axis[]}
 */
export function headAxes(record) {
  /** @type {Map<string, Axis>} */
  const axes = new Map();
  for (const { heads } of record.stages) {
    if (heads && heads.labels.length > (axes.get(heads.name)?.labels.length ?? 0)) axes.set(heads.name, heads);
  }
  return [...axes.values()];
}

/** The names of the stages that `equation` uses. @param {Equation | null} equation @returns {string[]} */
export function operandsOf(equation) {
  if (!equation) return [];
  if (equation.kind === "contraction") return equation.operands;
  if (equation.kind === "softmax") return [equation.operand];
  return names(equation.expression).filter((name) => !(name in equation.constants));
}

/** The names in an expression, in order of appearance, each once. @param {Expression} expression @returns {string[]} */
export function names(expression) {
  if (Array.isArray(expression)) return [...new Set(expression.slice(1).flatMap(names))];
  return typeof expression === "string" ? [expression] : [];
}

/**
 * 1 where a mask hides the cell of one head, row by row; null where nothing hides any. As `AttentionTrace.hidden`.
 * @param {TraceRecord} record @param {Stage} stage @param {number | null} head @returns {Uint8Array | null}
 */
export function hiddenCells(record, stage, head) {
  const key = stage.heads ? (head ?? 0) : 0;
  const known = stage.hidden.get(key);
  if (known !== undefined) return known;
  const hidden = findHidden(record, stage, key);
  stage.hidden.set(key, hidden);
  return hidden;
}

/** @param {TraceRecord} record @param {Stage} stage @param {number} head @returns {Uint8Array | null} */
function findHidden(record, stage, head) {
  const { equation } = stage;
  if (!equation || equation.kind === "contraction") return null;
  if (equation.kind === "elementwise" && Array.isArray(equation.expression)) {
    const [name, condition, , ifFalse] = equation.expression;
    const mask = name === "where" && ifFalse === -Infinity ? record.byName.get(condition) : undefined;
    if (mask?.isMask) {
      const size = mask.rows.labels.length * mask.columns.labels.length;
      const from = mask.heads ? head * size : 0;
      return Uint8Array.from(mask.values.subarray(from, from + size), (value) => (value ? 0 : 1));
    }
  }
  /** @type {Uint8Array | null} */
  let union = null;
  for (const name of operandsOf(equation)) {
    const cover = hiddenCells(record, stageOf(record, name), head);
    union = cover && union ? union.map((value, place) => value | cover[place]) : (cover ?? union);
  }
  return union;
}

/** @param {TraceRecord} record @param {Place} place */
export function isHidden(record, place) {
  const stage = stageOf(record, place.stage);
  const hidden = hiddenCells(record, stage, place.head);
  return hidden !== null && hidden[place.row * stage.columns.labels.length + place.column] === 1;
}
