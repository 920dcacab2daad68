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
 */

import { readStory, stageOf, valueAt } from "./story.js";
import { describeCell, explain, formatLabel, shortestText, sourceAreas, textOf } from "./explanation.js";
import { cellsOf, layOut, longestNumber, MOST_DOM_CELLS, readBlock, stepFrom, themeOf, unfilled, WIDE } from "./drawing.js";
import { attentionView, h, mathematics, NOT_LIVE, panelView, setText, stageView, toolbarView } from "./elements.js";

/** @import { Place, Source, Stage } from "./story.js" */
/** @import { Mark } from "./explanation.js" */
/** @import { Group, Settings } from "./drawing.js" */
/** @import { StageView } from "./elements.js" */

/**
 * What the explorer needs of its surroundings. `on("live", …)` tells when a kernel goes or comes back.
 * @typedef {{get(name: string): any, set(name: string, value: any): void, on(name: string, callback: () => void): void,
 *   send(message: object): void, onMessage(callback: (message: any) => void): void, live: boolean}} Host
 */

/**
 * The traits of views/explorer.py.
 * @typedef {{story: string, values: DataView, _stylesheet: string, focus: Place | null, step: number}} Model
 */

const MOST_TERMS = 8; // of a sum that are written out on screen
const EAGER_CELLS = 800; // of all stages together; a larger story is drawn when it comes into sight
const ANSWER_IS_LATE = 350; // milliseconds after which "recomputing" is said
const NO_ANSWER = 6000; // milliseconds after which a kernel counts as gone
const SAY_AFTER = 250; // milliseconds of rest before a screen reader is told
const WRITE_BACK_AFTER = 150; // milliseconds before Python hears of a focus

// -------------------------------------------------------------------------------------------------------------------- mount

/**
 * Build an explorer inside `root` and keep it true to `host` until `signal` ends it.
 * @param {HTMLElement | ShadowRoot} root @param {Host} host @param {{signal: AbortSignal}} options
 */
export function mount(root, host, { signal }) {
  let story = readStory(host.get("story"), host.get("values"));
  let live = host.live;
  let step = clampStep(host.get("step"));
  /** How many cells of the last revealed stage are filled; null: all. @type {number | null} */
  let filled = null;
  let playing = 0; // the timer
  let head = 0;
  let perRow = false;
  let attentionKind = "words";
  /** @type {Place | null} */
  let focus = null;
  /** @type {Place | null} */
  let hover = null;
  let pinned = false;
  /** @type {Place[]} */
  let trail = [];
  /** @type {{place: Place, element: HTMLElement, input: HTMLInputElement} | null} */
  let editor = null;
  /** @type {Map<string, StageView>} */
  const views = new Map();
  /** @type {Map<string, ReturnType<typeof attentionView>>} */
  const attentions = new Map();
  let attentionRow = -1;
  let arrangement = "";
  let frame = 0;

  const toolbar = toolbarView({ go, play: togglePlay, ask: (message) => ask(message), setHead, setRange });
  const notices = h("ul", { class: "notices" });
  const acts = h("div", { class: "acts" });
  const check = h("p", { class: "check" });
  const status = h("p", { class: "status", role: "status" });
  const spoken = h("div", { class: "spoken", "aria-live": "polite", "aria-atomic": "true" });
  const panel = panelView(walkTo, returnTo, letGo);
  const page = h("div", { class: "explorer", dir: "ltr" }, toolbar.element, notices, acts, check, panel.element, status, spoken);
  root.append(page);

  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const night = matchMedia("(prefers-color-scheme: dark)");
  const plainSize = parseFloat(getComputedStyle(page).fontSize) || 14;
  let fontSize = plainSize;
  const timers = new Set();
  signal.addEventListener("abort", () => {
    for (const timer of timers) clearTimeout(timer);
    clearTimeout(playing);
    cancelAnimationFrame(frame);
    page.remove();
  });

  /** On a wide page, as on a projector, everything is a size larger. */
  const width = new ResizeObserver(() => fitText() && draw());
  const fitText = () => {
    const next = page.clientWidth >= 1250 ? Math.round(plainSize * 1.15) : plainSize;
    if (next === fontSize) return false;
    fontSize = next;
    page.style.fontSize = `${next}px`;
    return true;
  };
  width.observe(page);
  signal.addEventListener("abort", () => width.disconnect());

  /** Call `act` once, after a rest. @param {() => void} act @param {number} rest */
  function afterRest(act, rest) {
    let timer = 0;
    return () => {
      clearTimeout(timer);
      timers.delete(timer);
      timer = window.setTimeout(act, rest);
      timers.add(timer);
    };
  }
  const speak = afterRest(() => setText(spoken, spokenText()), SAY_AFTER);
  const writeBack = afterRest(() => host.set("focus", focus), WRITE_BACK_AFTER);

  // ------------------------------------------------------------------------------------------ what is shown

  /** @param {any} wanted */
  function clampStep(wanted) {
    const last = story.stages.length - 1;
    return Number.isInteger(wanted) ? Math.min(Math.max(wanted, 0), last) : last;
  }

  /** @param {any} place @returns {Place | null} */
  function validPlace(place) {
    const stage = place && story.byName.get(place.stage);
    if (!stage || !(place.row < stage.rows.labels.length && place.column < stage.columns.labels.length)) return null;
    return { stage: stage.name, row: place.row, column: place.column, head: stage.heads ? Math.min(place.head ?? 0, stage.heads.labels.length - 1) : null };
  }

  /** @returns {Settings} */
  function settings() {
    const small = story.stages.filter((stage) => !stage.isMask && stage.columns.labels.length <= WIDE && cellsOf(stage) <= MOST_DOM_CELLS);
    const longest = Math.min(Math.max(5, ...small.map((stage) => longestNumber(story, stage))), 8);
    return { story, head, perRow, cellWidth: Math.ceil(longest * 0.58 * fontSize + 22), fontSize };
  }

  /** Put every stage in its place; those that were there stay the same elements. */
  function arrange() {
    const plan = layOut(story);
    const key = JSON.stringify(plan.map(({ title, groups }) => [title, groups.map(({ above, main, link }) => [above.map((one) => one.name), main.name, main.equation?.kind, link])]));
    if (key === arrangement) return;
    arrangement = key;
    const focused = /** @type {HTMLElement | null} */ (activeElement());
    for (const [name, view] of views) {
      if (story.byName.has(name)) continue;
      sight.unobserve(view.element);
      views.delete(name);
    }
    attentions.clear();
    const sections = plan.map(({ title, groups }, index) =>
      h(
        "section",
        { class: "act", "aria-label": formatLabel(title) },
        h("p", { class: "act-name" }, h("span", { class: "number" }, String(index + 1)), formatLabel(title)),
        h("div", { class: "groups" }, ...groups.map((group) => (group.link ? h("div", { class: "linked" }, h("div", { class: "link" }, ...mathematics(group.link)), groupElement(group)) : groupElement(group)))),
      ),
    );
    acts.replaceChildren(...sections);
    if (focused && page.contains(focused)) focused.focus({ preventScroll: true });
  }

  /** @param {Group} group */
  function groupElement({ above, main }) {
    const children = [...above, main].map((stage) => viewOf(stage).element);
    const group = h("div", { class: above.length ? "group stacked" : "group" }, ...children);
    if (main.equation?.kind !== "softmax") return group;
    const attention = attentionView(() => attentionKind, (kind) => {
      attentionKind = kind;
      show();
    });
    attentions.set(main.name, attention);
    return h("div", { class: "group beside" }, group, attention.element);
  }

  /** @param {Stage} stage @returns {StageView} */
  function viewOf(stage) {
    const known = views.get(stage.name);
    if (known) return known;
    const view = stageView(stage, {
      onTurn: () => {
        view.update(view.stage, settings(), true);
        if (focus?.stage === view.stage.name) view.moveTabStop(focus.row, focus.column, describeCell(story, focus));
        show();
      },
    });
    views.set(stage.name, view);
    sight.observe(view.element);
    return view;
  }

  /** What is out of sight is drawn too, stage by stage when there is time: somebody may search for it or read it with other means. */
  const drawRest = afterRest(() => {
    const next = [...views.values()].find((view) => view.isWaiting);
    if (!next) return;
    next.drawIfWaiting();
    drawRest();
  }, 40);
  const sight = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        const view = isIntersecting ? views.get(/** @type {HTMLElement} */ (target).dataset.stage ?? "") : null;
        if (!view?.isWaiting) continue;
        view.drawIfWaiting();
        show();
      }
    },
    { rootMargin: "300px" },
  );
  signal.addEventListener("abort", () => sight.disconnect());

  /** Draw everything from the story, in place. */
  function draw() {
    const inGrid = activeElement()?.matches("[role=gridcell]");
    arrange();
    const now = settings();
    const small = story.stages.reduce((sum, stage) => sum + cellsOf(stage), 0) <= EAGER_CELLS;
    for (const stage of story.stages) viewOf(stage).update(stage, now, small);
    notices.hidden = story.notices.length === 0;
    notices.replaceChildren(...story.notices.map((notice) => h("li", {}, formatLabel(notice.text))));
    setText(check, (/^agrees/.test(story.check) ? "✓ " : "") + formatLabel(story.check));
    const cell = focus && views.get(focus.stage)?.moveTabStop(focus.row, focus.column, describeCell(story, focus));
    reveal();
    show();
    if (inGrid && cell && activeElement() !== cell) cell.focus({ preventScroll: true }); // its table was built anew
    drawRest();
  }

  function reveal() {
    story.stages.forEach((stage, index) => {
      const view = viewOf(stage);
      view.element.classList.toggle("later", index > step);
      view.element.classList.toggle("current", index === step && (step < story.stages.length - 1 || playing !== 0));
      view.element.inert = index > step;
      const attention = attentions.get(stage.name);
      attention?.element.classList.toggle("later", index > step || (index === step && filled !== null));
    });
    toolbar.draw(story, { live, step, filled, playing: playing !== 0, head, perRow });
  }

  /** The cell whose story is told. */
  const shown = () => (pinned ? focus : (hover ?? focus));

  /** Light the cells of the shown number and say where it comes from. */
  function show() {
    const place = shown();
    /** @type {Map<string, Mark[]>} */
    const marks = new Map();
    const mark = (/** @type {string} */ stage, /** @type {Mark} */ one) => void marks.set(stage, [...(marks.get(stage) ?? []), one]);
    if (story.nonfinite) {
      const [row, column] = story.nonfinite.place.slice(-2);
      const only = story.nonfinite.place.length === 3 ? story.nonfinite.place[0] : null;
      if (only === null || only === head) mark(story.nonfinite.stage, { kind: "alarm", rows: [row, row], columns: [column, column] });
    }
    if (filled !== null) {
      const view = viewOf(story.stages[step]);
      for (const block of unfilled(filled, ...view.size)) {
        const [rows, columns] = view.turned(0, 1)[0] ? [block.columns, block.rows] : [block.rows, block.columns];
        mark(story.stages[step].name, { kind: "cover", rows, columns });
      }
    }
    if (place) {
      for (const area of sourceAreas(story, place)) {
        if (area.head === null || area.head === head || !stageOf(story, area.stage).heads) mark(area.stage, { kind: `operand-${Math.min(area.operand, 3)}`, rows: area.rows, columns: area.columns });
      }
      mark(place.stage, { kind: pinned ? "focus pinned" : "focus", rows: [place.row, place.row], columns: [place.column, place.column] });
    }
    for (const [name, view] of views) {
      const next = marks.get(name) ?? [];
      if (next.length || view.isMarked) view.light(next);
    }
    panel.draw(story, place ? explain(story, place, MOST_TERMS) : null, { pinned, trail });
    frame ||= requestAnimationFrame(() => ((frame = 0), drawAttention(shown()))); // what was asked for comes first
    page.classList.toggle("is-pinned", pinned);
    if (place) speak();
  }

  /** @param {Place | null} place */
  function drawAttention(place) {
    for (const [name, attention] of attentions) {
      const stage = stageOf(story, name);
      const rows = stage.rows.labels.length;
      const axis = place && stageOf(story, place.stage).rows;
      if (place && axis && axis.labels.length === rows && (axis.name === stage.rows.name || place.stage === name)) attentionRow = place.row;
      if (attentionRow < 0 || attentionRow >= rows) attentionRow = rows - 1; // the last token sees most
      attention.draw(story, stage, attentionRow, head);
    }
  }

  function spokenText() {
    const place = shown();
    if (!place) return "";
    const { lines, sentence } = explain(story, place, MOST_TERMS);
    return [`${stageOf(story, place.stage).title}: ${describeCell(story, place)}.`, ...lines.map(textOf), sentence].join(" ");
  }

  /** @param {string} text */
  function say(text) {
    setText(status, text);
    status.hidden = text === "";
  }

  // ------------------------------------------------------------------------------------------ focus, pin, walk

  /** @param {Place} place @param {{pin?: boolean, keepTrail?: boolean, dom?: boolean, scroll?: boolean}} how */
  function setFocus(place, { pin = false, keepTrail = false, dom = false, scroll = false }) {
    if (place.head !== null && place.head !== head) setHead(place.head);
    focus = place;
    pinned = pin;
    hover = null;
    if (!keepTrail) trail = [];
    const cell = views.get(place.stage)?.moveTabStop(place.row, place.column, describeCell(story, place));
    if (dom) cell?.focus({ preventScroll: true });
    if (scroll) cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
    writeBack();
    show();
  }

  function letGo() {
    if (!pinned || !activeElement()?.matches("[role=gridcell]")) focus = null; // the keyboard's cell goes on being explained
    pinned = false;
    trail = [];
    hover = null;
    writeBack();
    show();
  }

  const activeElement = () => /** @type {Document | ShadowRoot} */ (page.getRootNode()).activeElement;

  /** One level back: explain a source of what is explained. @param {Source} source @param {boolean} [inGrid] */
  function walkTo({ stage, row, column, head: at }, inGrid = false) {
    const place = shown();
    if (place) trail = [...trail, place];
    setFocus({ stage, row, column, head: at }, { pin: true, keepTrail: true, dom: inGrid });
    if (!inGrid) panel.focusFirst();
  }

  /** Forward again to what was explained before. @param {number} level */
  function returnTo(level) {
    const place = trail[level];
    trail = trail.slice(0, level);
    setFocus(place, { pin: true, keepTrail: true });
    panel.focusFirst();
  }

  /** @param {Place} place @returns {boolean} */
  function isSource(place) {
    const from = pinned && focus;
    if (!from) return false;
    return sourceAreas(story, from).some(
      (area) => area.stage === place.stage && area.rows[0] <= place.row && place.row <= area.rows[1] && area.columns[0] <= place.column && place.column <= area.columns[1],
    );
  }

  /** Enter or click on a cell. @param {Place} place */
  function activate(place) {
    if (story.maskStage === place.stage && story.can.mask) {
      setFocus(place, { dom: true });
      const { stage, row, column } = place;
      return ask({ kind: "toggle", stage, row, column });
    }
    if (isSource(place)) return walkTo({ ...place, value: 0 }, true);
    setFocus(place, { pin: true, dom: true });
  }

  /** @param {Event} event @returns {StageView | undefined} */
  function viewAt(event) {
    const figure = event.target instanceof Element ? event.target.closest("figure") : null;
    return figure ? views.get(figure.dataset.stage ?? "") : undefined;
  }

  /** @param {MouseEvent} event @returns {Place | null} */
  function placeAt(event) {
    const view = viewAt(event);
    const found = view?.locate(event);
    return view && found ? { stage: view.stage.name, row: found[0], column: found[1], head: view.stage.heads ? head : null } : null;
  }

  /** @param {Place | null} a @param {Place | null} b */
  const isSame = (a, b) => a === b || (a !== null && b !== null && a.stage === b.stage && a.row === b.row && a.column === b.column && a.head === b.head);

  // ------------------------------------------------------------------------------------------ steps and play

  /** @param {number} wanted @param {number | null} [cells] */
  function setStep(wanted, cells = null) {
    step = clampStep(wanted);
    filled = cells;
    const hidden = focus && story.stages.findIndex((stage) => stage.name === focus?.stage) > step;
    if (hidden) [focus, pinned, trail] = [null, false, []];
    if (hidden && activeElement()?.matches("[role=gridcell]")) toolbar.takeFocus();
    hover = null;
    host.set("step", step);
    reveal();
    show();
  }

  /** @param {number} by */
  function go(by) {
    pause();
    if (by > 0 && filled !== null) return setStep(step);
    setStep(step + by);
  }

  function pause() {
    clearTimeout(playing);
    playing = 0;
    reveal();
  }

  function togglePlay() {
    if (playing) return pause();
    if (step === story.stages.length - 1 && filled === null) setStep(0);
    pinned = false;
    focus = null;
    schedule(300);
  }

  /** @param {number} rest */
  function schedule(rest) {
    playing = window.setTimeout(tick, rest);
    reveal();
  }

  /** The next cell of this stage, or the next stage. */
  function tick() {
    const stage = story.stages[step];
    const cells = cellsOf(stage);
    if (filled !== null && filled < cells) {
      const [, columns] = viewOf(stage).size;
      const [row, column] = viewOf(stage).turned(Math.floor(filled / columns), filled % columns);
      focus = { stage: stage.name, row, column, head: stage.heads ? head : null };
      filled += 1;
      hover = null;
      show();
      return schedule(Math.min(900, Math.max(60, 9000 / cells)));
    }
    if (step === story.stages.length - 1) {
      filled = null;
      show();
      return pause();
    }
    const next = story.stages[step + 1];
    const cellByCell = next.equation !== null && cellsOf(next) <= 256 && !calm.matches;
    setStep(step + 1, cellByCell ? 0 : null);
    viewOf(next).element.scrollIntoView({ block: "nearest" });
    schedule(cellByCell ? 250 : next.equation ? 1500 : 800);
  }

  /** One cell more or less inside the last revealed stage. @param {number} by */
  function fillBy(by) {
    pause();
    const stage = story.stages[step];
    const [, columns] = viewOf(stage).size;
    const count = Math.min(Math.max((filled ?? (by > 0 ? 0 : cellsOf(stage))) + by, 1), cellsOf(stage));
    filled = count === cellsOf(stage) ? null : count;
    const [row, column] = viewOf(stage).turned(Math.floor((count - 1) / columns), (count - 1) % columns);
    focus = { stage: stage.name, row, column, head: stage.heads ? head : null };
    reveal();
    show();
  }

  // ------------------------------------------------------------------------------------------ looks

  /** @param {number} next */
  function setHead(next) {
    head = next;
    if (focus && focus.head !== null) focus = { ...focus, head };
    hover = null;
    draw();
  }

  /** @param {string} next */
  function setRange(next) {
    perRow = next === "row";
    draw();
  }

  function applyTheme() {
    page.dataset.theme = themeOf(document, night.matches);
  }

  // ------------------------------------------------------------------------------------------ changes, by way of the kernel

  let requests = Math.floor(Math.random() * 1e6) * 1000; // views of one model must not take each other's answers
  /** @type {{request: number, answered: (reply: any) => void} | null} */
  let inFlight = null;
  /** @type {{message: object, answered: (reply: any) => void} | null} */
  let queued = null;
  const late = afterRest(() => inFlight && say("Recomputing …"), ANSWER_IS_LATE);
  const gone = afterRest(() => inFlight && setLive(false), NO_ANSWER);

  /** Ask the kernel. One request is under way at a time, and of those that wait only the latest counts. @param {object} message @param {(reply: any) => void} [answered] */
  function ask(message, answered = () => {}) {
    if (!live) {
      say(NOT_LIVE);
      return answered({ ok: false, text: NOT_LIVE });
    }
    if (inFlight) {
      queued = { message, answered };
      return;
    }
    requests += 1;
    inFlight = { request: requests, answered };
    late();
    gone();
    try {
      host.send({ request: requests, ...message });
    } catch {
      setLive(false);
    }
  }

  host.onMessage((reply) => {
    if (signal.aborted || !inFlight || reply?.request !== inFlight.request) return;
    const { answered } = inFlight;
    inFlight = null;
    if (!live) setLive(true);
    say(reply.text ?? "");
    refresh();
    if (!reply.ok) draw(); // a choice that was refused goes back
    answered(reply);
    const next = queued;
    queued = null;
    if (next) ask(next.message, next.answered);
  });

  /** @param {boolean} next */
  function setLive(next) {
    live = next;
    queued = null;
    const waiting = live ? null : inFlight;
    say(live || !(story.can.options?.length || story.can.edit?.length) ? "" : NOT_LIVE);
    reveal();
    waiting?.answered({ ok: false, text: NOT_LIVE });
    if (waiting) waiting.answered = () => {};
  }

  let readText = host.get("story");
  let readValues = host.get("values");
  /** Take over a story that changed. */
  function refresh() {
    if (signal.aborted || (readText === host.get("story") && readValues === host.get("values"))) return;
    readText = host.get("story");
    readValues = host.get("values");
    const last = step === story.stages.length - 1;
    story = readStory(readText, readValues);
    const told = host.get("step"); // the kernel keeps it at the same stage; where nobody does, the end stays the end
    step = last && told === step ? story.stages.length - 1 : clampStep(told);
    if (filled !== null && filled > cellsOf(story.stages[step])) filled = null;
    focus = validPlace(focus);
    hover = validPlace(hover);
    pinned = pinned && focus !== null;
    trail = trail.filter((place) => validPlace(place));
    head = Math.min(head, (story.stages.find((stage) => stage.heads)?.heads?.labels.length ?? 1) - 1);
    draw();
  }

  /** Listen to the host; what changes together is looked at when all of it is there. @param {string} name @param {() => void} act */
  const follow = (name, act) => host.on(name, () => queueMicrotask(() => signal.aborted || (refresh(), act())));
  follow("story", () => {});
  follow("values", () => {});
  follow("live", () => setLive(host.live));
  follow("step", () => {
    const wanted = clampStep(host.get("step"));
    if (wanted === step) return;
    pause();
    setStep(wanted);
  });
  follow("focus", () => {
    const wanted = validPlace(host.get("focus"));
    if (isSame(wanted, focus)) return;
    if (wanted) return setFocus(wanted, { pin: true });
    focus = null;
    letGo();
  });

  // ------------------------------------------------------------------------------------------ editing

  /** @param {Place} place */
  const canEdit = (place) => story.can.edit?.includes(place.stage) ?? false;

  /** @param {Place} place @param {string} [typed] */
  function edit(place, typed) {
    if (!canEdit(place)) return;
    if (!live) return say(NOT_LIVE);
    closeEditor();
    const stage = stageOf(story, place.stage);
    const value = Number(valueAt(stage, place.row, place.column, place.head));
    const input = h("input", { type: "text", class: "editor", "aria-label": `New value for ${describeCell(story, place)}`, spellcheck: "false", autocomplete: "off" });
    input.value = typed ?? shortestText(value);
    const element = seat(place, input);
    editor = { place, element, input };
    input.focus({ preventScroll: true });
    if (typed === undefined) input.select();
    input.addEventListener("blur", () => window.setTimeout(() => editor?.input === input && !input.matches(":focus") && !input.readOnly && closeEditor(), 0));
  }

  /** Put something over a cell, outside of what scrolls. @param {Place} place @param {HTMLElement} guest */
  function seat(place, guest) {
    const box = viewOf(stageOf(story, place.stage)).boxOf(place.row, place.column);
    const around = page.getBoundingClientRect();
    const element = h("div", { class: "seat" }, guest);
    const left = Math.max(0, Math.min(box.x, box.right - 120) - around.x);
    element.style.cssText = `left:${left}px;top:${box.y - around.y}px;--cell-height:${Math.max(box.height, 26)}px;min-height:${box.height}px`;
    page.append(element);
    return element;
  }

  function closeEditor() {
    editor?.element.remove();
    editor = null;
  }

  function commit() {
    if (!editor) return;
    const { place, input } = editor;
    if (input.value.trim() === shortestText(Number(valueAt(stageOf(story, place.stage), place.row, place.column, place.head)))) return revert();
    sendCells([{ ...place, text: input.value }]);
  }

  function revert() {
    const place = editor?.place;
    closeEditor();
    say("");
    if (place) setFocus(place, { dom: true });
  }

  /** @param {(Place & {text: string})[]} cells */
  function sendCells(cells) {
    if (editor) editor.input.readOnly = true;
    const [first] = cells;
    ask({ kind: "edit", cells: cells.map(({ stage, row, column, head, text }) => ({ stage, row, column, head, text })) }, (reply) => {
      if (editor) editor.input.readOnly = false;
      if (reply.ok) {
        closeEditor();
        const place = validPlace(first);
        return place && setFocus(place, { dom: true });
      }
      const refused = validPlace(reply.cells?.[0] ? { head: first.head, ...reply.cells[0] } : null) ?? first;
      refuse(refused, reply.cells?.[0]?.text ?? reply.text ?? "This cannot be computed.");
    });
  }

  /** Say beside a cell why it cannot be so. @param {Place} place @param {string} text */
  function refuse(place, text) {
    say("");
    page.querySelector(".refusal")?.remove();
    const words = h("p", { class: "refusal", role: "alert", id: `refusal-${requests}` }, text);
    if (editor && isSame(editor.place, place)) {
      editor.element.append(words);
      editor.input.setAttribute("aria-invalid", "true");
      editor.input.setAttribute("aria-describedby", words.id);
      editor.input.focus({ preventScroll: true });
      return;
    }
    closeEditor();
    const element = seat(place, words);
    const forget = new AbortController();
    for (const kind of ["keydown", "pointerdown"]) {
      page.addEventListener(kind, () => (element.remove(), forget.abort()), { signal: forget.signal, capture: true });
    }
  }

  /** @param {Place} place @param {string} text */
  function paste(place, text) {
    const block = readBlock(text);
    const stage = stageOf(story, place.stage);
    const [rows, columns] = [stage.rows.labels.length - place.row, stage.columns.labels.length - place.column];
    const width = Math.max(...block.map((line) => line.length));
    if (block.length > rows || width > columns) return refuse(place, `The block has ${block.length} × ${width} numbers, but from here on there are only ${rows} × ${columns} cells.`);
    closeEditor();
    sendCells(block.flatMap((line, row) => line.map((cell, column) => ({ ...place, row: place.row + row, column: place.column + column, text: cell }))));
  }

  // ------------------------------------------------------------------------------------------ events, once for everything

  page.addEventListener(
    "pointermove",
    (event) => {
      if (event.pointerType === "touch" || playing) return;
      const place = placeAt(event);
      if (!place && hover && event.target instanceof Element && event.target.closest(".panel")) return; // on the way to what is explained
      if (isSame(place, hover)) return;
      hover = place;
      if (!pinned) show();
    },
    { signal },
  );
  page.addEventListener("pointerleave", () => {
    if (!hover || playing) return;
    hover = null;
    if (!pinned) show();
  }, { signal });
  page.addEventListener("click", (event) => {
    const place = placeAt(event);
    if (!place || editor?.element.contains(/** @type {Node} */ (event.target))) return;
    if (playing) pause();
    activate(place);
  }, { signal });
  page.addEventListener("dblclick", (event) => {
    const place = placeAt(event);
    if (place) edit(place);
  }, { signal });
  page.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const inEditor = editor !== null && event.target === editor.input;
    const place = inEditor ? (editor?.place ?? null) : cellWithFocus(event);
    if (!place || !canEdit(place) || (inEditor && !/[\t\n]/.test(text.trim()))) return;
    event.preventDefault();
    if (!live) return say(NOT_LIVE);
    paste(place, text);
  }, { signal });
  page.addEventListener("focusin", (event) => {
    const place = cellWithFocus(event);
    if (!place || isSame(place, focus) || pinned) return;
    setFocus(place, {});
  }, { signal });
  page.addEventListener("keydown", onKey, { signal });

  /** The cell that has the keyboard. @param {Event} event @returns {Place | null} */
  function cellWithFocus(event) {
    const cell = event.target instanceof HTMLElement && event.target.getAttribute("role") === "gridcell" ? event.target : null;
    const view = cell && viewAt(event);
    if (!cell || !view) return null;
    const [down, across] = cell instanceof HTMLTableCellElement ? [/** @type {HTMLTableRowElement} */ (cell.parentElement).rowIndex - 1, cell.cellIndex - 1] : [Number(cell.parentElement?.ariaRowIndex) - 1, Number(cell.ariaColIndex) - 1];
    const [row, column] = view.turned(down, across);
    return { stage: view.stage.name, row, column, head: view.stage.heads ? head : null };
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (editor && event.target === editor.input) return onEditorKey(event);
    const target = /** @type {HTMLElement} */ (event.target);
    const place = cellWithFocus(event);
    const done = place ? onCellKey(event, place) : false;
    if (done || onPageKey(event, target)) event.preventDefault();
  }

  /** @param {KeyboardEvent} event */
  function onEditorKey(event) {
    if (event.key === "Enter") commit();
    else if (event.key === "Escape") revert();
    else return;
    event.preventDefault();
  }

  /** @param {KeyboardEvent} event @param {Place} place */
  function onCellKey(event, place) {
    const view = viewOf(stageOf(story, place.stage));
    const to = event.altKey || event.shiftKey ? null : stepFrom(event, ...view.turned(place.row, place.column), ...view.size);
    if (to) {
      const [row, column] = view.turned(...to);
      if (playing) pause();
      setFocus({ ...place, row, column }, { dom: true, scroll: true });
      return true;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === "Enter") return activate(place), true;
    if (event.key === "F2") return edit(place), true;
    if (/^[0-9.+−-]$/.test(event.key) && canEdit(place)) return edit(place, event.key), true;
    return false;
  }

  /** @param {KeyboardEvent} event @param {HTMLElement} target */
  function onPageKey(event, target) {
    if (event.ctrlKey || event.metaKey || event.altKey || target.matches("input[type=text]")) return false;
    switch (event.key) {
      case "Escape":
        if (playing) pause();
        return letGo(), true;
      case "Backspace":
        return trail.length > 0 && (returnTo(trail.length - 1), true);
      case "[":
        return go(-1), true;
      case "]":
        return go(1), true;
      case "{":
        return fillBy(-1), true;
      case "}":
        return fillBy(1), true;
      case " ":
        return !target.matches("button, input, select") && (togglePlay(), true);
      default:
        return false;
    }
  }

  night.addEventListener("change", applyTheme, { signal });
  const themes = new MutationObserver(applyTheme);
  for (const element of [document.body, document.documentElement]) themes.observe(element, { attributes: true, attributeFilter: ["data-jp-theme-light", "class", "theme", "data-theme"] });
  signal.addEventListener("abort", () => themes.disconnect());

  applyTheme();
  fitText();
  say("");
  focus = validPlace(host.get("focus"));
  pinned = focus !== null;
  draw();
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
