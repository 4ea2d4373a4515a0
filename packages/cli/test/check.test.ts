import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { formatNpz, knownMistakes, parseNpz } from "../../core/src/index.js";
import { runPython, testWithNumpy } from "../../core/test/support/numpy.js";
import { HOW } from "../src/commands/check/how.js";
import { expectRefusal, scratchFolder, succeed, unravel } from "./support/cli.js";

const scratch = scratchFolder();

async function example(name: string) {
  const path = scratch(name);
  await succeed(["check", "--example", path]);
  return { path, arrays: parseNpz(new Uint8Array(await readFile(path)), name) };
}

test("the example agrees, in every array", async () => {
  const { path } = await example("right.npz");

  const { stdout } = await succeed(["check", path, "--json"]);

  const report = JSON.parse(stdout);
  expect(Object.keys(report)).toEqual(["agrees", "first", "arrays", "conventions", "mistakes"]);
  expect(report).toMatchObject({ agrees: true, first: null, mistakes: [] });
  expect(report.arrays).toHaveLength(21);
  for (const array of report.arrays)
    expect(array).toEqual({
      name: expect.any(String),
      status: "agrees",
      maxRelativeError: expect.any(Number),
    });
});

test("a mistake is found, named and explained, and the exit code is 1", async () => {
  const { arrays } = await example("wrong.npz");
  const gradient = arrays["grad.conv1.weight"];
  const wrong = { shape: gradient.shape, data: gradient.data.map((value) => 4 * value) };
  await writeFile(scratch("wrong.npz"), formatNpz({ ...arrays, "grad.conv1.weight": wrong, dW: wrong }));

  const [json, text] = await Promise.all([
    unravel(["check", scratch("wrong.npz"), "--json"]),
    unravel(["check", scratch("wrong.npz")]),
  ]);

  const report = JSON.parse(json.stdout);
  expect(json.code).toBe(1);
  expect(report).toMatchObject({ agrees: false, first: "grad.conv1.weight" });
  expect(report.mistakes[0]).toEqual({
    name: "batch-mean-left-out",
    array: "grad.conv1.weight",
    why: expect.stringContaining("1/N"),
    fix: expect.stringContaining("/ N"),
  });
  expect(text.code).toBe(1);
  expect(text.stderr).toBe("unravel: grad.conv1.weight is wrong, which batch-mean-left-out explains.\n");
  expect(text.stdout).toMatch(/ ✗ grad\.conv1\.weight +3\.000 +<- the first that is wrong/);
  expect(text.stdout).toMatch(
    /grad\.conv1\.weight\[\d, 0, \d, \d\]\n {2}yours {2}\S+\n {2}right {2}\S+, from your own/,
  );
  expect(text.stdout).toContain("Not used, as their names are not known here: dW (see --how)");
  for (const line of text.stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
});

test("gradients whose names nobody knows come first, and the exit code is 1", async () => {
  const { arrays } = await example("suffix.npz");
  const called = Object.entries(arrays).map(([name, array]) => [
    name.replace(/^grad\.(.*)/, "$1.grad"),
    array,
  ]);
  await writeFile(scratch("suffix.npz"), formatNpz(Object.fromEntries(called)));

  const { code, stdout, stderr } = await unravel(["check", scratch("suffix.npz")]);

  expect(code).toBe(1);
  expect(stderr).toMatch(/^unravel: The file has gradients, but none of their names is known here/);
  expect(stdout.indexOf("The file has gradients")).toBeLessThan(stdout.indexOf("largest error"));
  expect(stdout).not.toMatch(/All \d+ arrays/);
});

test("numbers that are none are named where they begin, and what lies behind is not judged", async () => {
  const { arrays } = await example("nan.npz");
  const weight = { ...arrays["conv1.weight"], data: arrays["conv1.weight"].data.map(() => NaN) };
  const lost = { ...arrays["grad.x"], data: arrays["grad.x"].data.map(() => NaN) };
  await writeFile(scratch("nan.npz"), formatNpz({ ...arrays, "conv1.weight": weight, "grad.x": lost }));

  const { code, stdout, stderr } = await unravel(["check", scratch("nan.npz")]);

  expect(code).toBe(1);
  expect(stderr).toBe("unravel: conv1.weight is wrong, which not-finite explains.\n");
  expect(stdout).toMatch(/✗ conv1\.weight +not finite +<- the first that is wrong/);
  expect(stdout).toMatch(/Not judged, as what they are computed from is not known: .*conv1\.out/);
  expect(stdout).toMatch(/the\s+training\s+has\s+diverged\s+before\s+this\s+step/);
});

test("files that can't be read or checked get a sentence", async () => {
  await writeFile(scratch("text.npz"), "no zip");
  const y = { shape: [1], data: Int32Array.of(1) };
  await writeFile(scratch("names.npz"), formatNpz({ dW: y }));
  await writeFile(scratch("labels.npz"), formatNpz({ y }));
  const { path } = await example("other.npz");

  expectRefusal(await unravel(["check"]), 2, /There is no file to check/);
  expectRefusal(await unravel(["check", scratch("none.npz")]), 2, /there is no such file/);
  expectRefusal(await unravel(["check", scratch("text.npz")]), 2, /doesn't begin as a \.npz file/);
  expectRefusal(await unravel(["check", scratch("names.npz")]), 2, /None of the names "dW" is known/);
  expectRefusal(await unravel(["check", scratch("labels.npz")]), 2, /There is no array x/);
  expectRefusal(await unravel(["check", path, "--model", "lenet5"]), 2, /conv1\.weight has shape/);
});

testWithNumpy("the Python of --how saves what check reads", async () => {
  const { stdout } = await succeed(["check", "--how"]);
  expect(stdout).toBe(HOW);

  const { path, arrays } = await example("source.npz");
  // The right-hand sides of the program, from the example.
  const program = `
import os, sys, numpy as np
a = np.load(sys.argv[1])
os.chdir(sys.argv[2])
x, y, lr, w1, b1, w2, b2 = (a[k] for k in "x y lr conv1.weight conv1.bias fc1.weight fc1.bias".split())
conv, relu, pool, flat, scores = (a[k + "1.out"] for k in "conv relu pool flatten fc".split())
p, loss = a["probs"], a["loss"]
dscores, dflat, dpool, drelu, dconv = (a["grad." + k + "1.out"] for k in "fc flatten pool relu conv".split())
dw2, db2, dw1, db1 = (a["grad." + k] for k in "fc1.weight fc1.bias conv1.weight conv1.bias".split())
dx = a["grad.x"]
before, after = sys.argv[3].split("# ... after the update:")
exec(before)
w1, b1, w2, b2 = (a["new." + k] for k in "conv1.weight conv1.bias fc1.weight fc1.bias".split())
exec(after)
`;
  runPython(program, path, scratch(), HOW);

  const saved = parseNpz(new Uint8Array(await readFile(scratch("mine.npz"))), "mine.npz");
  expect(Object.keys(saved).sort()).toEqual(Object.keys(arrays).sort());
  expect(JSON.parse((await succeed(["check", scratch("mine.npz"), "--json"])).stdout).agrees).toBe(true);
});

test("docs/check.md has the program and every mistake as they are", async () => {
  const page = await readFile(fileURLToPath(new URL("../../../docs/check.md", import.meta.url)), "utf8");

  expect(page).toContain(`\`\`\`python\n${HOW}\`\`\``);
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  expect(rows).toEqual(
    knownMistakes.map(({ name, why, fix }) => `| \`${name}\` | ${why} | \`${fix.replaceAll("\n", "; ")}\` |`),
  );
  expect(new Set(knownMistakes.map(({ name }) => name)).size).toBe(knownMistakes.length);
  expect(knownMistakes.length).toBeGreaterThanOrEqual(30);
  for (const { name, why } of knownMistakes) {
    expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)+$/);
    expect(why).toMatch(/^[A-Z/x\w][^\n]*\.$/);
  }
});
