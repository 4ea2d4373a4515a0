import { expect, test } from "vitest";
import { endingOf, lostWorker } from "../src/state/endings.js";

/* A worker ends by itself: the visitor is told what happened, what is left of its work, and what to do. */

test("of a training: whether it had begun, and from where it goes on", () => {
  expect(endingOf("out of memory", { reached: 12, kept: 8 })).toBe(
    "The training stopped (out of memory), but what was learnt up to step 8 is kept: Play goes on from there.",
  );
  expect(endingOf("out of memory", { reached: 3, kept: undefined })).toBe(
    "The training stopped after step 3 (out of memory), before any of it was kept: Play begins it anew.",
  );
  expect(endingOf("its file could not be loaded", { reached: undefined, kept: undefined })).toBe(
    "The training could not be started (its file could not be loaded): Play tries it again; if that doesn't help, reload the page.",
  );
});

test("the cause is the message's first sentence, whatever dots its words have", () => {
  const cause = (message: string) =>
    /\((.*)\),/.exec(endingOf(message, { reached: 1, kept: undefined }))?.[1];
  expect(cause("RangeError: WebAssembly.Memory(): could not allocate memory")).toBe(
    "RangeError: WebAssembly.Memory(): could not allocate memory",
  );
  expect(cause("A worker ended; start again.\nat line 1")).toBe("A worker ended");
  expect(cause("It failed: unreachable.")).toBe("It failed: unreachable");
});

test("of other workers: whether they ended, or were never there", () => {
  expect(lostWorker("measures", { message: "out of memory" })).toBe(
    "The worker that measures ended (out of memory): try again; if that doesn't help, reload the page.",
  );
  for (const event of [{}, { message: "" }])
    expect(lostWorker("measures", event)).toBe(
      "The worker that measures could not be loaded: try again; if that doesn't help, reload the page.",
    );
});
