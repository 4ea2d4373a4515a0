import type { GpuKernelProfile } from "unravel-cnn";
import { counted, percent, whole } from "../../terminal/numbers.js";
import type { Styles } from "../../terminal/style.js";
import { table } from "../../terminal/table.js";
import type { GpuFigures, GpuModelFigures } from "./gpu.js";

/**
 * For programs. Times of kernels are in microseconds for a batch. Shares of the peak count the operations that are really computed,
 * those of the memory each number once that a kernel reads or writes.
 */
export function gpuAsJson({ machine, optimizer, models }: GpuFigures) {
  return {
    machine,
    engine: "webgpu",
    models: models.map(({ name, loaded: { model }, batchSize, profile, training }) => ({
      model: name,
      batchSize,
      optimizer,
      parameters: model.parameterCount,
      multiplyAddsPerImage: model.multiplyAdds.trainingStep,
      ...profile,
      kernels: profile.kernels.map((kernel) => ({
        ...kernel,
        shareOfPeak: shareOf(kernel.gflops, profile.peakGflops),
        shareOfMemory: shareOf(kernel.gigabytesPerSecond, profile.gigabytesPerSecond),
      })),
      training: { ...training, shareOfPeak: training.computedGflops / profile.peakGflops },
    })),
  };
}

const shareOf = (rate: number | null, most: number): number | null => (rate === null ? null : rate / most);

/** For people, in 80 columns. */
export function gpuAsLines({ models, optimizer }: GpuFigures, styles: Styles): string[] {
  return models.flatMap((model, k) => [...(k > 0 ? [""] : []), ...modelLines(model, optimizer, styles)]);
}

function modelLines(
  { loaded, batchSize, profile, training }: GpuModelFigures,
  optimizer: string,
  styles: Styles,
): string[] {
  const { adapter, peakGflops, gigabytesPerSecond, dispatches, kernels } = profile;
  const { slowest, fastest, imagesPerSecond } = training;
  const isTimed = kernels.every(({ microseconds }) => microseconds !== null);
  const milliseconds = (1000 * batchSize) / imagesPerSecond;
  const busy = kernels.reduce((sum, { microseconds, seldom }) => sum + (seldom ? 0 : (microseconds ?? 0)), 0);
  return [
    styles.bold(`${loaded.title}: batches of ${batchSize}, ${optimizer}`),
    `GPU       ${adapter}`,
    `Peak      ${figure(peakGflops)} GFLOP/s in registers; a copy moves ${figure(gigabytesPerSecond)} GB/s`,
    ...(isTimed
      ? kernelLines(profile.kernels, profile, styles)
      : [`Kernels   none is timed: this GPU has no clock for them (timestamp-query)`]),
    `Step      ${counted(dispatches, "dispatch", "dispatches")}, ${shown(milliseconds)} ms${isTimed ? `; its kernels take ${shown(busy / 1000)} ms of it` : ""}`,
    `Training  ${styles.bold(`${whole(imagesPerSecond)} images/s`)} (${whole(slowest)} to ${whole(fastest)}), ` +
      `${figure(training.gflops)} GFLOP/s: ${percent(training.computedGflops / peakGflops, 0)} of the peak`,
  ];
}

function kernelLines(
  kernels: readonly GpuKernelProfile[],
  { peakGflops, gigabytesPerSecond }: GpuModelFigures["profile"],
  styles: Styles,
): string[] {
  const all = kernels.reduce((sum, { microseconds }) => sum + (microseconds ?? 0), 0);
  const rows = kernels.map((kernel) => {
    const { name, microseconds, gflops } = kernel;
    return [
      name,
      (microseconds ?? 0).toFixed(1),
      all > 0 ? percent((microseconds ?? 0) / all, 0) : "",
      gflops === null ? "" : figure(gflops),
      gflops === null ? "" : percent(gflops / peakGflops, 0),
      kernel.gigabytesPerSecond === null ? "" : percent(kernel.gigabytesPerSecond / gigabytesPerSecond, 0),
    ];
  });
  const [header, ...lines] = table(
    [["kernel", "us", "of the time", "GFLOP/s", "of the peak", "of the memory"], ...rows],
    [false, true, true, true, true, true],
  );
  return [styles.dim(header), ...lines];
}

const shown = (milliseconds: number): string => milliseconds.toFixed(milliseconds < 10 ? 2 : 0);

const figure = (value: number): string => (value < 100 ? value.toFixed(1) : whole(value));
