// @ts-check
/**
 * The explorer: every stage of one run of attention as a matrix, and for every number where it comes from.
 *
 * It reads one record (stages, axes, equations) and knows no stage by name: a new kind of attention is a new record. What it says about a
 * cell is what attn_magic/explain.py says; tests/data/explanation_cases.json holds both to it.
 *
 * The files, each of which uses only those before it: record.js (what there is), explanation.js (what is said of a number), drawing.js (colours
 * and layout), elements.js and toolbar.js (what the page is made of), showing.js (what is shown of it), playback.js (steps), changing.js (what
 * the kernel is asked), editing.js, copying.js, notebook.js (the surroundings) and this one: `mount`, which connects them. `mount` talks to a small host
 * and never to the notebook; `render` makes that host from an anywidget model. bundle.py joins the files: a widget is given one text.
 *
 * In order: events, `mount`, `render`.
 */

import { headOf, readRecord, stageOf } from "./record.js";
import { stepFrom } from "./drawing.js";
import { h, NOT_LIVE, panelView, setText } from "./elements.js";
import { toolbarView } from "./toolbar.js";
import { clampStep, draw, drawNext, followTheme, followWidth, isSame, letGo, placeAt, returnTo, say, setFocus, setHead, setRange, show, spokenText, validPlace, viewAt, viewOf, walkTo, watchSight, whenPlaced } from "./showing.js";
import { fillBy, go, pause, togglePlay } from "./playback.js";
import { activate, ask, followHost, setLive } from "./changing.js";
import { canEdit, commit, edit, paste, revert } from "./editing.js";
import { copy } from "./copying.js";
import { holdShortcuts, hostOf } from "./notebook.js";

/** @import { Place } from "./record.js" */
/** @import { App, Host } from "./showing.js" */

const ANSWER_IS_LATE = 350; // milliseconds after which "recomputing" is said
const NO_ANSWER = 6000; // milliseconds after which a kernel counts as gone
const NO_ANSWER_TO_COPY = 60_000; // for a picture: matplotlib looks through all fonts first, once on a machine
const SAY_AFTER = 250; // milliseconds of rest before a screen reader is told
const DRAW_AFTER = 40; // milliseconds between stages that are out of sight
const WRITE_BACK_AFTER = 150; // milliseconds before Python hears of a focus

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
  return { stage: view.stage.name, row, column, head: headOf(app.selected, view.stage) };
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
  const view = viewOf(app, stageOf(app.record, place.stage));
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

/** @param {HTMLElement} target */
const isForTyping = (target) => target.matches("input[type=text], textarea");

/** @param {App} app @param {KeyboardEvent} event @param {HTMLElement} target */
function onPageKey(app, event, target) {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && /^[zy]$/i.test(event.key) && !isForTyping(target)) {
    const kind = event.key.toLowerCase() === "y" || event.shiftKey ? "redo" : "undo";
    if (app.record.can[kind]) ask(app, { kind });
    return true;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isForTyping(target)) return false;
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
  app.focus = validPlace(app.record, host.get("focus"));
  app.pinned = app.focus !== null;
  const heads = app.focus && stageOf(app.record, app.focus.stage).heads;
  if (heads) app.selected.set(heads.name, app.focus?.head ?? 0);
  draw(app);
}

/** @param {Host} host @param {AbortSignal} signal @returns {App} */
function createApp(host, signal) {
  const [readText, readValues] = [host.get("record"), host.get("values")];
  const record = readRecord(readText, readValues);
  const after = (/** @type {number | (() => number)} */ rest, /** @type {() => void} */ act) => afterRest(act, typeof rest === "number" ? () => rest : rest, signal);
  /** @type {App} */
  const app = {
    host,
    signal,
    record,
    live: host.live,
    step: clampStep(record, host.get("step")),
    filled: null,
    selected: new Map(),
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
    late: after(ANSWER_IS_LATE, () => app.inFlight && say(app, app.inFlight.isCopy ? "Writing …" : "Recomputing …")),
    gone: after(() => (app.inFlight?.isCopy ? NO_ANSWER_TO_COPY : NO_ANSWER), () => app.inFlight && setLive(app, false)),
  };
  return app;
}

/** The elements that every explorer has, empty. @param {() => App} getApp of which there is none yet */
function createPage(getApp) {
  const toolbar = toolbarView({
    go: (by) => go(getApp(), by),
    play: () => togglePlay(getApp()),
    ask: (message) => ask(getApp(), message),
    setHead: (axis, head) => setHead(getApp(), axis, head),
    setRange: (range) => setRange(getApp(), range),
    copy: (what, stage) => copy(getApp(), what, stage),
    currentStage: () => getApp().focus?.stage ?? getApp().record.stages[getApp().step].name,
  });
  const notices = h("ul", { class: "notices" });
  const acts = h("div", { class: "acts" });
  const status = h("p", { class: "status", role: "status" });
  const spoken = h("div", { class: "spoken", "aria-live": "polite", "aria-atomic": "true" });
  const panel = panelView((source) => walkTo(getApp(), source), (level) => returnTo(getApp(), level), () => letGo(getApp()));
  const page = h("div", { class: "explorer", dir: "ltr" }, toolbar.element, notices, acts, panel.element, status, spoken);
  return { page, toolbar, notices, acts, panel, status, spoken };
}

/** Call `act` once, after a rest. @param {() => void} act @param {() => number} rest @param {AbortSignal} signal */
function afterRest(act, rest, signal) {
  let timer = 0;
  signal.addEventListener("abort", () => clearTimeout(timer));
  return () => {
    clearTimeout(timer);
    timer = window.setTimeout(act, rest());
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

/**
 * In the page of a notebook, whose outputs clip what is in them: lets the explanation stay in sight while the stages scroll. Notebook 7 and the
 * classic one put tall outputs into a box of 24em that scrolls, in which hardly one stage can be seen: that box may be as high as the window.
 */
const AROUND =
  ["", "-child", "-output"].map((part) => `.jp-OutputArea${part}:has(.attn-magic-live) { overflow: visible }`).join(" ") +
  " .jp-mod-outputsScrolled .jp-OutputArea:has(.attn-magic-live) { max-height: 90vh !important }" +
  " .output_scroll:has(.attn-magic-live) { height: auto; max-height: 90vh }";

/**
 * A shadow root inside `el`, where no style of the page and no shortcut of a notebook reaches what is in it.
 * @param {HTMLElement} el @param {string} stylesheet @param {AbortSignal} signal
 */
export function shelter(el, stylesheet, signal) {
  const shell = h("div", { "data-lm-suppress-shortcuts": "true" });
  el.classList.add("attn-magic-live");
  el.append(h("style", {}, AROUND), shell);
  holdShortcuts(shell, signal);
  const root = shell.attachShadow({ mode: "open" });
  root.append(h("style", {}, stylesheet));
  return root;
}

/**
 * An explorer in the view of an anywidget model.
 * @param {{model: any, el: HTMLElement, signal?: AbortSignal}} context
 */
function render({ model, el, signal }) {
  const ended = new AbortController();
  signal?.addEventListener("abort", () => ended.abort());
  mount(shelter(el, model.get("_stylesheet"), ended.signal), hostOf(model, ended.signal), { signal: ended.signal });
  whenPlaced(el, () => standFor(model.get("_tables"), el, ended.signal), ended.signal);
  return () => {
    ended.abort();
    el.replaceChildren();
    el.classList.remove("attn-magic-live");
  };
}

/**
 * The tables of the same cell rest meanwhile, also where no style of ours says so: not every notebook has Jupyter's classes. Cells with the same
 * numbers have tables of the same name: its own are the closest before it that do not rest yet.
 * @param {string} name @param {HTMLElement} el @param {AbortSignal} signal
 */
function standFor(name, el, signal) {
  const all = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`.attn-magic-output[data-explorer="${CSS.escape(name)}"]`));
  const own = [...all].reverse().find((tables) => !tables.hidden && tables.compareDocumentPosition(el) & Node.DOCUMENT_POSITION_FOLLOWING);
  if (!own) return;
  own.hidden = true;
  signal.addEventListener("abort", () => (own.hidden = false));
}

export default { render };
