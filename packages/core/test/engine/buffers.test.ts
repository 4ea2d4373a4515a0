import { fit } from "unravel-cnn";
import { expect, onTestFinished, test } from "vitest";
import { SharedMemories } from "../../src/engine/wasm/buffers.js";
import { bars } from "../support/bars.js";
import { builtEngine } from "../support/trainedBars.js";

/** Counts the memories that are made from now on. */
function countMemories(): () => number {
  const { Memory } = WebAssembly;
  let count = 0;
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      count += 1;
    }
  };
  onTestFinished(() => {
    WebAssembly.Memory = Memory;
  });
  return () => count;
}

const PAGE = 65_536;
const zeros = Buffer.alloc(100 * PAGE);
const code = (pages: number) => ({ pages, module: undefined as never });

test("programs of many sizes, one after the other, have a few memories together, each time all zero", () => {
  const made = countMemories();
  const memories = new SharedMemories();
  for (let k = 0; k < 200; k++) {
    const pages = 1 + ((k * 37) % 100);
    const memory = memories.take(code(pages));
    const bytes = Buffer.from(memory.buffer, 0, PAGE * pages);
    expect(bytes.equals(zeros.subarray(0, PAGE * pages))).toBe(true);
    new Int32Array(memory.buffer, 0, (PAGE / 4) * pages).fill(k + 1);
    memories.giveBack(memory, code(pages));
  }
  expect(made()).toBeLessThan(8); // 1, 64, 128 pages; without them, 200
});

test("programs that are there together have a memory each", () => {
  const memories = new SharedMemories();
  const [a, b] = [memories.take(code(2)), memories.take(code(2))];
  expect(a).not.toBe(b);
  memories.giveBack(a, code(2));
  memories.giveBack(b, code(2));
  expect([a, b]).toContain(memories.take(code(1)));
});

test("an engine that trains with one batch size after the other doesn't take a memory for each", async () => {
  const engine = await builtEngine({ threads: 2 });
  const made = countMemories();
  for (let batchSize = 9; batchSize < 49; batchSize++) {
    const optimizer = batchSize % 2 === 0 ? "adam" : "sgd";
    await fit(engine, bars(50), { epochs: 1, batchSize, optimizer, learningRate: 1e-4 });
  }
  expect(made()).toBeLessThan(5); // without them, 40
  await engine.close();
});
