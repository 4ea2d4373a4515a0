import { FailureError, InputError } from "../../errors.js";
import type { Storage } from "../../ir/wgsl/storages.js";
import type { Gpu } from "./gpu.js";

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
  /** Why the device is gone, once it is. */
  readonly state: { lost: string | undefined };
}

/** @throws InputError if there is no GPU here that can be used */
export async function openDevice(gpu: Gpu | undefined): Promise<Device> {
  if (gpu === undefined) {
    throw new InputError(
      "There is no WebGPU here; in Node, install the package webgpu and pass its gpu, or use the wasm engine.",
    );
  }
  const found = await gpu.requestAdapter({ powerPreference: "high-performance" });
  const adapter = found as GPUAdapter | null;
  if (adapter === null) {
    throw new InputError("WebGPU has found no adapter on this machine; use the wasm engine.");
  }
  const canTime = adapter.features.has("timestamp-query");
  const device = await adapter.requestDevice({
    requiredLimits: Object.fromEntries(WANTED.map((limit) => [limit, adapter.limits[limit]])),
    requiredFeatures: canTime ? ["timestamp-query"] : [],
  });
  const state: Device["state"] = { lost: undefined };
  void device.lost.then(({ reason, message }) => {
    state.lost = message || reason;
  });
  const { vendor, architecture, description } = adapter.info;
  const name = [description || vendor, architecture].filter(Boolean).join(", ");
  return { device, adapter: name || "an adapter without a name", canTime, state };
}

/** @throws InputError if a storage is larger than the device can bind, or a kernel binds more than it can */
export function checkLimits({ limits }: GPUDevice, storages: readonly Storage[], mostBound: number): void {
  const most = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  const largest = storages.reduce((a, b) => (b.size > a.size ? b : a));
  if (4 * largest.size > most) {
    const megabytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20).toLocaleString("en-US")} MB`;
    throw new InputError(
      `On this GPU no buffer may have more than ${megabytes(most)}, but ${largest.name} takes ${megabytes(4 * largest.size)}; use smaller batches or fewer images, or the wasm engine.`,
    );
  }
  if (mostBound > limits.maxStorageBuffersPerShaderStage) {
    throw new InputError(
      `A kernel of this network uses ${mostBound} buffers at once, but this GPU binds ${limits.maxStorageBuffersPerShaderStage} at most; use the wasm engine.`,
    );
  }
}

/** What is said when the device is gone. */
export function lostError({ state }: Device): FailureError {
  return new FailureError(
    `The GPU was lost (${(state.lost ?? "no reason was given").replace(/[\s.]+$/, "")}); create another engine.`,
  );
}
