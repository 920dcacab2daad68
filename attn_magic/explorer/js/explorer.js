// @ts-check
/**
 * The explorer: every stage of one run of attention as a matrix, and for every number where it comes from.
 *
 * It reads one record (stages, axes, equations) and knows no stage by name: a new kind of attention is a new record.
 * What it says about a cell is what attn_magic/explain.py says; tests/data/explanation_cases.json holds both to it.
 *
 * The files, each of which uses only those before it: record.js (what there is), notation.js, expressions.js and
 * explanation.js (what is said of a number), drawing.js (colours and layout), elements.js, surfaces.js, stage.js,
 * attention.js, panel.js and toolbar.js (what the page is made of), state.js (what is shown of a trace), theme.js,
 * showing.js (how it is shown), playback.js (steps), changing.js (what the kernel is asked), editing.js, copying.js,
 * notebook.js (the surroundings) and this one: `mount`, which connects them. `mount` talks to a small host and never to
 * the notebook; `render` makes that host from an anywidget model. bundle.py joins the files: a widget is given one
 * text.
 *
 * In order: events, `mount`, `render`.
 */

import { readRecord, stageOf } from "./record.js";
import { stepFrom } from "./drawing.js";
import { h, NOT_LIVE, setText } from "./elements.js";
import { panelView } from "./panel.js";
import { toolbarView } from "./toolbar.js";
import { isSame, placeIn } from "./state.js";
import { followTheme, whenPlaced } from "./theme.js";
import {
  createTrace,
  draw,
  drawNext,
  followWidth,
  letGo,
  placeAt,
  returnTo,
  say,
  setFocus,
  setHead,
  setRange,
  show,
  spokenText,
  viewAt,
  viewOf,
  walkTo,
} from "./showing.js";
import { fillBy, go, pause, togglePlay } from "./playback.js";
import { activate, ask, followHost, setLive } from "./changing.js";
import { canEdit, commit, edit, paste, revert } from "./editing.js";
import { copy } from "./copying.js";
import { holdShortcuts, hostOf } from "./notebook.js";

/** @import { Place } from "./record.js" */
/** @import { Host, Page, TraceState } from "./state.js" */

const ANSWER_IS_LATE = 350; // milliseconds after which "recomputing" is said
const NO_ANSWER = 6000; // milliseconds after which a kernel counts as gone
const NO_ANSWER_TO_COPY = 60_000; // for a picture: matplotlib looks through all fonts first, once on a machine
const SAY_AFTER = 250; // milliseconds of rest before a screen reader is told
const DRAW_AFTER = 40; // milliseconds between stages that are out of sight
const WRITE_BACK_AFTER = 150; // milliseconds before Python hears of a focus

// ----------------------------------------------------------------------------------------- events, once for everything

/** @param {Page} page */
function listen(page) {
  const { element, signal } = page;
  element.addEventListener("pointermove", (event) => onPointerMove(page, event), { signal });
  element.addEventListener("pointerleave", () => onPointerLeave(page), { signal });
  element.addEventListener("click", (event) => onClick(page, event), { signal });
  element.addEventListener(
    "dblclick",
    (event) => {
      const place = placeAt(page.trace, event);
      if (place) edit(page.trace, place);
    },
    { signal },
  );
  element.addEventListener("paste", (event) => onPaste(page, event), { signal });
  element.addEventListener(
    "focusin",
    (event) => {
      const place = cellWithFocus(page.trace, event);
      if (!place || isSame(place, page.trace.focus) || page.trace.pinned) return;
      setFocus(page.trace, place, {});
    },
    { signal },
  );
  element.addEventListener("keydown", (event) => onKey(page, event), { signal });
}

/** @param {Page} page @param {PointerEvent} event */
function onPointerMove(page, event) {
  const { trace } = page;
  if (event.pointerType === "touch" || trace.playing) return;
  const place = placeAt(trace, event);
  // On the way to the panel the cell that it explains stays the same.
  if (!place && trace.hover && event.target instanceof Element && event.target.closest(".panel")) return;
  if (isSame(place, trace.hover)) return;
  trace.hover = place;
  if (!trace.pinned) show(trace);
}

/** @param {Page} page */
function onPointerLeave(page) {
  const { trace } = page;
  if (!trace.hover || trace.playing) return;
  trace.hover = null;
  if (!trace.pinned) show(trace);
}

/** @param {Page} page @param {MouseEvent} event */
function onClick(page, event) {
  const { trace } = page;
  const place = placeAt(trace, event);
  if (!place || page.editor?.element.contains(/** @type {Node} */ (event.target))) return;
  if (trace.playing) pause(trace);
  activate(trace, place);
}

/** @param {Page} page @param {ClipboardEvent} event */
function onPaste(page, event) {
  const { trace } = page;
  const text = event.clipboardData?.getData("text/plain") ?? "";
  const inEditor = page.editor !== null && event.target === page.editor.input;
  const place = inEditor ? (page.editor?.place ?? null) : cellWithFocus(trace, event);
  if (!place || !canEdit(trace, place) || (inEditor && !/[\t\n]/.test(text.trim()))) return;
  event.preventDefault();
  if (!page.live) return say(page, NOT_LIVE);
  paste(trace, place, text);
}

/** The cell that has the keyboard. @param {TraceState} trace @param {Event} event @returns {Place | null} */
function cellWithFocus(trace, event) {
  const cell =
    event.target instanceof HTMLElement && event.target.getAttribute("role") === "gridcell" ? event.target : null;
  const view = cell && viewAt(trace, event);
  if (!cell || !view) return null;
  const [down, across] =
    cell instanceof HTMLTableCellElement
      ? [/** @type {HTMLTableRowElement} */ (cell.parentElement).rowIndex - 1, cell.cellIndex - 1]
      : [Number(cell.parentElement?.ariaRowIndex) - 1, Number(cell.ariaColIndex) - 1];
  const [row, column] = view.turned(down, across);
  return placeIn(trace, view.stage, row, column);
}

/** @param {Page} page @param {KeyboardEvent} event */
function onKey(page, event) {
  const { trace } = page;
  if (page.editor && event.target === page.editor.input) return onEditorKey(page, event);
  const target = /** @type {HTMLElement} */ (event.target);
  const place = cellWithFocus(trace, event);
  const done = place ? onCellKey(trace, event, place) : false;
  if (done || onPageKey(page, event, target)) event.preventDefault();
}

/** @param {Page} page @param {KeyboardEvent} event */
function onEditorKey(page, event) {
  if (event.key === "Enter") commit(page);
  else if (event.key === "Escape") revert(page);
  else return;
  event.preventDefault();
}

/** @param {TraceState} trace @param {KeyboardEvent} event @param {Place} place */
function onCellKey(trace, event, place) {
  const view = viewOf(trace, stageOf(trace.record, place.stage));
  const to =
    event.altKey || event.shiftKey ? null : stepFrom(event, ...view.turned(place.row, place.column), ...view.size);
  if (to) {
    const [row, column] = view.turned(...to);
    if (trace.playing) pause(trace);
    setFocus(trace, { ...place, row, column }, { dom: true, scroll: true });
    return true;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.key === "Enter") return (activate(trace, place), true);
  if (event.key === "F2") return (edit(trace, place), true);
  if (/^[0-9.+−-]$/.test(event.key) && canEdit(trace, place)) return (edit(trace, place, event.key), true);
  return false;
}

/** @param {HTMLElement} target */
const isForTyping = (target) => target.matches("input[type=text], textarea");

/** @param {Page} page @param {KeyboardEvent} event @param {HTMLElement} target */
function onPageKey(page, event, target) {
  const { trace } = page;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && /^[zy]$/i.test(event.key) && !isForTyping(target)) {
    const kind = event.key.toLowerCase() === "y" || event.shiftKey ? "redo" : "undo";
    if (trace.record.can[kind]) ask(page, { kind });
    return true;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isForTyping(target)) return false;
  switch (event.key) {
    case "Escape":
      if (trace.playing) pause(trace);
      return (letGo(trace), true);
    case "Backspace":
      return trace.trail.length > 0 && (returnTo(trace, trace.trail.length - 1), true);
    case "[":
      return (go(trace, -1), true);
    case "]":
      return (go(trace, 1), true);
    case "{":
      return (fillBy(trace, -1), true);
    case "}":
      return (fillBy(trace, 1), true);
    case " ":
      return !target.matches("button, input, select") && (togglePlay(trace), true);
    default:
      return false;
  }
}

// --------------------------------------------------------------------------------------------------------------- mount

/**
 * Build an explorer inside `root` and keep it true to `host` until `signal` ends it.
 * @param {HTMLElement | ShadowRoot} root @param {Host} host @param {{signal: AbortSignal}} options
 */
export function mount(root, host, { signal }) {
  const page = createPage(host, signal);
  root.append(page.element);
  signal.addEventListener("abort", () => remove(page));
  followHost(page);
  listen(page);
  followTheme(page.element, page.darkSystem, signal);
  followWidth(page);
  say(page, "");
  draw(page.trace);
}

/**
 * The elements and the state of an explorer; the stages are drawn later.
 * @param {Host} host @param {AbortSignal} signal @returns {Page}
 */
function createPage(host, signal) {
  const [readText, readValues] = [host.get("record"), host.get("values")];
  const after = (/** @type {number | (() => number)} */ rest, /** @type {() => void} */ act) =>
    afterRest(act, typeof rest === "number" ? () => rest : rest, signal);
  /** @type {Page} */
  const page = {
    host,
    signal,
    trace: /** @type {any} */ (null), // until there is a page for it
    element: h("div", { class: "explorer", dir: "ltr" }),
    toolbar: toolbarView({
      go: (by) => go(page.trace, by),
      play: () => togglePlay(page.trace),
      ask: (message) => ask(page, message),
      setHead: (axis, head) => setHead(page.trace, axis, head),
      setRange: (range) => setRange(page.trace, range),
      copy: (format, stage) => copy(page.trace, format, stage),
      currentStage: () => page.trace.focus?.stage ?? page.trace.record.stages[page.trace.step].name,
    }),
    panel: panelView(
      (source) => walkTo(page.trace, source),
      (level) => returnTo(page.trace, level),
      () => letGo(page.trace),
    ),
    status: h("p", { class: "status", role: "status" }),
    spoken: h("div", { class: "spoken", "aria-live": "polite", "aria-atomic": "true" }),
    editor: null,
    fontSize: 14,
    reducedMotion: matchMedia("(prefers-reduced-motion: reduce)"),
    darkSystem: matchMedia("(prefers-color-scheme: dark)"),
    live: host.live,
    readText,
    readValues,
    requests: Math.floor(Math.random() * 1e6) * 1000, // views of one model must not take each other's answers
    inFlight: null,
    queued: null,
    speak: after(SAY_AFTER, () => setText(page.spoken, spokenText(page.trace))),
    writeBack: after(WRITE_BACK_AFTER, () => host.set("focus", page.trace.focus)),
    drawRest: after(DRAW_AFTER, () => drawNext(page.trace)),
    answerIsLate: after(
      ANSWER_IS_LATE,
      () => page.inFlight && say(page, page.inFlight.isCopy ? "Writing …" : "Recomputing …"),
    ),
    noAnswer: after(
      () => (page.inFlight?.isCopy ? NO_ANSWER_TO_COPY : NO_ANSWER),
      () => page.inFlight && setLive(page, false),
    ),
  };
  const trace = createTrace(page, readRecord(readText, readValues), host.get("step"), host.get("focus"));
  page.trace = trace;
  page.element.append(page.toolbar.element, trace.notices, trace.acts, page.panel.element, page.status, page.spoken);
  return page;
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

/** @param {Page} page */
function remove(page) {
  const { trace } = page;
  clearTimeout(trace.playing);
  cancelAnimationFrame(trace.frame);
  trace.sight.disconnect();
  page.element.remove();
}

// -------------------------------------------------------------------------------------------------------------- render

/**
 * In the page of a notebook, whose outputs clip what is in them: lets the explanation stay in sight while the stages
 * scroll. Notebook 7 and the classic one put tall outputs into a box of 24em that scrolls, in which hardly one stage
 * can be seen: that box may be as high as the window.
 */
const NOTEBOOK_STYLE =
  ["", "-child", "-output"]
    .map((part) => `.jp-OutputArea${part}:has(.attn-magic-live) { overflow: visible }`)
    .join(" ") +
  " .jp-mod-outputsScrolled .jp-OutputArea:has(.attn-magic-live) { max-height: 90vh !important }" +
  " .output_scroll:has(.attn-magic-live) { height: auto; max-height: 90vh }";

/**
 * A shadow root inside `el`, where no style of the page and no shortcut of a notebook reaches what is in it.
 * @param {HTMLElement} el @param {string} stylesheet @param {AbortSignal} signal
 */
export function shadowRootIn(el, stylesheet, signal) {
  const shell = h("div", { "data-lm-suppress-shortcuts": "true" });
  el.classList.add("attn-magic-live");
  el.append(h("style", {}, NOTEBOOK_STYLE), shell);
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
  mount(shadowRootIn(el, model.get("_stylesheet"), ended.signal), hostOf(model, ended.signal), {
    signal: ended.signal,
  });
  whenPlaced(el, () => standFor(model.get("_tables"), el, ended.signal), ended.signal);
  return () => {
    ended.abort();
    el.replaceChildren();
    el.classList.remove("attn-magic-live");
  };
}

/**
 * The tables of the same cell rest meanwhile, also where no style of ours says so: not every notebook has Jupyter's
 * classes. Cells with the same numbers have tables of the same name: its own are the closest before it that do not rest
 * yet.
 * @param {string} name @param {HTMLElement} el @param {AbortSignal} signal
 */
function standFor(name, el, signal) {
  const all = /** @type {NodeListOf<HTMLElement>} */ (
    document.querySelectorAll(`.attn-magic-output[data-explorer="${CSS.escape(name)}"]`)
  );
  const own = [...all]
    .reverse()
    .find((tables) => !tables.hidden && tables.compareDocumentPosition(el) & Node.DOCUMENT_POSITION_FOLLOWING);
  if (!own) return;
  own.hidden = true;
  signal.addEventListener("abort", () => (own.hidden = false));
}

export default { render };
