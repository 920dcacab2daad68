// @ts-check
/**
 * Steps and play: which stages are revealed, and of the last one which cells.
 */

import { cellsOf } from "./drawing.js";
import { clampStep, lastStep, placeIn } from "./state.js";
import { activeElement, reveal, show, viewOf } from "./showing.js";

/** @import { TraceState } from "./state.js" */

/** @param {TraceState} trace @param {number} wanted @param {number | null} [cells] */
export function setStep(trace, wanted, cells = null) {
  const { page } = trace;
  trace.step = clampStep(trace.record, wanted);
  trace.filled = cells;
  const hidden =
    trace.focus && trace.record.stages.findIndex((stage) => stage.name === trace.focus?.stage) > trace.step;
  if (hidden) [trace.focus, trace.pinned, trace.trail] = [null, false, []];
  if (hidden && activeElement(page)?.matches("[role=gridcell]")) page.toolbar.takeFocus();
  trace.hover = null;
  page.host.set("step", trace.step);
  reveal(trace);
  show(trace);
}

/** @param {TraceState} trace @param {number} by */
export function go(trace, by) {
  pause(trace);
  if (by > 0 && trace.filled !== null) return setStep(trace, trace.step);
  setStep(trace, trace.step + by);
}

/** @param {TraceState} trace */
export function pause(trace) {
  clearTimeout(trace.playing);
  trace.playing = 0;
  reveal(trace);
}

/** @param {TraceState} trace */
export function togglePlay(trace) {
  if (trace.playing) return pause(trace);
  if (trace.step === lastStep(trace.record) && trace.filled === null) setStep(trace, 0);
  trace.pinned = false;
  trace.focus = null;
  schedule(trace, 300);
}

/** @param {TraceState} trace @param {number} rest */
function schedule(trace, rest) {
  trace.playing = window.setTimeout(() => tick(trace), rest);
  reveal(trace);
}

/** The next cell of this stage, or the next stage. @param {TraceState} trace */
function tick(trace) {
  const stage = trace.record.stages[trace.step];
  const cells = cellsOf(stage);
  if (trace.filled !== null && trace.filled < cells) {
    const [, columns] = viewOf(trace, stage).size;
    const [row, column] = viewOf(trace, stage).turned(Math.floor(trace.filled / columns), trace.filled % columns);
    trace.focus = placeIn(trace, stage, row, column);
    trace.filled += 1;
    trace.hover = null;
    show(trace);
    return schedule(trace, Math.min(900, Math.max(60, 9000 / cells)));
  }
  if (trace.step === lastStep(trace.record)) {
    trace.filled = null;
    show(trace);
    return pause(trace);
  }
  const next = trace.record.stages[trace.step + 1];
  const cellByCell = next.equation !== null && cellsOf(next) <= 256 && !trace.page.reducedMotion.matches;
  setStep(trace, trace.step + 1, cellByCell ? 0 : null);
  viewOf(trace, next).element.scrollIntoView({ block: "nearest" });
  schedule(trace, cellByCell ? 250 : next.equation ? 1500 : 800);
}

/** One cell more or less inside the last revealed stage. @param {TraceState} trace @param {number} by */
export function fillBy(trace, by) {
  pause(trace);
  const stage = trace.record.stages[trace.step];
  const [, columns] = viewOf(trace, stage).size;
  const count = Math.min(Math.max((trace.filled ?? (by > 0 ? 0 : cellsOf(stage))) + by, 1), cellsOf(stage));
  trace.filled = count === cellsOf(stage) ? null : count;
  const [row, column] = viewOf(trace, stage).turned(Math.floor((count - 1) / columns), (count - 1) % columns);
  trace.focus = placeIn(trace, stage, row, column);
  reveal(trace);
  show(trace);
}
