// @ts-check
/**
 * What the explorer's page is made of: elements that take data and draw it. They ask nobody and remember only what they show.
 *
 * In order: constants, small elements, the surfaces of a stage, a stage, one query's weights, the explanation.
 */

import { headOf, hiddenCells, isHidden, stageOf, valueAt } from "./record.js";
import { axesOf, describeArea, describeCell, formatLabel, formatNumber, labelOf, nameOf, NOTHING_TO_ATTEND_TO, shorten, sourceAreas } from "./explanation.js";
import {
  ALLOWED_BLUE,
  commonWords,
  describeSums,
  digitsOf,
  DIVERGING,
  heat,
  HIDDEN_SIGN,
  longestNumber,
  lookFor,
  NOT_FINITE_RED,
  positionOf,
  rangeOf,
  SEQUENTIAL,
  shadesOf,
  sumsOf,
  surfaceFor,
  usedTransposed,
  WIDE,
} from "./drawing.js";

/** @import { Axis, Place, Source, Stage, TraceRecord } from "./record.js" */
/** @import { Explanation, Mark, Part } from "./explanation.js" */
/** @import { Settings } from "./drawing.js" */

export const NOT_LIVE = "To change numbers, start the kernel to recompute: run the cell in a notebook.";
const MAX_WORDS = 48; // of a sentence that is shaded whole
const MAX_LINES = 24; // from a query to its keys
const CANVAS_SIZE = 480; // pixels that a large stage may take each way

// ----------------------------------------------------------------------------------------------------------- small elements

/**
 * An element with properties ("class", "on…" and ARIA names as attributes) and children; text only ever becomes text.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, any>} [properties] @param {...(Node | string | null)} children @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** @param {string} tag @param {Record<string, string | number>} attributes @param {string} [text] */
function svg(tag, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

/** @type {Record<string, string>} */
export const ICONS = {
  previous: "M15 5 8 12l7 7M5 5v14",
  next: "m9 5 7 7-7 7M19 5v14",
  play: "M7 4.5v15l12-7.5z",
  pause: "M8 5v14M16 5v14",
  undo: "M4 9h10a5 5 0 0 1 0 10H9M8 5 4 9l4 4",
  redo: "M20 9H10a5 5 0 0 0 0 10h5M16 5l4 4-4 4",
  copy: "M12 3v12m-5-5 5 5 5-5M4 20h16",
};

/** @param {string} name */
export function icon(name) {
  const image = svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: `icon ${name}` });
  image.append(svg("path", { d: ICONS[name] }));
  return image;
}

/** "W_q" with its index lowered. @param {string} symbol @returns {(Node | string)[]} */
export const mathematics = (symbol) => formatLabel(symbol).split(/_([A-Za-z0-9]+)/).map((piece, place) => (place % 2 ? h("sub", {}, piece) : piece));

/** @param {HTMLElement} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A choice of few, as radio buttons side by side. @param {string} name @param {string} label @param {[string, string][]} choices @param {(value: string) => void} onChoose */
export function choice(name, label, choices, onChoose) {
  const group = `${name}-${Math.random().toString(36).slice(2)}`; // radio buttons of two explorers must not be one group
  const inputs = choices.map(([value]) => h("input", { type: "radio", name: group, value }));
  const labels = choices.map(([, text], index) => h("label", {}, inputs[index], h("span", {}, h("span", {}, ...mathematics(text)))));
  const element = h("fieldset", { class: "choice" }, h("legend", {}, label), h("div", { class: "segments" }, ...labels));
  element.addEventListener("change", (event) => onChoose(/** @type {HTMLInputElement} */ (event.target).value));
  return {
    element,
    /** @param {string} value */
    select(value) {
      for (const input of inputs) input.checked = input.value === value;
    },
  };
}

// -------------------------------------------------------------------------------------------------------------------- views

/**
 * A surface shows the cells of a stage and knows where they are.
 * @typedef {{element: HTMLElement, fill(settings: Settings, stage: Stage): void, locate(event: MouseEvent): [number, number] | null,
 *   moveTabStop(row: number, column: number, name: string): HTMLElement, emphasize(row: number, column: number): void, cell: [number, number]}} Surface
 */

/**
 * Digits in a table, one element for each cell.
 * @param {Stage} stage @param {boolean} transposed @param {string} label @param {boolean} readOnly @returns {Surface}
 */
function tableSurface(stage, transposed, label, readOnly) {
  const [rows, columns] = transposed ? [stage.columns, stage.rows] : [stage.rows, stage.columns];
  const common = columns.labels.length > WIDE ? commonWords(columns.labels) : 0;
  /** @param {Axis} axis @param {number} place @param {string} role @param {number} [cut] */
  const header = (axis, place, role, cut = 0) => h("th", { role, class: role, title: labelOf(axis, place), "aria-label": cut ? labelOf(axis, place) : null }, h("bdi", {}, labelOf(axis, place).slice(cut)));
  const corner = h("th", { role: "columnheader", class: "corner" }, h("span", { class: "across" }, ...mathematics(columns.name)), h("span", { class: "down" }, ...mathematics(rows.name)));
  const head = h("tr", { role: "row" }, corner, ...columns.labels.map((_, place) => header(columns, place, "columnheader", common)));
  const rowHeaders = rows.labels.map((_, place) => header(rows, place, "rowheader"));
  /** @type {HTMLTableCellElement[][]} */
  const cells = rows.labels.map(() => columns.labels.map(() => h("td", { role: "gridcell", tabindex: -1 })));
  const lines = cells.map((line, row) => h("tr", { role: "row" }, rowHeaders[row], ...line));
  const table = h("table", { role: "grid", "aria-label": label, "aria-readonly": String(readOnly) }, h("thead", { role: "rowgroup" }, head), h("tbody", { role: "rowgroup" }, ...lines));
  /** @type {string[]} */
  const drawn = [];
  let stop = cells[0][0];
  stop.tabIndex = 0;
  /** @type {HTMLElement[]} */
  let strong = [];
  return {
    element: table,
    cell: [0, 0],
    fill(settings, stage) {
      const look = lookFor(settings, stage);
      cells.forEach((line, row) =>
        line.forEach((cell, column) => {
          const { text, name, kind, background, ink } = transposed ? look(column, row) : look(row, column);
          const key = [text, name, kind, background].join();
          const index = row * line.length + column;
          if (drawn[index] === key) return;
          drawn[index] = key;
          cell.textContent = text;
          cell.className = kind;
          cell.style.background = background;
          cell.style.color = ink;
          cell.setAttribute("aria-label", name);
        }),
      );
    },
    locate(event) {
      const cell = /** @type {HTMLElement} */ (event.target).closest("td");
      return cell ? [/** @type {HTMLTableRowElement} */ (cell.parentElement).rowIndex - 1, cell.cellIndex - 1] : null;
    },
    moveTabStop(row, column) {
      stop.tabIndex = -1;
      stop = cells[row][column];
      stop.tabIndex = 0;
      return stop;
    },
    emphasize(row, column) {
      for (const header of strong) header.classList.remove("strong");
      strong = row < 0 ? [] : [rowHeaders[row], /** @type {HTMLElement} */ (head.children[column + 1])];
      for (const header of strong) header.classList.add("strong");
    },
  };
}

/**
 * One pixel for each cell on a canvas, enlarged; the focused cell is a single element that moves.
 * @param {Stage} stage @param {boolean} transposed @param {number} width @param {number} height @param {string} label @param {boolean} readOnly @returns {Surface}
 */
function canvasSurface(stage, transposed, width, height, label, readOnly) {
  const [rows, columns] = transposed ? [stage.columns, stage.rows] : [stage.rows, stage.columns];
  const [down, across] = [rows.labels.length, columns.labels.length];
  const canvas = h("canvas", { width: across, height: down, "aria-hidden": "true" });
  canvas.style.width = `${across * width}px`;
  canvas.style.height = `${down * height}px`;
  const cursor = h("div", { role: "gridcell", class: "cursor", tabindex: 0, "aria-colindex": 1, "aria-label": `${rows.name} ${labelOf(rows, 0)}, ${columns.name} ${labelOf(columns, 0)}` });
  const line = h("div", { role: "row", "aria-rowindex": 1 }, cursor);
  const names = [h("span", { class: "across" }, ...mathematics(columns.name), " →"), h("span", { class: "down" }, ...mathematics(rows.name), " ↓")];
  const grid = h("div", { role: "grid", "aria-label": label, "aria-rowcount": down, "aria-colcount": across, "aria-readonly": String(readOnly), class: "pixels" }, canvas, line);
  const element = h("div", { class: "picture" }, h("div", { class: "axes", "aria-hidden": "true" }, ...names), grid);
  return {
    element,
    cell: [width, height],
    fill(settings, stage) {
      const context = canvas.getContext("2d");
      if (context) context.putImageData(paint(settings, stage, transposed), 0, 0);
    },
    locate(event) {
      if (event.target !== canvas) return null;
      return [Math.min(Math.max(Math.floor(event.offsetY / height), 0), down - 1), Math.min(Math.max(Math.floor(event.offsetX / width), 0), across - 1)];
    },
    moveTabStop(row, column, name) {
      line.setAttribute("aria-rowindex", String(row + 1));
      cursor.setAttribute("aria-colindex", String(column + 1));
      cursor.setAttribute("aria-label", name);
      cursor.style.cssText = `right:${(across - 1 - column) * width}px;bottom:${(down - 1 - row) * height}px;width:${width}px;height:${height}px`;
      return cursor;
    },
    emphasize() {},
  };
}

/** @param {Settings} settings @param {Stage} stage @param {boolean} transposed */
function paint({ record, selected, perRow }, stage, transposed) {
  const [rows, columns] = [stage.rows.labels.length, stage.columns.labels.length];
  const image = new ImageData(transposed ? rows : columns, transposed ? columns : rows);
  const pixels = new Uint32Array(image.data.buffer);
  const own = headOf(selected, stage) ?? 0;
  const hidden = hiddenCells(record, stage, own);
  const whole = rangeOf(record, stage);
  const signed = whole !== null && whole[0] < 0;
  const shades = shadesOf(signed ? DIVERGING : SEQUENTIAL);
  for (let row = 0; row < rows; row++) {
    const range = perRow ? rangeOf(record, stage, { row, head: own }) : whole;
    for (let column = 0; column < columns; column++) {
      const cell = row * columns + column;
      const value = stage.values[own * rows * columns + cell];
      let color = NOT_FINITE_RED;
      if (stage.isMask ? !value : hidden?.[cell]) color = 0; // the hatching behind the canvas
      else if (stage.isMask) color = ALLOWED_BLUE;
      else if (Number.isFinite(value) && range) color = shades[Math.round(Math.min(Math.max(positionOf(value, range[0], range[1], signed), 0), 1) * 255)];
      pixels[transposed ? column * rows + row : cell] = color;
    }
  }
  return image;
}

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
    this.element = h("figure", { class: "stage", "data-stage": stage.name }, caption, this.frame, h("div", { class: "below" }, this.legend, this.turn));
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
    const header = surfaceFor(this.stage) === "table" ? 70 : 10; // about: what is drawn later should not push the page about
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
      bar.style.cssText = `right:${(columns - 1 - across[1]) * width}px;bottom:${(rows - 1 - down[1]) * height}px;width:${(across[1] - across[0] + 1) * width}px;height:${(down[1] - down[0] + 1) * height}px`;
      if (mark.kind.startsWith("operand")) this.bring(down, across);
    });
    while (this.overlay.children.length > next.length) this.overlay.lastElementChild?.remove();
    const focus = next.find((mark) => mark.kind.startsWith("focus"));
    this.surface.emphasize(...(focus ? this.turned(focus.rows[0], focus.columns[0]) : /** @type {[number, number]} */ ([-1, -1])));
  }

  /** Scroll inside the stage so that a block is in sight. @param {[number, number]} down @param {[number, number]} across */
  bring(down, across) {
    const [rows, columns] = this.size;
    const [width, height] = this.surface?.cell ?? [0, 0];
    if (rows * height <= 460 && columns <= WIDE) return; // nothing to scroll
    const [top, bottom] = [down[0] * height, (down[1] + 1) * height];
    if (bottom - top < 400 && (top < this.scrolled.top || bottom > this.scrolled.top + 440)) this.frame.scrollTop = Math.max(0, top - 200);
    const [left, right] = [across[0] * width, (across[1] + 1) * width];
    if (across[0] === across[1] && (left < this.scrolled.left || right > this.scrolled.left + 300)) this.frame.scrollLeft = Math.max(0, left - 150);
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
      this.core.replaceChildren(h("p", { class: "too-large" }, `${rows.toLocaleString("en")} × ${columns.toLocaleString("en")} numbers are too many to draw one by one. Take part of the matrix, or ask Python for any cell: trace.explain("${this.stage.name}", row, column).`));
      return;
    }
    const [width, height] = kind === "table" ? this.cellSize(settings) : this.pixelSize();
    const readOnly = this.pencil.hidden !== false;
    const next = [kind, this.transposed, readOnly, ...axesOf(this.stage).flatMap((axis) => [axis.name, ...axis.labels])].join("\u0000");
    if (next !== this.structure || !this.surface) {
      this.structure = next;
      this.surface = kind === "table" ? tableSurface(this.stage, this.transposed, formatLabel(this.stage.title), readOnly) : canvasSurface(this.stage, this.transposed, width, height, formatLabel(this.stage.title), readOnly);
      this.core.replaceChildren(this.surface.element, this.overlay);
      this.element.classList.toggle("small-digits", kind === "table" && columns > WIDE);
    }
    this.surface.cell = [width, height];
    for (const [name, value] of [["--cell-width", `${width}px`], ["--cell-height", `${height}px`], ["--decimals", String(digitsOf(record, this.stage))]]) this.sheet.style.setProperty(name, value);
    this.surface.fill(settings, this.stage);
    this.drawSums(settings, kind === "table");
    this.drawLegend(settings);
  }

  /** @param {Settings} settings */
  drawCaption({ record, selected }) {
    const user = usedTransposed(record, this.stage.name);
    const [rows, columns] = this.size;
    this.symbol.replaceChildren(...mathematics(this.transposed ? `${this.stage.symbol.split(" ")[0]}ᵀ` : this.stage.symbol));
    setText(this.title, formatLabel(this.stage.title));
    setText(this.shape, `${rows} × ${columns}${this.stage.heads ? ` · ${labelOf(this.stage.heads, headOf(selected, this.stage) ?? 0)}` : ""}`);
    const isMask = record.can.mask && record.maskStage === this.stage.name;
    this.pencil.hidden = !isMask && !record.can.edit?.includes(this.stage.name);
    setText(this.pencil, isMask ? "✎ click a cell" : "✎");
    this.pencil.title = isMask ? "Click a cell, or press Enter on it, to hide or show it" : "Double-click a number, or press F2 on it, to change it";
    this.turn.hidden = !user;
    setText(this.turn, this.stage.equation ? "transpose" : this.transposed ? "as used ᵀ" : "as stored");
    this.turn.setAttribute("aria-pressed", String(this.transposed));
    this.turn.setAttribute("aria-label", `${this.turn.textContent}: ${this.stage.title}`);
    this.turn.title = user ? `${user.title} uses it transposed: rows and columns change places. Click to see it ${this.transposed ? "as stored" : "as used"}.` : "";
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
    const columns = isTable && this.stage.equation?.kind === "softmax" && this.stage.equation.over === "rows" ? sumsOf(this.stage, head, "rows") : [];
    const [shown, below] = this.transposed ? [columns, rows] : [rows, columns];
    /** @param {HTMLElement} strip @param {string} label @param {number[]} sums */
    const fill = (strip, label, sums) => {
      strip.hidden = sums.length === 0;
      const digits = strip === this.columnSums ? digitsOf(record, this.stage) : record.precision;
      if (!strip.hidden) strip.replaceChildren(h("span", { class: "sum-name" }, label), ...sums.map((sum) => h("span", { class: sum === 0 ? "sum none" : "sum" }, formatNumber(sum, digits))));
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
    if (this.stage.isMask) pieces.push(h("span", { class: "key allowed" }, "✓"), "may attend", h("span", { class: "key hidden" }, HIDDEN_SIGN), "hidden");
    else if (range) {
      const [low, high] = range;
      const reach = Math.max(-low, high);
      const ends = low < 0 ? [formatNumber(-reach, 2), "0", formatNumber(reach, 2)] : [formatNumber(low, 2), formatNumber(high, 2)];
      const own = low < 0 ? ["− largest of row", "+ largest of row"] : ["lowest of row", "highest of row"];
      const [first, last] = perRow ? own : [ends[0], ends[ends.length - 1]];
      pieces.push(first, h("span", { class: `scale ${low < 0 ? "diverging" : "sequential"}` }), last);
    }
    if (!this.stage.isMask && hidden?.includes(1)) pieces.push(h("span", { class: "key hidden" }, HIDDEN_SIGN), "hidden");
    if (record.nonfinite?.stage === this.stage.name) pieces.push(h("strong", { class: "first-nonfinite" }, "first number that is not finite"));
    if (surfaceFor(this.stage) === "canvas" && this.stage.equation?.kind === "softmax") pieces.push(describeSums(record, this.stage, head, this.stage.equation));
    this.legend.replaceChildren(...pieces.map((piece) => (typeof piece === "string" ? h("span", {}, piece) : piece)));
  }
}

/**
 * One query's weights as people know them from other tools: its sentence shaded by weight, or lines to its keys.
 * @param {() => string} chosen @param {(value: string) => void} onChoose
 */
export function attentionView(chosen, onChoose) {
  const kinds = choice("attention", "Show as", [["words", "words"], ["lines", "lines"]], onChoose);
  const heading = h("p", { class: "who" });
  const picture = h("div", { class: "picture-of-weights", role: "img" });
  const element = h("div", { class: "attention" }, h("div", { class: "attention-head" }, heading, kinds.element), picture);
  let drawn = "";
  return {
    element,
    /** @param {TraceRecord} record @param {Stage} stage @param {number} row @param {number | null} head */
    draw(record, stage, row, head) {
      const weights = stage.columns.labels.map((_, column) => Number(valueAt(stage, row, column, head)));
      const hidden = stage.columns.labels.map((_, column) => isHidden(record, { stage: stage.name, row, column, head }));
      const key = [chosen(), row, head, ...weights, ...hidden].join();
      if (key === drawn) return;
      drawn = key;
      kinds.select(chosen());
      const query = labelOf(stage.rows, row);
      heading.replaceChildren(h("bdi", { class: "query" }, query), ` looks at …`);
      const order = weights.map((_, column) => column).sort((a, b) => weights[b] - weights[a]);
      const most = chosen() === "words" ? MAX_WORDS : MAX_LINES;
      const columns = order.slice(0, most).sort((a, b) => a - b);
      const said = order.slice(0, 12).map((column) => `${labelOf(stage.columns, column)} ${hidden[column] ? "hidden" : formatNumber(weights[column], record.precision)}`);
      picture.setAttribute("aria-label", `${query} looks at ${said.join(", ")}${order.length > 12 ? " and others" : ""}`);
      const entries = columns.map((column) => ({ label: labelOf(stage.columns, column), weight: weights[column], hidden: hidden[column] }));
      picture.replaceChildren(chosen() === "words" ? sentenceOf(entries, Math.max(...weights), record.precision) : linesOf(query, entries, Math.max(...weights), record.precision));
      if (hidden.every(Boolean)) picture.append(h("p", { class: "note" }, NOTHING_TO_ATTEND_TO));
      if (columns.length < weights.length) picture.append(h("p", { class: "note" }, `the ${columns.length} of ${weights.length} keys with the largest weights`));
    },
  };
}

/** @typedef {{label: string, weight: number, hidden: boolean}} Entry */

/** @param {Entry[]} entries @param {number} most @param {number} precision */
function sentenceOf(entries, most, precision) {
  const words = entries.map(({ label, weight, hidden }) => {
    const word = h("span", { class: hidden ? "word hidden" : "word" }, h("bdi", {}, label), h("small", {}, hidden ? `${HIDDEN_SIGN} hidden` : formatNumber(weight, precision)));
    if (!hidden && Number.isFinite(weight)) {
      const { background, ink } = heat(weight, 0, most > 0 ? most : 1, false);
      Object.assign(word.style, { background, color: ink });
    }
    return word;
  });
  return h("div", { class: "sentence" }, ...words);
}

/** @param {string} query @param {Entry[]} entries @param {number} most @param {number} precision */
function linesOf(query, entries, most, precision) {
  const height = entries.length * 30;
  const image = svg("svg", { viewBox: `0 0 360 ${height}`, class: "lines" });
  entries.forEach(({ label, weight, hidden }, place) => {
    const y = place * 30 + 15;
    const share = most > 0 && Number.isFinite(weight) ? weight / most : 0;
    if (!hidden) image.append(svg("path", { d: `M118 ${height / 2} C 170 ${height / 2} 150 ${y} 200 ${y}`, "stroke-width": 1 + 8 * share, "stroke-opacity": 0.2 + 0.8 * share }));
    image.append(svg("text", { x: 208, y: y + 5, class: hidden ? "faint" : "" }, shorten(label, 12)));
    image.append(svg("text", { x: 356, y: y + 5, "text-anchor": "end", class: "number" }, hidden ? `${HIDDEN_SIGN} hidden` : formatNumber(weight, precision)));
  });
  image.append(svg("text", { x: 110, y: height / 2 + 5, "text-anchor": "end", class: "from" }, shorten(query, 12)));
  return image;
}

/** The panel that explains one cell. @param {(source: Source) => void} onWalk @param {(level: number) => void} onReturn @param {() => void} onLetGo */
export function panelView(onWalk, onReturn, onLetGo) {
  const trailBar = h("nav", { class: "trail", "aria-label": "The way here" });
  const heading = h("div", { class: "heading" });
  const release = h("button", { type: "button", class: "release" }, "Let go", h("kbd", {}, "Esc"));
  const formula = h("div", { class: "formula" });
  const lines = h("div", { class: "arithmetic" });
  const sentence = h("p", { class: "words" });
  const sources = h("ul", { class: "sources" });
  const help = h("div", { class: "help" });
  const body = h("div", { class: "explained" }, trailBar, h("div", { class: "top" }, heading, release), formula, lines, h("div", { class: "foot" }, sentence, sources));
  const element = h("section", { class: "panel", "aria-label": "Where this number comes from", tabindex: -1 }, body, help);
  help.append(
    h("p", { class: "invitation" }, "Point at a number to see where it comes from."),
    h("p", { class: "keys" }, ...keys(["← ↑ ↓ →", "walk"], ["Enter", "pin"], ["Esc", "let go"], ["F2", "change"], ["Space", "play"], ["[ ]", "step"], ["Backspace", "back"])),
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
    return h("button", { type: "button", class: kind, "data-source": clickable.push(part.source) - 1, title: "Where does this number come from?" }, part.text);
  };
  return {
    element,
    /** @param {TraceRecord} record @param {Explanation | null} explanation @param {{pinned: boolean, trail: Place[]}} state */
    draw(record, explanation, { pinned, trail }) {
      body.hidden = explanation === null;
      help.hidden = explanation !== null;
      if (!explanation) return;
      const stage = stageOf(record, explanation.stage);
      clickable = [];
      trailBar.hidden = trail.length === 0;
      const crumbs = trail.flatMap((place, level) => [h("button", { type: "button", "data-level": level }, nameOf(stageOf(record, place.stage), place)), " › "]);
      trailBar.replaceChildren(...crumbs, h("span", { "aria-current": "step" }, nameOf(stage, explanation)));
      heading.replaceChildren(h("strong", {}, formatLabel(stage.title)), " ", h("span", { class: "where" }, describeCell(record, explanation)));
      release.hidden = !pinned;
      formula.replaceChildren(...explanation.formula.map((part) => show(part)));
      lines.replaceChildren(
        ...explanation.lines.flatMap(([first, ...rest]) => {
          const [, label, start] = /^(max|exponential|sum|quotient): (.*)$/.exec(typeof first === "string" ? first : "") ?? [null, "", first];
          return [h("span", { class: "label" }, label), h("span", { class: "line" }, ...[start, ...rest].filter((part) => part !== "").map(show))];
        }),
      );
      sources.replaceChildren(
        ...sourceAreas(record, explanation).sort((a, b) => a.operand - b.operand).map((area) => {
          const from = stageOf(record, area.stage);
          return h("li", { class: `operand-${Math.min(area.operand, 3)}` }, h("i", { "aria-hidden": "true" }), h("b", {}, formatLabel(from.title)), ` ${describeArea(from, area)}`);
        }),
      );
      setText(sentence, [explanation.sentence, stage.meaning].filter(Boolean)[0] ?? "");
    },
    focusFirst() {
      (lines.querySelector("button") ?? trailBar.querySelector("button:last-of-type") ?? element).focus({ preventScroll: true });
    },
  };
}

/** @param {...[string, string]} pairs */
const keys = (...pairs) => pairs.flatMap(([key, meaning]) => [h("span", { class: "key-pair" }, h("kbd", {}, key), ` ${meaning}`)]);
