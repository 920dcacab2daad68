// @ts-check
/**
 * Editing in place: one cell with a field over it, or a pasted block; what cannot be is refused beside the cell.
 */

import { stageOf, valueAt } from "./record.js";
import { shortestText } from "./notation.js";
import { describeCell } from "./explanation.js";
import { readBlock } from "./drawing.js";
import { h, NOT_LIVE } from "./elements.js";
import { isSame, validPlace } from "./state.js";
import { say, setFocus, viewOf } from "./showing.js";
import { ask } from "./changing.js";

/** @import { Place } from "./record.js" */
/** @import { Page, TraceState } from "./state.js" */

/** @param {TraceState} trace @param {Place} place */
export function canEdit(trace, place) {
  return trace.record.can.edit?.includes(place.stage) ?? false;
}

/** @param {TraceState} trace @param {Place} place @param {string} [typed] */
export function edit(trace, place, typed) {
  const { page } = trace;
  if (!canEdit(trace, place)) return;
  if (!page.live) return say(page, NOT_LIVE);
  closeEditor(page);
  const stage = stageOf(trace.record, place.stage);
  const value = Number(valueAt(stage, place.row, place.column, place.head));
  const input = h("input", {
    type: "text",
    class: "editor",
    "aria-label": `New value for ${describeCell(trace.record, place)}`,
    spellcheck: "false",
    autocomplete: "off",
  });
  input.value = typed ?? shortestText(value);
  const element = placeOver(trace, place, input);
  page.editor = { trace, place, element, input };
  input.focus({ preventScroll: true });
  if (typed === undefined) input.select();
  input.addEventListener("blur", () =>
    window.setTimeout(
      () => page.editor?.input === input && !input.matches(":focus") && !input.readOnly && closeEditor(page),
      0,
    ),
  );
}

/**
 * Put something over a cell, outside of what scrolls.
 * @param {TraceState} trace @param {Place} place @param {HTMLElement} content
 */
function placeOver(trace, place, content) {
  const { page } = trace;
  const box = viewOf(trace, stageOf(trace.record, place.stage)).boxOf(place.row, place.column);
  const around = page.element.getBoundingClientRect();
  const element = h("div", { class: "over-cell" }, content);
  const left = Math.max(0, Math.min(box.x, box.right - 120) - around.x);
  const heights = `--cell-height:${Math.max(box.height, 26)}px;min-height:${box.height}px`;
  element.style.cssText = `left:${left}px;top:${box.y - around.y}px;${heights}`;
  page.element.append(element);
  return element;
}

/** @param {Page} page */
function closeEditor(page) {
  page.editor?.element.remove();
  page.editor = null;
}

/** @param {Page} page */
export function commit(page) {
  if (!page.editor) return;
  const { trace, place, input } = page.editor;
  const value = Number(valueAt(stageOf(trace.record, place.stage), place.row, place.column, place.head));
  if (input.value.trim() === shortestText(value)) return revert(page);
  sendCells(trace, [{ ...place, text: input.value }]);
}

/** @param {Page} page */
export function revert(page) {
  const { editor } = page;
  closeEditor(page);
  say(page, "");
  if (editor) setFocus(editor.trace, editor.place, { dom: true });
}

/** @param {TraceState} trace @param {(Place & {text: string})[]} cells */
function sendCells(trace, cells) {
  const { page } = trace;
  if (page.editor) page.editor.input.readOnly = true;
  const [first] = cells;
  ask(
    page,
    { kind: "edit", cells: cells.map(({ stage, row, column, head, text }) => ({ stage, row, column, head, text })) },
    (reply) => {
      if (page.editor) page.editor.input.readOnly = false;
      if (reply.ok) {
        closeEditor(page);
        const place = validPlace(trace.record, first);
        return place && setFocus(trace, place, { dom: true });
      }
      const refused =
        validPlace(trace.record, reply.cells?.[0] ? { head: first.head, ...reply.cells[0] } : null) ?? first;
      refuse(trace, refused, reply.cells?.[0]?.text ?? reply.text ?? "This cannot be computed.");
    },
  );
}

/** Say beside a cell why it cannot be so. @param {TraceState} trace @param {Place} place @param {string} text */
function refuse(trace, place, text) {
  const { page } = trace;
  say(page, "");
  page.element.querySelector(".refusal")?.remove();
  const words = h("p", { class: "refusal", role: "alert", id: `refusal-${page.requests}` }, text);
  if (page.editor && isSame(page.editor.place, place)) {
    page.editor.element.append(words);
    page.editor.input.setAttribute("aria-invalid", "true");
    page.editor.input.setAttribute("aria-describedby", words.id);
    page.editor.input.focus({ preventScroll: true });
    return;
  }
  closeEditor(page);
  const element = placeOver(trace, place, words);
  const forget = new AbortController();
  for (const kind of ["keydown", "pointerdown"]) {
    page.element.addEventListener(kind, () => (element.remove(), forget.abort()), {
      signal: forget.signal,
      capture: true,
    });
  }
}

/** @param {TraceState} trace @param {Place} place @param {string} text */
export function paste(trace, place, text) {
  const block = readBlock(text);
  const stage = stageOf(trace.record, place.stage);
  const [rows, columns] = [stage.rows.labels.length - place.row, stage.columns.labels.length - place.column];
  const width = Math.max(...block.map((line) => line.length));
  if (block.length > rows || width > columns)
    return refuse(
      trace,
      place,
      `The block has ${block.length} × ${width} numbers, but from here on there are only ${rows} × ${columns} cells.`,
    );
  closeEditor(trace.page);
  sendCells(
    trace,
    block.flatMap((line, row) =>
      line.map((cell, column) => ({ ...place, row: place.row + row, column: place.column + column, text: cell })),
    ),
  );
}
