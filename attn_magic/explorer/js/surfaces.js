// @ts-check
/**
 * The two surfaces that a stage is drawn on: digits in a table, or a canvas with one pixel for each cell.
 */

import { headOf, hiddenCells } from "./record.js";
import { labelOf } from "./notation.js";
import {
  ALLOWED_BLUE,
  commonWords,
  DIVERGING,
  lookFor,
  NOT_FINITE_RED,
  positionOf,
  rangeOf,
  SEQUENTIAL,
  shadesOf,
  WIDE,
} from "./drawing.js";
import { h, mathematics } from "./elements.js";

/** @import { Axis, Stage } from "./record.js" */
/** @import { Settings } from "./drawing.js" */

/**
 * A surface shows the cells of a stage and knows where they are.
 * @typedef {{element: HTMLElement, fill(settings: Settings, stage: Stage): void,
 *   locate(event: MouseEvent): [number, number] | null,
 *   moveTabStop(row: number, column: number, name: string): HTMLElement,
 *   emphasize(row: number, column: number): void, cell: [number, number]}} Surface
 */

/**
 * Digits in a table, one element for each cell.
 * @param {Stage} stage @param {boolean} transposed @param {string} label @param {boolean} readOnly @returns {Surface}
 */
export function tableSurface(stage, transposed, label, readOnly) {
  const [rows, columns] = transposed ? [stage.columns, stage.rows] : [stage.rows, stage.columns];
  const common = columns.labels.length > WIDE ? commonWords(columns.labels) : 0;
  /** @param {Axis} axis @param {number} place @param {string} role @param {number} [cut] */
  const header = (axis, place, role, cut = 0) =>
    h(
      "th",
      { role, class: role, title: labelOf(axis, place), "aria-label": cut ? labelOf(axis, place) : null },
      h("bdi", {}, labelOf(axis, place).slice(cut)),
    );
  const corner = h(
    "th",
    { role: "columnheader", class: "corner" },
    h("span", { class: "across" }, ...mathematics(columns.name)),
    h("span", { class: "down" }, ...mathematics(rows.name)),
  );
  const head = h(
    "tr",
    { role: "row" },
    corner,
    ...columns.labels.map((_, place) => header(columns, place, "columnheader", common)),
  );
  const rowHeaders = rows.labels.map((_, place) => header(rows, place, "rowheader"));
  /** @type {HTMLTableCellElement[][]} */
  const cells = rows.labels.map(() => columns.labels.map(() => h("td", { role: "gridcell", tabindex: -1 })));
  const lines = cells.map((line, row) => h("tr", { role: "row" }, rowHeaders[row], ...line));
  const table = h(
    "table",
    { role: "grid", "aria-label": label, "aria-readonly": String(readOnly) },
    h("thead", { role: "rowgroup" }, head),
    h("tbody", { role: "rowgroup" }, ...lines),
  );
  /** @type {string[]} */
  const drawn = [];
  let tabStop = cells[0][0];
  tabStop.tabIndex = 0;
  /** @type {HTMLElement[]} */
  let emphasized = [];
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
      tabStop.tabIndex = -1;
      tabStop = cells[row][column];
      tabStop.tabIndex = 0;
      return tabStop;
    },
    emphasize(row, column) {
      for (const header of emphasized) header.classList.remove("strong");
      emphasized = row < 0 ? [] : [rowHeaders[row], /** @type {HTMLElement} */ (head.children[column + 1])];
      for (const header of emphasized) header.classList.add("strong");
    },
  };
}

/**
 * One pixel for each cell on a canvas, enlarged; the focused cell is a single element that moves.
 * @param {Stage} stage @param {boolean} transposed @param {number} width @param {number} height @param {string} label
 * @param {boolean} readOnly @returns {Surface}
 */
export function canvasSurface(stage, transposed, width, height, label, readOnly) {
  const [rows, columns] = transposed ? [stage.columns, stage.rows] : [stage.rows, stage.columns];
  const [down, across] = [rows.labels.length, columns.labels.length];
  const canvas = h("canvas", { width: across, height: down, "aria-hidden": "true" });
  canvas.style.width = `${across * width}px`;
  canvas.style.height = `${down * height}px`;
  const cursor = h("div", {
    role: "gridcell",
    class: "cursor",
    tabindex: 0,
    "aria-colindex": 1,
    "aria-label": `${rows.name} ${labelOf(rows, 0)}, ${columns.name} ${labelOf(columns, 0)}`,
  });
  const line = h("div", { role: "row", "aria-rowindex": 1 }, cursor);
  const names = [
    h("span", { class: "across" }, ...mathematics(columns.name), " →"),
    h("span", { class: "down" }, ...mathematics(rows.name), " ↓"),
  ];
  const grid = h(
    "div",
    {
      role: "grid",
      "aria-label": label,
      "aria-rowcount": down,
      "aria-colcount": across,
      "aria-readonly": String(readOnly),
      class: "pixels",
    },
    canvas,
    line,
  );
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
      return [
        Math.min(Math.max(Math.floor(event.offsetY / height), 0), down - 1),
        Math.min(Math.max(Math.floor(event.offsetX / width), 0), across - 1),
      ];
    },
    moveTabStop(row, column, name) {
      line.setAttribute("aria-rowindex", String(row + 1));
      cursor.setAttribute("aria-colindex", String(column + 1));
      cursor.setAttribute("aria-label", name);
      cursor.style.cssText = boxStyle((across - 1 - column) * width, (down - 1 - row) * height, width, height);
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
      if (stage.isMask ? !value : hidden?.[cell])
        color = 0; // the hatching behind the canvas
      else if (stage.isMask) color = ALLOWED_BLUE;
      else if (Number.isFinite(value) && range)
        color = shades[Math.round(Math.min(Math.max(positionOf(value, range[0], range[1], signed), 0), 1) * 255)];
      pixels[transposed ? column * rows + row : cell] = color;
    }
  }
  return image;
}

/**
 * Where something lies over the cells, counted from their lower right corner: headers stand on the other sides.
 * @param {number} right @param {number} bottom @param {number} width @param {number} height
 */
export const boxStyle = (right, bottom, width, height) =>
  `right:${right}px;bottom:${bottom}px;width:${width}px;height:${height}px`;
