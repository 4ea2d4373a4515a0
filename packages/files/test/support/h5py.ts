import { execFileSync } from "node:child_process";
import { testIfPresent } from "../../../../test/support/needs.js";
import { pythonWith } from "../../../core/test/support/python.js";

/** A Python that has h5py, if there is one. */
const PYTHON = pythonWith("h5py");

/**
 * The files that a program writes into `f`, an h5py.File, one for each row of options (`libver="latest"`); `np` is NumPy, and
 * `k` the row. One process writes all, as loading h5py takes longest.
 */
export function h5pyFiles(program: string, options: readonly string[]): Uint8Array[] {
  const whole = `
import io, struct, sys, h5py, numpy as np
def write(f, k):
${program
  .trim()
  .split("\n")
  .map((line) => `    ${line}`)
  .join("\n")}
for k, options in enumerate([${options.map((row) => `dict(${row})`).join(", ")}]):
    memory = io.BytesIO()
    with h5py.File(memory, "w", **options) as f:
        write(f, k)
    sys.stdout.buffer.write(struct.pack("<I", len(memory.getvalue())) + memory.getvalue())
`;
  const all = execFileSync(PYTHON ?? "python3", ["-c", whole], { maxBuffer: 2 ** 28 });
  const files: Uint8Array[] = [];
  for (let at = 0; at < all.length; ) {
    const end = at + 4 + all.readUInt32LE(at);
    files.push(new Uint8Array(all.subarray(at + 4, end)));
    at = end;
  }
  return files;
}

/** Tests that need h5py are skipped, and counted, where there is none; CI must have it. */
export const testWithH5py = testIfPresent(PYTHON !== undefined, "Python 3 with h5py is not here");
