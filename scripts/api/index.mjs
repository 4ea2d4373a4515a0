/**
 * Writes the API reference, docs/api/: a page for each way into a package, made of the types and comments that the compiler
 * writes (dist/), so `npm run compile` comes first:
 *
 *     npm run api
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exportsOf } from "./exports.mjs";
import { render } from "./render.mjs";
import { pages } from "./themes.mjs";

const folder = fileURLToPath(new URL("../../docs/api/", import.meta.url));
mkdirSync(folder, { recursive: true });
for (const [name, text] of render(exportsOf(pages))) writeFileSync(join(folder, name), text);
