import type { Device } from "../../engine/webgpu/device.js";
import {
  type Dispatch,
  GPU_COPY_DST,
  GPU_COPY_SRC,
  GPU_MAP_READ,
  MAP_READ,
  run,
} from "../../engine/webgpu/program.js";

/** Says how long kernels take on a device. */
export interface Clock {
  /** How long each takes, in nanoseconds, run once one after the other. */
  time(dispatches: readonly Dispatch[]): Promise<number[]>;
  free(): void;
}

/** The device's own clock, if it has one; else that of the calling thread, which knows nothing of what takes less than a millisecond. */
export function clockOf(device: Device): Clock {
  return device.canTime ? new Timestamps(device.device) : new WallClock(device.device);
}

/** At most so many kernels are timed in one go. */
const MOST_TIMED = 128;
const GPU_QUERY_RESOLVE = 0x200;

class Timestamps implements Clock {
  readonly #device: GPUDevice;
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #landing: GPUBuffer;

  constructor(device: GPUDevice) {
    const size = 8 * 2 * MOST_TIMED;
    this.#device = device;
    this.#queries = device.createQuerySet({ type: "timestamp", count: 2 * MOST_TIMED });
    this.#resolved = device.createBuffer({ size, usage: GPU_QUERY_RESOLVE | GPU_COPY_SRC });
    this.#landing = device.createBuffer({ size, usage: GPU_MAP_READ | GPU_COPY_DST });
  }

  async time(dispatches: readonly Dispatch[]): Promise<number[]> {
    const durations: number[] = [];
    for (let first = 0; first < dispatches.length; first += MOST_TIMED) {
      const some = dispatches.slice(first, first + MOST_TIMED);
      const encoder = this.#device.createCommandEncoder();
      for (const [k, dispatch] of some.entries()) {
        const pass = encoder.beginComputePass({
          timestampWrites: {
            querySet: this.#queries,
            beginningOfPassWriteIndex: 2 * k,
            endOfPassWriteIndex: 2 * k + 1,
          },
        });
        run(pass, dispatch);
        pass.end();
      }
      const bytes = 16 * some.length;
      encoder.resolveQuerySet(this.#queries, 0, 2 * some.length, this.#resolved, 0);
      encoder.copyBufferToBuffer(this.#resolved, 0, this.#landing, 0, bytes);
      this.#device.queue.submit([encoder.finish()]);
      await this.#landing.mapAsync(MAP_READ, 0, bytes);
      const stamps = new BigUint64Array(this.#landing.getMappedRange(0, bytes));
      durations.push(...some.map((_, k) => Number(stamps[2 * k + 1] - stamps[2 * k])));
      this.#landing.unmap();
    }
    return durations;
  }

  free(): void {
    this.#queries.destroy();
    this.#resolved.destroy();
    this.#landing.destroy();
  }
}

class WallClock implements Clock {
  readonly #device: GPUDevice;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  async time(dispatches: readonly Dispatch[]): Promise<number[]> {
    const durations: number[] = [];
    for (const dispatch of dispatches) {
      const encoder = this.#device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      run(pass, dispatch);
      pass.end();
      const begin = performance.now();
      this.#device.queue.submit([encoder.finish()]);
      await this.#device.queue.onSubmittedWorkDone();
      durations.push(1e6 * (performance.now() - begin));
    }
    return durations;
  }

  free(): void {}
}
