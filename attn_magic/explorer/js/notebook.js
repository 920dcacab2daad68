// @ts-check
/**
 * A notebook as the surroundings of an explorer: a host made of an anywidget model, and keys that the notebook must not
 * take.
 */

/** @import { Host } from "./state.js" */

/**
 * The notebook's shortcuts rest while the focus is in the explorer, but for those with Ctrl or Cmd: saving still works.
 * What Ctrl+Z undoes is here. JupyterLab and Notebook 7 listen before any element does, and look for the attribute; VS
 * Code is told of every key that reaches its window.
 * @param {HTMLElement} shell @param {AbortSignal} signal
 */
export function holdShortcuts(shell, signal) {
  const update = (/** @type {KeyboardEvent} */ event) => {
    if (isForTheNotebook(event)) shell.removeAttribute("data-lm-suppress-shortcuts");
    else shell.setAttribute("data-lm-suppress-shortcuts", "true");
  };
  window.addEventListener("keydown", update, { signal, capture: true });
  window.addEventListener("keyup", update, { signal, capture: true });
  shell.addEventListener(
    "keydown",
    (event) => {
      const leaves = event.key === "Tab" || event.key === "Escape"; // or nobody would get out of here
      if (!leaves && (event.defaultPrevented || !isForTheNotebook(event))) event.stopPropagation();
    },
    { signal },
  );
}

/** @param {KeyboardEvent} event */
const isForTheNotebook = (event) => (event.ctrlKey || event.metaKey) && !/^[zy]$/i.test(event.key);

/**
 * A host made of an anywidget model. Whether a kernel listens cannot be read from the model: where the surroundings
 * know that there is none there is none; otherwise it is asked. It counts as gone when it is idle and has not answered;
 * or after a second, where the surroundings know nothing of kernels, as in a page of html-manager and in Colab, until
 * it answers after all.
 * @param {any} model @param {AbortSignal} signal @returns {Host}
 */
export function hostOf(model, signal) {
  /** @param {string} event @param {any} callback */
  function listen(event, callback) {
    model.on(event, callback);
    signal.addEventListener("abort", () => model.off(event, callback));
  }
  const manager = model.widget_manager ?? {};
  const knowsKernels = "kernel" in manager;
  let answered = false;
  let looks = 0; // times that nothing has been heard, though the kernel is idle or nothing is known of it
  const isThere = () => {
    const { kernel } = manager;
    if (knowsKernels && (!kernel || kernel.status === "dead" || kernel.connectionStatus === "disconnected"))
      return false;
    return answered || looks < (knowsKernels ? 4 : 1);
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
    on: (/** @type {string} */ name, /** @type {() => void} */ callback) =>
      name === "live" ? void whenLive.push(callback) : listen(`change:${name}`, callback),
    send: (/** @type {object} */ message) => model.send(message),
    onMessage: (/** @type {(message: any, buffers: ArrayBufferView[]) => void} */ callback) =>
      listen("msg:custom", callback),
  };
  const look = () => {
    if (!answered && (!knowsKernels || manager.kernel?.status === "idle")) looks += 1;
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
