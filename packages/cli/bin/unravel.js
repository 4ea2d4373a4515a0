#!/usr/bin/env node
// npm links commands before anything is built, so this file is committed as JavaScript and only starts the real one.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const main = new URL("../bundle/main.js", import.meta.url);
if (existsSync(fileURLToPath(main))) {
  const { run } = await import(main.href);
  process.exitCode = await run(process.argv.slice(2));
} else {
  console.error("unravel: the program has not been built yet; run npm run build first.");
  process.exitCode = 1;
}
