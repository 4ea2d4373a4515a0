import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { encode } from "fast-png";
import { strToU8, zipSync } from "fflate";
import { vi } from "vitest";
import { comparable, type TrialLine } from "../../src/commands/sweep/outcome.js";

/** Writes sweep.json. Returns its path. */
export async function writeSweep(path: string, sweep: unknown): Promise<string> {
  await writeFile(path, JSON.stringify(sweep));
  return path;
}

/** The whole lines of trials.ndjson; none where it isn't there yet. */
export async function trialsIn(path: string): Promise<TrialLine[]> {
  if (!existsSync(path)) return [];
  const text = await readFile(path, "utf8");
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** Trials without times, by their names. */
export async function resultsIn(path: string): Promise<string[]> {
  return (await trialsIn(path)).map(comparable).sort();
}

/** Waits until a file has so many trials. */
export async function untilTrials(path: string, count: number): Promise<void> {
  await vi.waitUntil(async () => (await trialsIn(path)).length >= count, { timeout: 60_000, interval: 20 });
}

/** A .zip of a folder for each of three classes, with pictures of 12x12 that a network learns in a moment. */
export async function writePictures(path: string, each = 60): Promise<string> {
  const files: Record<string, Uint8Array> = { "readme.txt": strToU8("squares") };
  for (const [k, name] of ["left", "middle", "right"].entries()) {
    for (let n = 0; n < each; n++) {
      const data = Uint8Array.from({ length: 144 }, (_, at) => {
        const [x, y] = [at % 12, Math.floor(at / 12)];
        const inside = Math.floor(x / 4) === k && Math.floor(y / 4) === n % 3;
        return (inside ? 200 : 20) + ((at * 37 + n * 101) % 50);
      });
      files[`${name}/${n}.png`] = encode({ width: 12, height: 12, channels: 1, depth: 8, data });
    }
  }
  await writeFile(path, zipSync(files, { level: 0 }));
  return path;
}
