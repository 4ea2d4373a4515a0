import { execFileSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { few } from "../../../test/support/long.js";
import { testIfPresent } from "../../../test/support/needs.js";
import { defineModel, formatModel, initialParameters, oneConv } from "../../core/src/index.js";
import { readModel, writeModel } from "../../core/src/node/index.js";
import { endWithoutReader, Interrupted, interruptible } from "../src/exit.js";
import { expectNoTrace, scratchFolder } from "./support/cli.js";
import { startTraining, startUntil } from "./support/interrupts.js";
import { useShapes } from "./support/shapes.js";

/*
 * What an interruption leaves: an exit code, a sentence, and what was learnt.
 */

const scratch = scratchFolder();
const data = useShapes(scratch, "shapes");
const testWithSignals = testIfPresent(process.platform !== "win32", "Windows has no signals");

describe("train --out keeps what was learnt beside", () => {
  const fresh = defineModel(oneConv({ filters: 8, input: [1, 12, 12] }));

  for (const [signal, code] of [
    ["SIGHUP", 129],
    ...few([], [["SIGINT", 130] as const]), // resume.test.ts has it, with a checkpoint besides
  ] as const) {
    testWithSignals(`${signal}: exit code ${code}`, async () => {
      const [out, kept] = [scratch(`${signal}.safetensors`), scratch(`${signal}.interrupted.safetensors`)];
      const old = { model: fresh, parameters: initialParameters(fresh, 1) };
      await writeModel(out, old);
      const { child, end } = await startTraining([...data(), "--out", out]);
      child.kill(signal);
      const result = await end;

      expect(result).toMatchObject({ code, stdout: "" });
      const last = `\nunravel: interrupted; what was learnt so far is in ${kept}.\n`;
      expect(result.stderr.slice(-last.length)).toBe(last);
      expectNoTrace(result.stderr);
      expect(formatModel(await readModel(out)), "the file itself stays as it was").toEqual(formatModel(old));
      const { model, parameters } = await readModel(kept);
      expect(model.spec.layers).toEqual(fresh.spec.layers);
      expect(parameters["conv1.weight"].data).not.toEqual(initialParameters(fresh, 0)["conv1.weight"].data);
      expect((await readdir(scratch())).filter((name) => name.startsWith("."))).toEqual([]);
    });
  }

  testWithSignals("before anything is learnt, nothing is kept", async () => {
    const before = await readdir(scratch());
    const out = scratch("never.safetensors");
    const { child, end } = await startUntil(["train", "--data", "digits", "--out", out], /^Loading digits/);
    child.kill("SIGINT");

    expect(await end).toEqual({
      code: 130,
      stdout: "",
      stderr: "Loading digits ...\nunravel: interrupted; nothing was written.\n",
    });
    expect(await readdir(scratch())).toEqual(before);
  });
});

testWithSignals("Ctrl-C while a pipe waits for its writer ends the command", async () => {
  execFileSync("mkfifo", [scratch("pipe.png")]);
  const { child, end } = await startUntil(["predict", "one-conv", scratch("pipe.png")], /is untrained/);
  child.kill("SIGINT");
  expect(await end).toMatchObject({ code: 130, stdout: "" });
});

describe("signals in one process", () => {
  let exit: ReturnType<typeof vi.spyOn>;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["performance"] });
    exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
  });
  afterEach(() => {
    exit.mockRestore();
    vi.useRealTimers();
  });

  /** Runs work that hears nothing, and hands it the program's own listener; says why its signal was aborted. */
  async function deaf(during: (interrupt: (signal: NodeJS.Signals) => void) => void): Promise<unknown> {
    return interruptible(async (signal) => {
      during((name) => (process.listeners(name).at(-1) as (name: string) => void)(name));
      return signal.reason;
    });
  }

  test.each(["SIGINT", "SIGTERM"] as const)("a second %s ends the process at once", async (name) => {
    const reason = await deaf((interrupt) => {
      interrupt(name);
      vi.advanceTimersByTime(400);
      expect(exit).not.toHaveBeenCalled();
      interrupt(name);
    });
    expect(reason).toBeInstanceOf(Interrupted);
    expect(exit).toHaveBeenCalledWith(name === "SIGINT" ? 130 : 143);
  });

  test("the same Ctrl-C once more, as npm hands it on, and a second hang-up are not", async () => {
    await deaf((interrupt) => {
      interrupt("SIGINT");
      vi.advanceTimersByTime(20);
      interrupt("SIGINT");
      vi.advanceTimersByTime(400);
      interrupt("SIGHUP");
    });
    expect(exit).not.toHaveBeenCalled();
  });

  test("a terminal that is gone is as good as its signal; a reader that is gone ends the process", async () => {
    const gone = (code: string) => endWithoutReader(Object.assign(new Error(code), { code }));
    const reason = await deaf(() => {
      gone("EIO");
      gone("EIO");
    });
    expect(reason).toMatchObject({ signal: "SIGHUP", exitCode: 129 });
    expect(exit).not.toHaveBeenCalled();
    await deaf(() => gone("EPIPE"));
    expect(exit).toHaveBeenCalledWith(1);
  });

  test("afterwards nobody listens", async () => {
    const counts = () => ["SIGINT", "SIGTERM", "SIGHUP"].map((name) => process.listenerCount(name));
    const before = counts();
    await deaf(() => {});
    expect(counts()).toEqual(before);
  });
});
