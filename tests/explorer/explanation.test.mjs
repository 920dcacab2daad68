// The explorer writes numbers, labels and explanations as Python does: the tables are made and checked by
// tests/test_shared_cases.py.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { heat } from "../../attn_magic/explorer/js/drawing.js";
import {
  formatLabel,
  formatNumber,
  formatOperand,
  readNumber,
  shorten,
} from "../../attn_magic/explorer/js/notation.js";
import { equate, formatConstant, textOf } from "../../attn_magic/explorer/js/expressions.js";
import { explain, sourceAreas } from "../../attn_magic/explorer/js/explanation.js";
import { readRecord } from "../../attn_magic/explorer/js/record.js";

const read = (name) => JSON.parse(readFileSync(new URL(`../data/${name}`, import.meta.url), "utf-8"));
const notation = read("notation_cases.json");
const records = read("explanation_cases.json");
const number = (text) => Number(text.replace("inf", "Infinity"));
const expression = (json) =>
  !Array.isArray(json) ? json : json[0] === "number" ? number(json[1]) : [json[0], ...json.slice(1).map(expression)];

test("a number looks as it does in Python", () => {
  for (const [value, precision, text] of notation.format_number)
    assert.equal(formatNumber(number(value), precision), text, `${value} at ${precision}`);
  for (const [value, precision, text] of notation.format_operand)
    assert.equal(formatOperand(number(value), precision), text, `${value} at ${precision}`);
});

test("a constant is written as it was given, as in Python", () => {
  for (const [value, text] of notation.format_constant) assert.equal(formatConstant(number(value)), text, value);
});

test("what is written reads back as it does in Python", () => {
  for (const [text, value] of notation.read_number) assert.equal(readNumber(text), number(value), text);
});

test("a label looks as it does in Python", () => {
  for (const [label, text] of notation.format_label) assert.equal(formatLabel(label), text, JSON.stringify(label));
  for (const [text, most, short] of notation.shorten) assert.equal(shorten(text, most), short, text);
});

test("arithmetic is written as it is in Python", () => {
  for (const [tree, value, text] of notation.equate)
    assert.equal(textOf(equate(expression(tree), number(value), 4)), text);
});

test("heat has the colours of the pictures", () => {
  for (const [value, low, high, background, ink] of notation.heat)
    assert.deepEqual(heat(number(value), number(low), number(high)), { background, ink });
});

for (const [name, { record: told, values, cells }] of Object.entries(records)) {
  const bytes = Buffer.from(values, "base64");
  const shifted = new Uint8Array(bytes.length + 1); // the numbers of a message may start anywhere
  shifted.set(bytes, 1);
  const record = readRecord(JSON.stringify(told), new DataView(shifted.buffer, 1));

  test(`${name}: every explanation says what Python says`, () => {
    for (const cell of cells) {
      const [stage, row, column, head] = cell.place;
      const explanation = explain(record, { stage, row, column, head });
      const value = typeof explanation.value === "boolean" ? (explanation.value ? "True" : "False") : explanation.value;
      if (typeof value === "number") assert.ok(Object.is(value, number(cell.value)), `${value} ${cell.value}`);
      else assert.equal(value, cell.value);
      assert.equal(textOf(explanation.formula), cell.formula);
      assert.deepEqual(explanation.lines.map(textOf), cell.lines);
      assert.deepEqual(explain(record, { stage, row, column, head }, 4).lines.map(textOf), cell.short ?? cell.lines);
      assert.equal(explanation.sentence, cell.sentence);
      assert.deepEqual(
        explanation.terms.map((term) => term.map((source) => [source.stage, source.row, source.column, source.head])),
        cell.terms,
      );
    }
  });

  test(`${name}: what lights up are the sources, and nothing else`, () => {
    for (const { place, terms } of cells) {
      const [stage, row, column, head] = place;
      const lit = new Set();
      for (const area of sourceAreas(record, { stage, row, column, head })) {
        const of = record.byName.get(area.stage);
        const heads = !of.heads ? [null] : area.head === null ? of.heads.labels.map((_, index) => index) : [area.head];
        for (const one of heads)
          for (let r = area.rows[0]; r <= area.rows[1]; r++)
            for (let c = area.columns[0]; c <= area.columns[1]; c++) lit.add([area.stage, r, c, one].join());
      }
      const sources = new Set(terms.flat().map((source) => source.map((part) => part ?? "").join()));
      assert.deepEqual([...lit].sort(), [...sources].sort(), place.join());
    }
  });
}
