// @ts-check
/**
 * Changes by way of the kernel: what it is asked, and what is shown when it has answered.
 */

import { readRecord } from "./record.js";
import { cellsOf } from "./drawing.js";
import { NOT_LIVE } from "./elements.js";
import { clampStep, isSame, isSource, takeOver, validPlace } from "./state.js";
import { draw, letGo, reveal, say, setFocus, walkTo } from "./showing.js";
import { pause, setStep } from "./playback.js";

/** @import { Place } from "./record.js" */
/** @import { Answered, Page, TraceState } from "./state.js" */

/**
 * Ask the kernel. One request is under way at a time, and of those that wait only the latest counts.
 * @param {Page} page @param {object} message @param {Answered} [answered]
 */
export function ask(page, message, answered = () => {}) {
  if (!page.live) {
    say(page, NOT_LIVE);
    return answered({ ok: false, text: NOT_LIVE }, []);
  }
  if (page.inFlight) {
    page.queued = { message, answered };
    return;
  }
  page.requests += 1;
  page.inFlight = { request: page.requests, answered, isCopy: "what" in message };
  page.answerIsLate();
  page.noAnswer();
  try {
    page.host.send({ request: page.requests, ...message });
  } catch {
    setLive(page, false);
  }
}

/** @param {Page} page @param {any} reply @param {ArrayBufferView[]} buffers */
function onReply(page, reply, buffers) {
  if (page.signal.aborted || !page.inFlight || reply?.request !== page.inFlight.request) return;
  const { answered } = page.inFlight;
  page.inFlight = null;
  if (!page.live) setLive(page, true);
  say(page, reply.text ?? "");
  refresh(page);
  if (!reply.ok) draw(page.trace); // a choice that was refused goes back
  answered(reply, buffers);
  const next = page.queued;
  page.queued = null;
  if (next) ask(page, next.message, next.answered);
}

/** @param {Page} page @param {boolean} next */
export function setLive(page, next) {
  const { trace } = page;
  page.live = next;
  page.queued = null;
  const waiting = page.live ? null : page.inFlight;
  say(page, page.live || !(trace.record.can.options?.length || trace.record.can.edit?.length) ? "" : NOT_LIVE);
  reveal(trace);
  waiting?.answered({ ok: false, text: NOT_LIVE }, []);
  if (waiting) waiting.answered = () => {};
}

/** Take over a record that changed. @param {Page} page */
function refresh(page) {
  if (page.signal.aborted || (page.readText === page.host.get("record") && page.readValues === page.host.get("values")))
    return;
  page.readText = page.host.get("record");
  page.readValues = page.host.get("values");
  const { trace } = page;
  takeOver(trace, readRecord(page.readText, page.readValues), page.host.get("step"));
  if (trace.filled !== null && trace.filled > cellsOf(trace.record.stages[trace.step])) trace.filled = null;
  draw(trace);
}

/** Listen to the host; what changes together is looked at when all of it is there. @param {Page} page */
export function followHost(page) {
  const { trace } = page;
  const { host, signal } = page;
  /** @param {string} name @param {() => void} act */
  const follow = (name, act) => host.on(name, () => queueMicrotask(() => signal.aborted || (refresh(page), act())));
  host.onMessage((reply, buffers) => onReply(page, reply, buffers));
  follow("record", () => {});
  follow("values", () => {});
  follow("live", () => setLive(page, host.live));
  follow("step", () => {
    const wanted = clampStep(trace.record, host.get("step"));
    if (wanted === trace.step) return;
    pause(trace);
    setStep(trace, wanted);
  });
  follow("focus", () => {
    const wanted = validPlace(trace.record, host.get("focus"));
    if (isSame(wanted, trace.focus)) return;
    if (wanted) return setFocus(trace, wanted, { pin: true });
    trace.focus = null;
    letGo(trace);
  });
}

/** Enter or click on a cell. @param {TraceState} trace @param {Place} place */
export function activate(trace, place) {
  if (trace.record.maskStage === place.stage && trace.record.can.mask) {
    setFocus(trace, place, { dom: true });
    const { stage, row, column } = place;
    return ask(trace.page, { kind: "toggle", stage, row, column });
  }
  if (isSource(trace, place)) return walkTo(trace, { ...place, value: 0 }, true);
  setFocus(trace, place, { pin: true, dom: true });
}
