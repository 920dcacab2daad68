// @ts-check
/**
 * The panel that explains one cell: the way there, the formula, the arithmetic, the words, the sources.
 */

import { stageOf } from "./record.js";
import { formatLabel } from "./notation.js";
import { describeArea, describeCell, nameOf, sourceAreas } from "./explanation.js";
import { h, setText } from "./elements.js";

/** @import { Place, Source, TraceRecord } from "./record.js" */
/** @import { Explanation } from "./explanation.js" */
/** @import { Part } from "./expressions.js" */

/** @param {(source: Source) => void} onWalk @param {(level: number) => void} onReturn @param {() => void} onLetGo */
export function panelView(onWalk, onReturn, onLetGo) {
  const trailBar = h("nav", { class: "trail", "aria-label": "The way here" });
  const heading = h("div", { class: "heading" });
  const release = h("button", { type: "button", class: "release" }, "Let go", h("kbd", {}, "Esc"));
  const formula = h("div", { class: "formula" });
  const lines = h("div", { class: "arithmetic" });
  const sentence = h("p", { class: "words" });
  const sources = h("ul", { class: "sources" });
  const help = h("div", { class: "help" });
  const body = h(
    "div",
    { class: "explained" },
    trailBar,
    h("div", { class: "top" }, heading, release),
    formula,
    lines,
    h("div", { class: "foot" }, sentence, sources),
  );
  const element = h(
    "section",
    { class: "panel", "aria-label": "Where this number comes from", tabindex: -1 },
    body,
    help,
  );
  help.append(
    h("p", { class: "invitation" }, "Point at a number to see where it comes from."),
    h(
      "p",
      { class: "keys" },
      ...keys(
        ["← ↑ ↓ →", "walk"],
        ["Enter", "pin"],
        ["Esc", "let go"],
        ["F2", "change"],
        ["Space", "play"],
        ["[ ]", "step"],
        ["Backspace", "back"],
      ),
    ),
  );
  /** @type {Source[]} */
  let clickable = [];
  lines.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    if (button) onWalk(clickable[Number(button.dataset.source)]);
  });
  trailBar.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    if (button) onReturn(Number(button.dataset.level));
  });
  release.addEventListener("click", onLetGo);

  /** @param {Part} part */
  const show = (part) => {
    if (typeof part === "string") return part;
    const kind = `term operand-${Math.min(part.operand, 3)}`;
    if (!part.source) return h("span", { class: kind }, part.text);
    return h(
      "button",
      {
        type: "button",
        class: kind,
        "data-source": clickable.push(part.source) - 1,
        title: "Where does this number come from?",
      },
      part.text,
    );
  };
  return {
    element,
    /**
     * @param {TraceRecord} record @param {Explanation | null} explanation
     * @param {{pinned: boolean, trail: Place[]}} state
     */
    draw(record, explanation, { pinned, trail }) {
      body.hidden = explanation === null;
      help.hidden = explanation !== null;
      if (!explanation) return;
      const stage = stageOf(record, explanation.stage);
      clickable = [];
      trailBar.hidden = trail.length === 0;
      const crumbs = trail.flatMap((place, level) => [
        h("button", { type: "button", "data-level": level }, nameOf(stageOf(record, place.stage), place)),
        " › ",
      ]);
      trailBar.replaceChildren(...crumbs, h("span", { "aria-current": "step" }, nameOf(stage, explanation)));
      heading.replaceChildren(
        h("strong", {}, formatLabel(stage.title)),
        " ",
        h("span", { class: "where" }, describeCell(record, explanation)),
      );
      release.hidden = !pinned;
      formula.replaceChildren(...explanation.formula.map((part) => show(part)));
      lines.replaceChildren(
        ...explanation.lines.flatMap(([first, ...rest]) => {
          const [, label, start] = /^(max|exponential|sum|quotient): (.*)$/.exec(
            typeof first === "string" ? first : "",
          ) ?? [null, "", first];
          return [
            h("span", { class: "label" }, label),
            h("span", { class: "line" }, ...[start, ...rest].filter((part) => part !== "").map(show)),
          ];
        }),
      );
      sources.replaceChildren(
        ...sourceAreas(record, explanation)
          .sort((a, b) => a.operand - b.operand)
          .map((area) => {
            const from = stageOf(record, area.stage);
            return h(
              "li",
              { class: `operand-${Math.min(area.operand, 3)}` },
              h("i", { "aria-hidden": "true" }),
              h("b", {}, formatLabel(from.title)),
              ` ${describeArea(from, area)}`,
            );
          }),
      );
      setText(sentence, [explanation.sentence, stage.meaning].filter(Boolean)[0] ?? "");
    },
    focusFirst() {
      (lines.querySelector("button") ?? trailBar.querySelector("button:last-of-type") ?? element).focus({
        preventScroll: true,
      });
    },
  };
}

/** @param {...[string, string]} pairs */
const keys = (...pairs) =>
  pairs.flatMap(([key, meaning]) => [h("span", { class: "key-pair" }, h("kbd", {}, key), ` ${meaning}`)]);
