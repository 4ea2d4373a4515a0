// Who is measured, and how each is started.
import { fileURLToPath } from "node:url";

const program = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const node = (file, ...options) => ({ program: "node", args: [program(file), ...options] });
const python = (file, ...options) => ({ program: "python", args: [program(file), ...options] });

/** Where these networks are meant: NumPy's programs are written for one, layer by layer. */
const onlyOneConv = ({ model, mode }) =>
  mode === "train" && model === "one-conv" ? undefined : "written for training one-conv only";
const onlyPredicts = ({ mode }) => (mode === "predict" ? undefined : "only predicts");
const onlyWinograd = ({ model, mode }) =>
  mode === "train" && model === "convnet"
    ? undefined
    : "the same: Winograd's method is used for convnet only";
const onlySgd = ({ optimizer }) => (optimizer === "adam" ? "compared with SGD only" : undefined);

/**
 * variants  how it can be started; the fastest counts
 * needs     an npm package, or a Python module
 * refuses   a reason why a case can't be measured, or undefined
 * isPlain   its program knows one network, SGD and no threads
 * fewer     by case: so many images only, because it is slow; batches are no larger either
 */
export const systems = [
  { name: "unravel", label: "unravel", variants: { "": node("unravel.mjs") }, relaxed: true },
  {
    name: "unravel-1",
    label: "unravel, one thread",
    variants: { "": node("unravel.mjs", "--threads", "1") },
    relaxed: true,
  },
  {
    name: "unravel-direct",
    label: "unravel, direct convolution",
    variants: { "": node("unravel.mjs", "--convolution", "direct") },
    relaxed: true,
    refuses: onlyWinograd,
  },
  {
    name: "numpy-loops",
    label: "NumPy, loops",
    variants: { "": python("numpy_loops.py") },
    needs: { module: "numpy" },
    isPlain: true,
    refuses: onlyOneConv,
    fewer: { "one-conv-8": 32 },
  },
  {
    name: "numpy-im2col",
    label: "NumPy, im2col",
    variants: { "": python("numpy_im2col.py") },
    needs: { module: "numpy" },
    isPlain: true,
    refuses: onlyOneConv,
  },
  {
    name: "pytorch",
    label: "PyTorch",
    variants: {
      contiguous: python("pytorch.py"),
      "channels last": python("pytorch.py", "--layout", "channels_last"),
    },
    needs: { module: "torch" },
    adam: true,
  },
  {
    name: "tfjs-cpu",
    label: "TensorFlow.js, cpu",
    variants: { "": node("tfjs.mjs", "--backend", "cpu") },
    needs: { package: "@tensorflow/tfjs" },
    fewer: { "one-conv-8": 16, lenet5: 4, convnet: 1, "predict-lenet5": 16, "predict-convnet": 2 },
  },
  {
    name: "tfjs-wasm",
    label: "TensorFlow.js, wasm",
    variants: { "": node("tfjs.mjs", "--backend", "wasm") },
    needs: { package: "@tensorflow/tfjs-backend-wasm" },
  },
  {
    name: "jax-js",
    label: "jax-js, wasm",
    variants: { "": node("jax.mjs"), "one thread": node("jax.mjs", "--threads", "1") },
    needs: { package: "@jax-js/jax" },
    fewer: { lenet5: 16, convnet: 4, "predict-convnet": 16 },
  },
  {
    name: "convnetjs",
    label: "ConvNetJS",
    variants: { "": node("convnetjs.mjs") },
    needs: { package: "convnetjs" },
    fewer: { convnet: 8, "predict-convnet": 8 },
  },
  {
    name: "ort-node",
    label: "onnxruntime-node",
    variants: { "": node("onnxruntime.mjs", "--backend", "node") },
    needs: { package: "onnxruntime-node" },
    refuses: onlyPredicts,
  },
  {
    name: "ort-web",
    label: "onnxruntime-web",
    variants: { "": node("onnxruntime.mjs", "--backend", "web") },
    needs: { package: "onnxruntime-web" },
    refuses: onlyPredicts,
  },
];

/** Why a system can't be measured in a case, or undefined. */
export function refusal(system, one) {
  const knowsAdam = system.adam || system.name.startsWith("unravel");
  return system.refuses?.(one) ?? (knowsAdam ? undefined : onlySgd(one));
}

/** The options of a system's program in a case. */
export function programOptions(system, one, { seconds, threads, weights }) {
  const images = system.fewer?.[one.name];
  const always = [
    ...["--seconds", seconds, "--batch-size", Math.min(one.batchSize, images ?? Infinity)],
    ...(one.filters ? ["--filters", one.filters] : []),
    ...(images ? ["--images", images] : []),
  ].map(String);
  if (system.isPlain) return always;
  const training = ["--optimizer", one.optimizer, "--rate", one.rate, "--momentum", one.momentum];
  return [
    ...always,
    ...["--model", one.model, "--mode", one.mode, "--threads", threads],
    ...(one.mode === "train" ? training : []),
    ...(system.name === "pytorch" ? ["--weights", weights] : []),
  ].map(String);
}
