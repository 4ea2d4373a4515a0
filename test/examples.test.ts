import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { readModel } from "../packages/core/src/node/index.js";
import { folderInside } from "./support/blocks.js";
import { startProcess } from "./support/processes.js";

/* The programs in examples/, as they stand. */

const folder = join(import.meta.dirname, "..", "examples");
const env = { ...process.env, IMAGES: "300" };

test("each has fewer than 60 lines", () => {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const programs = files.filter((name) => /\.(m?js|ts|svelte|html)$/.test(name));
  expect(programs).toEqual(expect.arrayContaining(["train.mjs", join("own-images", "training.js")]));
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

test("of what is dropped on a page, all files are found, however many and deep", async () => {
  interface Entry {
    readonly isFile: boolean;
    readonly fullPath: string;
    file?(then: (file: unknown) => void): void;
    createReader?(): { readEntries(then: (some: readonly Entry[]) => void): void };
  }
  const file = (fullPath: string): Entry => ({
    isFile: true,
    fullPath,
    file: (then) => then({ of: fullPath }),
  });
  /** As browsers have it: a reader gives a hundred entries at a time, and then none. */
  const folderOf = (fullPath: string, entries: readonly Entry[]): Entry => ({
    isFile: false,
    fullPath,
    createReader() {
      let at = 0;
      return {
        readEntries: (then) => {
          then(entries.slice(at, at + 100));
          at += 100;
        },
      };
    },
  });
  const cats = Array.from({ length: 250 }, (_, k) => file(`/photos/cats/${k}.png`));
  const deep = folderOf("/photos/dogs", [folderOf("/photos/dogs/old", [file("/photos/dogs/old/a.png")])]);
  const path: string = pathToFileURL(join(folder, "own-images", "dropped.js")).href;
  const { filesIn } = await import(/* @vite-ignore */ path);
  const found = await filesIn(folderOf("/photos", [folderOf("/photos/cats", cats), deep]));
  expect(found.map((one: { path: string }) => one.path)).toEqual([
    ...Array.from({ length: 250 }, (_, k) => `photos/cats/${k}.png`),
    "photos/dogs/old/a.png",
  ]);
  expect(found[250].file).toEqual({ of: "/photos/dogs/old/a.png" });
});
