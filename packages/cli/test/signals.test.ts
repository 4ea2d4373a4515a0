import { type ChildProcess, spawn } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { testIfPresent } from "../../../test/support/needs.js";
import { cleanEnv, ended, expectNoTrace, scratchFolder, start, UNRAVEL } from "./support/cli.js";
import { useShapes } from "./support/shapes.js";
import { screenAfter, startOnTerminal, testWithTerminal } from "./support/terminal.js";

/*
 * Ends that come from outside: Ctrl-C, kill, a reader that goes away.
 */

const scratch = scratchFolder();
const data = useShapes(scratch, "shapes");

// Windows has no signals: there a process that is "killed" just ends.
const testWithSignals = testIfPresent(process.platform !== "win32", "Windows has no signals");

const endless = () => ["train", ...data(), "--epochs", "1000000"];

/** Resolves when a process has said something that matches. */
function said(stream: ChildProcess["stderr"], pattern: RegExp): Promise<void> {
  let text = "";
  return new Promise((resolve, reject) => {
    stream?.on("data", (chunk: Buffer) => {
      text += chunk;
      if (pattern.test(text)) resolve();
    });
    stream?.on("close", () => reject(new Error(`it ended and had only said: ${text}`)));
  });
}

describe("a signal in mid-epoch", () => {
  for (const [signal, code, engine] of [
    ["SIGINT", 130, "wasm"],
    ["SIGINT", 130, "reference"],
    ["SIGTERM", 143, "wasm"],
  ] as const) {
    testWithSignals(`${signal}, ${engine} engine: exit code ${code}, one line, no file`, async () => {
      const before = await readdir(scratch());
      const child = start([...endless(), "--engine", engine, "--out", scratch("never.safetensors")]);
      const end = ended(child);
      await said(child.stderr, /^Epoch 1\//m);
      child.kill(signal);
      const result = await end;

      expect(result).toMatchObject({ code, stdout: "" });
      expect(result.stderr).toMatch(/images\/s\nunravel: interrupted; nothing was written\.\n$/);
      expectNoTrace(result.stderr);
      expect(await readdir(scratch())).toEqual(before);
    });
  }

  testWithSignals("a file that is there already stays as it is", async () => {
    const out = scratch("old.safetensors");
    await writeFile(out, "an old model");
    const before = await readdir(scratch());
    const child = start([...endless(), "--out", out]);
    const end = ended(child);
    await said(child.stderr, /^Epoch 1\//m);
    child.kill("SIGINT");

    expect((await end).code).toBe(130);
    expect(await readFile(out, "utf8")).toBe("an old model");
    expect(await readdir(scratch())).toEqual(before);
  });

  testWithTerminal(
    "Ctrl-C on a terminal takes the bar away and leaves the cursor on a line of its own",
    async () => {
      const child = startOnTerminal(endless().concat("--batch-size", "1"));
      const end = ended(child);
      await said(child.stdout, /\rx?.{0,3}Epoch 1\/1000000 \[/);
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
    await interruptible(() => new Promise((resolve) => { setTimeout(resolve, 60_000); console.error("begun"); }));`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", deaf]);
  const end = ended(child);
  await said(child.stderr, /begun/);
  child.kill("SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(child.exitCode, "the first one is left to the work").toBeNull();
  child.kill("SIGINT");

  expect((await end).code).toBe(130);
});

test("something is said at once, long before the work is done", async () => {
  const started = performance.now();
  const child = start(endless());
  const end = ended(child);
  await said(child.stderr, /\S/);
  const first = performance.now() - started;
  child.kill("SIGKILL");
  await end;

  expect(first).toBeLessThan(5000); // a second on a machine with nothing else to do
});

describe("a reader that goes away", () => {
  const commands = [
    "summary lenet5",
    "train --help",
    "evaluate one-conv --data shapes",
    "train --data shapes --json",
  ];
  for (const command of commands) {
    testWithSignals(`unravel ${command} | head -c 1`, async () => {
      const line = `"$0" "$1" ${command} | head -c 1`;
      const child = spawn("sh", ["-c", line, process.execPath, UNRAVEL], { cwd: scratch(), env: cleanEnv() });
      const { stdout, stderr } = await ended(child);

      expect(stdout).toHaveLength(1);
      expectNoTrace(stderr);
      expect(stderr).not.toContain("EPIPE");
    });
  }

  testWithSignals("before anything is written", async () => {
    const child = start(["train", ...data(), "--limit", "60"]);
    child.stdout?.destroy();
    const { code, stderr } = await ended(child);

    expect(code).toBe(1);
    expect(stderr).toMatch(/images\/s\n$/); // the end of what was said while it worked: no complaint
  });
});
