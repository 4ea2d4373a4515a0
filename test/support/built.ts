import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vitest/config";

const packages = fileURLToPath(new URL("../../packages/", import.meta.url));
export const compiled = ["core", "files", "cli"];

/**
 * Tests name modules of `src/`, and get what was built of them. Node loads that by itself, while Vitest rewrites and compiles
 * each module for each of its processes, and then reaches every imported function through an object that lists exports, which
 * slow loops feel. Where a source is newer than the build, and while Vitest watches the sources, all come from `src/`: never
 * some from each, which would be the same class twice.
 */
export function built(): Plugin {
  let isUsed = false;
  return {
    name: "unravel:built",
    enforce: "pre",
    configureVitest({ vitest }) {
      isUsed = !vitest.config.watch && compiled.every((name) => isUpToDate(name));
    },
    resolveId(source, importer) {
      if (!isUsed || importer === undefined || !source.startsWith(".")) return;
      return builtFile(resolve(dirname(importer), source))?.replaceAll("\\", "/"); // as Vite writes paths
    },
  };
}

/** Whether no source of a package was written after it was built. */
export function isUpToDate(name: string, folder = packages): boolean {
  const done = join(folder, name, "tsconfig.tsbuildinfo");
  if (!existsSync(done)) return false;
  const built = statSync(done).mtimeMs;
  const source = join(folder, name, "src");
  const entries = readdirSync(source, { recursive: true, withFileTypes: true });
  return entries.every(
    (entry) => !entry.isFile() || statSync(join(entry.parentPath, entry.name)).mtimeMs <= built,
  );
}

/** What was built of a module of `src/`, which must be there, too: what was deleted stays in `dist/`. */
export function builtFile(module: string, folder = packages): string | undefined {
  for (const name of compiled) {
    const source = join(folder, name, "src", "/");
    if (!module.startsWith(source) || !existsSync(module.replace(/\.js$/, ".ts"))) continue;
    const file = join(folder, name, "dist", module.slice(source.length));
    if (existsSync(file)) return file;
  }
  return undefined;
}
