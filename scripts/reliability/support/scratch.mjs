import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The user that may do nothing, as Linux numbers it. */
const NOBODY = 65534;

/**
 * A new folder, gone when the process ends. Root stops being root first: what follows, and all processes that it starts,
 * belong to nobody and can write to this folder alone.
 */
export function enterScratch() {
  const folder = mkdtempSync(join(tmpdir(), "unravel-reliability-"));
  if (process.getuid?.() === 0) {
    chownSync(folder, NOBODY, NOBODY);
    process.setgroups([]);
    process.setgid(NOBODY);
    process.setuid(NOBODY);
  }
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What the command line sees of the machine: nothing of the caller's settings. */
export function cleanEnv(folder, extra = {}) {
  const { PATH, SystemRoot, TEMP } = process.env;
  return { PATH, SystemRoot, TEMP, HOME: folder, XDG_CACHE_HOME: join(folder, "cache"), ...extra };
}
