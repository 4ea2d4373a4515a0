import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The command line as it is installed. */
export const UNRAVEL = fileURLToPath(new URL("../../bin/unravel.js", import.meta.url));

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Its output is a terminal that is so wide; otherwise it is none. */
  readonly columns?: number;
  /** So many cores are seen; default 1. A process of its own sees those that there are. */
  readonly cores?: number;
}

/**
 * What a command line sees of the machine: nothing of the caller's settings, so that neither colours nor data nor a cache
 * come in by accident.
 */
export function cleanEnv(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { PATH, SystemRoot, TEMP } = process.env;
  const nowhere = join(tmpdir(), "unravel-test-that-is-not-there");
  const { HOME = nowhere, XDG_CACHE_HOME = nowhere, LOCALAPPDATA = nowhere } = extra;
  return { PATH, SystemRoot, TEMP, TERM: "xterm-256color", HOME, XDG_CACHE_HOME, LOCALAPPDATA, ...extra };
}
