// @ts-check
/**
 * Steps and play: which stages are revealed, and of the last one which cells.
 */

import { headOf } from "./record.js";
import { cellsOf } from "./drawing.js";
import { activeElement, clampStep, reveal, show, viewOf } from "./showing.js";

/** @import { App } from "./showing.js" */

/** @param {App} app @param {number} wanted @param {number | null} [cells] */
export function setStep(app, wanted, cells = null) {
  app.step = clampStep(app.record, wanted);
  app.filled = cells;
  const hidden = app.focus && app.record.stages.findIndex((stage) => stage.name === app.focus?.stage) > app.step;
  if (hidden) [app.focus, app.pinned, app.trail] = [null, false, []];
  if (hidden && activeElement(app)?.matches("[role=gridcell]")) app.toolbar.takeFocus();
  app.hover = null;
  app.host.set("step", app.step);
  reveal(app);
  show(app);
}

/** @param {App} app @param {number} by */
export function go(app, by) {
  pause(app);
  if (by > 0 && app.filled !== null) return setStep(app, app.step);
  setStep(app, app.step + by);
}

/** @param {App} app */
export function pause(app) {
  clearTimeout(app.playing);
  app.playing = 0;
  reveal(app);
}

/** @param {App} app */
export function togglePlay(app) {
  if (app.playing) return pause(app);
  if (app.step === app.record.stages.length - 1 && app.filled === null) setStep(app, 0);
  app.pinned = false;
  app.focus = null;
  schedule(app, 300);
}

/** @param {App} app @param {number} rest */
function schedule(app, rest) {
  app.playing = window.setTimeout(() => tick(app), rest);
  reveal(app);
}

/** The next cell of this stage, or the next stage. @param {App} app */
function tick(app) {
  const stage = app.record.stages[app.step];
  const cells = cellsOf(stage);
  if (app.filled !== null && app.filled < cells) {
    const [, columns] = viewOf(app, stage).size;
    const [row, column] = viewOf(app, stage).turned(Math.floor(app.filled / columns), app.filled % columns);
    app.focus = { stage: stage.name, row, column, head: headOf(app.selected, stage) };
    app.filled += 1;
    app.hover = null;
    show(app);
    return schedule(app, Math.min(900, Math.max(60, 9000 / cells)));
  }
  if (app.step === app.record.stages.length - 1) {
    app.filled = null;
    show(app);
    return pause(app);
  }
  const next = app.record.stages[app.step + 1];
  const cellByCell = next.equation !== null && cellsOf(next) <= 256 && !app.calm.matches;
  setStep(app, app.step + 1, cellByCell ? 0 : null);
  viewOf(app, next).element.scrollIntoView({ block: "nearest" });
  schedule(app, cellByCell ? 250 : next.equation ? 1500 : 800);
}

/** One cell more or less inside the last revealed stage. @param {App} app @param {number} by */
export function fillBy(app, by) {
  pause(app);
  const stage = app.record.stages[app.step];
  const [, columns] = viewOf(app, stage).size;
  const count = Math.min(Math.max((app.filled ?? (by > 0 ? 0 : cellsOf(stage))) + by, 1), cellsOf(stage));
  app.filled = count === cellsOf(stage) ? null : count;
  const [row, column] = viewOf(app, stage).turned(Math.floor((count - 1) / columns), (count - 1) % columns);
  app.focus = { stage: stage.name, row, column, head: headOf(app.selected, stage) };
  reveal(app);
  show(app);
}
