// @ts-check
/**
 * What is shown of a trace, and what it is shown in. Each trace on a page has a state of its own, which shares nothing
 * with another's; what a page has once, whatever it shows, belongs to the page. Nothing here touches an element.
 */

import { headOf, stageOf } from "./record.js";
import { sourceAreas } from "./explanation.js";

/** @import { Place, Stage, TraceRecord } from "./record.js" */
/** @import { Area } from "./explanation.js" */
/** @import { attentionView } from "./attention.js" */
/** @import { panelView } from "./panel.js" */
/** @import { StageView } from "./stage.js" */
/** @import { toolbarView } from "./toolbar.js" */

/**
 * What the explorer needs of its surroundings. `on("live", …)` tells when a kernel goes or comes back.
 * @typedef {{get(name: string): any, set(name: string, value: any): void, on(name: string, callback: () => void): void,
 *   send(message: object): void, onMessage(callback: (message: any, buffers: ArrayBufferView[]) => void): void,
 *   live: boolean}} Host
 */

/**
 * The traits of widget.py.
 * @typedef {{record: string, values: DataView, _stylesheet: string, _tables: string, focus: Place | null,
 *   step: number}} Model
 */

/**
 * What is shown of one trace. `filled` is how many cells of the last revealed stage are, null for all of them;
 * `selected` is the head that is shown, by the name of its axis; `focus` is the cell that the keyboard is on or that is
 * pinned, and `trail` the cells that led there; `attentionRow` is the query whose weights are drawn beside a softmax.
 * @typedef {{record: TraceRecord, step: number, filled: number | null, selected: Map<string, number>, perRow: boolean,
 *   attentionKind: string, focus: Place | null, hover: Place | null, pinned: boolean, trail: Place[],
 *   attentionRow: number}} Shown
 */

/**
 * The elements it is drawn in. `playing` and `frame` are a timer and a frame that was asked for, 0 for none;
 * `arrangement` tells which stages stand where.
 * @typedef {{notices: HTMLElement, acts: HTMLElement, views: Map<string, StageView>,
 *   attentions: Map<string, ReturnType<typeof attentionView>>, arrangement: string, playing: number, frame: number,
 *   sight: IntersectionObserver}} Drawn
 */

/** The state of one trace on a page. @typedef {Shown & Drawn & {page: Page}} TraceState */

/**
 * What the kernel said last and what it was asked.
 * @typedef {{live: boolean, readText: string, readValues: DataView, requests: number,
 *   inFlight: {request: number, answered: Answered, isCopy: boolean} | null,
 *   queued: {message: object, answered: Answered} | null}} Kernel
 */

/**
 * What is done after a rest.
 * @typedef {{speak: () => void, writeBack: () => void, drawRest: () => void, answerIsLate: () => void,
 *   noAnswer: () => void}} Delayed
 */

/**
 * One explorer, and the trace that it shows.
 * @typedef {{host: Host, signal: AbortSignal, trace: TraceState, element: HTMLElement, status: HTMLElement,
 *   spoken: HTMLElement, toolbar: ReturnType<typeof toolbarView>, panel: ReturnType<typeof panelView>,
 *   editor: Editor | null, fontSize: number, reducedMotion: MediaQueryList,
 *   darkSystem: MediaQueryList} & Kernel & Delayed} Page
 */

/** @typedef {{trace: TraceState, place: Place, element: HTMLElement, input: HTMLInputElement}} Editor */
/** @typedef {(reply: any, buffers: any[]) => void} Answered */

/**
 * The state of a trace that nobody has touched yet: everything up to `step` is revealed, and `focus`, if there is such
 * a cell, is pinned.
 * @param {TraceRecord} record @param {any} step @param {any} focus @returns {Shown}
 */
export function startState(record, step, focus) {
  const place = validPlace(record, focus);
  const heads = place && stageOf(record, place.stage).heads;
  return {
    record,
    step: clampStep(record, step),
    filled: null,
    selected: new Map(heads && [[heads.name, place.head ?? 0]]),
    perRow: false,
    attentionKind: "words",
    focus: place,
    hover: null,
    pinned: place !== null,
    trail: [],
    attentionRow: -1,
  };
}

/**
 * The same look at a record that changed, as far as it is still there.
 * @param {Shown} trace @param {TraceRecord} record @param {any} step
 */
export function takeOver(trace, record, step) {
  const atEnd = trace.step === lastStep(trace.record);
  trace.record = record;
  // The kernel keeps the step at the same stage; where nobody does, the end stays the end.
  trace.step = atEnd && step === trace.step ? lastStep(record) : clampStep(record, step);
  trace.focus = validPlace(record, trace.focus);
  trace.hover = validPlace(record, trace.hover);
  trace.pinned = trace.pinned && trace.focus !== null;
  trace.trail = trace.trail.filter((place) => validPlace(record, place));
}

/** @param {TraceRecord} record */
export const lastStep = (record) => record.stages.length - 1;

/** @param {TraceRecord} record @param {any} wanted */
export function clampStep(record, wanted) {
  return Number.isInteger(wanted) ? Math.min(Math.max(wanted, 0), lastStep(record)) : lastStep(record);
}

/** @param {TraceRecord} record @param {any} place @returns {Place | null} */
export function validPlace(record, place) {
  const stage = place && record.byName.get(place.stage);
  if (!stage || !(place.row < stage.rows.labels.length && place.column < stage.columns.labels.length)) return null;
  const head = stage.heads && Math.min(place.head ?? 0, stage.heads.labels.length - 1);
  return { stage: stage.name, row: place.row, column: place.column, head };
}

/**
 * A cell of `stage` in the head that is shown.
 * @param {Shown} trace @param {Stage} stage @param {number} row @param {number} column @returns {Place}
 */
export const placeIn = (trace, stage, row, column) => ({
  stage: stage.name,
  row,
  column,
  head: headOf(trace.selected, stage),
});

/** The cell that is explained. @param {Shown} trace */
export const explained = (trace) => (trace.pinned ? trace.focus : (trace.hover ?? trace.focus));

/** Whether what is pinned was made from `place`. @param {Shown} trace @param {Place} place */
export function isSource(trace, place) {
  const from = trace.pinned ? trace.focus : null;
  return from !== null && sourceAreas(trace.record, from).some((area) => isInside(area, place));
}

/** @param {Area} area @param {Place} place */
const isInside = ({ stage, head, rows, columns }, place) =>
  stage === place.stage &&
  (head === null || place.head === null || head === place.head) &&
  rows[0] <= place.row &&
  place.row <= rows[1] &&
  columns[0] <= place.column &&
  place.column <= columns[1];

/** @param {Place | null} a @param {Place | null} b */
export const isSame = (a, b) =>
  a === b ||
  (a !== null && b !== null && a.stage === b.stage && a.row === b.row && a.column === b.column && a.head === b.head);
