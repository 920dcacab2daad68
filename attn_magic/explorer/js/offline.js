// @ts-check
/**
 * The explorer where there is no kernel: in the saved output of a cell, in a page of its own. Looking, stepping and
 * pinning work as ever; what would have to be computed says so.
 */

import { mount, shadowRootIn } from "./explorer.js";

/** @import { Host } from "./state.js" */

/**
 * An explorer of one trace inside `element`.
 * @param {HTMLElement} element @param {{record: string, values: DataView, stylesheet: string}} trace
 */
export function explore(element, { record, values, stylesheet }) {
  const { signal } = new AbortController(); // it stays as long as its page
  mount(
    shadowRootIn(element, stylesheet, signal),
    offlineHost({ record, values, focus: null, step: JSON.parse(record).stages.length - 1 }),
    { signal },
  );
}

/** Remembers, and computes nothing. @param {Record<string, any>} state @returns {Host} */
function offlineHost(state) {
  return {
    live: false,
    get: (name) => state[name],
    set: (name, value) => void (state[name] = value),
    on() {},
    send() {},
    onMessage() {},
  };
}
