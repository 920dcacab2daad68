// @ts-check
/**
 * Where a number of a trace comes from, in arithmetic and in words: what attn_magic/explain.py says.
 * tests/data/explanation_cases.json holds both to it.
 */

import { isHidden, operandsOf, stageOf, valueAt } from "./record.js";
import { formatCell, formatLabel, labelOf, showValue } from "./notation.js";
import { equate, fold, formatConstant, join, substitute, write } from "./expressions.js";

/** @import { Contraction, Elementwise, Place, Quantity, Softmax, Source, Stage, TraceRecord } from "./record.js" */
/** @import { Part } from "./expressions.js" */

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
function explanation(stage, place, formula, lines, terms, remark = "") {
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
