import { lostWorker } from "../state/endings.js";
import type { Race, RaceReport } from "./brokenWorker.js";
import { type Course, withReport } from "./course.js";
import type { LabSettings } from "./experiment.js";
import { mistakes } from "./mistakes.js";

export const RIGHT = "right";

/** Trainings that were begun, and how they went. */
class BrokenLab {
  /** By mistake and settings. */
  #courses = $state.raw<Readonly<Record<string, Course>>>({});
  /** What is in training; drawing: how much of the digits is drawn. */
  busy = $state.raw<{ readonly race: Race; readonly drawing: number | undefined }>();
  problem = $state("");
  #worker: Worker | undefined;
  /** Races to come. */
  #queue: Race[] = [];

  courseOf(name: string, settings: LabSettings): Course | undefined {
    return this.#courses[keyOf(name, settings)];
  }

  /** Trains the broken network, and beside it the right one, if that isn't known yet. */
  start(name: string, settings: LabSettings): void {
    this.#begin([this.#race([name], settings)]);
  }

  /** Trains all that weren't trained yet, one after another. */
  startAll(settings: LabSettings): void {
    const left = mistakes.filter(({ name }) => !this.courseOf(name, settings)?.done);
    this.#begin(
      left.map(({ name }, k) => (k === 0 ? this.#race([name], settings) : { settings, names: [name] })),
    );
  }

  /** What was trained to its end stays. */
  stop(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#queue = [];
    this.busy = undefined;
    this.#courses = Object.fromEntries(Object.entries(this.#courses).filter(([, { done }]) => done));
  }

  #race(names: readonly string[], settings: LabSettings): Race {
    const isRightKnown = this.courseOf(RIGHT, settings)?.done;
    return { settings, names: isRightKnown ? names : [RIGHT, ...names] };
  }

  #begin(races: Race[]): void {
    if (this.busy || races.length === 0) return;
    this.problem = "";
    this.#queue = races;
    this.#next();
  }

  #next(): void {
    const race = this.#queue.shift();
    this.busy = race && { race, drawing: undefined };
    if (!race) return;
    const begun = race.names.map((name) => keyOf(name, race.settings));
    this.#courses = Object.fromEntries(Object.entries(this.#courses).filter(([key]) => !begun.includes(key)));
    this.#worker ??= this.#open();
    this.#worker.postMessage(race);
  }

  #open(): Worker {
    const worker = new Worker(new URL("./brokenWorker.ts", import.meta.url), { type: "module" });
    worker.onerror = (event) => this.#fail(lostWorker("trains", event));
    worker.onmessage = ({ data }: MessageEvent<RaceReport>) => {
      if (worker !== this.#worker || !this.busy) return; // of a training that was stopped
      const { race } = this.busy;
      if (data.kind === "problem") this.#fail(data.problem);
      else if (data.kind === "drawing") this.busy = { race, drawing: data.share };
      else if (data.kind === "report") {
        if (this.busy.drawing !== undefined) this.busy = { race, drawing: undefined };
        const key = keyOf(data.name, race.settings);
        this.#keep({ [key]: withReport(this.#courses[key], data.report) });
      } else {
        const keys = race.names.map((name) => keyOf(name, race.settings));
        this.#keep(Object.fromEntries(keys.map((key) => [key, { ...this.#courses[key], done: true }])));
        this.#next();
      }
    };
    return worker;
  }

  #keep(courses: Record<string, Course>): void {
    this.#courses = { ...this.#courses, ...courses };
  }

  #fail(problem: string): void {
    this.problem = problem;
    this.stop();
  }
}

const keyOf = (name: string, { optimizer, seed }: LabSettings) => `${name} ${optimizer} ${seed}`;

/** It outlives the view, so that what was tried stays. */
export const brokenLab = new BrokenLab();
