import { planBatch } from "../../src/compiler/webgpu/plan.js";
import type { Dataset } from "../../src/data/dataset.js";
import { rowOf } from "../../src/engine/wasm/row.js";
import { placeIn } from "../../src/engine/webgpu/places.js";
import type { Model } from "../../src/graph/model.js";
import { interpret } from "../../src/ir/interpret.js";
import type { Buffer, LoopNest } from "../../src/ir/ir.js";
import { maskKey } from "../../src/layers/dropoutMask.js";
import { resolveOptimizer } from "../../src/optimizers/index.js";
import { type NamedTensors, sizeOf } from "../../src/tensor.js";
import { expectNoRaces } from "./races.js";

/*
 * The kernels of a batch without a device: the interpreter runs a step of them, with bounds checks, as the device would run
 * their shaders.
 */

export interface BatchStep {
  /** `[image][class]` */
  readonly logits: Float64Array;
  /** Of each parameter, under its name. */
  readonly gradients: Readonly<Record<string, Float32Array>>;
  /** What layers keep besides, after the step. */
  readonly state: Readonly<Record<string, Float32Array>>;
  /** Whether all losses are finite numbers, so that the parameters may change. */
  readonly goesOn: boolean;
}

/** @param reversed whether parallel loops run from their last round to the first */
export function interpretStep(
  model: Model,
  parameters: NamedTensors,
  data: Dataset,
  indices: readonly number[],
  { reversed = false, size = indices.length, seed = 0 } = {},
): BatchStep {
  const optimizer = resolveOptimizer({ type: "sgd", momentum: 0 });
  const training = { batchSize: size, optimizer, clip: undefined, several: false, ema: undefined };
  const plan = planBatch(model, data.labels.length, size, training);
  const { batch, step } = plan;
  const memory = new ArrayBuffer(plan.bytes.shared + plan.bytes.batch);
  const start = (buffer: Buffer) => buffer.offset + (buffer.region === "workspace" ? plan.bytes.shared : 0);
  const numbers = (buffer: Buffer) => new Float32Array(memory, start(buffer), buffer.size);
  const words = (buffer: Buffer) => new Uint32Array(memory, start(buffer), buffer.size);

  for (const { buffer, values } of plan.tables) new Int32Array(memory, start(buffer)).set(values);
  new Uint8Array(memory, start(plan.images)).set(data.images);
  numbers(plan.parameters).set(rowOf(plan, parameters));
  words(step.go)[0] = 1;
  numbers(step.step)[0] = 0; // a learning rate of nothing leaves the parameters as they are
  const own = (buffer: Buffer) => batch.buffer(buffer);
  for (let n = 0; n < batch.size; n++) {
    const isReal = n < indices.length;
    const place = placeIn(batch.size, n);
    words(own(step.places))[place] = indices[isReal ? n : 0] * sizeOf(model.inputShape);
    numbers(own(step.labels))[place] = isReal ? data.labels[indices[n]] : 0;
    numbers(own(step.scale))[place] = isReal ? 1 / indices.length : 0;
    numbers(own(step.mask))[place] = isReal ? 1 : 0;
    for (const { node, buffer } of step.keys)
      words(own(buffer))[place] = maskKey({ mode: "training", seed, step: 1, node }, n);
  }
  for (const nest of [...plan.start, ...plan.kernels.map((kernel) => kernel.nest)]) {
    interpret(reversed ? fromLastToFirst(nest) : nest, memory, { workspace: plan.bytes.shared }, reversed);
  }

  const scores = numbers(own(plan.logits.buffer));
  const { groups } = batch;
  const logits = Float64Array.from({ length: indices.length * model.classes.length }, (_, k) => {
    const [n, c] = [Math.floor(k / model.classes.length), k % model.classes.length];
    return scores[(plan.logits.start + c * plan.logits.plane) * groups + placeIn(batch.size, n)];
  });
  const inRow = (row: Buffer, tensors: readonly { fullName: string; shape: readonly number[] }[]) =>
    Object.fromEntries(
      tensors.map(({ fullName, shape }) => {
        const offset = plan.parameterOffsets.get(fullName) as number;
        return [fullName, numbers(row).slice(offset, offset + sizeOf(shape))];
      }),
    );
  return {
    logits,
    gradients: inRow(plan.gradients, model.parameters),
    state: inRow(plan.parameters, model.state),
    goesOn: words(step.go)[0] !== 0,
  };
}

/** @throws Error if invocations of a kernel of the network's plan meet at a number that one of them writes */
export function expectNoRacesIn(model: Model, size: number): void {
  const optimizer = resolveOptimizer({ type: "adam" });
  const plan = planBatch(model, size, size, {
    ...{ batchSize: size, optimizer, clip: 1, several: false, ema: 0.9 },
  });
  const { shared, batch } = plan.bytes;
  const start = ({ region, offset }: Buffer) => (offset + (region === "workspace" ? shared : 0)) / 4;
  for (const nest of [...plan.start, ...plan.kernels.map((kernel) => kernel.nest)])
    expectNoRaces(nest, start, (shared + batch) / 4);
}

/** The same nest, but what its parts do at its top is done from the last to the first. */
function fromLastToFirst({ name, body }: LoopNest): LoopNest {
  const areApart = body.every((one) => one.kind === "loop" && one.parallel);
  return { name, body: areApart ? [...body].reverse() : body };
}
