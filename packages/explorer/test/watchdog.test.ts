import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Request, Response } from "../src/training/messages.js";
import { defaults } from "../src/training/settings.js";
import { Trainer, type TrainerEvents } from "../src/training/trainer.js";
import { Watchdog } from "../src/training/watchdog.js";

/*
 * A training that does not begin: who notices it, and when.
 */

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a watchdog", () => {
  const watched = () => {
    const silences: string[] = [];
    const dog = new Watchdog("it", 1000, ({ seconds, count }) => silences.push(`${count}: ${seconds} s`));
    return { dog, silences };
  };

  test("notices silence once, and waits twice as long each time until it has begun", () => {
    const { dog, silences } = watched();
    for (const limit of [1000, 2000, 4000]) {
      dog.expect();
      vi.advanceTimersByTime(limit - 1);
      const { length } = silences;
      vi.advanceTimersByTime(1);
      expect(silences).toHaveLength(length + 1);
    }
    vi.advanceTimersByTime(1e6);
    dog.done();
    dog.expect();
    vi.advanceTimersByTime(1000);
    expect(silences).toEqual(["1: 1 s", "2: 2 s", "3: 4 s", "1: 1 s"]);
  });

  test("waits anew at each sign of life, and not at all where nothing is to be heard", () => {
    const { dog, silences } = watched();
    dog.heard();
    vi.advanceTimersByTime(5000);
    dog.expect();
    for (let k = 0; k < 5; k++) {
      vi.advanceTimersByTime(999);
      dog.heard();
    }
    dog.rest();
    dog.heard();
    vi.advanceTimersByTime(5000);
    expect(silences).toEqual([]);
  });
});

/** A trainer whose workers say what the test lets them say, which is nothing at first. */
function trainerAlone() {
  const workers: { said: string[]; ended: boolean; onmessage?: (event: { data: Response }) => void }[] = [];
  const heard: string[] = [];
  const events = new Proxy({} as TrainerEvents, {
    get: (_, name) => (one: unknown, two: unknown) => heard.push([name, one, two].filter(isWord).join(" ")),
  });
  const trainer = new Trainer(events, () => {
    const worker = {
      said: [] as string[],
      ended: false,
      postMessage: ({ type }: Request) => worker.said.push(type),
      terminate: () => {
        worker.ended = true;
      },
    };
    workers.push(worker);
    return worker as unknown as Worker;
  });
  const open = () => trainer.open({ settings: defaults, data: { name: "digits", images: 10 }, threads: 1 });
  const say = (response: unknown) => workers.at(-1)?.onmessage?.({ data: response as Response });
  return { trainer, workers, heard, open, say };
}

const isWord = (value: unknown) => ["string", "number"].includes(typeof value);

describe("the worker that trains", () => {
  test("never answers: it is ended, has two more chances, and is given up in a sentence", () => {
    const { workers, heard, open } = trainerAlone();
    for (const seconds of [15, 30, 60]) {
      open();
      vi.advanceTimersByTime(1000 * seconds - 1);
      expect(workers.at(-1)).toMatchObject({ said: ["workers", "open"], ended: false });
      vi.advanceTimersByTime(1);
      expect(workers.at(-1)?.ended).toBe(true);
    }
    expect(heard).toEqual([
      "silent 15",
      "silent 30",
      "failed died nothing was heard of the training for 60 seconds",
    ]);
    open(); // when the visitor tries again, all is as at first
    vi.advanceTimersByTime(15_000);
    expect(heard.at(-1)).toBe("silent 15");
  });

  test("may take as long as it likes to get images, but not to build the network or to do its first step", () => {
    const { trainer, heard, open, say } = trainerAlone();
    open();
    say({ type: "loading", doing: "Loading", share: 0.5 });
    vi.advanceTimersByTime(1e6);
    expect(heard).toEqual(["loading Loading 0.5"]);
    say({ type: "building" });
    vi.advanceTimersByTime(15_000);
    expect(heard.at(-1)).toBe("silent 15");

    open();
    say({ type: "building" });
    say({ type: "ready" });
    vi.advanceTimersByTime(1e6); // nobody plays
    trainer.run("end");
    say({ type: "look", steps: 0, look: {} });
    vi.advanceTimersByTime(29_999);
    expect(heard.at(-1)).toBe("look 0");
    vi.advanceTimersByTime(1);
    expect(heard.at(-1)).toBe("silent 30");
  });

  test("says nothing any more of a training whose place another one takes", () => {
    const { trainer, heard, open, say } = trainerAlone();
    open();
    say({ type: "ready" });
    open();
    for (const type of ["progress", "state", "weights", "look", "step"]) say({ type });
    say({ type: "building" });
    say({ type: "ready" });
    trainer.run("end");
    say({ type: "progress" });
    expect(heard).toEqual(["ready", "loading Compiling the network 1", "ready", "progress"]);
  });

  test("that has done a step is watched no more", () => {
    const { trainer, workers, heard, open, say } = trainerAlone();
    open();
    say({ type: "ready" });
    trainer.run("end");
    say({ type: "progress", progress: {} });
    vi.advanceTimersByTime(1e6);
    expect(heard).toEqual(["ready", "progress"]);
    expect(workers.map(({ ended }) => ended)).toEqual([false]);
  });
});
