// @ts-check
/**
 * One query's weights as people know them from other tools: its sentence shaded by weight, or lines to its keys.
 */

import { isHidden, valueAt } from "./record.js";
import { formatNumber, labelOf, shorten } from "./notation.js";
import { NOTHING_TO_ATTEND_TO } from "./explanation.js";
import { heat, HIDDEN_SIGN } from "./drawing.js";
import { choice, h, svg } from "./elements.js";

/** @import { Stage, TraceRecord } from "./record.js" */

const MAX_WORDS = 48; // of a sentence that is shaded whole
const MAX_LINES = 24; // from a query to its keys
const MAX_SAID = 12; // keys that a screen reader names

/**
 * The picture of one query's weights beside a softmax.
 * @param {() => string} chosen @param {(value: string) => void} onChoose
 */
export function attentionView(chosen, onChoose) {
  const kinds = choice(
    "attention",
    "Show as",
    [
      ["words", "words"],
      ["lines", "lines"],
    ],
    onChoose,
  );
  const heading = h("p", { class: "who" });
  const picture = h("div", { class: "picture-of-weights", role: "img" });
  const element = h(
    "div",
    { class: "attention" },
    h("div", { class: "attention-head" }, heading, kinds.element),
    picture,
  );
  let drawn = "";
  return {
    element,
    /** @param {TraceRecord} record @param {Stage} stage @param {number} row @param {number | null} head */
    draw(record, stage, row, head) {
      const weights = stage.columns.labels.map((_, column) => Number(valueAt(stage, row, column, head)));
      const hidden = stage.columns.labels.map((_, column) =>
        isHidden(record, { stage: stage.name, row, column, head }),
      );
      const key = [chosen(), row, head, ...weights, ...hidden].join();
      if (key === drawn) return;
      drawn = key;
      kinds.select(chosen());
      const query = labelOf(stage.rows, row);
      heading.replaceChildren(h("bdi", { class: "query" }, query), ` looks at …`);
      const order = weights.map((_, column) => column).sort((a, b) => weights[b] - weights[a]);
      const limit = chosen() === "words" ? MAX_WORDS : MAX_LINES;
      const columns = order.slice(0, limit).sort((a, b) => a - b);
      const said = order.slice(0, MAX_SAID).map((column) => {
        const weight = hidden[column] ? "hidden" : formatNumber(weights[column], record.precision);
        return `${labelOf(stage.columns, column)} ${weight}`;
      });
      const others = order.length > MAX_SAID ? " and others" : "";
      picture.setAttribute("aria-label", `${query} looks at ${said.join(", ")}${others}`);
      const entries = columns.map((column) => ({
        label: labelOf(stage.columns, column),
        weight: weights[column],
        hidden: hidden[column],
      }));
      picture.replaceChildren(
        chosen() === "words"
          ? sentenceOf(entries, Math.max(...weights), record.precision)
          : linesOf(query, entries, Math.max(...weights), record.precision),
      );
      if (hidden.every(Boolean)) picture.append(h("p", { class: "note" }, NOTHING_TO_ATTEND_TO));
      if (columns.length < weights.length)
        picture.append(
          h("p", { class: "note" }, `the ${columns.length} of ${weights.length} keys with the largest weights`),
        );
    },
  };
}

/** @typedef {{label: string, weight: number, hidden: boolean}} Entry */

/** @param {Entry[]} entries @param {number} highest @param {number} precision */
function sentenceOf(entries, highest, precision) {
  const words = entries.map(({ label, weight, hidden }) => {
    const word = h(
      "span",
      { class: hidden ? "word hidden" : "word" },
      h("bdi", {}, label),
      h("small", {}, hidden ? `${HIDDEN_SIGN} hidden` : formatNumber(weight, precision)),
    );
    if (!hidden && Number.isFinite(weight)) {
      const { background, ink } = heat(weight, 0, highest > 0 ? highest : 1, false);
      Object.assign(word.style, { background, color: ink });
    }
    return word;
  });
  return h("div", { class: "sentence" }, ...words);
}

/** @param {string} query @param {Entry[]} entries @param {number} highest @param {number} precision */
function linesOf(query, entries, highest, precision) {
  const height = entries.length * 30;
  const image = svg("svg", { viewBox: `0 0 360 ${height}`, class: "lines" });
  entries.forEach(({ label, weight, hidden }, place) => {
    const y = place * 30 + 15;
    const share = highest > 0 && Number.isFinite(weight) ? weight / highest : 0;
    if (!hidden)
      image.append(
        svg("path", {
          d: `M118 ${height / 2} C 170 ${height / 2} 150 ${y} 200 ${y}`,
          "stroke-width": 1 + 8 * share,
          "stroke-opacity": 0.2 + 0.8 * share,
        }),
      );
    image.append(svg("text", { x: 208, y: y + 5, class: hidden ? "faint" : "" }, shorten(label, 12)));
    image.append(
      svg(
        "text",
        { x: 356, y: y + 5, "text-anchor": "end", class: "number" },
        hidden ? `${HIDDEN_SIGN} hidden` : formatNumber(weight, precision),
      ),
    );
  });
  image.append(svg("text", { x: 110, y: height / 2 + 5, "text-anchor": "end", class: "from" }, shorten(query, 12)));
  return image;
}
