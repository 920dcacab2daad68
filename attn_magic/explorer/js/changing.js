// @ts-check
/**
 * Changes by way of the kernel: what it is asked, and what is shown when it has answered.
 */

import { readRecord } from "./record.js";
import { cellsOf } from "./drawing.js";
import { NOT_LIVE } from "./elements.js";
import { clampStep, draw, isSame, isSource, letGo, reveal, say, setFocus, validPlace, walkTo } from "./showing.js";
import { pause, setStep } from "./playback.js";

/** @import { Place } from "./record.js" */
/** @import { Answered, App } from "./showing.js" */

/** Ask the kernel. One request is under way at a time, and of those that wait only the latest counts. @param {App} app @param {object} message @param {Answered} [answered] */
export function ask(app, message, answered = () => {}) {
  if (!app.live) {
    say(app, NOT_LIVE);
    return answered({ ok: false, text: NOT_LIVE }, []);
  }
  if (app.inFlight) {
    app.queued = { message, answered };
    return;
  }
  app.requests += 1;
  app.inFlight = { request: app.requests, answered, isCopy: "what" in message };
  app.late();
  app.gone();
  try {
    app.host.send({ request: app.requests, ...message });
  } catch {
    setLive(app, false);
  }
}

/** @param {App} app @param {any} reply @param {ArrayBufferView[]} buffers */
function onReply(app, reply, buffers) {
  if (app.signal.aborted || !app.inFlight || reply?.request !== app.inFlight.request) return;
  const { answered } = app.inFlight;
  app.inFlight = null;
  if (!app.live) setLive(app, true);
  say(app, reply.text ?? "");
  refresh(app);
  if (!reply.ok) draw(app); // a choice that was refused goes back
  answered(reply, buffers);
  const next = app.queued;
  app.queued = null;
  if (next) ask(app, next.message, next.answered);
}

/** @param {App} app @param {boolean} next */
export function setLive(app, next) {
  app.live = next;
  app.queued = null;
  const waiting = app.live ? null : app.inFlight;
  say(app, app.live || !(app.record.can.options?.length || app.record.can.edit?.length) ? "" : NOT_LIVE);
  reveal(app);
  waiting?.answered({ ok: false, text: NOT_LIVE }, []);
  if (waiting) waiting.answered = () => {};
}

/** Take over a record that changed. @param {App} app */
function refresh(app) {
  if (app.signal.aborted || (app.readText === app.host.get("record") && app.readValues === app.host.get("values"))) return;
  app.readText = app.host.get("record");
  app.readValues = app.host.get("values");
  const last = app.step === app.record.stages.length - 1;
  app.record = readRecord(app.readText, app.readValues);
  const told = app.host.get("step"); // the kernel keeps it at the same stage; where nobody does, the end stays the end
  app.step = last && told === app.step ? app.record.stages.length - 1 : clampStep(app.record, told);
  if (app.filled !== null && app.filled > cellsOf(app.record.stages[app.step])) app.filled = null;
  app.focus = validPlace(app.record, app.focus);
  app.hover = validPlace(app.record, app.hover);
  app.pinned = app.pinned && app.focus !== null;
  app.trail = app.trail.filter((place) => validPlace(app.record, place));
  draw(app);
}

/** Listen to the host; what changes together is looked at when all of it is there. @param {App} app */
export function followHost(app) {
  const { host, signal } = app;
  /** @param {string} name @param {() => void} act */
  const follow = (name, act) => host.on(name, () => queueMicrotask(() => signal.aborted || (refresh(app), act())));
  host.onMessage((reply, buffers) => onReply(app, reply, buffers));
  follow("record", () => {});
  follow("values", () => {});
  follow("live", () => setLive(app, host.live));
  follow("step", () => {
    const wanted = clampStep(app.record, host.get("step"));
    if (wanted === app.step) return;
    pause(app);
    setStep(app, wanted);
  });
  follow("focus", () => {
    const wanted = validPlace(app.record, host.get("focus"));
    if (isSame(wanted, app.focus)) return;
    if (wanted) return setFocus(app, wanted, { pin: true });
    app.focus = null;
    letGo(app);
  });
}

/** Enter or click on a cell. @param {App} app @param {Place} place */
export function activate(app, place) {
  if (app.record.maskStage === place.stage && app.record.can.mask) {
    setFocus(app, place, { dom: true });
    const { stage, row, column } = place;
    return ask(app, { kind: "toggle", stage, row, column });
  }
  if (isSource(app, place)) return walkTo(app, { ...place, value: 0 }, true);
  setFocus(app, place, { pin: true, dom: true });
}
