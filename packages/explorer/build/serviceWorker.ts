import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

/** Of the public folder, what others show of the page: it needs it neither with a network nor without. */
const FOR_OTHERS = ["preview.png"];

/**
 * Adds `sw.js`, the service worker that keeps the page for times without a network: `worker.js` beside this file, with the
 * names of all files of the build and a version that follows from their contents.
 */
export function serviceWorker(): Plugin {
  let publicFolder = "";
  return {
    name: "unravel:service-worker",
    apply: "build",
    enforce: "post",
    configResolved({ publicDir }) {
      publicFolder = publicDir;
    },
    generateBundle(_options, bundle) {
      const files = Object.values(bundle).filter(({ fileName }) => !fileName.endsWith(".map"));
      const hash = createHash("sha256");
      for (const file of files) {
        hash.update(file.fileName).update(file.type === "chunk" ? file.code : file.source);
      }
      const fromPublic = readdirSync(publicFolder).filter((name) => !FOR_OTHERS.includes(name));
      for (const name of fromPublic) hash.update(name).update(readFileSync(join(publicFolder, name)));
      const names = [
        "./",
        ...fromPublic,
        ...files.map(({ fileName }) => fileName).filter((name) => name !== "index.html"),
      ];
      const source = readFileSync(new URL("./worker.js", import.meta.url), "utf8")
        .replace("__VERSION__", hash.digest("hex").slice(0, 12))
        .replace("__FILES__", names.sort().join(" "));
      this.emitFile({ type: "asset", fileName: "sw.js", source });
    },
  };
}
