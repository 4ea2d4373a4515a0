import { element } from "./elements.js";
import type { Source } from "./source.js";

/**
 * Ways to give a picture, one of them shown at a time. Arrow keys go from tab to tab.
 * @param forget called between one and the next
 */
export function tabs(sources: readonly Source[], forget: () => void) {
  const list = element("div", {
    class: "tabs",
    role: "tablist",
    "aria-label": "Where the picture comes from",
  });
  const panels = element("div");
  let current: Source | undefined;
  const choose = (chosen: Source) => {
    if (chosen === current) return;
    const before = current;
    current = chosen;
    for (const [k, source] of sources.entries()) {
      const isChosen = source === chosen;
      list.children[k].setAttribute("aria-selected", String(isChosen));
      list.children[k].setAttribute("tabindex", isChosen ? "0" : "-1");
      (panels.children[k] as HTMLElement).hidden = !isChosen;
    }
    before?.hidden?.();
    forget();
    chosen.shown?.();
  };
  for (const [k, source] of sources.entries()) {
    const tab = element(
      "button",
      { type: "button", role: "tab", id: `tab${k}`, "aria-controls": `panel${k}` },
      source.title,
    );
    tab.addEventListener("click", () => choose(source));
    tab.addEventListener("keydown", ({ key }) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (by === undefined) return;
      const next = (k + by + sources.length) % sources.length;
      choose(sources[next]);
      (list.children[next] as HTMLElement).focus();
    });
    list.append(tab);
    panels.append(
      element("div", { role: "tabpanel", id: `panel${k}`, "aria-labelledby": `tab${k}` }, source.panel),
    );
  }
  return {
    element: element("section", { class: "source", "aria-label": "Your picture" }, list, panels),
    choose,
  };
}
