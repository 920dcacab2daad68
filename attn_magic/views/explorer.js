// @ts-check
/**
 * The explorer: every stage of one run of attention as a matrix, and for every number where it comes from.
 *
 * It reads one story (stages, axes, equations) and knows no stage by name: a new kind of attention is a new story. What it says about a
 * cell is what attn_magic/explain.py says; tests/data/explanation_cases.json holds both to it.
 *
 * The files, each of which uses those before it: story.js (what there is), explanation.js (what is said of a number), drawing.js (colours and
 * layout), elements.js (what the page is made of), and this one: `mount`, which connects them. `mount` talks to a small host and never to the
 * notebook; `render` makes that host from an anywidget model. module.py joins the files, because a widget is given one text.
 *
 * In order: what is shown, focus, steps and play, looks, changes, editing, events, `mount`, `render`. Every function of these takes the one
 * explorer, `app`, that it is about.
 */

import { readStory, stageOf, valueAt } from "./story.js";
import { describeCell, explain, formatLabel, shortestText, sourceAreas, textOf } from "./explanation.js";
import { cellsOf, layOut, longestNumber, MOST_DOM_CELLS, readBlock, stepFrom, themeOf, unfilled, WIDE } from "./drawing.js";
import { attentionView, h, mathematics, NOT_LIVE, panelView, setText, StageView, toolbarView } from "./elements.js";

/** @import { Place, Source, Stage, Story } from "./story.js" */
/** @import { Mark } from "./explanation.js" */
/** @import { Group, Settings } from "./drawing.js" */

/**
 * What the explorer needs of its surroundings. `on("live", …)` tells when a kernel goes or comes back.
 * @typedef {{get(name: string): any, set(name: string, value: any): void, on(name: string, callback: () => void): void,
 *   send(message: object): void, onMessage(callback: (message: any) => void): void, live: boolean}} Host
 */

/**
 * The traits of views/explorer.py.
 * @typedef {{story: string, values: DataView, _stylesheet: string, focus: Place | null, step: number}} Model
 */

/**
 * What is shown. `filled` is how many cells of the last revealed stage are, null for all of them; `focus` is the cell that the keyboard is on or
 * that is pinned, and `trail` the cells that led there; `attentionRow` is the query whose weights are drawn beside a softmax.
 * @typedef {{story: Story, live: boolean, step: number, filled: number | null, head: number, perRow: boolean, attentionKind: string,
 *   focus: Place | null, hover: Place | null, pinned: boolean, trail: Place[], attentionRow: number, fontSize: number}} Shown
 */

/**
 * What it is shown in. `playing` and `frame` are a timer and a frame that was asked for, 0 for none; `arrangement` tells which stages stand where.
 * @typedef {{page: HTMLElement, notices: HTMLElement, acts: HTMLElement, check: HTMLElement, status: HTMLElement, spoken: HTMLElement,
 *   toolbar: ReturnType<typeof toolbarView>, panel: ReturnType<typeof panelView>, views: Map<string, StageView>,
 *   attentions: Map<string, ReturnType<typeof attentionView>>, arrangement: string, editor: Editor | null, playing: number, frame: number,
 *   sight: IntersectionObserver, calm: MediaQueryList, night: MediaQueryList}} Page
 */

/**
 * What the kernel told last and what it was asked; what is done after a rest.
 * @typedef {{readText: string, readValues: DataView, requests: number, inFlight: {request: number, answered: Answered} | null,
 *   queued: {message: object, answered: Answered} | null,
 *   speak: () => void, writeBack: () => void, drawRest: () => void, late: () => void, gone: () => void}} Errands
 */

/** One explorer. @typedef {{host: Host, signal: AbortSignal} & Shown & Page & Errands} App */
/** @typedef {{place: Place, element: HTMLElement, input: HTMLInputElement}} Editor */
/** @typedef {(reply: any) => void} Answered */

const MOST_TERMS = 8; // of a sum that are written out on screen
const EAGER_CELLS = 800; // of all stages together; a larger story is drawn when it comes into sight
const ANSWER_IS_LATE = 350; // milliseconds after which "recomputing" is said
const NO_ANSWER = 6000; // milliseconds after which a kernel counts as gone
const SAY_AFTER = 250; // milliseconds of rest before a screen reader is told
const DRAW_AFTER = 40; // milliseconds between stages that are out of sight
const WRITE_BACK_AFTER = 150; // milliseconds before Python hears of a focus

// ------------------------------------------------------------------------------------------------------------ what is shown

/** @param {Story} story @param {any} wanted */
function clampStep(story, wanted) {
  const last = story.stages.length - 1;
  return Number.isInteger(wanted) ? Math.min(Math.max(wanted, 0), last) : last;
}

/** @param {Story} story @param {any} place @returns {Place | null} */
function validPlace(story, place) {
  const stage = place && story.byName.get(place.stage);
  if (!stage || !(place.row < stage.rows.labels.length && place.column < stage.columns.labels.length)) return null;
  return { stage: stage.name, row: place.row, column: place.column, head: stage.heads ? Math.min(place.head ?? 0, stage.heads.labels.length - 1) : null };
}

/** @param {App} app @returns {Settings} */
function settings(app) {
  const small = app.story.stages.filter((stage) => !stage.isMask && stage.columns.labels.length <= WIDE && cellsOf(stage) <= MOST_DOM_CELLS);
  const longest = Math.min(Math.max(5, ...small.map((stage) => longestNumber(app.story, stage))), 8);
  return { story: app.story, head: app.head, perRow: app.perRow, cellWidth: Math.ceil(longest * 0.58 * app.fontSize + 22), fontSize: app.fontSize };
}

/** Put every stage in its place; those that were there stay the same elements. @param {App} app */
function arrange(app) {
  const plan = layOut(app.story);
  const key = JSON.stringify(plan.map(({ title, groups }) => [title, groups.map(({ above, main, link }) => [above.map((one) => one.name), main.name, main.equation?.kind, link])]));
  if (key === app.arrangement) return;
  app.arrangement = key;
  const focused = /** @type {HTMLElement | null} */ (activeElement(app));
  for (const [name, view] of app.views) {
    if (app.story.byName.has(name)) continue;
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
function viewOf(app, stage) {
  const known = app.views.get(stage.name);
  if (known) return known;
  const view = new StageView(stage, () => {
    view.update(view.stage, settings(app), true);
    if (app.focus?.stage === view.stage.name) view.moveTabStop(app.focus.row, app.focus.column, describeCell(app.story, app.focus));
    show(app);
  });
  app.views.set(stage.name, view);
  app.sight.observe(view.element);
  return view;
}

/** Draws a stage when it comes into sight. @param {() => App} getApp of which there is none yet */
function watchSight(getApp) {
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
function drawNext(app) {
  const next = [...app.views.values()].find((view) => view.isWaiting);
  if (!next) return;
  next.drawIfWaiting();
  app.drawRest();
}

/** Draw everything from the story, in place. @param {App} app */
function draw(app) {
  const inGrid = activeElement(app)?.matches("[role=gridcell]");
  arrange(app);
  const now = settings(app);
  const small = app.story.stages.reduce((sum, stage) => sum + cellsOf(stage), 0) <= EAGER_CELLS;
  for (const stage of app.story.stages) viewOf(app, stage).update(stage, now, small);
  app.notices.hidden = app.story.notices.length === 0;
  app.notices.replaceChildren(...app.story.notices.map((notice) => h("li", {}, formatLabel(notice.text))));
  setText(app.check, (/^agrees/.test(app.story.check) ? "✓ " : "") + formatLabel(app.story.check));
  const cell = app.focus && app.views.get(app.focus.stage)?.moveTabStop(app.focus.row, app.focus.column, describeCell(app.story, app.focus));
  reveal(app);
  show(app);
  if (inGrid && cell && activeElement(app) !== cell) cell.focus({ preventScroll: true }); // its table was built anew
  app.drawRest();
}

/** @param {App} app */
function reveal(app) {
  app.story.stages.forEach((stage, index) => {
    const view = viewOf(app, stage);
    view.element.classList.toggle("later", index > app.step);
    view.element.classList.toggle("current", index === app.step && (app.step < app.story.stages.length - 1 || app.playing !== 0));
    view.element.inert = index > app.step;
    const attention = app.attentions.get(stage.name);
    attention?.element.classList.toggle("later", index > app.step || (index === app.step && app.filled !== null));
  });
  app.toolbar.draw(app.story, { live: app.live, step: app.step, filled: app.filled, playing: app.playing !== 0, head: app.head, perRow: app.perRow });
}

/** The cell whose story is told. @param {App} app */
function shown(app) {
  return app.pinned ? app.focus : (app.hover ?? app.focus);
}

/** Light the cells of the shown number and say where it comes from. @param {App} app */
function show(app) {
  const place = shown(app);
  const marks = marksFor(app, place);
  for (const [name, view] of app.views) {
    const next = marks.get(name) ?? [];
    if (next.length || view.isMarked) view.light(next);
  }
  app.panel.draw(app.story, place ? explain(app.story, place, MOST_TERMS) : null, { pinned: app.pinned, trail: app.trail });
  app.frame ||= requestAnimationFrame(() => ((app.frame = 0), drawAttention(app, shown(app)))); // what was asked for comes first
  app.page.classList.toggle("is-pinned", app.pinned);
  if (place) app.speak();
}

/** The marks of every stage while `place` is explained. @param {App} app @param {Place | null} place */
function marksFor(app, place) {
  const { story, head } = app;
  /** @type {Map<string, Mark[]>} */
  const marks = new Map();
  const mark = (/** @type {string} */ stage, /** @type {Mark} */ one) => void marks.set(stage, [...(marks.get(stage) ?? []), one]);
  if (story.nonfinite) {
    const [row, column] = story.nonfinite.place.slice(-2);
    const only = story.nonfinite.place.length === 3 ? story.nonfinite.place[0] : null;
    if (only === null || only === head) mark(story.nonfinite.stage, { kind: "alarm", rows: [row, row], columns: [column, column] });
  }
  if (app.filled !== null) {
    const stage = story.stages[app.step];
    const view = viewOf(app, stage);
    for (const block of unfilled(app.filled, ...view.size)) {
      const [rows, columns] = view.turned(0, 1)[0] ? [block.columns, block.rows] : [block.rows, block.columns];
      mark(stage.name, { kind: "cover", rows, columns });
    }
  }
  if (place) {
    for (const area of sourceAreas(story, place)) {
      if (area.head === null || area.head === head || !stageOf(story, area.stage).heads) mark(area.stage, { kind: `operand-${Math.min(area.operand, 3)}`, rows: area.rows, columns: area.columns });
    }
    mark(place.stage, { kind: app.pinned ? "focus pinned" : "focus", rows: [place.row, place.row], columns: [place.column, place.column] });
  }
  return marks;
}

/** @param {App} app @param {Place | null} place */
function drawAttention(app, place) {
  for (const [name, attention] of app.attentions) {
    const stage = stageOf(app.story, name);
    const rows = stage.rows.labels.length;
    const axis = place && stageOf(app.story, place.stage).rows;
    if (place && axis && axis.labels.length === rows && (axis.name === stage.rows.name || place.stage === name)) app.attentionRow = place.row;
    if (app.attentionRow < 0 || app.attentionRow >= rows) app.attentionRow = rows - 1; // the last token sees most
    attention.draw(app.story, stage, app.attentionRow, app.head);
  }
}

/** @param {App} app */
function spokenText(app) {
  const place = shown(app);
  if (!place) return "";
  const { lines, sentence } = explain(app.story, place, MOST_TERMS);
  return [`${stageOf(app.story, place.stage).title}: ${describeCell(app.story, place)}.`, ...lines.map(textOf), sentence].join(" ");
}

/** @param {App} app @param {string} text */
function say(app, text) {
  setText(app.status, text);
  app.status.hidden = text === "";
}

// --------------------------------------------------------------------------------------------------------- focus, pin, walk

/** @param {App} app @param {Place} place @param {{pin?: boolean, keepTrail?: boolean, dom?: boolean, scroll?: boolean}} how */
function setFocus(app, place, { pin = false, keepTrail = false, dom = false, scroll = false }) {
  if (place.head !== null && place.head !== app.head) setHead(app, place.head);
  app.focus = place;
  app.pinned = pin;
  app.hover = null;
  if (!keepTrail) app.trail = [];
  const cell = app.views.get(place.stage)?.moveTabStop(place.row, place.column, describeCell(app.story, place));
  if (dom) cell?.focus({ preventScroll: true });
  if (scroll) cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
  app.writeBack();
  show(app);
}

/** @param {App} app */
function letGo(app) {
  if (!app.pinned || !activeElement(app)?.matches("[role=gridcell]")) app.focus = null; // the keyboard's cell goes on being explained
  app.pinned = false;
  app.trail = [];
  app.hover = null;
  app.writeBack();
  show(app);
}

/** @param {App} app */
function activeElement(app) {
  return /** @type {Document | ShadowRoot} */ (app.page.getRootNode()).activeElement;
}

/** One level back: explain a source of what is explained. @param {App} app @param {Source} source @param {boolean} [inGrid] */
function walkTo(app, { stage, row, column, head: at }, inGrid = false) {
  const place = shown(app);
  if (place) app.trail = [...app.trail, place];
  setFocus(app, { stage, row, column, head: at }, { pin: true, keepTrail: true, dom: inGrid });
  if (!inGrid) app.panel.focusFirst();
}

/** Forward again to what was explained before. @param {App} app @param {number} level */
function returnTo(app, level) {
  const place = app.trail[level];
  app.trail = app.trail.slice(0, level);
  setFocus(app, place, { pin: true, keepTrail: true });
  app.panel.focusFirst();
}

/** @param {App} app @param {Place} place @returns {boolean} */
function isSource(app, place) {
  const from = app.pinned && app.focus;
  if (!from) return false;
  return sourceAreas(app.story, from).some(
    (area) => area.stage === place.stage && area.rows[0] <= place.row && place.row <= area.rows[1] && area.columns[0] <= place.column && place.column <= area.columns[1],
  );
}

/** Enter or click on a cell. @param {App} app @param {Place} place */
function activate(app, place) {
  if (app.story.maskStage === place.stage && app.story.can.mask) {
    setFocus(app, place, { dom: true });
    const { stage, row, column } = place;
    return ask(app, { kind: "toggle", stage, row, column });
  }
  if (isSource(app, place)) return walkTo(app, { ...place, value: 0 }, true);
  setFocus(app, place, { pin: true, dom: true });
}

/** @param {App} app @param {Event} event @returns {StageView | undefined} */
function viewAt(app, event) {
  const figure = event.target instanceof Element ? event.target.closest("figure") : null;
  return figure ? app.views.get(figure.dataset.stage ?? "") : undefined;
}

/** @param {App} app @param {MouseEvent} event @returns {Place | null} */
function placeAt(app, event) {
  const view = viewAt(app, event);
  const found = view?.locate(event);
  return view && found ? { stage: view.stage.name, row: found[0], column: found[1], head: view.stage.heads ? app.head : null } : null;
}

/** @param {Place | null} a @param {Place | null} b */
const isSame = (a, b) => a === b || (a !== null && b !== null && a.stage === b.stage && a.row === b.row && a.column === b.column && a.head === b.head);

// ----------------------------------------------------------------------------------------------------------- steps and play

/** @param {App} app @param {number} wanted @param {number | null} [cells] */
function setStep(app, wanted, cells = null) {
  app.step = clampStep(app.story, wanted);
  app.filled = cells;
  const hidden = app.focus && app.story.stages.findIndex((stage) => stage.name === app.focus?.stage) > app.step;
  if (hidden) [app.focus, app.pinned, app.trail] = [null, false, []];
  if (hidden && activeElement(app)?.matches("[role=gridcell]")) app.toolbar.takeFocus();
  app.hover = null;
  app.host.set("step", app.step);
  reveal(app);
  show(app);
}

/** @param {App} app @param {number} by */
function go(app, by) {
  pause(app);
  if (by > 0 && app.filled !== null) return setStep(app, app.step);
  setStep(app, app.step + by);
}

/** @param {App} app */
function pause(app) {
  clearTimeout(app.playing);
  app.playing = 0;
  reveal(app);
}

/** @param {App} app */
function togglePlay(app) {
  if (app.playing) return pause(app);
  if (app.step === app.story.stages.length - 1 && app.filled === null) setStep(app, 0);
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
  const stage = app.story.stages[app.step];
  const cells = cellsOf(stage);
  if (app.filled !== null && app.filled < cells) {
    const [, columns] = viewOf(app, stage).size;
    const [row, column] = viewOf(app, stage).turned(Math.floor(app.filled / columns), app.filled % columns);
    app.focus = { stage: stage.name, row, column, head: stage.heads ? app.head : null };
    app.filled += 1;
    app.hover = null;
    show(app);
    return schedule(app, Math.min(900, Math.max(60, 9000 / cells)));
  }
  if (app.step === app.story.stages.length - 1) {
    app.filled = null;
    show(app);
    return pause(app);
  }
  const next = app.story.stages[app.step + 1];
  const cellByCell = next.equation !== null && cellsOf(next) <= 256 && !app.calm.matches;
  setStep(app, app.step + 1, cellByCell ? 0 : null);
  viewOf(app, next).element.scrollIntoView({ block: "nearest" });
  schedule(app, cellByCell ? 250 : next.equation ? 1500 : 800);
}

/** One cell more or less inside the last revealed stage. @param {App} app @param {number} by */
function fillBy(app, by) {
  pause(app);
  const stage = app.story.stages[app.step];
  const [, columns] = viewOf(app, stage).size;
  const count = Math.min(Math.max((app.filled ?? (by > 0 ? 0 : cellsOf(stage))) + by, 1), cellsOf(stage));
  app.filled = count === cellsOf(stage) ? null : count;
  const [row, column] = viewOf(app, stage).turned(Math.floor((count - 1) / columns), (count - 1) % columns);
  app.focus = { stage: stage.name, row, column, head: stage.heads ? app.head : null };
  reveal(app);
  show(app);
}

// -------------------------------------------------------------------------------------------------------------------- looks

/** @param {App} app @param {number} next */
function setHead(app, next) {
  app.head = next;
  if (app.focus && app.focus.head !== null) app.focus = { ...app.focus, head: next };
  app.hover = null;
  draw(app);
}

/** @param {App} app @param {string} next */
function setRange(app, next) {
  app.perRow = next === "row";
  draw(app);
}

/** @param {App} app */
function applyTheme(app) {
  app.page.dataset.theme = themeOf(document, app.night.matches);
}

/** @param {App} app */
function followTheme(app) {
  const update = () => applyTheme(app);
  const themes = new MutationObserver(update);
  app.night.addEventListener("change", update, { signal: app.signal });
  for (const element of [document.body, document.documentElement]) themes.observe(element, { attributes: true, attributeFilter: ["data-jp-theme-light", "class", "theme", "data-theme"] });
  app.signal.addEventListener("abort", () => themes.disconnect());
  update();
}

/** On a wide page, as on a projector, everything is a size larger. @param {App} app */
function followWidth(app) {
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

// -------------------------------------------------------------------------------------------- changes, by way of the kernel

/** Ask the kernel. One request is under way at a time, and of those that wait only the latest counts. @param {App} app @param {object} message @param {(reply: any) => void} [answered] */
function ask(app, message, answered = () => {}) {
  if (!app.live) {
    say(app, NOT_LIVE);
    return answered({ ok: false, text: NOT_LIVE });
  }
  if (app.inFlight) {
    app.queued = { message, answered };
    return;
  }
  app.requests += 1;
  app.inFlight = { request: app.requests, answered };
  app.late();
  app.gone();
  try {
    app.host.send({ request: app.requests, ...message });
  } catch {
    setLive(app, false);
  }
}

/** @param {App} app @param {any} reply */
function onReply(app, reply) {
  if (app.signal.aborted || !app.inFlight || reply?.request !== app.inFlight.request) return;
  const { answered } = app.inFlight;
  app.inFlight = null;
  if (!app.live) setLive(app, true);
  say(app, reply.text ?? "");
  refresh(app);
  if (!reply.ok) draw(app); // a choice that was refused goes back
  answered(reply);
  const next = app.queued;
  app.queued = null;
  if (next) ask(app, next.message, next.answered);
}

/** @param {App} app @param {boolean} next */
function setLive(app, next) {
  app.live = next;
  app.queued = null;
  const waiting = app.live ? null : app.inFlight;
  say(app, app.live || !(app.story.can.options?.length || app.story.can.edit?.length) ? "" : NOT_LIVE);
  reveal(app);
  waiting?.answered({ ok: false, text: NOT_LIVE });
  if (waiting) waiting.answered = () => {};
}

/** Take over a story that changed. @param {App} app */
function refresh(app) {
  if (app.signal.aborted || (app.readText === app.host.get("story") && app.readValues === app.host.get("values"))) return;
  app.readText = app.host.get("story");
  app.readValues = app.host.get("values");
  const last = app.step === app.story.stages.length - 1;
  app.story = readStory(app.readText, app.readValues);
  const told = app.host.get("step"); // the kernel keeps it at the same stage; where nobody does, the end stays the end
  app.step = last && told === app.step ? app.story.stages.length - 1 : clampStep(app.story, told);
  if (app.filled !== null && app.filled > cellsOf(app.story.stages[app.step])) app.filled = null;
  app.focus = validPlace(app.story, app.focus);
  app.hover = validPlace(app.story, app.hover);
  app.pinned = app.pinned && app.focus !== null;
  app.trail = app.trail.filter((place) => validPlace(app.story, place));
  app.head = Math.min(app.head, (app.story.stages.find((stage) => stage.heads)?.heads?.labels.length ?? 1) - 1);
  draw(app);
}

/** Listen to the host; what changes together is looked at when all of it is there. @param {App} app */
function followHost(app) {
  const { host, signal } = app;
  /** @param {string} name @param {() => void} act */
  const follow = (name, act) => host.on(name, () => queueMicrotask(() => signal.aborted || (refresh(app), act())));
  host.onMessage((reply) => onReply(app, reply));
  follow("story", () => {});
  follow("values", () => {});
  follow("live", () => setLive(app, host.live));
  follow("step", () => {
    const wanted = clampStep(app.story, host.get("step"));
    if (wanted === app.step) return;
    pause(app);
    setStep(app, wanted);
  });
  follow("focus", () => {
    const wanted = validPlace(app.story, host.get("focus"));
    if (isSame(wanted, app.focus)) return;
    if (wanted) return setFocus(app, wanted, { pin: true });
    app.focus = null;
    letGo(app);
  });
}

// ------------------------------------------------------------------------------------------------------------------ editing

/** @param {App} app @param {Place} place */
function canEdit(app, place) {
  return app.story.can.edit?.includes(place.stage) ?? false;
}

/** @param {App} app @param {Place} place @param {string} [typed] */
function edit(app, place, typed) {
  if (!canEdit(app, place)) return;
  if (!app.live) return say(app, NOT_LIVE);
  closeEditor(app);
  const stage = stageOf(app.story, place.stage);
  const value = Number(valueAt(stage, place.row, place.column, place.head));
  const input = h("input", { type: "text", class: "editor", "aria-label": `New value for ${describeCell(app.story, place)}`, spellcheck: "false", autocomplete: "off" });
  input.value = typed ?? shortestText(value);
  const element = seat(app, place, input);
  app.editor = { place, element, input };
  input.focus({ preventScroll: true });
  if (typed === undefined) input.select();
  input.addEventListener("blur", () => window.setTimeout(() => app.editor?.input === input && !input.matches(":focus") && !input.readOnly && closeEditor(app), 0));
}

/** Put something over a cell, outside of what scrolls. @param {App} app @param {Place} place @param {HTMLElement} guest */
function seat(app, place, guest) {
  const box = viewOf(app, stageOf(app.story, place.stage)).boxOf(place.row, place.column);
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
function commit(app) {
  if (!app.editor) return;
  const { place, input } = app.editor;
  if (input.value.trim() === shortestText(Number(valueAt(stageOf(app.story, place.stage), place.row, place.column, place.head)))) return revert(app);
  sendCells(app, [{ ...place, text: input.value }]);
}

/** @param {App} app */
function revert(app) {
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
      const place = validPlace(app.story, first);
      return place && setFocus(app, place, { dom: true });
    }
    const refused = validPlace(app.story, reply.cells?.[0] ? { head: first.head, ...reply.cells[0] } : null) ?? first;
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
function paste(app, place, text) {
  const block = readBlock(text);
  const stage = stageOf(app.story, place.stage);
  const [rows, columns] = [stage.rows.labels.length - place.row, stage.columns.labels.length - place.column];
  const width = Math.max(...block.map((line) => line.length));
  if (block.length > rows || width > columns) return refuse(app, place, `The block has ${block.length} × ${width} numbers, but from here on there are only ${rows} × ${columns} cells.`);
  closeEditor(app);
  sendCells(app, block.flatMap((line, row) => line.map((cell, column) => ({ ...place, row: place.row + row, column: place.column + column, text: cell }))));
}

// ---------------------------------------------------------------------------------------------- events, once for everything

/** @param {App} app */
function listen(app) {
  const { page, signal } = app;
  page.addEventListener("pointermove", (event) => onPointerMove(app, event), { signal });
  page.addEventListener("pointerleave", () => onPointerLeave(app), { signal });
  page.addEventListener("click", (event) => onClick(app, event), { signal });
  page.addEventListener("dblclick", (event) => {
    const place = placeAt(app, event);
    if (place) edit(app, place);
  }, { signal });
  page.addEventListener("paste", (event) => onPaste(app, event), { signal });
  page.addEventListener("focusin", (event) => {
    const place = cellWithFocus(app, event);
    if (!place || isSame(place, app.focus) || app.pinned) return;
    setFocus(app, place, {});
  }, { signal });
  page.addEventListener("keydown", (event) => onKey(app, event), { signal });
}

/** @param {App} app @param {PointerEvent} event */
function onPointerMove(app, event) {
  if (event.pointerType === "touch" || app.playing) return;
  const place = placeAt(app, event);
  if (!place && app.hover && event.target instanceof Element && event.target.closest(".panel")) return; // on the way to what is explained
  if (isSame(place, app.hover)) return;
  app.hover = place;
  if (!app.pinned) show(app);
}

/** @param {App} app */
function onPointerLeave(app) {
  if (!app.hover || app.playing) return;
  app.hover = null;
  if (!app.pinned) show(app);
}

/** @param {App} app @param {MouseEvent} event */
function onClick(app, event) {
  const place = placeAt(app, event);
  if (!place || app.editor?.element.contains(/** @type {Node} */ (event.target))) return;
  if (app.playing) pause(app);
  activate(app, place);
}

/** @param {App} app @param {ClipboardEvent} event */
function onPaste(app, event) {
  const text = event.clipboardData?.getData("text/plain") ?? "";
  const inEditor = app.editor !== null && event.target === app.editor.input;
  const place = inEditor ? (app.editor?.place ?? null) : cellWithFocus(app, event);
  if (!place || !canEdit(app, place) || (inEditor && !/[\t\n]/.test(text.trim()))) return;
  event.preventDefault();
  if (!app.live) return say(app, NOT_LIVE);
  paste(app, place, text);
}

/** The cell that has the keyboard. @param {App} app @param {Event} event @returns {Place | null} */
function cellWithFocus(app, event) {
  const cell = event.target instanceof HTMLElement && event.target.getAttribute("role") === "gridcell" ? event.target : null;
  const view = cell && viewAt(app, event);
  if (!cell || !view) return null;
  const [down, across] = cell instanceof HTMLTableCellElement ? [/** @type {HTMLTableRowElement} */ (cell.parentElement).rowIndex - 1, cell.cellIndex - 1] : [Number(cell.parentElement?.ariaRowIndex) - 1, Number(cell.ariaColIndex) - 1];
  const [row, column] = view.turned(down, across);
  return { stage: view.stage.name, row, column, head: view.stage.heads ? app.head : null };
}

/** @param {App} app @param {KeyboardEvent} event */
function onKey(app, event) {
  if (app.editor && event.target === app.editor.input) return onEditorKey(app, event);
  const target = /** @type {HTMLElement} */ (event.target);
  const place = cellWithFocus(app, event);
  const done = place ? onCellKey(app, event, place) : false;
  if (done || onPageKey(app, event, target)) event.preventDefault();
}

/** @param {App} app @param {KeyboardEvent} event */
function onEditorKey(app, event) {
  if (event.key === "Enter") commit(app);
  else if (event.key === "Escape") revert(app);
  else return;
  event.preventDefault();
}

/** @param {App} app @param {KeyboardEvent} event @param {Place} place */
function onCellKey(app, event, place) {
  const view = viewOf(app, stageOf(app.story, place.stage));
  const to = event.altKey || event.shiftKey ? null : stepFrom(event, ...view.turned(place.row, place.column), ...view.size);
  if (to) {
    const [row, column] = view.turned(...to);
    if (app.playing) pause(app);
    setFocus(app, { ...place, row, column }, { dom: true, scroll: true });
    return true;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.key === "Enter") return activate(app, place), true;
  if (event.key === "F2") return edit(app, place), true;
  if (/^[0-9.+−-]$/.test(event.key) && canEdit(app, place)) return edit(app, place, event.key), true;
  return false;
}

/** @param {App} app @param {KeyboardEvent} event @param {HTMLElement} target */
function onPageKey(app, event, target) {
  if (event.ctrlKey || event.metaKey || event.altKey || target.matches("input[type=text]")) return false;
  switch (event.key) {
    case "Escape":
      if (app.playing) pause(app);
      return letGo(app), true;
    case "Backspace":
      return app.trail.length > 0 && (returnTo(app, app.trail.length - 1), true);
    case "[":
      return go(app, -1), true;
    case "]":
      return go(app, 1), true;
    case "{":
      return fillBy(app, -1), true;
    case "}":
      return fillBy(app, 1), true;
    case " ":
      return !target.matches("button, input, select") && (togglePlay(app), true);
    default:
      return false;
  }
}

// -------------------------------------------------------------------------------------------------------------------- mount

/**
 * Build an explorer inside `root` and keep it true to `host` until `signal` ends it.
 * @param {HTMLElement | ShadowRoot} root @param {Host} host @param {{signal: AbortSignal}} options
 */
export function mount(root, host, { signal }) {
  const app = createApp(host, signal);
  root.append(app.page);
  signal.addEventListener("abort", () => remove(app));
  followHost(app);
  listen(app);
  followTheme(app);
  followWidth(app);
  say(app, "");
  app.focus = validPlace(app.story, host.get("focus"));
  app.pinned = app.focus !== null;
  draw(app);
}

/** @param {Host} host @param {AbortSignal} signal @returns {App} */
function createApp(host, signal) {
  const [readText, readValues] = [host.get("story"), host.get("values")];
  const story = readStory(readText, readValues);
  const after = (/** @type {number} */ rest, /** @type {() => void} */ act) => afterRest(act, rest, signal);
  /** @type {App} */
  const app = {
    host,
    signal,
    story,
    live: host.live,
    step: clampStep(story, host.get("step")),
    filled: null,
    head: 0,
    perRow: false,
    attentionKind: "words",
    focus: null,
    hover: null,
    pinned: false,
    trail: [],
    attentionRow: -1,
    fontSize: 14,
    playing: 0, // the timer
    frame: 0,
    arrangement: "",
    editor: null,
    ...createPage(() => app),
    views: new Map(),
    attentions: new Map(),
    sight: watchSight(() => app),
    calm: matchMedia("(prefers-reduced-motion: reduce)"),
    night: matchMedia("(prefers-color-scheme: dark)"),
    readText,
    readValues,
    requests: Math.floor(Math.random() * 1e6) * 1000, // views of one model must not take each other's answers
    inFlight: null,
    queued: null,
    speak: after(SAY_AFTER, () => setText(app.spoken, spokenText(app))),
    writeBack: after(WRITE_BACK_AFTER, () => host.set("focus", app.focus)),
    drawRest: after(DRAW_AFTER, () => drawNext(app)),
    late: after(ANSWER_IS_LATE, () => app.inFlight && say(app, "Recomputing …")),
    gone: after(NO_ANSWER, () => app.inFlight && setLive(app, false)),
  };
  return app;
}

/** The elements that every explorer has, empty. @param {() => App} getApp of which there is none yet */
function createPage(getApp) {
  const toolbar = toolbarView({
    go: (by) => go(getApp(), by),
    play: () => togglePlay(getApp()),
    ask: (message) => ask(getApp(), message),
    setHead: (head) => setHead(getApp(), head),
    setRange: (range) => setRange(getApp(), range),
  });
  const notices = h("ul", { class: "notices" });
  const acts = h("div", { class: "acts" });
  const check = h("p", { class: "check" });
  const status = h("p", { class: "status", role: "status" });
  const spoken = h("div", { class: "spoken", "aria-live": "polite", "aria-atomic": "true" });
  const panel = panelView((source) => walkTo(getApp(), source), (level) => returnTo(getApp(), level), () => letGo(getApp()));
  const page = h("div", { class: "explorer", dir: "ltr" }, toolbar.element, notices, acts, check, panel.element, status, spoken);
  return { page, toolbar, notices, acts, check, panel, status, spoken };
}

/** Call `act` once, after a rest. @param {() => void} act @param {number} rest @param {AbortSignal} signal */
function afterRest(act, rest, signal) {
  let timer = 0;
  signal.addEventListener("abort", () => clearTimeout(timer));
  return () => {
    clearTimeout(timer);
    timer = window.setTimeout(act, rest);
  };
}

/** @param {App} app */
function remove(app) {
  clearTimeout(app.playing);
  cancelAnimationFrame(app.frame);
  app.sight.disconnect();
  app.page.remove();
}

// ------------------------------------------------------------------------------------------------------------------- render

/** In the page of a notebook, whose outputs clip what is in them: lets the explanation stay in sight while the stages scroll. */
const AROUND = ["", "-child", "-output"].map((part) => `.jp-OutputArea${part}:has(.attn-magic-live) { overflow: visible }`).join(" ");

/**
 * An explorer in the view of an anywidget model.
 * @param {{model: any, el: HTMLElement, signal?: AbortSignal}} context
 */
function render({ model, el, signal }) {
  const ended = new AbortController();
  signal?.addEventListener("abort", () => ended.abort());
  el.classList.add("attn-magic-live");
  const shell = h("div", { "data-lm-suppress-shortcuts": "true" });
  el.append(h("style", {}, AROUND), shell);
  const root = shell.attachShadow({ mode: "open" });
  root.append(h("style", {}, model.get("_stylesheet")));
  holdShortcuts(shell, ended.signal);
  mount(root, hostOf(model, ended.signal), { signal: ended.signal });
  return () => {
    ended.abort();
    el.replaceChildren();
    el.classList.remove("attn-magic-live");
  };
}

/** The notebook's shortcuts rest while the focus is in the explorer, but for those with Ctrl or Cmd: saving still works. @param {HTMLElement} shell @param {AbortSignal} signal */
function holdShortcuts(shell, signal) {
  const update = (/** @type {KeyboardEvent} */ event) => {
    if (event.ctrlKey || event.metaKey) shell.removeAttribute("data-lm-suppress-shortcuts");
    else shell.setAttribute("data-lm-suppress-shortcuts", "true");
  };
  window.addEventListener("keydown", update, { signal, capture: true });
  window.addEventListener("keyup", update, { signal, capture: true });
}

/**
 * A host made of an anywidget model. Whether a kernel listens cannot be read from the model: where the surroundings know of no kernel there
 * is none; otherwise it is asked, and counts as gone when it is idle and has not answered.
 * @param {any} model @param {AbortSignal} signal @returns {Host}
 */
function hostOf(model, signal) {
  /** @param {string} event @param {any} callback */
  function listen(event, callback) {
    model.on(event, callback);
    signal.addEventListener("abort", () => model.off(event, callback));
  }
  const manager = model.widget_manager ?? {};
  let answered = false;
  let idle = 0; // times that the kernel was seen idle before it had answered
  const isThere = () => {
    const { kernel } = manager;
    if ("kernel" in manager && (!kernel || kernel.status === "dead" || kernel.connectionStatus === "disconnected")) return false;
    return answered || idle < 4;
  };
  /** @type {(() => void)[]} */
  const whenLive = [];
  const host = {
    live: isThere(),
    get: (/** @type {string} */ name) => model.get(name),
    set(/** @type {string} */ name, /** @type {any} */ value) {
      model.set(name, value);
      model.save_changes();
    },
    on: (/** @type {string} */ name, /** @type {() => void} */ callback) => (name === "live" ? void whenLive.push(callback) : listen(`change:${name}`, callback)),
    send: (/** @type {object} */ message) => model.send(message),
    onMessage: (/** @type {(message: any) => void} */ callback) => listen("msg:custom", callback),
  };
  const look = () => {
    if (!answered && manager.kernel?.status === "idle") idle += 1;
    if (host.live === isThere()) return;
    host.live = !host.live;
    for (const callback of whenLive) callback();
  };
  listen("msg:custom", () => {
    answered = true;
    look();
  });
  if (host.live) model.send({ request: 0, kind: "hello" });
  const timer = setInterval(look, 700);
  signal.addEventListener("abort", () => clearInterval(timer));
  return host;
}

export default { render };
