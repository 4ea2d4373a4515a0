import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { encode } from "fast-png";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../test/support/folder.js";
import { dataFolder, drawnPair } from "../../explorer/test/support/training.js";
import { expectRefusal, succeed, unravel } from "./support/cli.js";

/** A picture that is an input of one-conv, as a file. */
function writePicture(folder: string): { file: string; data: Uint8Array } {
  const data = Uint8Array.from({ length: 784 }, (_, k) => (k * 37) % 256);
  const file = join(folder, "input.png");
  writeFileSync(file, encode({ width: 28, height: 28, channels: 1, depth: 8, data }));
  return { file, data };
}

test("a module says what `predict --strict` says, to the last bit", async () => {
  const cwd = await temporaryFolder({ "package.json": new TextEncoder().encode('{"type":"module"}') });
  const { file, data } = writePicture(cwd);
  const { stdout, stderr } = await succeed(["export", "one-conv", "--to", "js", "--seed", "3"], { cwd });
  expect(stdout).toMatch(/^Wrote one-conv\.js \([\d,]+ bytes\)\nWrote one-conv\.d\.ts \([\d,]+ bytes\)\n$/);
  expect(stderr).toContain("untrained");
  const { predict } = await import(pathToFileURL(join(cwd, "one-conv.js")).href);
  const said = await succeed(["predict", "one-conv", "--strict", "--raw", "--json", "--seed", "3", file]);
  expect({ file, ...predict(data) }).toEqual(JSON.parse(said.stdout)[0]);
  // what it wrote it replaces; other files not
  await succeed(["export", "one-conv", "--out", "one-conv.js", "--weights", "int8", "--quiet"], { cwd });
  writeFileSync(join(cwd, "one-conv.js"), "export const mine = 1;\n");
  const refused = await unravel(["export", "one-conv", "--to", "js"], { cwd });
  expect(refused.code).toBe(2);
  expect(readFileSync(join(cwd, "one-conv.js"), "utf8")).toBe("export const mine = 1;\n");
});

test("what fewer bits cost is measured with --data, and said to be unknown without", async () => {
  const cwd = await temporaryFolder({});
  const env = { UNRAVEL_DATA: await dataFolder(await drawnPair(20, 150)) };
  const without = await succeed(["export", "one-conv", "--to", "js", "--weights", "int8"], { cwd });
  expect(without.stdout).toContain("Accuracy lost: not measured; --data names what to measure it on.\n");
  const json = await succeed(["export", "one-conv", "--to", "js", "--weights", "f16", "--json"], { cwd });
  expect(JSON.parse(json.stdout)).toMatchObject({ weights: "f16", accuracy: null });

  const options = ["--weights", "int8", "--data", "mnist"];
  const measured = await succeed(["export", "one-conv", "--to", "html", ...options], { cwd, env });
  expect(measured.stdout).toMatch(
    /\nAccuracy on the 150 test images of \S+: \d+\.\d\d% before, \d+\.\d\d% with weights as int8: (as many|\d+ fewer|\d+ more) right\n$/,
  );
  const told = await succeed(["export", "one-conv", "--to", "js", "--json", ...options], { cwd, env });
  const { accuracy } = JSON.parse(told.stdout);
  expect(accuracy).toMatchObject({ weights: "int8", before: { images: 150 }, after: { images: 150 } });
  const evaluated = await succeed(["evaluate", "one-conv", "--strict", "--data", "mnist", "--json"], { env });
  expect(accuracy.before.share).toBe(JSON.parse(evaluated.stdout).accuracy);
  expect(readFileSync(join(cwd, "one-conv.html"), "utf8")).toContain('"accuracy":{"share":');
});

test("what can't be is refused before anything is written", async () => {
  expectRefusal(await unravel(["export", "one-conv", "--to", "js", "--softmax"]), 2, /softmax/);
  expectRefusal(
    await unravel(["export", "one-conv", "--to", "js", "--offline"]),
    2,
    /--offline goes with --data/,
  );
  expectRefusal(await unravel(["export", "one-conv", "--to", "js", "--weights", "int4"]), 2, /int4/);
  expectRefusal(await unravel(["export", "one-conv", "--to", "js", "--out", "net.html"]), 2, /\.js/);
});
