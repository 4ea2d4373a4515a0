import { shadersOf } from "../../compiler/webgpu/describe.js";
import type { BatchPlan } from "../../compiler/webgpu/plan.js";
import type { Buffer } from "../../ir/ir.js";
import type { Shader } from "../../ir/wgsl/emit.js";
import type { Storage } from "../../ir/wgsl/storages.js";
import { known } from "../../known.js";
import { checkLimits, type Device } from "./device.js";
import { brief, GpuError } from "./gpuError.js";

/** A kernel that is ready to run. */
export interface Dispatch {
  readonly name: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindings: GPUBindGroup;
  readonly workgroups: readonly [number, number];
  readonly invocations: number;
}

/** A step's kernel, and whether it runs in every 16th step only. */
export interface StepDispatch extends Dispatch {
  readonly seldom: boolean;
}

/** A plan on a device: its memory and its kernels. */
export class Program {
  readonly plan: BatchPlan;
  readonly kernels: readonly StepDispatch[];
  readonly #device: GPUDevice;
  readonly #buffers: ReadonlyMap<Storage, GPUBuffer>;

  private constructor(
    plan: BatchPlan,
    device: GPUDevice,
    buffers: ReadonlyMap<Storage, GPUBuffer>,
    kernels: readonly StepDispatch[],
  ) {
    this.plan = plan;
    this.#device = device;
    this.#buffers = buffers;
    this.kernels = kernels;
  }

  /** @throws GpuError if the device has not the memory that it needs, or refuses a kernel */
  static async load({ device }: Device, plan: BatchPlan): Promise<Program> {
    const shaders = shadersOf(plan);
    const all = [...shaders.start, ...shaders.kernels];
    const { storages } = plan;
    checkLimits(device, storages, Math.max(...all.map(({ bindings }) => bindings.length)));
    device.pushErrorScope("out-of-memory");
    device.pushErrorScope("validation");
    const buffers = new Map(
      storages.map((storage) => [
        storage,
        device.createBuffer({
          label: storage.name,
          size: 4 * storage.size,
          usage: GPU_STORAGE | GPU_COPY_SRC | GPU_COPY_DST,
        }),
      ]),
    );
    const ready = all.map((shader) => dispatchOf(device, shader, buffers));
    const refused = await device.popErrorScope();
    const tooMuch = await device.popErrorScope();
    if (refused || tooMuch) {
      for (const buffer of buffers.values()) buffer.destroy();
      const bytes = storages.reduce((sum, { size }) => sum + 4 * size, 0).toLocaleString("en-US");
      throw tooMuch
        ? new GpuError(
            `The network needs ${bytes} bytes of the GPU's memory, which are not to be had`,
            "make it smaller, or the batches, or use the wasm engine",
          )
        : new GpuError(`The GPU refuses a kernel (${brief(refused?.message ?? "")})`);
    }
    const start = ready.slice(0, shaders.start.length);
    const kernels = ready
      .slice(shaders.start.length)
      .map((dispatch, k) => ({ ...dispatch, seldom: plan.kernels[k].seldom }));
    const program = new Program(plan, device, buffers, kernels);
    for (const { buffer, values } of plan.tables) program.write(buffer, Int32Array.from(values));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const dispatch of start) run(pass, dispatch);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return program;
  }

  /** The buffer of the device that a buffer of the plan lies in, and where, in bytes. */
  where(buffer: Buffer): { readonly buffer: GPUBuffer; readonly offset: number } {
    const { storage, start } = this.plan.placeOf(buffer);
    return { buffer: known(this.#buffers.get(storage)), offset: buffer.bytes ? start : 4 * start };
  }

  write(target: Buffer, data: Float32Array | Int32Array | Uint32Array | Uint8Array): void {
    const { buffer, offset } = this.where(target);
    const whole = data.byteLength & ~3;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    for (let from = 0; from < whole; from += PIECE) {
      this.#device.queue.writeBuffer(buffer, offset + from, bytes, from, Math.min(PIECE, whole - from));
    }
    if (whole === data.byteLength) return;
    const rest = new Uint8Array(4);
    rest.set(bytes.subarray(whole));
    this.#device.queue.writeBuffer(buffer, offset + whole, rest);
  }

  /** Copies of buffers of the plan, as the device leaves them when all that was submitted is done. */
  async read(sources: readonly Buffer[]): Promise<Float32Array[]> {
    const sizes = sources.map(({ size }) => 4 * size);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const landing = this.#device.createBuffer({
      size: Math.max(4, total),
      usage: GPU_MAP_READ | GPU_COPY_DST,
    });
    try {
      const encoder = this.#device.createCommandEncoder();
      let place = 0;
      for (const [k, source] of sources.entries()) {
        const { buffer, offset } = this.where(source);
        if (sizes[k] > 0) encoder.copyBufferToBuffer(buffer, offset, landing, place, sizes[k]);
        place += sizes[k];
      }
      this.#device.queue.submit([encoder.finish()]);
      await landing.mapAsync(MAP_READ);
      const numbers = new Float32Array(landing.getMappedRange());
      let first = 0;
      return sizes.map((size) => {
        first += size / 4;
        return numbers.slice(first - size / 4, first);
      });
    } finally {
      landing.destroy();
    }
  }

  free(): void {
    for (const buffer of this.#buffers.values()) buffer.destroy();
  }
}

export function run(pass: GPUComputePassEncoder, { pipeline, bindings, workgroups }: Dispatch): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindings);
  pass.dispatchWorkgroups(workgroups[0], workgroups[1]);
}

/** A shader as a kernel that is ready to run on these buffers. */
export function dispatchOf(
  device: GPUDevice,
  { name, code, bindings, workgroups, invocations }: Shader,
  buffers: ReadonlyMap<Storage, GPUBuffer>,
): Dispatch {
  const module = device.createShaderModule({ label: name, code });
  const layout = device.createBindGroupLayout({
    entries: bindings.map(({ written }, binding) => ({
      binding,
      visibility: GPU_COMPUTE,
      buffer: { type: written ? "storage" : "read-only-storage" },
    })),
  });
  const pipeline = device.createComputePipeline({
    label: name,
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module },
  });
  const group = device.createBindGroup({
    layout,
    entries: bindings.map(({ storage }, binding) => ({
      binding,
      resource: { buffer: known(buffers.get(storage)) },
    })),
  });
  return { name, pipeline, bindings: group, workgroups, invocations };
}

/** So many bytes are written at a time. */
const PIECE = 2 ** 24;

/*
 * The numbers behind GPUBufferUsage, GPUMapMode and GPUShaderStage, which are no globals where WebGPU is a package
 * (https://www.w3.org/TR/webgpu/).
 */
export const GPU_MAP_READ = 0x1;
export const GPU_COPY_SRC = 0x4;
export const GPU_COPY_DST = 0x8;
export const GPU_STORAGE = 0x80;
export const MAP_READ = 0x1;
const GPU_COMPUTE = 0x4;
