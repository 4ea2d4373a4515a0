import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { formatNpz, randomStream } from "unravel-cnn";
import { expect, test } from "vitest";
import { namesIn, temporaryFolder } from "../../../test/support/folder.js";
import { PYTHON, testWithNumpy } from "../../core/test/support/numpy.js";
import { expectRefusal, succeed, unravel } from "./support/cli.js";

/*
 * Networks as programs: what the command writes, and that it never writes over what somebody has changed.
 */

testWithNumpy("a program for NumPy trains, and unravel check finds its step right", async () => {
  const folder = await temporaryFolder();
  const { stdout } = await succeed(["export", "one-conv", "--filters", "2", "--to", "numpy", "--quiet"], {
    cwd: folder,
  });
  expect(stdout).toMatch(/^Wrote one-conv\.py \([\d,]+ bytes\)\nWrote one-conv\.weights\.npz/);
  const python = (...args: string[]) =>
    execFileSync(PYTHON as string, ["-W", "error", ...args], {
      cwd: folder,
      encoding: "utf8",
      stdio: "pipe",
    });
  const random = randomStream(1, "stripes");
  const labels = Int32Array.from({ length: 100 }, (_, n) => Math.floor(10 * random.uniform(n)));
  // each label's own three rows are brighter
  const data = Uint8Array.from({ length: 100 * 784 }, (_, k) => {
    const row = Math.floor((k % 784) / 28) - 2 * labels[Math.floor(k / 784)];
    return 60 * random.uniform(100 + k) + (row >= 0 && row < 3 ? 190 : 0);
  });
  const images = { shape: [100, 28, 28], data };
  await writeFile(`${folder}/images.npz`, formatNpz({ images, labels: { shape: [100], data: labels } }));
  const trained = python("one-conv.py", "images.npz", "--train", "4");
  expect(trained).toMatch(/epoch 4: loss 0\.\d+/);
  const share = Number(/([\d.]+)% of 100 are right/.exec(trained)?.[1]);
  expect(share).toBeGreaterThan(90);
  expect(python("one-conv.py", "images.npz", "--trace", "3")).toContain("unravel check trace.npz");
  const check = await succeed(["check", "trace.npz"], { cwd: folder });
  expect(check.stdout).toContain("All 21 arrays are right.");
  expect(() => python("one-conv.py")).toThrow(/usage/);
});

test("a program is replaced until somebody changes it", async () => {
  const folder = await temporaryFolder();
  const run = (...args: string[]) => unravel(["export", "one-conv", ...args, "--quiet"], { cwd: folder });
  for (const [format, name] of [
    ["numpy", "net.py"],
    ["c", "net.h"],
    ["pytorch", "torch.py"],
  ]) {
    const args = ["--to", format, "--out", name];
    expect((await run(...args)).code).toBe(0);
    expect((await run(...args, "--seed", "1")).code).toBe(0);
    const path = `${folder}/${name}`;
    const changed = (await readFile(path, "utf8")).replace("network", "net work");
    await writeFile(path, changed);
    expectRefusal(await run(...args), 2, /is there already and is not/);
    expect(await readFile(path, "utf8")).toBe(changed);
  }
  expect(await namesIn(folder)).toEqual([
    "net.h",
    "net.py",
    "net.weights.npz",
    "net_weights.h",
    "torch.py",
    "torch.weights.safetensors",
  ]);
});

test("what can't be written is said in a sentence", async () => {
  const folder = await temporaryFolder();
  const run = (...args: string[]) => unravel(["export", "one-conv", ...args, "--quiet"], { cwd: folder });
  expectRefusal(await run("--out", "net.py"), 2, /--to numpy, pytorch/);
  expectRefusal(await run("--to", "c", "--out", "net.py"), 2, /\.h/);
  expectRefusal(await run("--to", "c", "--out", "a'b.h"), 2, /can't be included/);
  expectRefusal(await run("--to", "numpy", "--softmax"), 2, /softmax/);
  expect(await namesIn(folder)).toEqual([]);
});
