import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { testIfPresent } from "./support/needs.js";
import { ended, said, startProcess } from "./support/processes.js";

/*
 * The tests' own processes: none is waited for in vain, and none is left behind.
 */

/** Not there, or dead and only not yet waited for by its parent: neither takes anything from anybody. */
function runs(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

const started: number[] = [];

const testOnLinux = testIfPresent(
  process.platform === "linux",
  "only Linux tells what a process has started",
);

testOnLinux("a test that leaves a process, and what that one started, alone ...", async () => {
  const lonely = "setInterval(() => {}, 1000); console.log(process.pid + '!');";
  const parent = `require("node:child_process").spawn(process.execPath, ["--eval", ${JSON.stringify(lonely)}], { stdio: "inherit" });`;
  const child = startProcess(process.execPath, ["--eval", `${parent} setInterval(() => {}, 1000);`]);
  child.stdout?.setEncoding("utf8").on("data", (text: string) => started.push(Number.parseInt(text, 10)));
  await said(child.stdout, /!/);
  started.push(child.pid as number);
  expect(started.map(runs)).toEqual([true, true]);
});

testOnLinux("... has neither of them left when it is over", async () => {
  expect(started).toHaveLength(2);
  await vi.waitUntil(() => !started.some(runs), { timeout: 30_000 });
});

test("what a process never says is not waited for once it has ended", async () => {
  const child = startProcess(process.execPath, ["--eval", "console.log('something')"]);
  await expect(said(child.stdout, /anything/)).rejects.toThrow(
    "it ended without /anything/, and said: something\n",
  );
  expect(await ended(child)).toMatchObject({ code: 0 });
});

test("that a process has ended is known also to who asks later", async () => {
  const child = startProcess(process.execPath, ["--eval", "process.exitCode = 3"]);
  child.stdout?.resume();
  child.stderr?.resume();
  await new Promise((resolve) => child.once("close", resolve));
  expect(await ended(child)).toMatchObject({ code: 3 });
});

test("a program that isn't there is told at once", async () => {
  await expect(ended(startProcess("no-such-program", []))).rejects.toThrow("ENOENT");
});
