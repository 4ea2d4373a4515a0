import type { KernelProfile } from "unravel-cnn";
import { busyLines, machineLines } from "../../terminal/machine.js";
import { counted, percent, whole } from "../../terminal/numbers.js";
import type { Styles } from "../../terminal/style.js";
import { table } from "../../terminal/table.js";
import type { Figures, ModelFigures, Peak } from "./measure.js";

/**
 * For programs. Times of kernels are in microseconds for a block of images. Their shares of the peak count the operations
 * that are really computed, against the peak of one thread; a share is above 1 if the machine was slower while the peak
 * was measured.
 */
export function asJson({ machine, threads, strict, convolution, optimizer, peak, models }: Figures) {
  return {
    machine,
    threads,
    strict,
    convolution,
    peak,
    models: models.map(({ name, loaded: { model }, batchSize, kernels, training, startUp, compile }) => ({
      model: name,
      batchSize,
      optimizer,
      parameters: model.parameterCount,
      multiplyAddsPerImage: model.multiplyAdds.trainingStep,
      kernels: kernels.map((kernel) => ({
        ...kernel,
        shareOfPeak: kernel.gflops === null ? null : computedRate(kernel) / peak.one,
      })),
      training: { ...training, shareOfPeak: training.computedGflops / peak.all },
      startUp,
      compile,
    })),
  };
}

/** For people, in 80 columns. */
export function asLines(figures: Figures, styles: Styles): string[] {
  const { machine, threads, strict, convolution, peak, models, optimizer } = figures;
  const all = threads === 1 ? "" : `, ${gflops(peak.all)} on ${threads} threads at the same time`;
  const lines = [
    ...machineLines(machine, { strict, convolution }),
    `Peak      ${gflops(peak.one)} GFLOP/s on one thread${all}`,
    "          GFLOP/s are by a network's definition; shares of the peak count what",
    "          is really computed, which may be less (Winograd) or more (edges).",
    ...busyLines(machine),
  ];
  for (const model of models) lines.push("", ...modelLines(model, peak, threads, optimizer, styles));
  return lines;
}

function modelLines(
  { loaded, batchSize, kernels, training, startUp, compile }: ModelFigures,
  peak: Peak,
  threads: number,
  optimizer: string,
  styles: Styles,
): string[] {
  const { slowest, fastest, imagesPerSecond } = training;
  return [
    styles.bold(`${loaded.title}: batches of ${batchSize}, ${optimizer}, ${counted(threads, "thread")}`),
    ...kernelLines(kernels, peak.one, styles),
    `Training  ${styles.bold(`${whole(imagesPerSecond)} images/s`)} (${whole(slowest)} to ${whole(fastest)}), ` +
      `${gflops(training.gflops)} GFLOP/s: ${percent(training.computedGflops / peak.all, 0)} of the peak`,
    `Start-up  ${milliseconds(startUp.firstStepMs)} from process start to first step ` +
      `(${milliseconds(startUp.fastestMs)} to ${milliseconds(startUp.slowestMs)})`,
    `Compile   ${milliseconds(compile.generateMs)} to generate ${whole(compile.bytes)} bytes, ` +
      `${milliseconds(compile.compileMs)} WebAssembly.compile`,
  ];
}

function kernelLines(kernels: readonly KernelProfile[], peak: number, styles: Styles): string[] {
  const sum = (of: (kernel: KernelProfile) => number) => kernels.reduce((total, k) => total + of(k), 0);
  const microseconds = sum((kernel) => kernel.microseconds);
  const rateOf = (multiplyAdds: number) => (2 * multiplyAdds) / microseconds / 1000;
  const row = (name: string, us: number, rate: number | null, computed: number) => [
    name,
    us.toFixed(us < 100 ? 2 : 1),
    percent(us / microseconds, 0),
    rate === null ? "" : gflops(rate),
    rate === null ? "" : percent(computed / peak, 0),
  ];
  const [header, ...lines] = table(
    [
      ["kernel", `us for ${counted(kernels[0].images, "image")}`, "of the time", "GFLOP/s", "of the peak"],
      ...kernels.map((kernel) => row(kernel.name, kernel.microseconds, kernel.gflops, computedRate(kernel))),
      row(
        "all, on one thread",
        microseconds,
        rateOf(sum((kernel) => kernel.multiplyAdds)),
        rateOf(sum((kernel) => kernel.computed)),
      ),
    ],
    [false, true, true, true, true],
  );
  return [styles.dim(header), ...lines];
}

/** Thousand million operations a second that a kernel really computes. */
function computedRate({ computed, microseconds }: KernelProfile): number {
  return (2 * computed) / microseconds / 1000;
}

function gflops(value: number): string {
  return value.toFixed(1);
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}
