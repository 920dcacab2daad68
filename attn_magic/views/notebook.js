// @ts-check
/**
 * A notebook as the surroundings of an explorer: a host made of an anywidget model, and keys that the notebook must not take.
 */

/** @import { Host } from "./showing.js" */

/** The notebook's shortcuts rest while the focus is in the explorer, but for those with Ctrl or Cmd: saving still works. What Ctrl+Z undoes is here. @param {HTMLElement} shell @param {AbortSignal} signal */
export function holdShortcuts(shell, signal) {
  const update = (/** @type {KeyboardEvent} */ event) => {
    if ((event.ctrlKey || event.metaKey) && !/^[zy]$/i.test(event.key)) shell.removeAttribute("data-lm-suppress-shortcuts");
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
export function hostOf(model, signal) {
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
    onMessage: (/** @type {(message: any, buffers: ArrayBufferView[]) => void} */ callback) => listen("msg:custom", callback),
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
