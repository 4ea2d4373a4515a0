import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { testIfPresent } from "../../../../test/support/needs.js";
import { pythonWith } from "./python.js";

/** The bytes of a file in test/numpy, which NumPy wrote. */
export function numpyFile(name: string): Uint8Array {
  return new Uint8Array(readFileSync(fileURLToPath(new URL(`../numpy/${name}`, import.meta.url))));
}

/** A Python that has NumPy, if there is one. */
export const PYTHON = pythonWith("numpy");

/** Runs a Python program with NumPy; returns what it prints. */
export function runPython(program: string, ...args: readonly string[]): string {
  if (PYTHON === undefined) throw new Error("There is no Python with NumPy.");
  return execFileSync(PYTHON, ["-c", program, ...args], { encoding: "utf8" });
}

/** Tests that need NumPy are skipped, and counted, where there is none; CI must have it. */
export const testWithNumpy = testIfPresent(PYTHON !== undefined, "Python 3 with NumPy is not here");
