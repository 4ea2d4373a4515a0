import { readdir } from "node:fs/promises";
import { describe, expect } from "vitest";
import { few, onlyLong } from "../../../test/support/long.js";
import { testIfPresent } from "../../../test/support/needs.js";
import { startProcess } from "../../../test/support/processes.js";
import { cleanEnv, ended, expectNoTrace, said, scratchFolder, start, UNRAVEL } from "./support/cli.js";
import { useShapes } from "./support/shapes.js";
import { screenAfter, startOnTerminal, testWithTerminal } from "./support/terminal.js";

/*
 * Ends that come from outside: Ctrl-C, kill, a reader that goes away. Nothing here may wait for what a fast or a slow machine
 * would not say: work never ends by itself, and a bar is waited for in any epoch, each longer than a bar takes to come.
 */

const scratch = scratchFolder();
const data = useShapes(scratch, "shapes");

// Windows has no signals: there a process that is "killed" just ends.
const testWithSignals = testIfPresent(process.platform !== "win32", "Windows has no signals");

/** Epochs of a few milliseconds each; a line after each of them. */
const endless = () => ["train", ...data(), "--epochs", "1000000"];

/** Epochs of a second and more. */
const slow = () => [...endless(), "--engine", "reference", "--batch-size", "1", "--filters", "32"];

describe("a signal in mid-epoch", () => {
  for (const [signal, code, engine] of [
    ["SIGTERM", 143, "wasm"],
    // in interrupts.test.ts they come with a file to keep
    ...few([], [["SIGINT", 130, "wasm"] as const, ["SIGINT", 130, "reference"] as const]),
  ] as const) {
    testWithSignals(`${signal}, ${engine} engine: exit code ${code}, one line, no file`, async () => {
      const before = await readdir(scratch());
      const child = start([...endless(), "--engine", engine]);
      const end = ended(child);
      await said(child.stderr, /^Epoch 1\//m);
      child.kill(signal);
      const result = await end;

      expect(result).toMatchObject({ code, stdout: "" });
      expect(result.stderr).toMatch(/\nunravel: interrupted; nothing was written\.\n$/);
      expectNoTrace(result.stderr);
      expect(await readdir(scratch())).toEqual(before);
    });
  }

  testWithTerminal(
    "Ctrl-C on a terminal takes the bar away and leaves the cursor on a line of its own",
    async () => {
      const child = startOnTerminal(slow());
      const end = ended(child);
      await said(child.stdout, /Epoch \d+\/1000000 \[/);
      child.stdin?.write("\x03");
      const { code, stdout: text } = await end;

      expect(code).toBe(130);
      expect(text, "what is typed is echoed, and must not leave the bar behind").toContain("^C");
      const screen = screenAfter(text);
      expect(screen.at(-1)).toBe("");
      expect(screen.at(-2)).toBe("unravel: interrupted; nothing was written.");
      expect(screen.join("\n")).not.toMatch(/\[#|-\]/);
    },
  );
});

testWithSignals("a second Ctrl-C ends work that does not hear the first", async () => {
  const exit = new URL("../dist/exit.js", import.meta.url).href;
  const deaf = `
    import { interruptible } from ${JSON.stringify(exit)};
    await interruptible((signal) => new Promise(() => {
      signal.onabort = () => setTimeout(() => console.error("goes on"), 300); // sooner it would be an echo of the first
      setInterval(() => {}, 1000);
      console.error("begun");
    }));`;
  const child = startProcess(process.execPath, ["--input-type=module", "--eval", deaf]);
  const end = ended(child);
  await said(child.stderr, /begun/);
  child.kill("SIGINT");
  await said(child.stderr, /goes on/); // the first one is left to the work
  child.kill("SIGINT");

  expect((await end).code).toBe(130);
});

describe("a reader that goes away", () => {
  const commands = [
    "train --data shapes --json",
    ...few([], ["summary lenet5", "train --help", "evaluate one-conv --data shapes"]),
  ];
  for (const command of commands) {
    testWithSignals(`unravel ${command} | head -c 1`, async () => {
      const line = `"$0" "$1" ${command} | head -c 1`;
      const options = { cwd: scratch(), env: cleanEnv() };
      const { stdout, stderr } = await ended(
        startProcess("sh", ["-c", line, process.execPath, UNRAVEL], options),
      );

      expect(stdout).toHaveLength(1);
      expectNoTrace(stderr);
      expect(stderr).not.toContain("EPIPE");
    });
  }

  // interrupts.test.ts has it in one process
  onlyLong(testWithSignals)("before anything is written", async () => {
    const child = start(["train", ...data(), "--limit", "60"]);
    child.stdout?.destroy();
    const { code, stderr } = await ended(child);

    expect(code).toBe(1);
    expect(stderr).toMatch(/images\/s\n$/); // the end of what was said while it worked: no complaint
  });
});
