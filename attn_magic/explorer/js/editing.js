// @ts-check
/**
 * Editing in place: one cell with a field over it, or a pasted block; what cannot be is refused beside the cell.
 */

import { stageOf, valueAt } from "./record.js";
import { describeCell, shortestText } from "./explanation.js";
import { readBlock } from "./drawing.js";
import { h, NOT_LIVE } from "./elements.js";
import { isSame, say, setFocus, validPlace, viewOf } from "./showing.js";
import { ask } from "./changing.js";

/** @import { Place } from "./record.js" */
/** @import { App } from "./showing.js" */

/** @param {App} app @param {Place} place */
export function canEdit(app, place) {
  return app.record.can.edit?.includes(place.stage) ?? false;
}

/** @param {App} app @param {Place} place @param {string} [typed] */
export function edit(app, place, typed) {
  if (!canEdit(app, place)) return;
  if (!app.live) return say(app, NOT_LIVE);
  closeEditor(app);
  const stage = stageOf(app.record, place.stage);
  const value = Number(valueAt(stage, place.row, place.column, place.head));
  const input = h("input", { type: "text", class: "editor", "aria-label": `New value for ${describeCell(app.record, place)}`, spellcheck: "false", autocomplete: "off" });
  input.value = typed ?? shortestText(value);
  const element = seat(app, place, input);
  app.editor = { place, element, input };
  input.focus({ preventScroll: true });
  if (typed === undefined) input.select();
  input.addEventListener("blur", () => window.setTimeout(() => app.editor?.input === input && !input.matches(":focus") && !input.readOnly && closeEditor(app), 0));
}

/** Put something over a cell, outside of what scrolls. @param {App} app @param {Place} place @param {HTMLElement} guest */
function seat(app, place, guest) {
  const box = viewOf(app, stageOf(app.record, place.stage)).boxOf(place.row, place.column);
  const around = app.page.getBoundingClientRect();
  const element = h("div", { class: "seat" }, guest);
  const left = Math.max(0, Math.min(box.x, box.right - 120) - around.x);
  element.style.cssText = `left:${left}px;top:${box.y - around.y}px;--cell-height:${Math.max(box.height, 26)}px;min-height:${box.height}px`;
  app.page.append(element);
  return element;
}

/** @param {App} app */
function closeEditor(app) {
  app.editor?.element.remove();
  app.editor = null;
}

/** @param {App} app */
export function commit(app) {
  if (!app.editor) return;
  const { place, input } = app.editor;
  if (input.value.trim() === shortestText(Number(valueAt(stageOf(app.record, place.stage), place.row, place.column, place.head)))) return revert(app);
  sendCells(app, [{ ...place, text: input.value }]);
}

/** @param {App} app */
export function revert(app) {
  const place = app.editor?.place;
  closeEditor(app);
  say(app, "");
  if (place) setFocus(app, place, { dom: true });
}

/** @param {App} app @param {(Place & {text: string})[]} cells */
function sendCells(app, cells) {
  if (app.editor) app.editor.input.readOnly = true;
  const [first] = cells;
  ask(app, { kind: "edit", cells: cells.map(({ stage, row, column, head, text }) => ({ stage, row, column, head, text })) }, (reply) => {
    if (app.editor) app.editor.input.readOnly = false;
    if (reply.ok) {
      closeEditor(app);
      const place = validPlace(app.record, first);
      return place && setFocus(app, place, { dom: true });
    }
    const refused = validPlace(app.record, reply.cells?.[0] ? { head: first.head, ...reply.cells[0] } : null) ?? first;
    refuse(app, refused, reply.cells?.[0]?.text ?? reply.text ?? "This cannot be computed.");
  });
}

/** Say beside a cell why it cannot be so. @param {App} app @param {Place} place @param {string} text */
function refuse(app, place, text) {
  say(app, "");
  app.page.querySelector(".refusal")?.remove();
  const words = h("p", { class: "refusal", role: "alert", id: `refusal-${app.requests}` }, text);
  if (app.editor && isSame(app.editor.place, place)) {
    app.editor.element.append(words);
    app.editor.input.setAttribute("aria-invalid", "true");
    app.editor.input.setAttribute("aria-describedby", words.id);
    app.editor.input.focus({ preventScroll: true });
    return;
  }
  closeEditor(app);
  const element = seat(app, place, words);
  const forget = new AbortController();
  for (const kind of ["keydown", "pointerdown"]) {
    app.page.addEventListener(kind, () => (element.remove(), forget.abort()), { signal: forget.signal, capture: true });
  }
}

/** @param {App} app @param {Place} place @param {string} text */
export function paste(app, place, text) {
  const block = readBlock(text);
  const stage = stageOf(app.record, place.stage);
  const [rows, columns] = [stage.rows.labels.length - place.row, stage.columns.labels.length - place.column];
  const width = Math.max(...block.map((line) => line.length));
  if (block.length > rows || width > columns) return refuse(app, place, `The block has ${block.length} × ${width} numbers, but from here on there are only ${rows} × ${columns} cells.`);
  closeEditor(app);
  sendCells(app, block.flatMap((line, row) => line.map((cell, column) => ({ ...place, row: place.row + row, column: place.column + column, text: cell }))));
}
