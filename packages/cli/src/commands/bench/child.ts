import {
  type Convolution,
  createEngine,
  defineModel,
  fit,
  type ModelSpec,
  measureCompile,
  noise,
} from "unravel-cnn/training";
import { allowRelaxedSimd } from "../../engine.js";

/*
 * A process that `bench` starts to measure a cold start: the time to the first step of training on made-up images, or the
 * time that compiling takes. Prints one line of JSON as soon as that is done.
 */

export interface ChildTask {
  readonly task: "first step" | "compile";
  readonly spec: ModelSpec;
  readonly batchSize: number;
  readonly threads: number;
  readonly strict: boolean;
  readonly convolution: Convolution;
}

const { task, spec, batchSize, ...options }: ChildTask = JSON.parse(process.argv[2]);
allowRelaxedSimd();
if (task === "compile") {
  process.stdout.write(`${JSON.stringify(await measureCompile(spec, { batchSize, ...options }))}\n`);
} else {
  const engine = await createEngine(spec, options);
  await fit(engine, noise(defineModel(spec), batchSize), { epochs: 1, batchSize });
  process.stdout.write("{}\n");
  await engine.close();
}
