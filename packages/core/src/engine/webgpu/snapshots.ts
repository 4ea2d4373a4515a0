import type { Buffer } from "../../ir/ir.js";
import { type Device, fromDevice } from "./device.js";
import { GPU_COPY_DST, GPU_MAP_READ, MAP_READ, type Program } from "./program.js";

/*
 * What is learnt, as it was a moment ago, in the calling thread's memory: if the device is lost, another engine goes on from
 * there. A copy is encoded behind some steps and read when they are done, so nobody waits for it, and its memory is taken once.
 */

/** So long steps go on, at least, before what they learnt is read back again. */
const EVERY_MS = 250;
/** And at least so many times as long as reading it takes the calling thread. */
const MOST_OFTEN = 50;

export class Snapshots {
  /** What was read last, one row for each source. */
  readonly rows: readonly Float32Array[];
  readonly #device: Device;
  readonly #program: Program;
  readonly #sources: readonly Buffer[];
  readonly #landing: GPUBuffer;
  #isUnderWay = false;
  #last = performance.now();
  #cost = 0;

  /** @param rows what the device holds now */
  constructor(device: Device, program: Program, sources: readonly Buffer[], rows: readonly Float32Array[]) {
    this.#device = device;
    this.#program = program;
    this.#sources = sources;
    this.rows = rows;
    const bytes = sources.reduce((sum, { size }) => sum + 4 * size, 0);
    this.#landing = device.device.createBuffer({
      size: Math.max(4, bytes),
      usage: GPU_MAP_READ | GPU_COPY_DST,
    });
  }

  /** Whether it is time for another one. */
  get isDue(): boolean {
    const passed = performance.now() - this.#last;
    return !this.#isUnderWay && passed >= Math.max(EVERY_MS, MOST_OFTEN * this.#cost);
  }

  /**
   * Copies what the steps that were submitted will have learnt.
   * @returns what reads it into `rows`; if that throws a GpuError they stay as they were
   */
  take(): () => Promise<void> {
    this.#isUnderWay = true;
    this.#last = performance.now();
    const encoder = this.#device.device.createCommandEncoder();
    let place = 0;
    for (const source of this.#sources) {
      const { buffer, offset } = this.#program.where(source);
      if (source.size > 0) encoder.copyBufferToBuffer(buffer, offset, this.#landing, place, 4 * source.size);
      place += 4 * source.size;
    }
    this.#device.device.queue.submit([encoder.finish()]);
    return async () => {
      await fromDevice(this.#device, this.#landing.mapAsync(MAP_READ));
      const begin = performance.now();
      const numbers = new Float32Array(this.#landing.getMappedRange());
      let first = 0;
      for (const row of this.rows) {
        row.set(numbers.subarray(first, first + row.length));
        first += row.length;
      }
      this.#landing.unmap();
      this.#cost = performance.now() - begin;
      this.#isUnderWay = false;
    };
  }

  free(): void {
    this.#landing.destroy();
  }
}
