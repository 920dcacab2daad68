// What is shown of a trace: every trace has a state of its own.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { readRecord } from "../../attn_magic/explorer/js/record.js";
import {
  clampStep,
  explained,
  isSource,
  placeIn,
  startState,
  takeOver,
  validPlace,
} from "../../attn_magic/explorer/js/state.js";

const records = JSON.parse(readFileSync(new URL("../data/explanation_cases.json", import.meta.url), "utf-8"));
const read = (name) => readRecord(JSON.stringify(records[name].record), Buffer.from(records[name].values, "base64"));
const place = (stage, row, column, head = null) => ({ stage, row, column, head });

test("two states of one record share nothing that can change", () => {
  const record = read("grouped queries");
  const [one, other] = [startState(record, 3, null), startState(record, 3, null)];
  const before = structuredClone({ ...other, record: null });
  one.selected.set("head", 3);
  one.trail.push(place("scores", 0, 0, 3));
  Object.assign(one, {
    step: 1,
    filled: 2,
    focus: place("query", 0, 0, 3),
    hover: place("query", 0, 1, 3),
    pinned: true,
    perRow: true,
  });
  takeOver(one, read("two heads"), 9);
  assert.deepEqual({ ...other, record: null }, before);
  assert.equal(other.record, record);
  for (const [name, value] of Object.entries(startState(record, 3, null))) {
    if (typeof value === "object" && value !== null && name !== "record") assert.notEqual(value, other[name], name);
  }
});

test("a trace begins with the cell that is pinned, in the head of that cell", () => {
  const record = read("grouped queries");
  const trace = startState(record, 99, place("key", 3, 1, 1));
  assert.deepEqual([trace.step, trace.focus, trace.pinned], [7, place("key", 3, 1, 1), true]);
  assert.deepEqual([...trace.selected], [["kv_head", 1]]);
  assert.deepEqual(placeIn(trace, record.byName.get("value"), 0, 2), place("value", 0, 2, 1));
  assert.deepEqual(placeIn(trace, record.byName.get("query"), 0, 1), place("query", 0, 1, 0));
  assert.deepEqual(placeIn(trace, record.byName.get("groups"), 3, 1), place("groups", 3, 1));
  for (const nowhere of [null, place("key", 4, 0, 0), place("keys", 0, 0, 0)])
    assert.equal(startState(record, 0, nowhere).pinned, false);
});

test("what is pinned is explained, else what is pointed at, else where the keyboard is", () => {
  const trace = startState(read("two heads"), null, null);
  assert.equal(explained(trace), null);
  trace.focus = place("scores", 0, 0, 0);
  assert.equal(explained(trace), trace.focus);
  trace.hover = place("scores", 1, 0, 0);
  assert.equal(explained(trace), trace.hover);
  trace.pinned = true;
  assert.equal(explained(trace), trace.focus);
});

test("a source is in the head that the number was made from", () => {
  const record = read("grouped queries");
  const trace = startState(record, null, place("scores", 2, 1, 3));
  assert.equal(isSource(trace, place("query", 2, 0, 3)), true);
  assert.equal(isSource(trace, place("query", 2, 0, 2)), false);
  assert.equal(isSource(trace, place("query", 1, 0, 3)), false);
  assert.equal(isSource(trace, place("key", 1, 1, 0)), true); // of every key head: the groups decide which counts
  assert.equal(isSource(trace, place("groups", 3, 1)), true);
  assert.equal(isSource(trace, place("groups", 2, 1)), false);
});

test("the same place is looked at in a record that changed, where it is still there", () => {
  const trace = startState(read("causal, tempered"), 12, place("tempered_scores", 1, 1));
  trace.trail = [place("attention_weights", 0, 0), place("tempered_scores", 1, 1)];
  const plain = read("plain");
  takeOver(trace, plain, 12);
  assert.deepEqual([trace.step, trace.focus, trace.pinned], [plain.stages.length - 1, null, false]);
  assert.deepEqual(trace.trail, [place("attention_weights", 0, 0)]);
});

test("a step and a place are brought inside", () => {
  const record = read("two heads");
  assert.deepEqual(
    [-1, 0, 4, 99, 1.5, undefined].map((wanted) => clampStep(record, wanted)),
    [0, 0, 4, 9, 9, 9],
  );
  assert.deepEqual(validPlace(record, place("scores", 0, 0, 7)), place("scores", 0, 0, 1));
  assert.deepEqual(validPlace(record, place("mask", 0, 0, 7)), place("mask", 0, 0));
  assert.equal(validPlace(record, place("scores", 3, 0, 0)), null);
});
