// @ts-check
/**
 * The script beside the tables: when they come into sight it unpacks the explorer and shows it in their place.
 *
 * Where it stands it cannot know. A page that is read runs it in place; other hosts run a copy that is appended and
 * removed again, or put it into the head, or make a function of its text; some run it twice. So it takes every output
 * that nobody has taken yet, but only one that still holds a script of its own: what a host has cleaned of scripts is
 * not trusted to bring one. offline.py writes it as one line.
 */
(() => {
  const everyone = /** @type {any} */ (globalThis);
  /** @type {{taken: WeakSet<Element>, explore?: Promise<any>, resolve?: (explore: any) => void}} */
  const shared = (everyone[Symbol.for("KEY")] ??= { taken: new WeakSet() });
  // What runs while a page is read has the page to itself. In a notebook's program the live explorer may still be on
  // its way: it comes first.
  const delay = document.readyState === "loading" ? 0 : 3000;
  /** @param {string} text */
  const unpack = (text) =>
    new Response(
      new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))])
        .stream()
        .pipeThrough(new DecompressionStream("gzip")),
    );
  // A script element is the one way to run it that every page with scripts allows.
  /** @param {string} text */
  const run = (text) =>
    new Promise((resolve) => {
      shared.resolve = resolve;
      const script = document.createElement("script");
      script.type = "module";
      script.textContent = text;
      document.head.append(script);
    });
  /** @param {Element} box @param {Record<string, any>} parts */
  const open = async (box, { module, record, values, stylesheet }) => {
    const explore = await (shared.explore ??= unpack(module).text().then(run));
    const place = document.createElement("div");
    place.className = "attn-magic-explorer";
    box.append(place);
    explore(place, {
      record: await unpack(record).text(),
      values: new DataView(await unpack(values).arrayBuffer()),
      stylesheet: await unpack(stylesheet).text(),
    });
    box.classList.add("attn-magic-explored");
  };
  /** @param {Element} box */
  const isLive = (box) => box.closest(".jp-OutputArea-child")?.nextElementSibling?.querySelector(".attn-magic-live");
  /** @param {Element} box @param {Record<string, any>} parts */
  const watch = (box, parts) => {
    let timer = 0;
    const sight = new IntersectionObserver((entries) => {
      clearTimeout(timer);
      if (!entries[entries.length - 1].isIntersecting) return;
      timer = window.setTimeout(() => {
        if (isLive(box)) return;
        sight.disconnect();
        open(box, parts);
      }, delay);
    });
    sight.observe(box);
  };
  for (const data of /** @type {NodeListOf<HTMLElement>} */ (
    document.querySelectorAll('.attn-magic-output > [data-key="KEY"]')
  )) {
    const box = /** @type {Element} */ (data.parentElement);
    if (!globalThis.DecompressionStream || shared.taken.has(box) || !box.querySelector(":scope > script")) continue;
    shared.taken.add(box);
    watch(box, { ...data.dataset });
  }
})();
