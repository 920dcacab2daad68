// What the explorer decides before it draws anything.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  commonWords,
  heat,
  layOut,
  positionOf,
  rangeOf,
  readBlock,
  stepFrom,
  surfaceFor,
  unfilled,
  usedTransposed,
} from "../../attn_magic/explorer/js/drawing.js";
import { shortestText } from "../../attn_magic/explorer/js/notation.js";
import { describeArea, describeCell, sourceAreas } from "../../attn_magic/explorer/js/explanation.js";
import { luminanceOf, themeOf } from "../../attn_magic/explorer/js/theme.js";
import { headAxes, headOf, hiddenCells, readRecord } from "../../attn_magic/explorer/js/record.js";

const records = JSON.parse(readFileSync(new URL("../data/explanation_cases.json", import.meta.url), "utf-8"));
const read = (name) => readRecord(JSON.stringify(records[name].record), Buffer.from(records[name].values, "base64"));
const causal = read("causal, tempered");
const heads = read("two heads");

test("a record's numbers are read from any place in a buffer", () => {
  assert.equal(causal.byName.get("token_encodings").values[0], Math.fround(1.16));
  assert.equal(heads.byName.get("masked_scores").values[2], -Infinity);
  assert.ok(causal.byName.get("mask").values instanceof Uint8Array);
});

test("a mask travels as bits, the first cell in the lowest place of a byte", () => {
  assert.equal(
    Buffer.from(records["causal, tempered"].values, "base64").length -
      [...causal.stages].filter((stage) => !stage.isMask).reduce((sum, stage) => sum + 4 * stage.values.length, 0),
    2,
  );
  assert.deepEqual([...causal.byName.get("mask").values], [1, 0, 0, 1, 1, 0, 1, 1, 1]);
  assert.deepEqual([...heads.byName.get("mask").values], [1, 1, 0, 1, 0, 0, 0, 0, 1, 0, 1, 1]);
});

test("a cell is named by its row, its column and its value", () => {
  assert.equal(describeCell(causal, { stage: "scores", row: 2, column: 0, head: null }), "query Indian, key I, 0.4842");
  assert.equal(
    describeCell(causal, { stage: "attention_weights", row: 0, column: 2, head: null }),
    "query I, key Indian, 0, hidden",
  );
  assert.equal(describeCell(causal, { stage: "mask", row: 0, column: 2, head: null }), "query I, key Indian, hidden");
  assert.match(
    describeCell(heads, { stage: "scores", row: 2, column: 3, head: 1 }),
    /^head 2, query dort, key asleep, −?[\d.]+$/,
  );
});

test("sources are named as rows and columns", () => {
  const [query, key] = sourceAreas(causal, { stage: "scores", row: 2, column: 0, head: null });
  assert.deepEqual([query.stage, query.rows, query.columns], ["query", [2, 2], [0, 1]]);
  assert.equal(describeArea(causal.byName.get("query"), query), "query Indian");
  assert.equal(describeArea(causal.byName.get("key"), key), "key I");
  const grouped = read("grouped queries");
  const areas = sourceAreas(grouped, { stage: "scores", row: 1, column: 2, head: 3 });
  assert.deepEqual(
    areas.map((area) => describeArea(grouped.byName.get(area.stage), area)),
    ["query chat", "every kv_head, key is", "head head 4"],
  );
});

test("a mask hides what is made from it, and only there", () => {
  assert.deepEqual([...hiddenCells(causal, causal.byName.get("attention_weights"), null)], [0, 1, 1, 0, 0, 1, 0, 0, 0]);
  assert.equal(hiddenCells(causal, causal.byName.get("scores"), null), null);
  assert.equal(hiddenCells(causal, causal.byName.get("output"), null), null);
});

test("only a mask hides: a condition that is a number, or a constant, does not", () => {
  const scores = causal.byName.get("scores");
  for (const [condition, constants] of [
    ["scores", {}],
    ["on", { on: 1 }],
  ]) {
    const equation = { kind: "elementwise", expression: ["where", condition, 1, -Infinity], constants };
    assert.equal(hiddenCells(causal, { ...scores, name: "more", equation, hidden: new Map() }, null), null);
  }
});

test("heads are selected by the name of their axis, and each stage has as many as it has", () => {
  const axis = (name, size) => ({ name, labels: Array.from({ length: size }, (_, place) => `${name} ${place}`) });
  const [query, key, few, plain] = [axis("head", 4), axis("kv_head", 2), axis("head", 3), null].map((heads) => ({
    heads,
  }));
  const selected = new Map([["head", 3]]);
  assert.deepEqual(
    [query, key, few, plain].map((stage) => headOf(selected, stage)),
    [3, 0, 2, null],
  );
  assert.deepEqual(
    headAxes({ stages: [few, key, query, plain] }).map(({ name, labels }) => [name, labels.length]),
    [
      ["head", 4],
      ["kv_head", 2],
    ],
  );
});

test("the range of colours leaves hidden cells out and spans every head", () => {
  const [low] = rangeOf(causal, causal.byName.get("attention_weights"));
  assert.ok(low > 0);
  const values = heads.byName.get("scores").values;
  assert.deepEqual(rangeOf(heads, heads.byName.get("scores")), [Math.min(...values), Math.max(...values)]);
  assert.equal(rangeOf(heads, heads.byName.get("masked_scores"), { row: 1, head: 0 }), null);
});

test("a row or a stage of nothing but zeros is white, on a canvas too", () => {
  for (const zero of [0, -0]) {
    assert.equal(heat(zero, zero, zero).background, "#f7fbff");
    assert.equal(positionOf(zero, zero, zero, false), 0); // of the white end
    // Of a row of zeros in a stage with negative numbers: white is in the middle.
    assert.equal(positionOf(zero, zero, zero, true), 0.5);
  }
  assert.equal(positionOf(5, 5, 5, false), 0.5);
});

test("weights stand above what they make, and the stages of an act follow each other", () => {
  const [project, compare, normalise, blend] = layOut(causal);
  assert.deepEqual(
    [project, compare, normalise, blend].map((act) => act.title),
    ["Project", "Compare", "Normalise", "Blend"],
  );
  assert.deepEqual(
    project.groups.map(({ above, main }) => [above.map((stage) => stage.name).join(), main.name]),
    [
      ["", "token_encodings"],
      ["W_q", "query"],
      ["W_k", "key"],
      ["W_v", "value"],
    ],
  );
  assert.deepEqual(
    compare.groups.map(({ main, link }) => [main.name, link]),
    [
      ["scores", ""],
      ["scaled_scores", "÷ √d_k"],
      ["tempered_scores", "÷ temperature"],
      ["mask", ""],
      ["masked_scores", "mask by M"],
    ],
  );
  assert.equal(layOut(heads)[1].groups[1].link, "cap × tanh(S / cap)");
});

test("a step between stages names every stage by its symbol", () => {
  const link = (expression, { before = "S", symbol = "P", constants = {}, kind = "elementwise" } = {}) => {
    const stage = (name, symbol, more = {}) => ({ name, symbol, act: "A", equation: null, ...more });
    const last = stage("last", "L", { equation: { kind, expression, constants, operand: "prev", over: "columns" } });
    const stages = [stage("other", symbol), stage("mask", "M", { isMask: true }), stage("prev", before), last];
    return layOut({ stages, byName: new Map(stages.map((one) => [one.name, one])) })[0].groups.at(-1).link;
  };
  assert.equal(link(["-", "prev", "other"]), "− P");
  assert.equal(link(["-", "other", "prev"]), "P − S");
  assert.equal(link(["/", "prev", "other"]), "÷ P");
  assert.equal(link(["/", "other", "prev"]), "P / S");
  assert.equal(link(["/", "prev", ["+", "other", 1]]), "÷ (P + 1)");
  assert.equal(link(["+", "prev", "other", 0.25]), "+ P + 0.25");
  assert.equal(link(["*", "prev", 0.5]), "× 0.5");
  assert.equal(link(["-", "prev", -0.5]), "− (−0.5)");
  assert.equal(link(["/", "prev", 1e-5]), "÷ 1e−05");
  assert.equal(link(["+", ["*", "prev", "scale"], "other"], { constants: { scale: 2 } }), "S × scale + P");
  assert.equal(link(["exp", ["-", "prev", "other"]]), "e^(S − P)");
  assert.equal(link(["max", "prev", 0]), "max(S, 0)");
  assert.equal(link(["exp", "prev"], { before: "Q = X W_qᵀ" }), "e^(Q)");
  assert.equal(link(["*", "prev", "other"], { symbol: "QKᵀ/√d_k" }), "× (QKᵀ/√d_k)");
  assert.equal(
    link(["-", ["exp", "prev"], "other"], { before: "QKᵀ/√d_k", symbol: "x where M" }),
    "e^(QKᵀ/√d_k) − (x where M)",
  );
  assert.equal(link(["where", "mask", "prev", -Infinity]), "mask by M");
  assert.equal(link(["where", "mask", "prev", -10000]), "S if M else −10000");
  assert.equal(link(["where", ["max", "prev", "other"], "prev", -Infinity]), "S if max(S, P) else −∞");
  assert.equal(link(null, { kind: "softmax" }), "softmax");
});

test("a matrix that a product uses transposed is known", () => {
  assert.equal(usedTransposed(causal, "W_q")?.name, "query");
  assert.equal(usedTransposed(causal, "key")?.name, "scores");
  for (const name of ["token_encodings", "query", "value", "attention_weights", "output"])
    assert.equal(usedTransposed(causal, name), null, name);
});

test("labels over narrow columns lose the words they share", () => {
  assert.equal(commonWords(["token 1", "token 12"]), "token ".length);
  assert.equal(commonWords(["a b c", "a b d"]), "a b ".length);
  for (const labels of [["The", "cat"], ["token 1"], ["to ", "to b"], [" a", "b"], ["", "a"], ["\u202e a", "\u202e b"]])
    assert.equal(commonWords(labels), labels.length === 1 ? 6 : 0, labels.join());
});

test("small stages have digits, large ones a canvas, huge ones a sentence", () => {
  const sized = (rows, columns) => surfaceFor({ rows: { labels: Array(rows) }, columns: { labels: Array(columns) } });
  assert.deepEqual(
    [sized(3, 2), sized(32, 32), sized(512, 2), sized(33, 32), sized(2, 64), sized(512, 512), sized(2049, 2)],
    ["table", "table", "table", "canvas", "canvas", "canvas", "words"],
  );
});

test("a number is offered for typing over in its shortest form", () => {
  for (const text of ["1.16", "-2.16", "0.1", "100000", "1e-8", "3.4028235e+38"])
    assert.equal(shortestText(Math.fround(Number(text))), text.replace("1e-8", "1e-8"));
});

test("a block is pasted from a spreadsheet, from CSV and from a printed matrix", () => {
  assert.deepEqual(readBlock("1\t2\r\n3\t\r\n"), [
    ["1", "2"],
    ["3", ""],
  ]);
  assert.deepEqual(readBlock("1, 2\n3,4"), [
    ["1", "2"],
    ["3", "4"],
  ]);
  assert.deepEqual(readBlock(" 1.5   −2 \n 3 4"), [
    ["1.5", "−2"],
    ["3", "4"],
  ]);
});

test("keys walk through a grid and stay inside", () => {
  const from = (key, more = {}) => stepFrom({ key, ...more }, 1, 1, 30, 4);
  assert.deepEqual(
    ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageDown", "PageUp"].map((key) => from(key)),
    [
      [1, 0],
      [1, 2],
      [0, 1],
      [2, 1],
      [1, 0],
      [1, 3],
      [11, 1],
      [0, 1],
    ],
  );
  assert.deepEqual(from("Home", { ctrlKey: true }), [0, 0]);
  assert.deepEqual(from("End", { metaKey: true }), [29, 3]);
  assert.deepEqual(stepFrom({ key: "ArrowRight" }, 0, 3, 30, 4), [0, 3]);
  assert.equal(from("x"), null);
});

test("what is not yet filled is the rest of a row and the rows below", () => {
  assert.deepEqual(unfilled(0, 2, 3), [{ rows: [0, 1], columns: [0, 2] }]);
  assert.deepEqual(unfilled(1, 2, 3), [
    { rows: [0, 0], columns: [1, 2] },
    { rows: [1, 1], columns: [0, 2] },
  ]);
  assert.deepEqual(unfilled(6, 2, 3), []);
});

test("the theme is the notebook's, then the page's, then the system's", () => {
  const on = ({ lab = null, classes = [], html = {}, body = {} }) => ({
    ownerDocument: {
      body: {
        getAttribute: (name) => (name === "data-jp-theme-light" ? lab : (body[name] ?? null)),
        classList: { contains: (name) => classes.includes(name) },
      },
      documentElement: { getAttribute: (name) => html[name] ?? null },
    },
    getRootNode: () => ({}),
  });
  assert.equal(themeOf(on({ lab: "true" }), true), "light");
  assert.equal(themeOf(on({ lab: "false" }), false), "dark");
  assert.equal(themeOf(on({ classes: ["vscode-high-contrast"] }), false), "dark");
  assert.equal(themeOf(on({ classes: ["vscode-high-contrast", "vscode-high-contrast-light"] }), true), "light");
  assert.equal(themeOf(on({ html: { theme: "dark" } }), false), "dark");
  assert.equal(themeOf(on({ html: { "data-theme": "light" } }), true), "light");
  assert.equal(themeOf(on({ html: { "data-theme": "auto" }, body: { "data-theme": "dark" } }), false), "dark");
  assert.equal(themeOf(on({ body: { "data-theme": "light" } }), true), "light");
  assert.equal(themeOf(on({}), true), "dark");
});

test("the luminance of a colour is read as browsers write it", () => {
  for (const [color, expected] of [
    ["rgb(255, 255, 255)", 1],
    ["rgb(0, 0, 0)", 0],
    ["rgba(255, 0, 0, 0.95)", 0.2126],
    ["color(srgb 1 1 1)", 1],
    ["color(display-p3 0 1 0 / 0.95)", 0.7152],
    ["oklch(0.5 0.1 120)", 0.125],
    ["oklab(0.5 none 0.1)", 0.125],
    ["lab(100 0 0)", 1],
    ["lch(0 0 none)", (16 / 116) ** 3],
  ])
    assert.ok(Math.abs((luminanceOf(color) ?? NaN) - expected) < 1e-9, color);
  for (const color of ["rgba(0, 0, 0, 0)", "rgba(255, 255, 255, 0.5)", "color(srgb 1 1 1 / 0.5)", "transparent", ""])
    assert.equal(luminanceOf(color), null, color);
});
