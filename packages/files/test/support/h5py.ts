import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { testIfPresent } from "../../../../test/support/needs.js";

/** A Python that has h5py, if there is one. */
const PYTHON = ["/usr/bin/python3", "python3"].find((python) => {
  if (python.startsWith("/") && !existsSync(python)) return false;
  try {
    execFileSync(python, ["-c", "import h5py"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
});

/**
 * The file that a program writes into `f`, an h5py.File; `np` is NumPy.
 * @param options of h5py.File, such as `libver="latest"`
 */
export function h5pyFile(program: string, options = ""): Uint8Array {
  const whole = `
import io, sys, h5py, numpy as np
memory = io.BytesIO()
with h5py.File(memory, "w"${options === "" ? "" : `, ${options}`}) as f:
${program
  .trim()
  .split("\n")
  .map((line) => `    ${line}`)
  .join("\n")}
sys.stdout.buffer.write(memory.getvalue())
`;
  return new Uint8Array(execFileSync(PYTHON ?? "python3", ["-c", whole], { maxBuffer: 2 ** 28 }));
}

/** Tests that need h5py are skipped, and counted, where there is none; CI must have it. */
export const testWithH5py = testIfPresent(PYTHON !== undefined, "Python 3 with h5py is not here");
