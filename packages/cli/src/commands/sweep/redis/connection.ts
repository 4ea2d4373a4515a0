import type { Redis } from "ioredis";
import { FailureError, InputError } from "unravel-cnn";
import { reason } from "unravel-cnn/node";

/** The queue of all sweeps' trials. */
export const QUEUE = "unravel-trials";

/** How long the first answer of a server may take. */
const PATIENCE_MS = 5_000;

/** Between two tries to reach a server that is gone. */
const LONGEST_PAUSE_MS = 2_000;

export interface Connection {
  readonly redis: Redis;
  /** Ends it. Its copies don't try to reach a server any more that is gone. */
  readonly end: () => void;
}

export interface Packages {
  readonly bullmq: typeof import("bullmq");
  readonly Redis: typeof import("ioredis").Redis;
}

/** The two packages that are needed for workers. @throws InputError if they aren't installed */
export async function loadPackages(): Promise<Packages> {
  try {
    const [bullmq, { Redis }] = await Promise.all([import("bullmq"), import("ioredis")]);
    return { bullmq, Redis };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new InputError(
      'Sweeps on many machines need two packages that aren\'t installed: "npm install bullmq ioredis" brings them.',
    );
  }
}

/**
 * A connection that outlasts a server that is started again: what is asked meanwhile waits.
 * @param say hears once each time the server is gone, and when it is back
 * @throws InputError for an address that is none; FailureError if no server answers there now
 */
export async function connect(
  { Redis: Client }: Packages,
  url: string,
  say: (line: string) => void,
): Promise<Connection> {
  if (!/^rediss?:\/\/[^\s/]/.test(url)) {
    throw new InputError(`--redis must be an address like redis://localhost:6379, not "${url}".`);
  }
  let isEnded = false;
  const redis = new Client(url, {
    maxRetriesPerRequest: null,
    // copies of this connection, those that BullMQ makes among them, ask this, too
    retryStrategy: (times) => (isEnded ? null : Math.min(times * 50, LONGEST_PAUSE_MS)),
    lazyConnect: true,
    connectTimeout: PATIENCE_MS,
  });
  let problem = "it doesn't answer";
  const note = (error: Error) => {
    problem = reason(error);
  };
  redis.on("error", note);
  const timer = setTimeout(() => redis.disconnect(), PATIENCE_MS);
  try {
    // a first try that fails is said at once, not tried again
    await Promise.race([
      redis.connect().then(() => redis.ping()),
      new Promise((_, reject) => redis.once("close", () => setTimeout(() => reject(new Error(problem)), 0))),
    ]);
  } catch (error) {
    redis.disconnect();
    const why = problem === "it doesn't answer" ? reason(error) : problem;
    throw new FailureError(`No Redis server at ${hidden(url)}: ${why}; start one, or give another --redis.`);
  } finally {
    clearTimeout(timer);
  }
  let isGone = false;
  // not "close", which comes at an end that was asked for, too
  redis.on("reconnecting", () => {
    if (!isGone) say("The Redis server is gone; waiting for it ...");
    isGone = true;
  });
  redis.on("ready", () => {
    if (isGone) say("The Redis server is back.");
    isGone = false;
  });
  return {
    redis,
    end: () => {
      isEnded = true;
      redis.disconnect();
    },
  };
}

/** An address without its password. */
function hidden(url: string): string {
  return url.replace(/:\/\/[^@/]*@/, "://");
}
