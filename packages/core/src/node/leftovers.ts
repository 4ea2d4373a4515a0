import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { lstat, readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join, resolve } from "node:path";

/*
 * A file that is being written lies beside its place first, under a name that says whose it is:
 *
 *     .unravel-4f0c2a9d-31337-9b1f00d2c3a4.tmp      machine, process, and a number drawn for it
 *
 * A process that was killed leaves its file there. The next one that writes into the folder removes it.
 */

/** A name for a file that this process is about to write. */
export function temporaryName(): string {
  return nameFor(process.pid);
}

/** The name that process `pid` of this machine would give. */
export function nameFor(pid: number): string {
  return `.unravel-${machine()}-${pid}-${randomBytes(6).toString("hex")}.tmp`;
}

const NAME = /^\.unravel-([0-9a-f]{8})-(\d{1,10})-[0-9a-f]{12}\.tmp$/;

/** A file that nothing was added to for so long is no longer being written. */
const STALE_MS = 24 * 3_600_000;

/** Folders that this process has looked through: what it leaves itself it removes itself. */
const done = new Set<string>();

/**
 * Removes unfinished files from a folder: those of processes of this machine that have ended and, as the folder may be
 * shared, those of any machine that haven't changed for a day. It never fails, as no work depends on it.
 */
export async function removeLeftovers(folder: string): Promise<void> {
  const path = resolve(folder);
  if (done.has(path)) return;
  done.add(path);
  for (const name of await readdir(path).catch(() => [])) {
    const [, owner, pid] = NAME.exec(name) ?? [];
    if (owner === undefined) continue;
    const file = join(path, name);
    const present = await lstat(file).catch(() => undefined);
    if (!present?.isFile()) continue;
    const gone = owner === machine() && !isRunning(Number(pid));
    if (gone || Date.now() - present.mtimeMs > STALE_MS) await rm(file, { force: true }).catch(() => {});
  }
}

/** Also true where another process has taken over the number since: its file is left until it is a day old. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0); // sends nothing
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

let known: string | undefined;

/** Where a process's number means this process: the host, since it was started; in a container, that container. */
function machine(): string {
  known ??= createHash("sha256")
    .update([hostname(), ...LINUX.map((read) => orNothing(read))].join("\n"))
    .digest("hex")
    .slice(0, 8);
  return known;
}

/** What tells starts and containers apart, where there is a /proc. */
const LINUX = [
  () => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"),
  () => readlinkSync("/proc/self/ns/pid"),
];

function orNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
