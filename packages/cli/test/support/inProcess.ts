import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
import { Writable } from "node:stream";
import type { Ended } from "../../../../test/support/processes.js";
import { cleanEnv, type RunOptions, UNRAVEL } from "./environment.js";

/*
 * The command line in the process of the tests: the same files as those that `npx unravel` starts, without the quarter of a
 * second that a new process takes. The process lends it what a command line sees of one: its arguments, environment, working
 * folder and streams. So commands run one after the other, however many were called at a time.
 *
 * It sees one core: most of a short command's time goes into starting a thread for each, and so it says the same everywhere.
 */

/** Runs a command line to its end. */
export function runInProcess(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const run = last.then(() => runAlone(args, options));
  last = run.catch(() => {});
  return run;
}

let last: Promise<unknown> = Promise.resolve();

async function runAlone(
  args: readonly string[],
  { cwd, env, columns, cores = 1 }: RunOptions,
): Promise<Ended> {
  const { main } = await program();
  const stdout = new Captured(columns);
  const stderr = columns === undefined ? new Captured() : stdout; // a terminal shows both
  const own = {
    argv: process.argv,
    env: { ...process.env },
    cwd: process.cwd(),
    cores: os.availableParallelism,
    stdout: Object.getOwnPropertyDescriptor(process, "stdout") as PropertyDescriptor,
    stderr: Object.getOwnPropertyDescriptor(process, "stderr") as PropertyDescriptor,
  };
  try {
    setEnv(cleanEnv(env));
    setCores(() => cores);
    if (cwd !== undefined) process.chdir(cwd);
    process.argv = [process.execPath, UNRAVEL, ...args];
    Object.defineProperty(process, "stdout", { ...own.stdout, get: () => stdout });
    Object.defineProperty(process, "stderr", { ...own.stderr, get: () => stderr });
    const code = await main(args);
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    Object.defineProperty(process, "stdout", own.stdout);
    Object.defineProperty(process, "stderr", own.stderr);
    process.argv = own.argv;
    process.chdir(own.cwd);
    setCores(own.cores);
    setEnv(own.env);
  }
}

/** What was built, as it is installed: workers and other files are found beside it. */
function program(): Promise<typeof import("../../src/main.js")> {
  return import(new URL("../../bundle/main.js", import.meta.url).href);
}

/** Not another object: what isn't JavaScript (the folder of the user, say) asks the process itself. */
function setEnv(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (env[name] === undefined) delete process.env[name];
  for (const [name, value] of Object.entries(env)) if (value !== undefined) process.env[name] = value;
}

/** For those who have imported it by name, too. */
function setCores(count: () => number): void {
  os.availableParallelism = count;
  syncBuiltinESMExports();
}

/** A stream that keeps what is written to it; a terminal if it has columns. */
class Captured extends Writable {
  readonly columns: number | undefined;
  readonly isTTY: true | undefined;
  readonly #chunks: Buffer[] = [];

  constructor(columns?: number) {
    super();
    this.columns = columns;
    this.isTTY = columns === undefined ? undefined : true;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}
