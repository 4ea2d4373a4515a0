import { expect, test } from "vitest";
import {
  add,
  at,
  type Buffer,
  binary,
  constant,
  integer,
  type LoopNest,
  load,
  loopNest,
  madd,
  PARALLEL,
  shift,
  splat,
} from "../../src/ir/ir.js";
import { emitShader } from "../../src/ir/wgsl/emit.js";
import type { Place } from "../../src/ir/wgsl/storages.js";

const buffer = (name: string, size: number): Buffer => ({ name, region: "shared", offset: 0, size });
const [a, b, y] = [buffer("a", 64), buffer("b", 64), buffer("y", 64)];

const shaderOf = (nest: LoopNest, unlessZero?: Buffer, integers: readonly Buffer[] = []) =>
  emitShader(nest, {
    workgroup: 64,
    unlessZero,
    placeOf: (buffer): Place => ({
      storage: { name: buffer.name, size: buffer.size, integers: integers.includes(buffer) },
      start: 0,
    }),
  });

test("outer parallel loops become invocations, the innermost counter fastest; inner loops stay loops", () => {
  const { code, workgroups } = shaderOf(
    loopNest("example", (k) =>
      k.loop(
        "i",
        5,
        (i) =>
          k.loop(
            "j",
            3,
            (j) => {
              const sum = k.variable(constant(0));
              k.loop("n", 4, (n) =>
                sum.set(madd(splat(at(b, 0, [n, 1])), load(at(a, 4, [i, 12], [n, 4])), sum)),
              );
              k.store(at(y, 0, [i, 12], [j, 4]), sum);
            },
            PARALLEL,
          ),
        PARALLEL,
      ),
    ),
  );
  expect(workgroups).toEqual([1, 1]);
  expect(code).toBe(`// example
@group(0) @binding(0) var<storage, read> b: array<f32>;
@group(0) @binding(1) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let invocation = i32(id.x);
  if (invocation >= 15) { return; }
  let j = invocation % 3;
  let i = invocation / 3;
  var r0 = vec4f(0.0f);
  for (var n = 0; n < 4; n++) {
    r0 = fma(vec4<f32>(b[n]), a[i * 3 + n + 1], r0);
  }
  y[i * 3 + j] = r0;
}
`);
});

test("loops one after the other have a stretch of invocations each; what must not run is left out", () => {
  const go = buffer("go", 4);
  const nest = loopNest("two", (k) => {
    k.loop("i", 7, (i) => k.store(at(y, 0, [i, 4]), load(at(a, 0, [i, 4]))), PARALLEL);
    k.loop("i", 2, (i) => k.storeLane(at(b, 1, [i, 4]), load(at(a, 0, [i, 4]))), PARALLEL);
  });
  const { code, bindings } = shaderOf(nest, go, [go]);
  expect(code).toContain("if (go[0] == 0) { return; }");
  expect(code).toContain("if (invocation < 7) {");
  expect(code).toContain("if (invocation >= 7 && invocation < 9) {\n    let i2 = (invocation - 7);");
  expect(code).toContain("b[i2 * 4 + 1] = (a[i2]).x;");
  expect(Object.fromEntries(bindings.map(({ storage, written }) => [storage.name, written]))).toEqual({
    a: false,
    y: true,
    b: true,
    go: false,
  });
});

test("vectors that don't begin at a whole one are loaded number by number", () => {
  const nest = loopNest("unaligned", (k) =>
    k.loop("i", 2, (i) => k.store(at(y, 0, [i, 4]), load(at(a, 1, [i, 3]))), PARALLEL),
  );
  expect(shaderOf(nest).code).toContain(
    "y[i] = vec4<f32>(a[i * 3 + 1], a[i * 3 + 1 + 1], a[i * 3 + 1 + 2], a[i * 3 + 1 + 3]);",
  );
});

test("masks, bits and numbers are of their own kinds", () => {
  const keys = buffer("keys", 64);
  const nest = loopNest("kinds", (k) =>
    k.loop(
      "i",
      2,
      (i) => {
        const bits = k.variable(shift("right", 9, load(at(keys, 0, [i, 4]))));
        const isLarge = k.variable(binary("gt", load(at(a, 0, [i, 4])), constant(-Infinity)));
        const one = binary("xor", bits, integer(0x3f800000));
        k.store(at(y, 0, [i, 4]), add(binary("and", constant(2), isLarge), one));
      },
      PARALLEL,
    ),
  );
  const { code } = shaderOf(nest, undefined, [keys]);
  expect(code).toContain("var<storage, read> keys: array<vec4<u32>>;");
  expect(code).toContain("let r0 = (keys[i] >> vec4u(9u));");
  expect(code).toContain("let r1 = (a[i] > vec4f(-3.4028234663852886e+38f));");
  expect(code).toContain(
    "y[i] = (select(vec4f(0.0f), vec4f(2.0f), r1) + bitcast<vec4f>((r0 ^ vec4u(0x3f800000u))));",
  );
});
