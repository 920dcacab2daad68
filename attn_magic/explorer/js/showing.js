// @ts-check
/**
 * How a trace is shown: every stage in its place, the marks of the cell that is explained, the focus and the way back
 * from it. A function takes the state that it is about: of one trace, or of the page where it knows no trace.
 *
 * In order: what is shown, focus, looks.
 */

import { headOf, stageOf } from "./record.js";
import { formatLabel } from "./notation.js";
import { textOf } from "./expressions.js";
import { describeCell, explain, sourceAreas } from "./explanation.js";
import { cellsOf, layOut, longestNumber, MAX_DOM_CELLS, unfilled, WIDE } from "./drawing.js";
import { h, mathematics, setText } from "./elements.js";
import { StageView } from "./stage.js";
import { attentionView } from "./attention.js";
import { explained, lastStep, placeIn, startState } from "./state.js";

/** @import { Place, Source, Stage, TraceRecord } from "./record.js" */
/** @import { Mark } from "./explanation.js" */
/** @import { Group, Settings } from "./drawing.js" */
/** @import { Page, TraceState } from "./state.js" */

const MAX_TERMS = 8; // of a sum that are written out on screen
const EAGER_CELLS = 800; // of all stages together; a larger trace is drawn when it comes into sight

// ------------------------------------------------------------------------------------------------------- what is shown

/**
 * A trace on `page` of which nothing is drawn yet.
 * @param {Page} page @param {TraceRecord} record @param {any} step @param {any} focus @returns {TraceState}
 */
export function createTrace(page, record, step, focus) {
  /** @type {TraceState} */
  const trace = {
    ...startState(record, step, focus),
    page,
    notices: h("ul", { class: "notices" }),
    acts: h("div", { class: "acts" }),
    views: new Map(),
    attentions: new Map(),
    arrangement: "",
    playing: 0,
    frame: 0,
    sight: new IntersectionObserver((entries) => drawInSight(trace, entries), { rootMargin: "300px" }),
  };
  return trace;
}

/** @param {TraceState} trace @returns {Settings} */
function settings(trace) {
  const { page } = trace;
  const small = trace.record.stages.filter(
    (stage) => !stage.isMask && stage.columns.labels.length <= WIDE && cellsOf(stage) <= MAX_DOM_CELLS,
  );
  const longest = Math.min(Math.max(5, ...small.map((stage) => longestNumber(trace.record, stage))), 8);
  return {
    record: trace.record,
    selected: trace.selected,
    perRow: trace.perRow,
    cellWidth: Math.ceil(longest * 0.58 * page.fontSize + 18),
    fontSize: page.fontSize,
  };
}

/** Put every stage in its place; those that were there stay the same elements. @param {TraceState} trace */
function arrange(trace) {
  const { page } = trace;
  const plan = layOut(trace.record);
  const key = JSON.stringify(
    plan.map(({ title, groups }) => [
      title,
      groups.map(({ above, main, link }) => [above.map((one) => one.name), main.name, main.equation?.kind, link]),
    ]),
  );
  if (key === trace.arrangement) return;
  trace.arrangement = key;
  const focused = /** @type {HTMLElement | null} */ (activeElement(page));
  for (const [name, view] of trace.views) {
    if (trace.record.byName.has(name)) continue;
    trace.sight.unobserve(view.element);
    trace.views.delete(name);
  }
  trace.attentions.clear();
  const sections = plan.map(({ title, groups }, index) =>
    h(
      "section",
      { class: "act", "aria-label": formatLabel(title) },
      h("p", { class: "act-name" }, h("span", { class: "number" }, String(index + 1)), formatLabel(title)),
      h(
        "div",
        { class: "groups" },
        ...groups.map((group) =>
          group.link
            ? h(
                "div",
                { class: "linked" },
                h("div", { class: "link" }, ...mathematics(group.link)),
                groupElement(trace, group),
              )
            : groupElement(trace, group),
        ),
      ),
    ),
  );
  trace.acts.replaceChildren(...sections);
  if (focused && page.element.contains(focused)) focused.focus({ preventScroll: true });
}

/** @param {TraceState} trace @param {Group} group */
function groupElement(trace, { above, main }) {
  const children = [...above, main].map((stage) => viewOf(trace, stage).element);
  const group = h("div", { class: above.length ? "group stacked" : "group" }, ...children);
  if (main.equation?.kind !== "softmax") return group;
  const attention = attentionView(
    () => trace.attentionKind,
    (kind) => {
      trace.attentionKind = kind;
      show(trace);
    },
  );
  trace.attentions.set(main.name, attention);
  return h("div", { class: "group beside" }, group, attention.element);
}

/** @param {TraceState} trace @param {Stage} stage @returns {StageView} */
export function viewOf(trace, stage) {
  const known = trace.views.get(stage.name);
  if (known) return known;
  const view = new StageView(stage, () => {
    view.update(view.stage, settings(trace), true);
    if (trace.focus?.stage === view.stage.name)
      view.moveTabStop(trace.focus.row, trace.focus.column, describeCell(trace.record, trace.focus));
    show(trace);
  });
  trace.views.set(stage.name, view);
  trace.sight.observe(view.element);
  return view;
}

/** Draws the stages that come into sight. @param {TraceState} trace @param {IntersectionObserverEntry[]} entries */
function drawInSight(trace, entries) {
  for (const { isIntersecting, target } of entries) {
    const view = isIntersecting ? trace.views.get(/** @type {HTMLElement} */ (target).dataset.stage ?? "") : null;
    if (!view?.isWaiting) continue;
    view.drawIfWaiting();
    show(trace);
  }
}

/**
 * What is out of sight is drawn too, stage by stage when there is time: somebody may search for it or read it with
 * other means.
 * @param {TraceState} trace
 */
export function drawNext(trace) {
  const next = [...trace.views.values()].find((view) => view.isWaiting);
  if (!next) return;
  next.drawIfWaiting();
  trace.page.drawRest();
}

/** Draw everything from the record, in place. @param {TraceState} trace */
export function draw(trace) {
  const { page } = trace;
  const inGrid = activeElement(page)?.matches("[role=gridcell]");
  arrange(trace);
  const now = settings(trace);
  const small = trace.record.stages.reduce((sum, stage) => sum + cellsOf(stage), 0) <= EAGER_CELLS;
  for (const stage of trace.record.stages) viewOf(trace, stage).update(stage, now, small);
  trace.notices.hidden = trace.record.notices.length === 0;
  trace.notices.replaceChildren(...trace.record.notices.map((notice) => h("li", {}, formatLabel(notice.text))));
  const cell =
    trace.focus &&
    trace.views
      .get(trace.focus.stage)
      ?.moveTabStop(trace.focus.row, trace.focus.column, describeCell(trace.record, trace.focus));
  reveal(trace);
  show(trace);
  if (inGrid && cell && activeElement(page) !== cell) cell.focus({ preventScroll: true }); // its table was built anew
  if (inGrid && !activeElement(page)) page.toolbar.takeFocus(); // its stage is gone
  page.drawRest();
}

/** @param {TraceState} trace */
export function reveal(trace) {
  const { page } = trace;
  trace.record.stages.forEach((stage, index) => {
    const view = viewOf(trace, stage);
    view.element.classList.toggle("later", index > trace.step);
    view.element.classList.toggle(
      "current",
      index === trace.step && (trace.step < lastStep(trace.record) || trace.playing !== 0),
    );
    view.element.inert = index > trace.step;
    const attention = trace.attentions.get(stage.name);
    attention?.element.classList.toggle("later", index > trace.step || (index === trace.step && trace.filled !== null));
  });
  page.toolbar.draw(trace.record, {
    live: page.live,
    step: trace.step,
    filled: trace.filled,
    playing: trace.playing !== 0,
    selected: trace.selected,
    perRow: trace.perRow,
  });
}

/** Light the cells of the shown number and say where it comes from. @param {TraceState} trace */
export function show(trace) {
  const { page } = trace;
  const place = explained(trace);
  const marks = marksFor(trace, place);
  for (const [name, view] of trace.views) {
    const next = marks.get(name) ?? [];
    if (next.length || view.isMarked) view.light(next);
  }
  page.panel.draw(trace.record, place ? explain(trace.record, place, MAX_TERMS) : null, {
    pinned: trace.pinned,
    trail: trace.trail,
  });
  // In the next frame: what was asked for comes first.
  trace.frame ||= requestAnimationFrame(() => ((trace.frame = 0), drawAttention(trace, explained(trace))));
  page.element.classList.toggle("is-pinned", trace.pinned);
  if (place) page.speak();
}

/** The marks of every stage while `place` is explained. @param {TraceState} trace @param {Place | null} place */
function marksFor(trace, place) {
  const { record, selected } = trace;
  /** @type {Map<string, Mark[]>} */
  const marks = new Map();
  const mark = (/** @type {string} */ stage, /** @type {Mark} */ one) =>
    void marks.set(stage, [...(marks.get(stage) ?? []), one]);
  if (record.nonfinite) {
    const [row, column] = record.nonfinite.place.slice(-2);
    const only = record.nonfinite.place.length === 3 ? record.nonfinite.place[0] : null;
    if (only === null || only === headOf(selected, stageOf(record, record.nonfinite.stage)))
      mark(record.nonfinite.stage, { kind: "alarm", rows: [row, row], columns: [column, column] });
  }
  if (trace.filled !== null) {
    const stage = record.stages[trace.step];
    const view = viewOf(trace, stage);
    for (const block of unfilled(trace.filled, ...view.size)) {
      const [rows, columns] = view.turned(0, 1)[0] ? [block.columns, block.rows] : [block.rows, block.columns];
      mark(stage.name, { kind: "cover", rows, columns });
    }
  }
  if (place) {
    for (const area of sourceAreas(record, place)) {
      const head = headOf(selected, stageOf(record, area.stage));
      if (area.head === null || head === null || area.head === head)
        mark(area.stage, { kind: `operand-${Math.min(area.operand, 3)}`, rows: area.rows, columns: area.columns });
    }
    mark(place.stage, {
      kind: trace.pinned ? "focus pinned" : "focus",
      rows: [place.row, place.row],
      columns: [place.column, place.column],
    });
  }
  return marks;
}

/** @param {TraceState} trace @param {Place | null} place */
function drawAttention(trace, place) {
  for (const [name, attention] of trace.attentions) {
    const stage = stageOf(trace.record, name);
    const rows = stage.rows.labels.length;
    const axis = place && stageOf(trace.record, place.stage).rows;
    if (place && axis && axis.labels.length === rows && (axis.name === stage.rows.name || place.stage === name))
      trace.attentionRow = place.row;
    if (trace.attentionRow < 0 || trace.attentionRow >= rows) trace.attentionRow = rows - 1; // the last token sees most
    attention.draw(trace.record, stage, trace.attentionRow, headOf(trace.selected, stage));
  }
}

/** @param {TraceState} trace */
export function spokenText(trace) {
  const place = explained(trace);
  if (!place) return "";
  const { lines, sentence } = explain(trace.record, place, MAX_TERMS);
  return [
    `${stageOf(trace.record, place.stage).title}: ${describeCell(trace.record, place)}.`,
    ...lines.map(textOf),
    sentence,
  ].join(" ");
}

/** @param {Page} page @param {string} text */
export function say(page, text) {
  setText(page.status, text);
  page.status.hidden = text === "";
}

// ---------------------------------------------------------------------------------------------------- focus, pin, walk

/**
 * @param {TraceState} trace @param {Place} place
 * @param {{pin?: boolean, keepTrail?: boolean, dom?: boolean, scroll?: boolean}} how
 */
export function setFocus(trace, place, { pin = false, keepTrail = false, dom = false, scroll = false }) {
  const { page } = trace;
  const stage = stageOf(trace.record, place.stage);
  if (stage.heads && place.head !== null && place.head !== headOf(trace.selected, stage))
    setHead(trace, stage.heads.name, place.head);
  trace.focus = place;
  trace.pinned = pin;
  trace.hover = null;
  if (!keepTrail) trace.trail = [];
  const cell = trace.views.get(place.stage)?.moveTabStop(place.row, place.column, describeCell(trace.record, place));
  if (dom) cell?.focus({ preventScroll: true });
  page.writeBack();
  show(trace);
  if (cell && (scroll || (activeElement(page) === cell && isCovered(page, cell)))) bringIntoSight(page, cell);
}

/** Whether the explanation lies over it. @param {Page} page @param {HTMLElement} cell */
function isCovered(page, cell) {
  const [one, other] = [cell.getBoundingClientRect(), page.panel.element.getBoundingClientRect()];
  return one.bottom > other.top && one.top < other.bottom;
}

/** @param {Page} page @param {HTMLElement} cell */
function bringIntoSight(page, cell) {
  const { element } = page.panel;
  if (getComputedStyle(element).position === "sticky") cell.style.scrollMarginBottom = `${element.offsetHeight + 8}px`;
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  cell.style.scrollMarginBottom = "";
}

/** @param {TraceState} trace */
export function letGo(trace) {
  const { page } = trace;
  // The keyboard's cell goes on being explained.
  if (!trace.pinned || !activeElement(page)?.matches("[role=gridcell]")) trace.focus = null;
  trace.pinned = false;
  trace.trail = [];
  trace.hover = null;
  page.writeBack();
  show(trace);
}

/** @param {Page} page */
export function activeElement(page) {
  return /** @type {Document | ShadowRoot} */ (page.element.getRootNode()).activeElement;
}

/**
 * One level back: explain a source of what is explained.
 * @param {TraceState} trace @param {Source} source @param {boolean} [inGrid]
 */
export function walkTo(trace, { stage, row, column, head: at }, inGrid = false) {
  const place = explained(trace);
  if (place) trace.trail = [...trace.trail, place];
  setFocus(trace, { stage, row, column, head: at }, { pin: true, keepTrail: true, dom: inGrid, scroll: true });
  if (!inGrid) trace.page.panel.focusFirst();
}

/** Forward again to what was explained before. @param {TraceState} trace @param {number} level */
export function returnTo(trace, level) {
  const place = trace.trail[level];
  trace.trail = trace.trail.slice(0, level);
  setFocus(trace, place, { pin: true, keepTrail: true, scroll: true });
  trace.page.panel.focusFirst();
}

/** @param {TraceState} trace @param {Event} event @returns {StageView | undefined} */
export function viewAt(trace, event) {
  const figure = event.target instanceof Element ? event.target.closest("figure") : null;
  return figure ? trace.views.get(figure.dataset.stage ?? "") : undefined;
}

/** @param {TraceState} trace @param {MouseEvent} event @returns {Place | null} */
export function placeAt(trace, event) {
  const view = viewAt(trace, event);
  const found = view?.locate(event);
  return view && found ? placeIn(trace, view.stage, ...found) : null;
}

// --------------------------------------------------------------------------------------------------------------- looks

/**
 * Show another head of the stages with this axis; the focus stays where it is in the rows and columns.
 * @param {TraceState} trace @param {string} axis @param {number} next
 */
export function setHead(trace, axis, next) {
  trace.selected.set(axis, next);
  const stage = trace.focus && stageOf(trace.record, trace.focus.stage);
  if (trace.focus && stage) trace.focus = { ...trace.focus, head: headOf(trace.selected, stage) };
  trace.hover = null;
  draw(trace);
}

/** @param {TraceState} trace @param {string} next */
export function setRange(trace, next) {
  trace.perRow = next === "row";
  draw(trace);
}

/** On a wide page, as on a projector, everything is a size larger. @param {Page} page */
export function followWidth(page) {
  const plainSize = parseFloat(getComputedStyle(page.element).fontSize) || 14;
  page.fontSize = plainSize;
  const fitText = () => {
    const next = page.element.clientWidth >= 1250 ? Math.round(plainSize * 1.15) : plainSize;
    if (next === page.fontSize) return false;
    page.fontSize = next;
    page.element.style.fontSize = `${next}px`;
    return true;
  };
  const width = new ResizeObserver(() => fitText() && draw(page.trace));
  width.observe(page.element);
  page.signal.addEventListener("abort", () => width.disconnect());
  fitText();
}
