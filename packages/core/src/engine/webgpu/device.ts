import type { Storage } from "../../ir/wgsl/storages.js";
import type { Gpu } from "./gpu.js";
import { brief, GpuError, NoGpuError } from "./gpuError.js";

/*
 * The device: asked for once for each engine, with as much memory in one buffer as the adapter gives.
 */

/** What is asked of an adapter beyond what every device has: as much as it has. */
const WANTED = ["maxBufferSize", "maxStorageBufferBindingSize", "maxStorageBuffersPerShaderStage"] as const;

export interface Device {
  readonly device: GPUDevice;
  /** What the adapter calls itself. */
  readonly adapter: string;
  readonly canTime: boolean;
  /** Whether it says of itself that it is none: it computes on the processor. */
  readonly isSoftware: boolean;
  /** What keeps it from being used any more: a sentence without its stop. */
  readonly state: { trouble: string | undefined };
}

/** @throws NoGpuError if there is no GPU here; GpuError if it gives no device */
export async function openDevice(gpu: Gpu | undefined): Promise<Device> {
  if (gpu === undefined) {
    throw new NoGpuError(
      "There is no WebGPU here",
      "in Node, install the package webgpu and pass its gpu, or use the wasm engine",
    );
  }
  const found = await gpu.requestAdapter({ powerPreference: "high-performance" });
  const adapter = found as GPUAdapter | null;
  if (adapter === null) {
    throw new NoGpuError("WebGPU has found no adapter on this machine");
  }
  const canTime = adapter.features.has("timestamp-query");
  const device = await adapter
    .requestDevice({
      requiredLimits: Object.fromEntries(WANTED.map((limit) => [limit, adapter.limits[limit]])),
      requiredFeatures: canTime ? ["timestamp-query"] : [],
    })
    .catch((error: unknown) => {
      throw new GpuError(`The GPU can't be opened (${messageOf(error)})`);
    });
  const state: Device["state"] = { trouble: undefined };
  void device.lost.then(({ reason, message }) => {
    state.trouble = `The GPU was lost (${brief(message || reason) || "no reason was given"})`;
  });
  // what nobody waits for, such as memory that a submission needs: what is computed after it would be wrong
  device.addEventListener("uncapturederror", ({ error }) => {
    state.trouble ??= failed(error);
  });
  const { vendor, architecture, description } = adapter.info;
  const name = [description || vendor, architecture].filter(Boolean).join(", ");
  return {
    ...{ device, canTime, state },
    adapter: name || "an adapter without a name",
    isSoftware: adapter.info.isFallbackAdapter === true,
  };
}

const messageOf = (error: unknown): string => brief(error instanceof Error ? error.message : String(error));

const failed = (error: unknown): string =>
  `The GPU has failed (${error instanceof Error || "message" in Object(error) ? brief((error as Error).message) : String(error)})`;

/** @throws GpuError if the device can't be used any more */
export function checkDevice({ state }: Device): void {
  if (state.trouble !== undefined) throw new GpuError(state.trouble, ADVICE);
}

const ADVICE = "create another engine";

/**
 * What was read back from the device.
 * @throws GpuError if it can't be read, or not be trusted, because the device is gone or has refused something
 */
export async function fromDevice<Result>(device: Device, work: Promise<Result>): Promise<Result> {
  let result: Result;
  try {
    result = await work;
  } catch (error) {
    await told(device);
    throw new GpuError(device.state.trouble ?? failed(error), ADVICE);
  }
  checkDevice(device);
  return result;
}

/** Waits a moment for what a device says of itself: that a read failed may be heard of before why it did. */
async function told({ device, state }: Device): Promise<void> {
  if (state.trouble !== undefined) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const moment = new Promise((resolve) => {
    timer = setTimeout(resolve, MOMENT_MS);
  });
  await Promise.race([device.lost, moment]);
  clearTimeout(timer);
}

const MOMENT_MS = 1000;

/** @throws GpuError if a storage is larger than the device can bind, or a kernel binds more than it can */
export function checkLimits({ limits }: GPUDevice, storages: readonly Storage[], mostBound: number): void {
  const most = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  const largest = storages.reduce((a, b) => (b.size > a.size ? b : a));
  if (4 * largest.size > most) {
    const megabytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20).toLocaleString("en-US")} MB`;
    throw new GpuError(
      `On this GPU no buffer may have more than ${megabytes(most)}, but ${largest.name} takes ${megabytes(4 * largest.size)}`,
      "use smaller batches or fewer images, or the wasm engine",
    );
  }
  if (mostBound > limits.maxStorageBuffersPerShaderStage) {
    throw new GpuError(
      `A kernel of this network uses ${mostBound} buffers at once, but this GPU binds ${limits.maxStorageBuffersPerShaderStage} at most`,
    );
  }
}
