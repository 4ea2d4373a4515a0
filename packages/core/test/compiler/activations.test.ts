import { expect, test } from "vitest";
import * as activations from "../../src/compiler/lower/activations.js";
import type { Elementwise } from "../../src/compiler/lower/elementwise.js";
import { interpret } from "../../src/ir/interpret.js";
import { at, type Buffer, load, loopNest } from "../../src/ir/ir.js";
import type { ResolvedLayer } from "../../src/layers/layer.js";
import { EPSILON } from "../support/compare.js";
import { curves, outgoing, x } from "../support/curves.js";

/*
 * What the kernels of smooth functions make of many numbers, also far out, against PyTorch's in float64. That they leave the same
 * bits when they are emitted is held by ir/interpret.test.ts.
 */

const rows: Readonly<Record<string, unknown>> = { ...activations, geluTanh: activations.gelu };

/** Values and gradients, in float32. */
function computed(row: Elementwise, layer: ResolvedLayer): { y: Float32Array; dx: Float32Array } {
  const count = 4 * Math.ceil(x.data.length / 4);
  const memory = new Float32Array(4 * count);
  memory.set(x.data);
  memory.set(outgoing.data, 2 * count);
  const [input, y, dy, dx] = ["x", "y", "dy", "dx"].map(
    (name, k): Buffer => ({ name, region: "shared", offset: 4 * k * count, size: count }),
  );
  const map = (target: Buffer, write: Parameters<typeof loopNest>[1]) =>
    interpret(loopNest(target.name, write), memory.buffer);
  map(y, (b) =>
    b.loop("k", count / 4, (k) =>
      b.store(at(y, 0, [k, 4]), row.output([load(at(input, 0, [k, 4]))], layer, b)),
    ),
  );
  map(dx, (b) =>
    b.loop("k", count / 4, (k) => {
      const [inputs, output, gradient] = [input, y, dy].map((buffer) => load(at(buffer, 0, [k, 4])));
      const [back] = row.gradients({ inputs: [inputs], y: output, dy: gradient }, layer, b);
      b.store(at(dx, 0, [k, 4]), back);
    }),
  );
  const part = (k: number) => memory.slice(k * count, k * count + x.data.length);
  return { y: part(1), dx: part(3) };
}

test.each(curves)("$name and its slope, everywhere", ({ name, layer, y, dx }) => {
  const own = computed(rows[name] as Elementwise, layer);
  for (const [k, value] of x.data.entries()) {
    const far = Math.abs(value) >= 69;
    for (const [what, values, expected, factor] of [
      ["value", own.y, y.data[k], 1],
      ["gradient", own.dx, dx.data[k], outgoing.data[k]],
    ] as const) {
      const bound = far ? 1e-27 : 6 * EPSILON.float32 * Math.max(Math.abs(expected), Math.abs(factor));
      const distance = Math.abs(values[k] - Math.fround(expected));
      if (!(distance <= bound))
        expect.fail(`${what} at ${value}: ${values[k]}, PyTorch: ${expected}; bound ${bound}`);
    }
  }
});

test("small numbers keep their digits", () => {
  const { y } = computed(activations.tanh, curves[1].layer);
  for (const [k, value] of x.data.entries()) {
    if (Math.abs(value) < 0.5)
      expect(Math.abs(y[k] - curves[1].y.data[k])).toBeLessThanOrEqual(4 * EPSILON.float32 * Math.abs(value));
  }
});
