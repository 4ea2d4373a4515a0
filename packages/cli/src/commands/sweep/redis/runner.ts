import type { Job, Queue, QueueEvents } from "bullmq";
import type { Redis } from "ioredis";
import { loadData } from "../../../data.js";
import { Progress } from "../../../terminal/progress.js";
import type { Outcome } from "../outcome.js";
import { noOutcome } from "../outcome.js";
import type { Ended, Runner } from "../runner.js";
import type { Sweep } from "../sweepFile.js";
import { parseTrain } from "../trainWords.js";
import type { Trial } from "../trial.js";
import { type Attachment, attach, checkpointKey, isDataByName } from "./attachments.js";
import { type Connection, connect, loadPackages, QUEUE } from "./connection.js";
import type { TrialJob, TrialResult } from "./job.js";

/** So many trials wait in the queue at most, for any number of workers. */
const SLOTS = 256;

/** Besides events, which may be lost with a connection, it is looked now and then how trials stand. Milliseconds. */
const LOOK_MS = 2_000;

const CLOSING_MS = 1_000;

/** A trial is begun so often, if workers fail at it. One that is lost with its worker is not counted by this. */
const ATTEMPTS = 5;

interface Waiting {
  readonly resolve: (ended: Ended) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress: (share: number) => void;
  isActive: boolean;
}

/** Lets workers do trials, which they get by a queue in Redis. */
export class RedisRunner implements Runner {
  readonly slots = SLOTS;
  readonly #sweep: Sweep;
  readonly #redis: Redis;
  readonly #end: () => void;
  /** Waits for events. */
  readonly #listening: Redis;
  readonly #queue: Queue<TrialJob, TrialResult>;
  readonly #events: QueueEvents;
  readonly #waiting = new Map<string, Waiting>();
  readonly #attached = new Map<string, Promise<Attachment>>();
  readonly #timer: NodeJS.Timeout;
  #isLooking = false;
  #autoData: Promise<string> | undefined;

  static async connect(url: string, sweep: Sweep, say: (line: string) => void): Promise<RedisRunner> {
    const packages = await loadPackages();
    const connection = await connect(packages, url, say);
    const { redis } = connection;
    const { Queue, QueueEvents } = packages.bullmq;
    const queue = new Queue<TrialJob, TrialResult>(QUEUE, { connection: redis });
    const listening = redis.duplicate();
    listening.on("error", () => {}); // the other connection says it
    const events = new QueueEvents(QUEUE, { connection: listening });
    queue.on("error", () => {}); // the connection says it
    events.on("error", () => {});
    // not waited for: a server that goes away now must not keep an interruption from being heard
    void queue.getWorkersCount().then(
      (count) => {
        if (count > 0) return;
        const address = url.replace(/:\/\/[^@/]*@/, "://...@");
        say(`No worker is there yet; start some: unravel worker --redis ${address}`);
      },
      () => {},
    );
    return new RedisRunner(sweep, connection, listening, queue, events);
  }

  private constructor(
    sweep: Sweep,
    { redis, end }: Connection,
    listening: Redis,
    queue: Queue<TrialJob, TrialResult>,
    events: QueueEvents,
  ) {
    this.#sweep = sweep;
    this.#redis = redis;
    this.#end = end;
    this.#listening = listening;
    this.#queue = queue;
    this.#events = events;
    events.on("active", ({ jobId }) => {
      const waiting = this.#waiting.get(jobId);
      if (waiting) waiting.isActive = true;
    });
    events.on("progress", ({ jobId, data }) => this.#waiting.get(jobId)?.onProgress(Number(data)));
    events.on("completed", ({ jobId }) => void this.#take(jobId).catch(() => {}));
    events.on("failed", ({ jobId }) => void this.#take(jobId).catch(() => {}));
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
  }

  async run(trial: Trial, onProgress: (share: number) => void): Promise<Ended> {
    const { id, words, epochs, allEpochs, training } = trial;
    const files = await this.#filesOf(words);
    const checkpoint = id === training ? undefined : checkpointKey(this.#sweep.id, training);
    const job: TrialJob = { words, epochs, allEpochs, checkpoint, ...files };
    // the same id again, after a sweep was stopped, is the same job: it may have been done meanwhile
    const jobId = `${this.#sweep.id}-${id}`;
    const ended = new Promise<Ended>((resolve, reject) => {
      this.#waiting.set(jobId, { resolve, reject, onProgress, isActive: false });
    });
    await this.#queue.add("trial", job, {
      jobId,
      attempts: ATTEMPTS,
      removeOnFail: false,
      removeOnComplete: false,
    });
    await this.#take(jobId);
    return ended;
  }

  running(): number {
    return [...this.#waiting.values()].filter(({ isActive }) => isActive).length;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const left = [...this.#waiting.keys()];
    for (const { reject } of this.#waiting.values()) reject(new Error("The sweep was ended."));
    this.#waiting.clear();
    const closing = async () => {
      // what has not begun would be done for nobody
      if (this.#redis.status === "ready") {
        await Promise.allSettled(left.map((jobId) => this.#queue.remove(jobId)));
      }
      await Promise.allSettled([this.#queue.close(), this.#events.close()]);
    };
    // all this asks the server, which may be gone: it is not waited for longer than this
    await Promise.race([closing(), new Promise((resolve) => setTimeout(resolve, CLOSING_MS))]);
    this.#listening.disconnect();
    this.#end();
  }

  /** What workers get in the place of files that are here. */
  async #filesOf(words: readonly string[]): Promise<Pick<TrialJob, "attached" | "data">> {
    const { options } = parseTrain(words);
    const attached: Partial<Record<"data" | "model" | "spec", Attachment>> = {};
    let data: string | undefined;
    // every worker must take what is meant here
    if (options.data === "auto") data = await this.#autoSource();
    else if (!isDataByName(options.data)) attached.data = await this.#attach(options.data, "--data");
    if (/\.(json|safetensors)$/i.test(options.model)) {
      attached.model = await this.#attach(options.model, "--model");
    }
    if (options.spec !== undefined) attached.spec = await this.#attach(options.spec, "--spec");
    return { attached, ...(data !== undefined && { data }) };
  }

  #attach(path: string, option: string): Promise<Attachment> {
    const known = this.#attached.get(path) ?? attach(this.#redis, path, option);
    this.#attached.set(path, known);
    return known;
  }

  /** What `--data auto` is on this machine. */
  #autoSource(): Promise<string> {
    const progress = new Progress(process.stderr, true);
    this.#autoData ??= loadData(
      { data: "auto", limit: 1 },
      "training on",
      progress,
      new AbortController().signal,
    ).then(({ source }) => source);
    return this.#autoData;
  }

  /** Looks how all trials stand that are waited for. */
  async #look(): Promise<void> {
    if (this.#isLooking || this.#redis.status !== "ready") return;
    this.#isLooking = true;
    try {
      for (const jobId of [...this.#waiting.keys()]) await this.#take(jobId);
    } catch {
      // the connection is lost: it is looked again
    } finally {
      this.#isLooking = false;
    }
  }

  /** Takes the result of a trial, if it has ended. */
  async #take(jobId: string): Promise<void> {
    // the state is asked first: a job that was read before it ended has no result in it
    const state = await this.#queue.getJobState(jobId);
    const waiting = this.#waiting.get(jobId);
    if (waiting === undefined) return;
    waiting.isActive = state === "active";
    if (state !== "completed" && state !== "failed") return;
    const job: Job<TrialJob, TrialResult> | undefined = await this.#queue.getJob(jobId);
    if (job === undefined || !this.#waiting.delete(jobId)) return;
    const attempts = Math.max(1, job.attemptsStarted ?? job.attemptsMade);
    if (state === "completed") waiting.resolve({ ...job.returnvalue, attempts });
    else {
      const problem = `Workers failed at it ${attempts} times: ${job.failedReason}`;
      const outcome: Outcome = { status: "failed", problem, ...noOutcome };
      waiting.resolve({ outcome, seconds: 0, trained: 0, where: "", attempts });
    }
    await job.remove().catch(() => {}); // if it stays, it is taken again only by this same trial
  }
}
