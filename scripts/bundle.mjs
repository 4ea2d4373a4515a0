/**
 * Makes of each package's many small files the few that Node loads: reading and linking 220 modules takes longer than
 * everything else that happens before the first step of training (docs/performance.md). Part of `npm run build`, after the
 * compiler, which checks the types and writes the declarations and the unbundled files for browsers and other bundlers. Comments
 * stay in those only.
 */

import { cpSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const packages = join(dirname(fileURLToPath(import.meta.url)), "..", "packages");

/** Files of a bundle, each made of a source file and all that it imports from its own package. */
const bundles = [
  {
    name: "core",
    files: { index: "index.ts", training: "training/index.ts", node: "node/index.ts" },
    // a file on its own, and not an ES module: each worker starts 20 ms sooner
    alone: { worker: "engine/wasm/worker.ts" },
  },
  {
    name: "files",
    files: { index: "index.ts", node: "node/index.ts", pictureWorker: "node/pictureWorker.ts" },
  },
  {
    name: "cli",
    files: { main: "main.ts", child: "commands/bench/child.ts", sweepChild: "commands/sweep/child.ts" },
  },
];

for (const { name, files, alone } of bundles) {
  const to = join(packages, name, "bundle");
  rmSync(to, { recursive: true, force: true });
  await write(name, files, { dir: to, format: "esm", chunkFileNames: "[name].js", comments: false });
  if (alone)
    await write(name, alone, { dir: to, format: "cjs", entryFileNames: "[name].cjs", comments: false });
}

commonJs();

/**
 * What CommonJS gets of the library, in a folder whose package.json says that it is CommonJS: the same types once more, as
 * TypeScript wants them, and files that require Node's bundle (Node can, since 20.19).
 */
function commonJs() {
  const core = join(packages, "core");
  const to = join(core, "commonjs");
  rmSync(to, { recursive: true, force: true });
  cpSync(join(core, "dist"), to, {
    recursive: true,
    filter: (path) => !/\.(js|map)$/.test(path),
  });
  writeFileSync(join(to, "package.json"), `${JSON.stringify({ type: "commonjs" })}\n`);
  for (const name of Object.keys(bundles[0].files)) {
    writeFileSync(join(to, `${name}.js`), `module.exports = require("../bundle/${name}.js");\n`);
  }
}

async function write(name, files, output) {
  const from = join(packages, name, "src");
  const bundle = await rolldown({
    input: Object.fromEntries(Object.entries(files).map(([file, source]) => [file, join(from, source)])),
    external: (id) => !id.startsWith(".") && !id.startsWith("/") && !/^[A-Za-z]:[\\/]/.test(id),
    platform: "node",
    resolve: { extensionAlias: { ".js": [".ts"] } },
    transform: { define: { NODE_WORKER: JSON.stringify("./worker.cjs") } },
    logLevel: "warn",
  });
  await bundle.write(output);
  await bundle.close();
}
