import { fold } from "../graph/fold.js";
import type { Model } from "../graph/model.js";
import { tensorsOfModel } from "../graph/parameters.js";
import { emitKernel } from "../ir/emit.js";
import type { LoopNest } from "../ir/ir.js";
import { known } from "../known.js";
import type { NamedTensors } from "../tensor.js";
import { assembleModule } from "../wasm/assembler.js";
import { checkMemory, MOST_PAGES, PAGE, tableSegments } from "./compile.js";
import { type Plan, planModel } from "./plan.js";

/*
 * A trained network as a program that stands alone: only what goes forward, for one thread and memory that nobody shares. It
 * is what `predict` of a strict engine runs, so it gives the same bits.
 */

/** A network compiled for use after training. Offsets are in bytes, lengths and strides in float32 numbers. */
export interface ForwardProgram {
  /** The network that was compiled: as `fold` makes it. */
  readonly model: Model;
  /**
   * A WebAssembly module that imports `env.memory`, of at least `pages` pages, and exports the kernels, `k0`, `k1` and so on in
   * the order in which they run: those of `many`, then those of `one`. It needs vectors.
   */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How much memory it needs, in pages of 64 KiB, all of it zero at the start. */
  readonly pages: number;
  /** Where each parameter, and what layers keep besides, must be written before anything is computed. */
  readonly parameters: readonly PlacedTensor[];
  /** The way of one image by itself. */
  readonly one: ForwardPass;
  /** The way of several images; for some networks it is the same as `one`. */
  readonly many: ForwardPass;
}

/** Numbers in the program's memory, row-major. */
export interface PlacedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
  readonly offset: number;
}

/** How a block of images goes through the network. Every kernel is called with `workspace, 0, 0, 0`. */
export interface ForwardPass {
  /** How many images a block has, 8 or 1. What is missing in a block may be anything finite: it changes no other image. */
  readonly block: number;
  readonly workspace: number;
  /** Where zeros in the memory have to be minus infinity, before the first image. */
  readonly minusInfinity: readonly (readonly [offset: number, length: number])[];
  /** Kernels that run once, after the parameters were written. */
  readonly prepare: readonly string[];
  /** Where the block's pixels are written, bytes `[block, C, H, W]`, and the kernel that makes the network's input of them. */
  readonly bytes: number;
  readonly load: string;
  /**
   * That input, for whoever has other numbers than bytes: pixel [c, p, q] of image n, less its channel's mean and divided by its
   * standard deviation, is number `c*plane + p*row + q*column + n`.
   */
  readonly x: {
    readonly offset: number;
    readonly plane: number;
    readonly row: number;
    readonly column: number;
  };
  /** From the input to the scores. */
  readonly kernels: readonly string[];
  /** Where the scores are then: that of class k for image n is number `k*stride + n`. */
  readonly scores: { readonly offset: number; readonly stride: number };
}

/**
 * Compiles what goes forward through a trained network: norms are merged into the layers before them where that can be, dropout
 * is left out, and no relaxed instruction is used, so that every machine computes the same bits, those of a strict engine.
 * @param saved the network and its parameters, as `parseModel` gives them
 * @param mostCode how many bytes the module should have at most, so that there are kernels for single images, too; with more, and
 *   where the memory would be too large for both, `one` is `many`, a block of which seven images are empty: the same scores, slower
 * @throws InputError if the parameters don't fit the model, a layer has no kernel, or the memory is more than can be addressed
 */
export function compileForward(
  saved: { readonly model: Model; readonly parameters: NamedTensors },
  mostCode = Number.POSITIVE_INFINITY,
): ForwardProgram {
  const { model, parameters } = fold(saved);
  const one = planModel(model, undefined, { oneImage: true });
  const both = one.block === 1 && assemble(model, parameters, one);
  if (both && both.pages <= MOST_PAGES && both.bytes.length <= mostCode) return both;
  const program = assemble(model, parameters, undefined);
  checkMemory(planModel(model), program.pages, 1);
  return program;
}

/** @param one the way of one image; undefined: that of several */
function assemble(model: Model, parameters: NamedTensors, one: Plan | undefined): ForwardProgram {
  const many = planModel(model, undefined, { sharedFrom: one?.memory.workspaces ?? 0 });
  const workspaces = many.memory.workspaces;
  const pages = Math.ceil(
    (workspaces + many.memory.workspaceBytes + (one?.memory.workspaceBytes ?? 0)) / PAGE,
  );
  const kernels: LoopNest[] = [];
  const passOfMany = passOf(many, workspaces, kernels);
  const passOfOne = one ? passOf(one, workspaces + many.memory.workspaceBytes, kernels) : passOfMany;
  const tables = [many, ...(one ? [one] : [])].flatMap(tableSegments);
  return {
    model,
    bytes: assembleModule(
      { pages, maximum: MOST_PAGES, shared: false },
      kernels.map((kernel) => emitKernel(kernel, { relaxed: false })),
      tables,
    ),
    pages,
    parameters: tensorsOfModel(model).map(({ fullName, shape }) => ({
      name: fullName,
      shape,
      values: Float32Array.from(parameters[fullName].data),
      offset: many.memory.parameters.offset + 4 * known(many.parameterOffsets.get(fullName)),
    })),
    one: passOfOne,
    many: passOfMany,
  };
}

/** @param kernels get those of the pass, each under a name that is short and unlike the others */
function passOf(plan: Plan, workspace: number, kernels: LoopNest[]): ForwardPass {
  const named = (nests: readonly LoopNest[]) =>
    nests.map((nest) => {
      const name = `k${kernels.length}`;
      kernels.push({ ...nest, name });
      return name;
    });
  const prepare = named(plan.stages.flatMap((stage) => (stage.each === "thread" ? stage.kernels : [])));
  const [load, ...forward] = named(
    plan.stages.flatMap((stage) => (stage.each === "block" ? stage.kernels : [])),
  );
  const { bytes, x, logits, bordersOfMinusInfinity } = plan.workspace;
  return {
    block: plan.block,
    workspace,
    minusInfinity: bordersOfMinusInfinity
      .filter(({ buffer }) => buffer.size > 0)
      .map(({ buffer }) => [workspace + buffer.offset, buffer.size]),
    prepare,
    bytes: workspace + bytes.offset,
    load,
    x: {
      offset: workspace + x.buffer.offset + 4 * x.start,
      plane: x.plane,
      row: x.row,
      column: x.column,
    },
    kernels: forward,
    scores: { offset: workspace + logits.buffer.offset + 4 * logits.start, stride: logits.plane },
  };
}
