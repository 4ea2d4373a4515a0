import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { readModel } from "../packages/core/src/node/index.js";
import { folderInside } from "./support/blocks.js";
import { startProcess } from "./support/processes.js";

/* The programs in examples/, as they stand. */

const folder = join(import.meta.dirname, "..", "examples");
const env = { ...process.env, IMAGES: "300" };

test("each has fewer than 60 lines", () => {
  const programs = readdirSync(folder).filter((name) => /\.(m?js|ts|svelte|html)$/.test(name));
  expect(programs).toContain("train.mjs");
  for (const name of programs) {
    expect(readFileSync(join(folder, name), "utf8").trimEnd().split("\n").length, name).toBeLessThan(60);
  }
});

test("train.mjs trains, tests and saves; interrupted, it goes on", async () => {
  const cwd = folderInside();
  const program = join(folder, "train.mjs");
  const file = join(cwd, "mine.safetensors");
  const child = startProcess(process.execPath, [program, "digits", file], {
    cwd,
    env: { ...env, EPOCHS: "3" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  let isTold = process.platform === "win32"; // which has no signals
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    if (isTold || !/^epoch 1: /m.test(text)) return;
    isTold = true; // a second signal would end it at once
    child.kill("SIGINT");
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  const interrupted = code === 130;
  if (interrupted) expect(text).toMatch(/interrupted; the training is kept in .*mine\.checkpoint/);
  expect(existsSync(file)).toBe(!interrupted);

  const { stdout } = await promisify(execFile)(process.execPath, [program, "digits", file], {
    cwd,
    env: { ...env, EPOCHS: "3" },
  });
  expect(stdout).toMatch(/^kept epoch \d of \d: \d+\.\d\d% on test images, in .*mine\.safetensors\n$/m);
  if (interrupted) expect(stdout).not.toMatch(/^epoch 1: /m);
  const { model } = await readModel(file);
  expect(model.inputShape).toEqual([1, 28, 28]);
});
