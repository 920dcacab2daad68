// @ts-check
/**
 * What an explorer shows, and how it is drawn: every stage in its place, the marks of the cell that is explained, the focus and
 * the way back from it. Every function takes the one explorer, `app`, that it is about.
 *
 * In order: what is shown, focus, looks.
 */

import { headOf, stageOf } from "./record.js";
import { describeCell, explain, formatLabel, sourceAreas, textOf } from "./explanation.js";
import { cellsOf, layOut, longestNumber, MAX_DOM_CELLS, themeOf, unfilled, WIDE } from "./drawing.js";
import { attentionView, h, mathematics, setText, StageView } from "./elements.js";

/** @import { Place, Source, Stage, TraceRecord } from "./record.js" */
/** @import { Mark } from "./explanation.js" */
/** @import { Group, Settings } from "./drawing.js" */
/** @import { panelView } from "./elements.js" */
/** @import { toolbarView } from "./toolbar.js" */

/**
 * What the explorer needs of its surroundings. `on("live", …)` tells when a kernel goes or comes back.
 * @typedef {{get(name: string): any, set(name: string, value: any): void, on(name: string, callback: () => void): void,
 *   send(message: object): void, onMessage(callback: (message: any, buffers: ArrayBufferView[]) => void): void, live: boolean}} Host
 */

/**
 * The traits of views/explorer.py.
 * @typedef {{record: string, values: DataView, _stylesheet: string, _tables: string, focus: Place | null, step: number}} Model
 */

/**
 * What is shown. `filled` is how many cells of the last revealed stage are, null for all of them; `focus` is the cell that the keyboard is on or
 * that is pinned, and `trail` the cells that led there; `attentionRow` is the query whose weights are drawn beside a softmax; `selected` is the
 * head that is shown, by the name of its axis.
 * @typedef {{record: TraceRecord, live: boolean, step: number, filled: number | null, selected: Map<string, number>, perRow: boolean, attentionKind: string,
 *   focus: Place | null, hover: Place | null, pinned: boolean, trail: Place[], attentionRow: number, fontSize: number}} Shown
 */

/**
 * What it is shown in. `playing` and `frame` are a timer and a frame that was asked for, 0 for none; `arrangement` tells which stages stand where.
 * @typedef {{page: HTMLElement, notices: HTMLElement, acts: HTMLElement, status: HTMLElement, spoken: HTMLElement,
 *   toolbar: ReturnType<typeof toolbarView>, panel: ReturnType<typeof panelView>, views: Map<string, StageView>,
 *   attentions: Map<string, ReturnType<typeof attentionView>>, arrangement: string, editor: Editor | null, playing: number, frame: number,
 *   sight: IntersectionObserver, calm: MediaQueryList, night: MediaQueryList}} Page
 */

/**
 * What the kernel told last and what it was asked; what is done after a rest.
 * @typedef {{readText: string, readValues: DataView, requests: number, inFlight: {request: number, answered: Answered, isCopy: boolean} | null,
 *   queued: {message: object, answered: Answered} | null,
 *   speak: () => void, writeBack: () => void, drawRest: () => void, late: () => void, gone: () => void}} Errands
 */

/** One explorer. @typedef {{host: Host, signal: AbortSignal} & Shown & Page & Errands} App */
/** @typedef {{place: Place, element: HTMLElement, input: HTMLInputElement}} Editor */
/** @typedef {(reply: any, buffers: any[]) => void} Answered */

const MAX_TERMS = 8; // of a sum that are written out on screen
const EAGER_CELLS = 800; // of all stages together; a larger trace is drawn when it comes into sight

// ------------------------------------------------------------------------------------------------------------ what is shown

/** @param {TraceRecord} record @param {any} wanted */
export function clampStep(record, wanted) {
  const last = record.stages.length - 1;
  return Number.isInteger(wanted) ? Math.min(Math.max(wanted, 0), last) : last;
}

/** @param {TraceRecord} record @param {any} place @returns {Place | null} */
export function validPlace(record, place) {
  const stage = place && record.byName.get(place.stage);
  if (!stage || !(place.row < stage.rows.labels.length && place.column < stage.columns.labels.length)) return null;
  return { stage: stage.name, row: place.row, column: place.column, head: stage.heads ? Math.min(place.head ?? 0, stage.heads.labels.length - 1) : null };
}

/** @param {App} app @returns {Settings} */
function settings(app) {
  const small = app.record.stages.filter((stage) => !stage.isMask && stage.columns.labels.length <= WIDE && cellsOf(stage) <= MAX_DOM_CELLS);
  const longest = Math.min(Math.max(5, ...small.map((stage) => longestNumber(app.record, stage))), 8);
  return { record: app.record, selected: app.selected, perRow: app.perRow, cellWidth: Math.ceil(longest * 0.58 * app.fontSize + 18), fontSize: app.fontSize };
}

/** Put every stage in its place; those that were there stay the same elements. @param {App} app */
function arrange(app) {
  const plan = layOut(app.record);
  const key = JSON.stringify(plan.map(({ title, groups }) => [title, groups.map(({ above, main, link }) => [above.map((one) => one.name), main.name, main.equation?.kind, link])]));
  if (key === app.arrangement) return;
  app.arrangement = key;
  const focused = /** @type {HTMLElement | null} */ (activeElement(app));
  for (const [name, view] of app.views) {
    if (app.record.byName.has(name)) continue;
    app.sight.unobserve(view.element);
    app.views.delete(name);
  }
  app.attentions.clear();
  const sections = plan.map(({ title, groups }, index) =>
    h(
      "section",
      { class: "act", "aria-label": formatLabel(title) },
      h("p", { class: "act-name" }, h("span", { class: "number" }, String(index + 1)), formatLabel(title)),
      h("div", { class: "groups" }, ...groups.map((group) => (group.link ? h("div", { class: "linked" }, h("div", { class: "link" }, ...mathematics(group.link)), groupElement(app, group)) : groupElement(app, group)))),
    ),
  );
  app.acts.replaceChildren(...sections);
  if (focused && app.page.contains(focused)) focused.focus({ preventScroll: true });
}

/** @param {App} app @param {Group} group */
function groupElement(app, { above, main }) {
  const children = [...above, main].map((stage) => viewOf(app, stage).element);
  const group = h("div", { class: above.length ? "group stacked" : "group" }, ...children);
  if (main.equation?.kind !== "softmax") return group;
  const attention = attentionView(() => app.attentionKind, (kind) => {
    app.attentionKind = kind;
    show(app);
  });
  app.attentions.set(main.name, attention);
  return h("div", { class: "group beside" }, group, attention.element);
}

/** @param {App} app @param {Stage} stage @returns {StageView} */
export function viewOf(app, stage) {
  const known = app.views.get(stage.name);
  if (known) return known;
  const view = new StageView(stage, () => {
    view.update(view.stage, settings(app), true);
    if (app.focus?.stage === view.stage.name) view.moveTabStop(app.focus.row, app.focus.column, describeCell(app.record, app.focus));
    show(app);
  });
  app.views.set(stage.name, view);
  app.sight.observe(view.element);
  return view;
}

/** Draws a stage when it comes into sight. @param {() => App} getApp of which there is none yet */
export function watchSight(getApp) {
  return new IntersectionObserver(
    (entries) => {
      const app = getApp();
      for (const { isIntersecting, target } of entries) {
        const view = isIntersecting ? app.views.get(/** @type {HTMLElement} */ (target).dataset.stage ?? "") : null;
        if (!view?.isWaiting) continue;
        view.drawIfWaiting();
        show(app);
      }
    },
    { rootMargin: "300px" },
  );
}

/** What is out of sight is drawn too, stage by stage when there is time: somebody may search for it or read it with other means. @param {App} app */
export function drawNext(app) {
  const next = [...app.views.values()].find((view) => view.isWaiting);
  if (!next) return;
  next.drawIfWaiting();
  app.drawRest();
}

/** Draw everything from the record, in place. @param {App} app */
export function draw(app) {
  const inGrid = activeElement(app)?.matches("[role=gridcell]");
  arrange(app);
  const now = settings(app);
  const small = app.record.stages.reduce((sum, stage) => sum + cellsOf(stage), 0) <= EAGER_CELLS;
  for (const stage of app.record.stages) viewOf(app, stage).update(stage, now, small);
  app.notices.hidden = app.record.notices.length === 0;
  app.notices.replaceChildren(...app.record.notices.map((notice) => h("li", {}, formatLabel(notice.text))));
  const cell = app.focus && app.views.get(app.focus.stage)?.moveTabStop(app.focus.row, app.focus.column, describeCell(app.record, app.focus));
  reveal(app);
  show(app);
  if (inGrid && cell && activeElement(app) !== cell) cell.focus({ preventScroll: true }); // its table was built anew
  if (inGrid && !activeElement(app)) app.toolbar.takeFocus(); // its stage is gone
  app.drawRest();
}

/** @param {App} app */
export function reveal(app) {
  app.record.stages.forEach((stage, index) => {
    const view = viewOf(app, stage);
    view.element.classList.toggle("later", index > app.step);
    view.element.classList.toggle("current", index === app.step && (app.step < app.record.stages.length - 1 || app.playing !== 0));
    view.element.inert = index > app.step;
    const attention = app.attentions.get(stage.name);
    attention?.element.classList.toggle("later", index > app.step || (index === app.step && app.filled !== null));
  });
  app.toolbar.draw(app.record, { live: app.live, step: app.step, filled: app.filled, playing: app.playing !== 0, selected: app.selected, perRow: app.perRow });
}

/** The cell whose record is told. @param {App} app */
export function shown(app) {
  return app.pinned ? app.focus : (app.hover ?? app.focus);
}

/** Light the cells of the shown number and say where it comes from. @param {App} app */
export function show(app) {
  const place = shown(app);
  const marks = marksFor(app, place);
  for (const [name, view] of app.views) {
    const next = marks.get(name) ?? [];
    if (next.length || view.isMarked) view.light(next);
  }
  app.panel.draw(app.record, place ? explain(app.record, place, MAX_TERMS) : null, { pinned: app.pinned, trail: app.trail });
  app.frame ||= requestAnimationFrame(() => ((app.frame = 0), drawAttention(app, shown(app)))); // what was asked for comes first
  app.page.classList.toggle("is-pinned", app.pinned);
  if (place) app.speak();
}

/** The marks of every stage while `place` is explained. @param {App} app @param {Place | null} place */
function marksFor(app, place) {
  const { record, selected } = app;
  /** @type {Map<string, Mark[]>} */
  const marks = new Map();
  const mark = (/** @type {string} */ stage, /** @type {Mark} */ one) => void marks.set(stage, [...(marks.get(stage) ?? []), one]);
  if (record.nonfinite) {
    const [row, column] = record.nonfinite.place.slice(-2);
    const only = record.nonfinite.place.length === 3 ? record.nonfinite.place[0] : null;
    if (only === null || only === headOf(selected, stageOf(record, record.nonfinite.stage))) mark(record.nonfinite.stage, { kind: "alarm", rows: [row, row], columns: [column, column] });
  }
  if (app.filled !== null) {
    const stage = record.stages[app.step];
    const view = viewOf(app, stage);
    for (const block of unfilled(app.filled, ...view.size)) {
      const [rows, columns] = view.turned(0, 1)[0] ? [block.columns, block.rows] : [block.rows, block.columns];
      mark(stage.name, { kind: "cover", rows, columns });
    }
  }
  if (place) {
    for (const area of sourceAreas(record, place)) {
      const head = headOf(selected, stageOf(record, area.stage));
      if (area.head === null || head === null || area.head === head) mark(area.stage, { kind: `operand-${Math.min(area.operand, 3)}`, rows: area.rows, columns: area.columns });
    }
    mark(place.stage, { kind: app.pinned ? "focus pinned" : "focus", rows: [place.row, place.row], columns: [place.column, place.column] });
  }
  return marks;
}

/** @param {App} app @param {Place | null} place */
function drawAttention(app, place) {
  for (const [name, attention] of app.attentions) {
    const stage = stageOf(app.record, name);
    const rows = stage.rows.labels.length;
    const axis = place && stageOf(app.record, place.stage).rows;
    if (place && axis && axis.labels.length === rows && (axis.name === stage.rows.name || place.stage === name)) app.attentionRow = place.row;
    if (app.attentionRow < 0 || app.attentionRow >= rows) app.attentionRow = rows - 1; // the last token sees most
    attention.draw(app.record, stage, app.attentionRow, headOf(app.selected, stage));
  }
}

/** @param {App} app */
export function spokenText(app) {
  const place = shown(app);
  if (!place) return "";
  const { lines, sentence } = explain(app.record, place, MAX_TERMS);
  return [`${stageOf(app.record, place.stage).title}: ${describeCell(app.record, place)}.`, ...lines.map(textOf), sentence].join(" ");
}

/** @param {App} app @param {string} text */
export function say(app, text) {
  setText(app.status, text);
  app.status.hidden = text === "";
}

// --------------------------------------------------------------------------------------------------------- focus, pin, walk

/** @param {App} app @param {Place} place @param {{pin?: boolean, keepTrail?: boolean, dom?: boolean, scroll?: boolean}} how */
export function setFocus(app, place, { pin = false, keepTrail = false, dom = false, scroll = false }) {
  const { heads } = stageOf(app.record, place.stage);
  if (heads && place.head !== null && place.head !== headOf(app.selected, stageOf(app.record, place.stage))) setHead(app, heads.name, place.head);
  app.focus = place;
  app.pinned = pin;
  app.hover = null;
  if (!keepTrail) app.trail = [];
  const cell = app.views.get(place.stage)?.moveTabStop(place.row, place.column, describeCell(app.record, place));
  if (dom) cell?.focus({ preventScroll: true });
  app.writeBack();
  show(app);
  if (cell && (scroll || (activeElement(app) === cell && isCovered(app, cell)))) bringIntoSight(app, cell);
}

/** Whether the explanation lies over it. @param {App} app @param {HTMLElement} cell */
function isCovered(app, cell) {
  const [one, other] = [cell.getBoundingClientRect(), app.panel.element.getBoundingClientRect()];
  return one.bottom > other.top && one.top < other.bottom;
}

/** @param {App} app @param {HTMLElement} cell */
function bringIntoSight(app, cell) {
  const { element } = app.panel;
  if (getComputedStyle(element).position === "sticky") cell.style.scrollMarginBottom = `${element.offsetHeight + 8}px`;
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  cell.style.scrollMarginBottom = "";
}

/** @param {App} app */
export function letGo(app) {
  if (!app.pinned || !activeElement(app)?.matches("[role=gridcell]")) app.focus = null; // the keyboard's cell goes on being explained
  app.pinned = false;
  app.trail = [];
  app.hover = null;
  app.writeBack();
  show(app);
}

/** @param {App} app */
export function activeElement(app) {
  return /** @type {Document | ShadowRoot} */ (app.page.getRootNode()).activeElement;
}

/** One level back: explain a source of what is explained. @param {App} app @param {Source} source @param {boolean} [inGrid] */
export function walkTo(app, { stage, row, column, head: at }, inGrid = false) {
  const place = shown(app);
  if (place) app.trail = [...app.trail, place];
  setFocus(app, { stage, row, column, head: at }, { pin: true, keepTrail: true, dom: inGrid, scroll: true });
  if (!inGrid) app.panel.focusFirst();
}

/** Forward again to what was explained before. @param {App} app @param {number} level */
export function returnTo(app, level) {
  const place = app.trail[level];
  app.trail = app.trail.slice(0, level);
  setFocus(app, place, { pin: true, keepTrail: true, scroll: true });
  app.panel.focusFirst();
}

/** @param {App} app @param {Place} place @returns {boolean} */
export function isSource(app, place) {
  const from = app.pinned && app.focus;
  if (!from) return false;
  return sourceAreas(app.record, from).some(
    (area) =>
      area.stage === place.stage && (area.head === null || place.head === null || area.head === place.head) && area.rows[0] <= place.row && place.row <= area.rows[1] && area.columns[0] <= place.column && place.column <= area.columns[1],
  );
}

/** @param {App} app @param {Event} event @returns {StageView | undefined} */
export function viewAt(app, event) {
  const figure = event.target instanceof Element ? event.target.closest("figure") : null;
  return figure ? app.views.get(figure.dataset.stage ?? "") : undefined;
}

/** @param {App} app @param {MouseEvent} event @returns {Place | null} */
export function placeAt(app, event) {
  const view = viewAt(app, event);
  const found = view?.locate(event);
  return view && found ? { stage: view.stage.name, row: found[0], column: found[1], head: headOf(app.selected, view.stage) } : null;
}

/** @param {Place | null} a @param {Place | null} b */
export const isSame = (a, b) => a === b || (a !== null && b !== null && a.stage === b.stage && a.row === b.row && a.column === b.column && a.head === b.head);

// -------------------------------------------------------------------------------------------------------------------- looks

/** Show another head of the stages with this axis; the focus stays where it is in the rows and columns. @param {App} app @param {string} axis @param {number} next */
export function setHead(app, axis, next) {
  app.selected.set(axis, next);
  const stage = app.focus && stageOf(app.record, app.focus.stage);
  if (app.focus && stage) app.focus = { ...app.focus, head: headOf(app.selected, stage) };
  app.hover = null;
  draw(app);
}

/** @param {App} app @param {string} next */
export function setRange(app, next) {
  app.perRow = next === "row";
  draw(app);
}

/** @param {App} app */
function applyTheme(app) {
  app.page.dataset.theme = themeOf(app.page, app.night.matches);
}

/** @param {App} app */
export function followTheme(app) {
  const update = () => applyTheme(app);
  const themes = new MutationObserver(update);
  app.night.addEventListener("change", update, { signal: app.signal });
  for (const element of [document.body, document.documentElement]) themes.observe(element, { attributes: true, attributeFilter: ["data-jp-theme-light", "class", "theme", "data-theme"] });
  app.signal.addEventListener("abort", () => themes.disconnect());
  update();
  whenPlaced(app.page, update, app.signal); // only then something is behind it
}

/** Call `act` once `element` has a place on its page: a notebook builds what it shows later. @param {HTMLElement} element @param {() => void} act @param {AbortSignal} signal */
export function whenPlaced(element, act, signal) {
  const size = new ResizeObserver(() => {
    if (!element.isConnected) return;
    size.disconnect();
    act();
  });
  size.observe(element);
  signal.addEventListener("abort", () => size.disconnect());
}

/** On a wide page, as on a projector, everything is a size larger. @param {App} app */
export function followWidth(app) {
  const plainSize = parseFloat(getComputedStyle(app.page).fontSize) || 14;
  app.fontSize = plainSize;
  const fitText = () => {
    const next = app.page.clientWidth >= 1250 ? Math.round(plainSize * 1.15) : plainSize;
    if (next === app.fontSize) return false;
    app.fontSize = next;
    app.page.style.fontSize = `${next}px`;
    return true;
  };
  const width = new ResizeObserver(() => fitText() && draw(app));
  width.observe(app.page);
  app.signal.addEventListener("abort", () => width.disconnect());
  fitText();
}
