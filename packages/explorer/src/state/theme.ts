import type { Theme } from "../view/colours.js";

const KEY = "unravel.theme";

/** The colours that the visitor chose, else those that the system is set to. */
export function chosenTheme(): Theme {
  const kept = read();
  if (kept === "light" || kept === "dark") return kept;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function keepTheme(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // a browser that keeps nothing forgets this too
  }
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
