import { setFlagsFromString } from "node:v8";
import type { Command } from "commander";
import { nodeGpu } from "unravel-cnn/node";
import {
  type Convolution,
  convolutions,
  describeChange,
  type EngineChange,
  type EngineOptions,
  type EngineRequest,
  engineNames,
  hasRelaxedSimd,
} from "unravel-cnn/training";
import { oneOf, wholeNumber } from "./options.js";
import { complain } from "./terminal/output.js";

/** What can be said on the command line about what computes. */
export interface EngineChoice {
  engine: EngineRequest;
  threads?: number;
  strict?: boolean;
  convolution?: Convolution;
}

/** Gives a command the options `--engine`, one of `names`, `--threads`, `--strict` and `--convolution`. */
export function addEngineOptions(command: Command, names?: readonly EngineRequest[]): Command {
  return addEngineKind(command, names).option(
    "--threads <n>",
    "of the wasm engine (default: all cores)",
    wholeNumber("--threads", 1, MOST_THREADS),
  );
}

export const MOST_THREADS = 256;

const ENGINES: Readonly<Record<EngineRequest, string>> = {
  wasm: "compiled",
  webgpu: "a GPU, with the package webgpu",
  reference: "the textbook, slow",
  auto: "wasm or webgpu, whichever is faster",
};

/** Gives a command the options `--engine`, one of `names`, `--strict` and `--convolution`. */
export function addEngineKind(command: Command, names: readonly EngineRequest[] = engineNames): Command {
  return addEngineOption(addConvolutionOption(command), names).option(
    "--strict",
    "the same bits on every machine, a little slower",
  );
}

/** Gives a command the option `--engine`, one of `names`. */
export function addEngineOption(command: Command, names: readonly EngineRequest[] = engineNames): Command {
  const said = names.map((name) => `${name} (${ENGINES[name]})`);
  return command.option(
    "--engine <engine>",
    `what computes: ${said.slice(0, -1).join(", ")} or ${said.at(-1)}`,
    oneOf("--engine", names),
    "wasm",
  );
}

/** Gives a command the option `--convolution`. */
export function addConvolutionOption(command: Command): Command {
  return command.option(
    "--convolution <how>",
    "of the wasm engine: auto (fewer multiplications where that is faster) or direct",
    oneOf("--convolution", convolutions),
    "auto",
  );
}

/**
 * The options for `createEngine`.
 * @param tell hears that a GPU was lost; default: it is said on the error output
 */
export function engineOptions(
  { engine, threads, strict, convolution }: EngineChoice,
  tell = tellChange,
): EngineOptions {
  allowRelaxedSimd();
  return {
    ...gpuOptions(engine, tell),
    ...(threads !== undefined && { threads }),
    ...(strict && { strict }),
    ...(convolution && { convolution }),
  };
}

/** Of these options, which engine, and what it takes to use a GPU. */
export function gpuOptions(engine: EngineRequest, tell = tellChange): EngineOptions {
  const needsGpu = engine === "webgpu" || engine === "auto";
  return { engine, ...(needsGpu && { gpu: nodeGpu, onChange: tell }) };
}

/** Says on the error output that a GPU was lost, and what goes on. */
export function tellChange(change: EngineChange): void {
  complain(describeChange(change));
}

/**
 * Before long work: whether the engine is to be had at all.
 * @throws InputError if it needs a package that isn't installed
 */
export async function checkEngine({ engine }: Pick<EngineChoice, "engine">): Promise<void> {
  // auto does without
  if (engine === "webgpu") await nodeGpu.requestAdapter();
}

/** Node 20 has relaxed SIMD, but behind a flag. */
export function allowRelaxedSimd(): void {
  if (hasRelaxedSimd() || !process.version.startsWith("v20.")) return;
  setFlagsFromString("--experimental-wasm-relaxed-simd");
}
