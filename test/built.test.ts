import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { InputError as Named } from "../packages/core/src/errors.js";
import { builtFile, compiled, isUpToDate } from "./support/built.js";
import { temporaryFolder } from "./support/folder.js";

/*
 * What tests get when they name a module of `src/`.
 */

const whole = {
  "core/tsconfig.tsbuildinfo": "{}",
  "core/src/errors.ts": "",
  "core/src/layers/dense.ts": "",
  "core/dist/errors.js": "",
  "core/dist/layers/dense.js": "",
  "core/dist/deleted.js": "",
};

test("what was built, if all of it is newer than the sources", async () => {
  const { InputError: Built } = await import("../packages/core/dist/errors.js");
  expect(Named === Built).toBe(compiled.every((name) => isUpToDate(name)));
});

test("a build is old as soon as one source is newer, or where there is none", async () => {
  const folder = await temporaryFolder(whole);
  const source = join(folder, "core/src/layers/dense.ts");
  const build = join(folder, "core/tsconfig.tsbuildinfo");
  for (const file of [source, join(folder, "core/src/errors.ts")]) await utimes(file, 100, 100);
  await utimes(build, 101, 101);
  expect(isUpToDate("core", folder)).toBe(true);
  await utimes(source, 102, 102);
  expect(isUpToDate("core", folder)).toBe(false);
  expect(isUpToDate("files", folder)).toBe(false);
});

test("only modules that have a source and were built", async () => {
  const folder = await temporaryFolder(whole);
  const of = (module: string) => builtFile(join(folder, module), folder);
  expect(of("core/src/errors.js")).toBe(join(folder, "core/dist/errors.js"));
  expect(of("core/src/layers/dense.js")).toBe(join(folder, "core/dist/layers/dense.js"));
  for (const other of [
    "core/src/deleted.js",
    "core/src/new.js",
    "core/dist/errors.js",
    "explorer/src/errors.js",
  ]) {
    expect(of(other), other).toBeUndefined();
  }
});
