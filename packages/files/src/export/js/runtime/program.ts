import type { Facts, PackedPass } from "./facts.js";
import { inflate } from "./inflate.js";
import { decode } from "./text.js";
import { unpackWeights } from "./weights.js";
import { InputError } from "./wrong.js";

/** Images `[N, C, H, W]`: bytes, or numbers from 0 to 1. */
export type Pixels = Uint8Array | Uint8ClampedArray | Float32Array;

type Kernel = (workspace: number, slot: number, count: number, block: number) => void;

/** Gives the scores `[N, K]` of images. */
export type Program = (pixels: Pixels) => Float32Array;

/**
 * Makes the program of what the module carries.
 * @throws InputError where WebAssembly with vectors can't be compiled
 */
export function startProgram(facts: Facts): Program {
  const { pages, classes, inputShape, mean, std, text, parts } = facts;
  const [C, H, W] = inputShape;
  const size = C * H * W;
  const packed = decode(text);
  let at = 0;
  const [code, ...planes] = parts.map(([length, taken]) => {
    at += taken;
    return inflate(packed.subarray(at - taken, at), length);
  });
  const { memory, kernels } = instantiate(code, pages);
  unpackWeights(facts, planes, memory.buffer);
  const bytes = new Uint8Array(memory.buffer);
  const numbers = new Float32Array(memory.buffer);

  const runner = ([
    block,
    workspace,
    bytesAt,
    x,
    plane,
    row,
    column,
    scores,
    stride,
    first,
    load,
    end,
    minusInfinity,
  ]: PackedPass) => {
    const named = Array.from({ length: end }, (_, k) => kernels[`k${k}`]);
    const run = (list: readonly Kernel[]) => {
      for (const kernel of list) kernel(workspace, 0, 0, 0);
    };
    const [fromBytes, forward] = [named.slice(load), named.slice(load + 1)];
    for (const [offset, length] of minusInfinity) numbers.fill(-Infinity, offset / 4, offset / 4 + length);
    run(named.slice(first, load));
    /** What the kernel makes of bytes, of numbers: in float32, each step rounded. */
    const loadNumbers = (pixels: Float32Array, from: number, count: number) => {
      for (let n = 0, k = from; n < count; n++) {
        for (let c = 0; c < C; c++) {
          const [less, by] = [Math.fround(mean[c]), Math.fround(std[c])];
          for (let p = 0; p < H; p++) {
            let to = x / 4 + c * plane + p * row + n;
            for (let q = 0; q < W; q++, to += column) numbers[to] = Math.fround(pixels[k++] - less) / by;
          }
        }
      }
    };
    return (pixels: Pixels, result: Float32Array) => {
      const images = pixels.length / size;
      for (let image = 0; image < images; image += block) {
        const count = Math.min(block, images - image);
        const from = image * size;
        if (pixels instanceof Float32Array) {
          loadNumbers(pixels, from, count);
          run(forward);
        } else {
          bytes.set(count === images ? pixels : pixels.subarray(from, from + count * size), bytesAt);
          run(fromBytes);
        }
        for (let n = 0; n < count; n++) {
          for (let k = 0; k < classes.length; k++)
            result[(image + n) * classes.length + k] = numbers[scores / 4 + k * stride + n];
        }
      }
    };
  };

  const runOne = runner(facts.one);
  let runMany = facts.many ? undefined : runOne;
  return (pixels) => {
    const images = pixels.length / size;
    const result = new Float32Array(images * classes.length);
    if (images > 1) runMany ??= runner(facts.many as PackedPass);
    (images > 1 && runMany ? runMany : runOne)(pixels, result);
    return result;
  };
}

function instantiate(code: Uint8Array<ArrayBuffer>, pages: number) {
  try {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const module = new WebAssembly.Module(code);
    const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<string, Kernel>;
    return { memory, kernels };
  } catch (error) {
    throw new InputError(
      `The network needs WebAssembly with SIMD (in a page's Content-Security-Policy: 'wasm-unsafe-eval') and ${pages / 16} MiB: ${(error as Error).message}.`,
      { cause: error },
    );
  }
}
