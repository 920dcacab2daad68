// @ts-check
/**
 * The row of buttons and choices over the stages. It asks for what was chosen, and shows what is so.
 */

import { headAxes } from "./record.js";
import { formatLabel, labelOf } from "./notation.js";
import { cellsOf } from "./drawing.js";
import { choice, h, icon, ICONS, NOT_LIVE, setText } from "./elements.js";

/** @import { Axis, Control, CopyFormat, TraceRecord } from "./record.js" */

/** @param {string} name @param {string} label @param {() => void} act @param {string} [text] */
function button(name, label, act, text) {
  const element = h(
    "button",
    { type: "button", class: `tool ${name}`, "aria-label": label, title: label },
    ...(name in ICONS ? [icon(name)] : []),
    ...(text ? [text] : []),
  );
  element.addEventListener("click", () => element.ariaDisabled !== "true" && act());
  return element;
}

/**
 * A button that has nothing to do now keeps the focus: where would it go?
 * @param {HTMLElement} element @param {boolean} isAble
 */
const enable = (element, isAble) => void (element.ariaDisabled = String(!isAble));

/** @typedef {{element: HTMLElement, show: (value: any) => void}} OptionView */

/** @param {Control} control @param {(value: any) => void} send @returns {OptionView} */
function choiceView({ name, label, choices }, send) {
  const values = new Map(choices.map(([value]) => [String(value), value]));
  const texts = choices.map(([value, text]) => /** @type {[string, string]} */ ([String(value), text]));
  const view = choice(name, label, texts, (text) => send(values.get(text)));
  return { element: view.element, show: (value) => view.select(String(value)) };
}

/** From a tenth to ten, where 1 changes nothing. @param {Control} control @param {(value: number) => void} send */
function temperatureView({ label }, send) {
  const slider = h("input", { type: "range", min: -1, max: 1, step: 0.05, "aria-label": label });
  const shown = h("output", {});
  const element = h(
    "fieldset",
    { class: "choice" },
    h("legend", {}, label),
    h("div", { class: "slide" }, slider, shown),
  );
  const chosen = () => Number((10 ** Number(slider.value)).toPrecision(2));
  slider.addEventListener("input", () => {
    setText(shown, String(chosen()));
    slider.setAttribute("aria-valuetext", String(chosen()));
    send(chosen());
  });
  return {
    element,
    /** @param {any} value */
    show(value) {
      const temperature = Number(value);
      if (!slider.matches(":active")) slider.value = String(Math.log10(temperature));
      if (!slider.matches(":active")) setText(shown, String(temperature));
      slider.setAttribute("aria-valuetext", String(temperature));
    },
  };
}

/** @param {Control} control @param {(value: number | string) => void} send */
function seedView({ label }, send) {
  const box = h("input", { type: "text", inputmode: "numeric", "aria-label": label, class: "seed" });
  let drawn = "";
  const sendText = () => {
    const text = box.value.trim();
    if (text === drawn) return;
    drawn = text;
    send(/^\d{1,15}$/.test(text) ? Number(text) : text);
  };
  box.addEventListener("change", sendText);
  // A notebook may keep Enter from becoming a change.
  box.addEventListener("keydown", (event) => event.key === "Enter" && sendText());
  const next = button("another", "next seed: draw other weights", () => send((Number(box.value) || 0) + 1), "next");
  const element = h("fieldset", { class: "choice" }, h("legend", {}, label), h("div", { class: "slide" }, box, next));
  return {
    element,
    /** @param {any} value */
    show(value) {
      drawn = String(value);
      if (!box.matches(":focus")) box.value = drawn;
    },
  };
}

/** @type {Record<Control["kind"], (control: Control, send: (value: any) => void) => OptionView>} */
const OPTION_VIEWS = { choice: choiceView, temperature: temperatureView, seed: seedView };

/**
 * What can be chosen about the run itself; each choice is a wish to the kernel.
 * @param {(message: object) => void} ask
 */
function optionsView(ask) {
  const element = h("fieldset", { class: "experiment", "aria-label": "What if" });
  /** @type {Map<string, OptionView>} */
  let views = new Map();
  let drawn = "";
  return {
    element,
    /** @param {TraceRecord} record @param {boolean} live */
    draw(record, live) {
      const controls = record.can.options;
      if (JSON.stringify(controls) !== drawn) {
        drawn = JSON.stringify(controls);
        const send = (/** @type {string} */ name) => (/** @type {any} */ value) => ask({ kind: "option", name, value });
        views = new Map(controls.map((one) => [one.name, OPTION_VIEWS[one.kind](one, send(one.name))]));
        element.replaceChildren(...[...views.values()].map((view) => view.element));
      }
      element.hidden = controls.length === 0;
      element.disabled = !live;
      for (const [name, view] of views) view.show(record.options[name]);
    },
  };
}

/**
 * One choice for each axis of heads, which bears its name where there are several.
 * @param {(axis: string, head: number) => void} setHead
 */
function headsView(setHead) {
  const element = h("div", { class: "heads" });
  /** @type {HTMLSelectElement[]} */
  let choosers = [];
  let drawn = "";
  return {
    element,
    /** @param {Axis[]} axes @param {Map<string, number>} selected */
    draw(axes, selected) {
      const key = JSON.stringify(axes);
      if (key !== drawn) {
        drawn = key;
        const names = axes.length === 1 ? ["Head"] : axes.map((axis) => formatLabel(axis.name));
        choosers = axes.map((axis, index) => {
          const chooser = h(
            "select",
            { "aria-label": names[index] },
            ...axis.labels.map((_, place) => h("option", {}, labelOf(axis, place))),
          );
          chooser.addEventListener("change", () => setHead(axis.name, chooser.selectedIndex));
          return chooser;
        });
        element.replaceChildren(...choosers.map((chooser, index) => h("label", {}, `${names[index]} `, chooser)));
      }
      axes.forEach((axis, index) => (choosers[index].selectedIndex = selected.get(axis.name) ?? 0));
    },
  };
}

const NO_COPY = "Copies are written by Python: start the kernel and run the cell in a notebook.";

/**
 * What can be taken along: the whole run as code, one stage as text or picture. What the clipboard does not take is
 * offered here.
 * @param {(format: CopyFormat, stage: string | null) => void} copy
 * @param {() => string} currentStage the one that is copied unless another is chosen
 */
function copyView(copy, currentStage) {
  const id = `copies-${Math.random().toString(36).slice(2)}`;
  const opener = h(
    "button",
    { type: "button", class: "tool copy", "aria-expanded": "false", "aria-controls": id },
    icon("copy"),
    "Copy",
  );
  const stages = h("select", { "aria-label": "Stage to copy" });
  const whole = h("div", { class: "buttons" });
  const ofStage = h("div", { class: "buttons" });
  const reason = h("p", { class: "reason" }, NO_COPY);
  const rest = h("div", { class: "rest" });
  const menu = h(
    "div",
    { class: "copies", id, role: "group", "aria-label": "Copy", tabindex: -1, hidden: true },
    whole,
    stages,
    ofStage,
    reason,
    rest,
  );
  const element = h("div", { class: "copying" }, opener, menu);
  /** @param {CopyFormat[]} formats */
  const drawButtons = (formats) => {
    for (const format of formats) {
      const { label } = format;
      const one = format.ofStage
        ? button("", `Copy the stage as ${label}`, () => copy(format, stages.value), label)
        : button("", `Copy as ${label}`, () => copy(format, null), `${label}, the whole run`);
      (format.ofStage ? ofStage : whole).append(one);
    }
  };
  /** @param {boolean} isOpen */
  const open = (isOpen) => {
    menu.hidden = !isOpen;
    opener.setAttribute("aria-expanded", String(isOpen));
    rest.replaceChildren();
    if (isOpen) stages.value = currentStage();
  };
  const close = () => {
    const inside = menu.matches(":focus-within");
    open(false);
    if (inside) opener.focus({ preventScroll: true });
  };
  opener.addEventListener("click", () => open(menu.hidden !== false));
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || menu.hidden) return;
    event.stopPropagation(); // it lets go of the menu and not of the cell that is explained
    close();
  });
  element.addEventListener("focusout", ({ relatedTarget }) => {
    if (!menu.hidden && document.hasFocus() && !element.contains(/** @type {Node | null} */ (relatedTarget)))
      open(false);
  });
  return {
    element,
    close,
    /** Show what the clipboard did not take. @param {...Node} nodes */
    offer(...nodes) {
      rest.replaceChildren(...nodes);
    },
    /** @param {TraceRecord} record @param {boolean} live */
    draw(record, live) {
      const titles = record.stages.map((stage) => formatLabel(stage.title));
      if (titles.join() !== [...stages.options].map((option) => option.text).join()) {
        stages.replaceChildren(
          ...record.stages.map((stage, place) => h("option", { value: stage.name }, titles[place])),
        );
      }
      if (!whole.hasChildNodes()) drawButtons(record.copies);
      for (const control of [stages, ...menu.querySelectorAll("button")]) control.disabled = !live;
      reason.hidden = live;
    },
  };
}

/**
 * The row of buttons and choices.
 * @param {{go: (by: number) => void, play: () => void, ask: (message: object) => void, setHead: (axis: string,
 *   head: number) => void, setRange: (range: string) => void, copy: (format: CopyFormat,
 *   stage: string | null) => void, currentStage: () => string}} actions
 */
export function toolbarView({ go, play, ask, setHead, setRange, copy, currentStage }) {
  const previous = button("previous", "Previous step [", () => go(-1));
  const next = button("next", "Next step ]", () => go(1));
  const playing = button("play", "Play (space)", play);
  const position = h("span", { class: "position" });
  const check = h("span", { class: "check" });
  const heads = headsView(setHead);
  const range = choice(
    "range",
    "Colours per",
    [
      ["stage", "stage"],
      ["row", "row"],
    ],
    setRange,
  );

  const copies = copyView(copy, currentStage);
  const options = optionsView(ask);
  const undo = button("undo", "Undo (Ctrl+Z)", () => ask({ kind: "undo" }));
  const redo = button("redo", "Redo (Ctrl+Y)", () => ask({ kind: "redo" }));
  const reset = button("reset", "Reset: Back to what was typed", () => ask({ kind: "reset" }), "Reset");
  const history = h("fieldset", { class: "history", "aria-label": "Changes" }, undo, redo, reset);
  const reason = h("p", { class: "reason", hidden: true }, NOT_LIVE);
  const element = h(
    "div",
    { class: "toolbar" },
    h(
      "div",
      { class: "walk" },
      h("div", { class: "buttons" }, previous, playing, next),
      position,
      check,
      h("div", { class: "looks" }, history, heads.element, range.element, copies.element),
    ),
    options.element,
    reason,
  );
  return {
    element,
    copies,
    takeFocus: () => playing.focus({ preventScroll: true }),
    /**
     * @param {TraceRecord} record
     * @param {{live: boolean, step: number, filled: number | null, playing: boolean, selected: Map<string, number>,
     *   perRow: boolean}} state
     */
    draw(record, state) {
      const { can } = record;
      const stage = record.stages[state.step];
      const cell = state.filled === null ? "" : `, cell ${Math.min(state.filled, cellsOf(stage))} of ${cellsOf(stage)}`;
      position.replaceChildren(
        h("span", { class: "count" }, `step ${state.step + 1} of ${record.stages.length}: `),
        h("strong", {}, formatLabel(stage.title)),
        cell,
      );
      setText(check, (/^agrees/.test(record.check) ? "✓ " : "") + formatLabel(record.check));
      enable(previous, state.step > 0);
      enable(next, state.step < record.stages.length - 1 || state.filled !== null);
      playing.replaceChildren(icon(state.playing ? "pause" : "play"));
      playing.setAttribute("aria-label", state.playing ? "Pause (space)" : "Play (space)");
      playing.title = state.playing ? "Pause (space)" : "Play (space)";
      heads.draw(headAxes(record), state.selected);
      range.select(state.perRow ? "row" : "stage");
      history.hidden = !(can.undo || can.redo || can.reset || can.options?.length || can.edit?.length);
      history.disabled = !state.live;
      reason.hidden = state.live || history.hidden;
      enable(undo, can.undo);
      enable(redo, can.redo);
      enable(reset, can.reset);
      options.draw(record, state.live);
      copies.draw(record, state.live);
    },
  };
}
