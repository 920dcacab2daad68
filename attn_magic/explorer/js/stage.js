// @ts-check
/**
 * A stage on the page: its name, its cells, marks over them, the scale of its colours. It takes data and draws it, asks
 * nobody and remembers only what it shows.
 */

import { headOf, hiddenCells } from "./record.js";
import { formatLabel, formatNumber, labelOf } from "./notation.js";
import { axesOf } from "./explanation.js";
import {
  describeSums,
  digitsOf,
  HIDDEN_SIGN,
  longestNumber,
  rangeOf,
  sumsOf,
  surfaceFor,
  usedTransposed,
  WIDE,
} from "./drawing.js";
import { h, mathematics, setText } from "./elements.js";
import { boxStyle, canvasSurface, tableSurface } from "./surfaces.js";

/** @import { Stage } from "./record.js" */
/** @import { Mark } from "./explanation.js" */
/** @import { Settings } from "./drawing.js" */
/** @import { Surface } from "./surfaces.js" */

const CANVAS_SIZE = 480; // pixels that a large stage may take each way

/** @param {[number, number]} ends */
const sizeOf = ([first, last]) => last - first + 1;

/** One stage: its name, its cells, marks over them, sums beside a softmax, the scale of its colours. */
export class StageView {
  symbol = h("span", { class: "symbol" });
  title = h("span", { class: "title" });
  shape = h("span", { class: "shape" });
  pencil = h("span", { class: "editable", hidden: true });
  turn = h("button", { type: "button", class: "turn", hidden: true });
  overlay = h("div", { class: "overlay" });
  core = h("div", { class: "core" });
  rowSums = h("div", { class: "sums rows" });
  columnSums = h("div", { class: "sums columns" });
  sheet = h("div", { class: "sheet" }, this.core, this.rowSums, this.columnSums);
  frame = h("div", { class: "frame" }, this.sheet);
  legend = h("div", { class: "legend" });

  transposed = false;
  structure = ""; // of the surface: it is built anew where this changes
  scrolled = { top: 0, left: 0 };
  /** To be drawn with when the stage comes into sight. @type {Settings | null} */
  waiting = null;
  /** @type {Surface | null} */
  surface = null;
  /** @type {Mark[]} */
  marks = [];

  /** @param {Stage} stage @param {() => void} onTurn */
  constructor(stage, onTurn) {
    this.stage = stage;
    const caption = h("figcaption", {}, this.symbol, this.title, this.shape, this.pencil);
    this.element = h(
      "figure",
      { class: "stage", "data-stage": stage.name },
      caption,
      this.frame,
      h("div", { class: "below" }, this.legend, this.turn),
    );
    const remember = () => {
      Object.assign(this.scrolled, { top: this.frame.scrollTop, left: this.frame.scrollLeft });
      this.frame.classList.toggle("downwards", this.frame.scrollTop > 0);
      this.frame.classList.toggle("sideways", this.frame.scrollLeft > 0);
    };
    this.frame.addEventListener("scroll", remember, { passive: true });
    this.turn.addEventListener("click", () => {
      this.transposed = !this.transposed;
      onTurn();
    });
  }

  /** Rows and columns as they are displayed. @returns {[number, number]} */
  get size() {
    const [rows, columns] = [this.stage.rows.labels.length, this.stage.columns.labels.length];
    return this.transposed ? [columns, rows] : [rows, columns];
  }

  get isWaiting() {
    return this.waiting !== null;
  }

  get isMarked() {
    return this.marks.length > 0;
  }

  /** Displayed places ↔ places of the stage. @param {number} row @param {number} column @returns {[number, number]} */
  turned(row, column) {
    return this.transposed ? [column, row] : [row, column];
  }

  /** @param {Stage} next @param {Settings} settings @param {boolean} now */
  update(next, settings, now) {
    this.stage = next;
    this.drawCaption(settings);
    if (now || this.surface || surfaceFor(this.stage) === "words") return this.draw(settings);
    this.waiting = settings;
    const [rows, columns] = this.size;
    const [width, height] = surfaceFor(this.stage) === "table" ? this.cellSize(settings) : this.pixelSize();
    // About as much: what is drawn later should not push the page about.
    const header = surfaceFor(this.stage) === "table" ? 70 : 10;
    this.frame.style.cssText = `width:${columns * width + header}px;height:${Math.min(rows * height + 38, 520)}px`;
  }

  drawIfWaiting() {
    if (this.waiting) this.draw(this.waiting);
  }

  /** @param {MouseEvent} event @returns {[number, number] | null} */
  locate(event) {
    const found = this.surface?.locate(event);
    return found ? this.turned(...found) : null;
  }

  /** Make this cell the one that Tab reaches. @param {number} row @param {number} column @param {string} name */
  moveTabStop(row, column, name) {
    this.drawIfWaiting();
    return this.surface?.moveTabStop(...this.turned(row, column), name) ?? null;
  }

  /** Show exactly these marks. @param {Mark[]} next */
  light(next) {
    this.drawIfWaiting();
    if (!this.surface) return;
    this.marks = next;
    const [rows, columns] = this.size;
    const [width, height] = this.surface.cell;
    next.forEach((mark, index) => {
      const bar = /** @type {HTMLElement} */ (this.overlay.children[index] ?? this.overlay.appendChild(h("div")));
      const [down, across] = this.transposed ? [mark.columns, mark.rows] : [mark.rows, mark.columns];
      bar.className = `mark ${mark.kind}`;
      const [right, bottom] = [(columns - 1 - across[1]) * width, (rows - 1 - down[1]) * height];
      bar.style.cssText = boxStyle(right, bottom, sizeOf(across) * width, sizeOf(down) * height);
      if (mark.kind.startsWith("operand")) this.bring(down, across);
    });
    while (this.overlay.children.length > next.length) this.overlay.lastElementChild?.remove();
    const focus = next.find((mark) => mark.kind.startsWith("focus"));
    this.surface.emphasize(
      ...(focus ? this.turned(focus.rows[0], focus.columns[0]) : /** @type {[number, number]} */ ([-1, -1])),
    );
  }

  /**
   * Scroll inside the stage so that a block is in sight.
   * @param {[number, number]} down @param {[number, number]} across
   */
  bring(down, across) {
    const [rows, columns] = this.size;
    const [width, height] = this.surface?.cell ?? [0, 0];
    if (rows * height <= 460 && columns <= WIDE) return; // nothing to scroll
    const [top, bottom] = [down[0] * height, (down[1] + 1) * height];
    if (bottom - top < 400 && (top < this.scrolled.top || bottom > this.scrolled.top + 440))
      this.frame.scrollTop = Math.max(0, top - 200);
    const [left, right] = [across[0] * width, (across[1] + 1) * width];
    if (across[0] === across[1] && (left < this.scrolled.left || right > this.scrolled.left + 300))
      this.frame.scrollLeft = Math.max(0, left - 150);
  }

  /** Where a cell is on screen. @param {number} row @param {number} column */
  boxOf(row, column) {
    const [down, across] = this.turned(row, column);
    const [rows, columns] = this.size;
    const [width, height] = this.surface?.cell ?? [0, 0];
    const { right, bottom } = this.core.getBoundingClientRect();
    const [x, y] = [right - (columns - across) * width, bottom - (rows - down) * height];
    return { x, y, right: x + width, bottom: y + height, width, height };
  }

  /** @param {Settings} settings */
  draw(settings) {
    const { record } = settings;
    this.waiting = null;
    this.frame.style.cssText = "";
    const [rows, columns] = this.size;
    const kind = surfaceFor(this.stage);
    if (kind === "words") {
      this.core.replaceChildren(
        h(
          "p",
          { class: "too-large" },
          `${rows.toLocaleString("en")} × ${columns.toLocaleString("en")} numbers are too many to draw one by one. ` +
            "Take part of the matrix, or ask Python for any cell: " +
            `trace.explain("${this.stage.name}", row, column).`,
        ),
      );
      return;
    }
    const [width, height] = kind === "table" ? this.cellSize(settings) : this.pixelSize();
    const readOnly = this.pencil.hidden !== false;
    const next = [
      kind,
      this.transposed,
      readOnly,
      ...axesOf(this.stage).flatMap((axis) => [axis.name, ...axis.labels]),
    ].join("\u0000");
    if (next !== this.structure || !this.surface) {
      this.structure = next;
      this.surface =
        kind === "table"
          ? tableSurface(this.stage, this.transposed, formatLabel(this.stage.title), readOnly)
          : canvasSurface(this.stage, this.transposed, width, height, formatLabel(this.stage.title), readOnly);
      this.core.replaceChildren(this.surface.element, this.overlay);
      this.element.classList.toggle("small-digits", kind === "table" && columns > WIDE);
    }
    this.surface.cell = [width, height];
    for (const [name, value] of [
      ["--cell-width", `${width}px`],
      ["--cell-height", `${height}px`],
      ["--decimals", String(digitsOf(record, this.stage))],
    ])
      this.sheet.style.setProperty(name, value);
    this.surface.fill(settings, this.stage);
    this.drawSums(settings, kind === "table");
    this.drawLegend(settings);
  }

  /** @param {Settings} settings */
  drawCaption({ record, selected }) {
    const user = usedTransposed(record, this.stage.name);
    const [rows, columns] = this.size;
    this.symbol.replaceChildren(
      ...mathematics(this.transposed ? `${this.stage.symbol.split(" ")[0]}ᵀ` : this.stage.symbol),
    );
    setText(this.title, formatLabel(this.stage.title));
    const head = this.stage.heads ? ` · ${labelOf(this.stage.heads, headOf(selected, this.stage) ?? 0)}` : "";
    setText(this.shape, `${rows} × ${columns}${head}`);
    const isMask = record.can.mask && record.maskStage === this.stage.name;
    this.pencil.hidden = !isMask && !record.can.edit?.includes(this.stage.name);
    setText(this.pencil, isMask ? "✎ click a cell" : "✎");
    this.pencil.title = isMask
      ? "Click a cell, or press Enter on it, to hide or show it"
      : "Double-click a number, or press F2 on it, to change it";
    this.turn.hidden = !user;
    setText(this.turn, this.stage.equation ? "transpose" : this.transposed ? "as used ᵀ" : "as stored");
    this.turn.setAttribute("aria-pressed", String(this.transposed));
    this.turn.setAttribute("aria-label", `${this.turn.textContent}: ${this.stage.title}`);
    const other = this.transposed ? "as stored" : "as used";
    this.turn.title = user
      ? `${user.title} uses it transposed: rows and columns change places. Click to see it ${other}.`
      : "";
  }

  /** @param {Settings} settings @returns {[number, number]} */
  cellSize({ record, cellWidth, fontSize }) {
    const small = this.size[1] > WIDE;
    if (this.stage.isMask) return [small ? 32 : Math.max(48, Math.round(cellWidth * 0.8)), small ? 26 : 29];
    const longest = longestNumber(record, this.stage);
    const own = Math.ceil(longest * 0.58 * fontSize * (small ? 0.8 : 1) + (small ? 10 : 18));
    return small ? [Math.max(own, 34), 26] : [Math.max(own, cellWidth), 29];
  }

  /** @returns {[number, number]} */
  pixelSize() {
    const [rows, columns] = this.size;
    const fit = (/** @type {number} */ count) => Math.max(1, Math.min(24, Math.floor(CANVAS_SIZE / count)));
    return [fit(columns), fit(rows)];
  }

  /** @param {Settings} settings @param {boolean} isTable */
  drawSums({ record, selected }, isTable) {
    const head = headOf(selected, this.stage);
    const isSoftmax = isTable && this.stage.equation?.kind === "softmax";
    const rows = isSoftmax ? sumsOf(this.stage, head, "columns") : [];
    const columns =
      isTable && this.stage.equation?.kind === "softmax" && this.stage.equation.over === "rows"
        ? sumsOf(this.stage, head, "rows")
        : [];
    const [shown, below] = this.transposed ? [columns, rows] : [rows, columns];
    /** @param {HTMLElement} strip @param {string} label @param {number[]} sums */
    const fill = (strip, label, sums) => {
      strip.hidden = sums.length === 0;
      const digits = strip === this.columnSums ? digitsOf(record, this.stage) : record.precision;
      if (!strip.hidden)
        strip.replaceChildren(
          h("span", { class: "sum-name" }, label),
          ...sums.map((sum) => h("span", { class: sum === 0 ? "sum none" : "sum" }, formatNumber(sum, digits))),
        );
    };
    fill(this.rowSums, "Σ row", shown);
    fill(this.columnSums, "Σ column", below);
  }

  /** @param {Settings} settings */
  drawLegend({ record, perRow, selected }) {
    const head = headOf(selected, this.stage);
    /** @type {(Node | string)[]} */
    const pieces = [];
    const hidden = hiddenCells(record, this.stage, head);
    const range = rangeOf(record, this.stage);
    if (this.stage.isMask)
      pieces.push(
        h("span", { class: "key allowed" }, "✓"),
        "may attend",
        h("span", { class: "key hidden" }, HIDDEN_SIGN),
        "hidden",
      );
    else if (range) {
      const [low, high] = range;
      const reach = Math.max(-low, high);
      const ends =
        low < 0
          ? [formatNumber(-reach, 2), "0", formatNumber(reach, 2)]
          : [formatNumber(low, 2), formatNumber(high, 2)];
      const own = low < 0 ? ["− largest of row", "+ largest of row"] : ["lowest of row", "highest of row"];
      const [first, last] = perRow ? own : [ends[0], ends[ends.length - 1]];
      pieces.push(first, h("span", { class: `scale ${low < 0 ? "diverging" : "sequential"}` }), last);
    }
    if (!this.stage.isMask && hidden?.includes(1))
      pieces.push(h("span", { class: "key hidden" }, HIDDEN_SIGN), "hidden");
    if (record.nonfinite?.stage === this.stage.name)
      pieces.push(h("strong", { class: "first-nonfinite" }, "first number that is not finite"));
    if (surfaceFor(this.stage) === "canvas" && this.stage.equation?.kind === "softmax")
      pieces.push(describeSums(record, this.stage, head, this.stage.equation));
    this.legend.replaceChildren(...pieces.map((piece) => (typeof piece === "string" ? h("span", {}, piece) : piece)));
  }
}
