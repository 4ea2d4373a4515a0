import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Plugin } from "vite";

const bundled = [
  "@fontsource-variable/source-sans-3/LICENSE",
  "@fontsource-variable/source-code-pro/LICENSE",
  "svelte/LICENSE.md",
  "idb-keyval/LICENCE",
];

/** Adds `licences.txt`: the licences of what others made and the page carries. */
export function licences(): Plugin {
  const { resolve } = createRequire(import.meta.url);
  return {
    name: "unravel:licences",
    apply: "build",
    generateBundle() {
      const texts = bundled.map((file) => {
        const [name] = file.split(/\/LICEN[CS]E/);
        const folder = resolve(`${name}/package.json`).replace(/package\.json$/, "");
        return `${name}\n${"=".repeat(name.length)}\n\n${readFileSync(folder + file.slice(name.length + 1), "utf8").trim()}\n`;
      });
      this.emitFile({ type: "asset", fileName: "licences.txt", source: texts.join("\n\n") });
    },
  };
}
