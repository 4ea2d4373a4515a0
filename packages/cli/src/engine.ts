import { setFlagsFromString } from "node:v8";
import type { Command } from "commander";
import { type EngineName, type EngineOptions, engineNames, hasRelaxedSimd } from "unravel-cnn";
import { oneOf, wholeNumber } from "./options.js";

/** What can be said on the command line about what computes. */
export interface EngineChoice {
  engine: EngineName;
  threads?: number;
  strict?: boolean;
}

/** Gives a command the options `--engine`, `--threads` and `--strict`. */
export function addEngineOptions(command: Command): Command {
  return command
    .option(
      "--engine <engine>",
      "what computes: wasm (compiled) or reference (the textbook, slow)",
      oneOf("--engine", engineNames),
      "wasm",
    )
    .option("--threads <n>", "of the wasm engine (default: all cores)", wholeNumber("--threads", 1, 256))
    .option("--strict", "the same bits on every machine, a little slower");
}

/** The options for `createEngine`. */
export function engineOptions({ engine, threads, strict }: EngineChoice): EngineOptions {
  allowRelaxedSimd();
  return { engine, ...(threads !== undefined && { threads }), ...(strict && { strict }) };
}

/** Node 20 has relaxed SIMD, but behind a flag. */
export function allowRelaxedSimd(): void {
  if (hasRelaxedSimd() || !process.version.startsWith("v20.")) return;
  setFlagsFromString("--experimental-wasm-relaxed-simd");
}
