import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ended, scratchFolder, start } from "./support/cli.js";
import { useShapes } from "./support/shapes.js";

/*
 * A command starts soon because it loads only what it needs.
 */

const scratch = scratchFolder();
const data = useShapes(scratch, "shapes", { train: 40, test: 20 });

/** The modules of the command line and of the library that a command loads: `cli/bundle/main.js`. */
async function loadedBy(...args: string[]): Promise<string[]> {
  const folder = scratch(`modules-${args.join("-").replaceAll("/", "")}`);
  await mkdir(folder);
  expect(await ended(start(args, { env: { NODE_V8_COVERAGE: folder } }))).toMatchObject({ code: 0 });
  const reports = await Promise.all(
    (await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")),
  );
  const scripts: { url: string }[] = reports.flatMap((report) => JSON.parse(report).result); // of each thread
  return scripts.flatMap(({ url }) => /packages\/(.*\.js)$/.exec(url)?.[1] ?? []);
}

test.each(["--version", "--help"])("%s takes nothing of the library", async (option) => {
  const loaded = await loadedBy(option);

  expect(loaded).toContain("cli/bundle/main.js");
  expect(loaded.filter((file) => file.startsWith("core/"))).toEqual([]);
});

test("a command takes nothing of the others", async () => {
  const loaded = await loadedBy("train", ...data(), "--threads", "1", "--quiet");

  expect(loaded).toContain("cli/bundle/train.js");
  expect(loaded).toContain("core/bundle/index.js");
  const others = /cli\/bundle\/(evaluate|predict|png|jpeg|explain|explore|check|scaling)\.js|dist\//;
  expect(loaded.filter((file) => others.test(file))).toEqual([]);
});
