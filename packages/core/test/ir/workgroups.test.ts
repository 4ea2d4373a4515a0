import { expect, test } from "vitest";
import { emitKernel } from "../../src/ir/emit.js";
import { interpret } from "../../src/ir/interpret.js";
import { add, at, type Buffer, LANES, type LoopNest, load, loopNest, PARALLEL } from "../../src/ir/ir.js";
import { printLoopNest } from "../../src/ir/print.js";
import { bytesMovedBy } from "../../src/ir/traffic.js";
import { emitShader } from "../../src/ir/wgsl/emit.js";
import type { Place } from "../../src/ir/wgsl/storages.js";
import { expectNoRaces } from "../support/races.js";

/* Lanes that share memory: what the readers of a nest make of workgroups, barriers and conditions. */

const ROWS = 3;
/** Vectors of a row. */
const LENGTH = 13;

const x: Buffer = { name: "x", region: "shared", offset: 0, size: 4 * ROWS * LENGTH };
const y: Buffer = { name: "y", region: "shared", offset: 4 * x.size, size: x.size };
const tile: Buffer = { name: "tile", region: "workgroup", offset: 0, size: 32 };

/** 8 lanes for each row turn around 8 of its vectors at a time, and add to each the lane's first. */
const turned = (barriers = { before: true, after: true }): LoopNest =>
  loopNest("turned", (b) =>
    b.loop(
      "row",
      ROWS,
      (row) =>
        b.loop(
          "high",
          4,
          (high) =>
            b.loop(
              "low",
              2,
              (low) => {
                const lane = (stride: number) => [[high, 2 * stride] as const, [low, stride] as const];
                const first = b.variable(load(at(x, 0, [row, 4 * LENGTH], ...lane(4))));
                b.loop("step", 2, (step) => {
                  const here = [[row, 4 * LENGTH] as const, [step, 32] as const, ...lane(4)];
                  const whereIs = (write: () => void) =>
                    b.when({ offset: 0, terms: [[step, 8], ...lane(1)] }, LENGTH, write);
                  whereIs(() => b.store(at(tile, 0, ...lane(4)), load(at(x, 0, ...here))));
                  if (barriers.before) b.barrier();
                  whereIs(() => b.store(at(y, 0, ...here), add(load(at(tile, 28, ...lane(-4))), first)));
                  if (barriers.after) b.barrier();
                });
              },
              LANES,
            ),
          LANES,
        ),
      PARALLEL,
    ),
  );

test("all lanes come to a barrier before one goes on, whichever is first; each has its own registers", () => {
  for (const reversed of [false, true]) {
    const memory = new ArrayBuffer(8 * x.size);
    const [from, to] = [x, y].map(({ offset, size }) => new Float32Array(memory, offset, size));
    from.set(from.map((_, k) => k * k));
    interpret(turned(), memory, {}, reversed);
    const at = (row: number, vector: number, lane: number) => from[4 * (row * LENGTH + vector) + lane];
    for (let k = 0; k < y.size; k++) {
      const [row, vector, lane] = [Math.floor(k / 4 / LENGTH), Math.floor(k / 4) % LENGTH, k % 4];
      const [step, opposite] = [vector & 8, 7 - (vector % 8)];
      // where the row has no such vector, the one of the step before is still there
      const there = step + opposite < LENGTH ? step + opposite : opposite;
      expect(to[k]).toBe(Math.fround(at(row, there, lane) + at(row, vector % 8, lane)));
    }
  }
});

test("what lanes share without waiting for each other is found", () => {
  const look = (nest: LoopNest) => () => expectNoRaces(nest, ({ offset }) => offset / 4, 2 * x.size);
  expect(look(turned())).not.toThrow();
  for (const barriers of [
    { before: false, after: true },
    { before: true, after: false },
  ])
    expect(look(turned(barriers))).toThrow("turned: several invocations meet at tile");
});

test("a barrier that not all lanes come to is refused", () => {
  const some = loopNest("some", (b) =>
    b.loop("lane", 8, (lane) => b.when({ offset: 0, terms: [[lane, 1]] }, 4, () => b.barrier()), LANES),
  );
  expect(() => interpret(some, new ArrayBuffer(0))).toThrow("not all lanes come to a barrier");
});

const placeOf = ({ name, size }: Buffer): Place => ({ storage: { name, size, integers: false }, start: 0 });
const shaderOf = (nest: LoopNest) => {
  const places = new Map([x, y].map((buffer) => [buffer, placeOf(buffer)]));
  return emitShader(nest, { workgroup: 64, placeOf: (buffer) => places.get(buffer) as Place });
};

test("as a shader: a workgroup for each round of the loops around, its memory, its lanes, its barriers", () => {
  const { code, workgroups, invocations } = shaderOf(turned());
  expect({ workgroups, invocations }).toEqual({ workgroups: [3, 1], invocations: 24 });
  expect(code).toBe(`// turned
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>;
var<workgroup> tile: array<vec4<f32>, 8>;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) index: u32) {
  let workgroupNumber = i32(id.x);
  let laneNumber = i32(index);
  if (workgroupNumber >= 3) { return; }
  let row = workgroupNumber;
  let low = laneNumber % 2;
  let high = laneNumber / 2;
  let r0 = x[row * 13 + high * 2 + low];
  for (var step = 0; step < 2; step++) {
    if (step * 8 + high * 2 + low < 13) {
      tile[high * 2 + low] = x[row * 13 + step * 8 + high * 2 + low];
    }
    workgroupBarrier();
    if (step * 8 + high * 2 + low < 13) {
      y[row * 13 + step * 8 + high * 2 + low] = (tile[high * -2 + low * -1 + 7] + r0);
    }
    workgroupBarrier();
  }
}
`);
});

test("beside workgroups, other invocations begin with a workgroup of their own", () => {
  const both = loopNest("both", (b) => {
    b.loop("i", 10, (i) => b.store(at(y, 0, [i, 4]), load(at(x, 0, [i, 4]))), PARALLEL);
  });
  const { code, workgroups } = shaderOf({
    name: "both",
    body: [...both.body, ...turned().body, ...both.body],
  });
  expect(workgroups).toEqual([2 + 3 + 2, 1]);
  expect(code).toContain("  let invocation = workgroupNumber * 8 + laneNumber;\n  if (invocation < 10) {\n");
  expect(code).toContain(
    "  if (workgroupNumber >= 2 && workgroupNumber < 5) {\n    let row = (workgroupNumber - 2);\n    let low = laneNumber % 2;",
  );
  expect(code).toContain("  if (invocation >= 40 && invocation < 50) {\n");
});

test("too much memory, too many lanes and two numbers of lanes are refused", () => {
  const lanes = (count: number, buffer = tile) =>
    loopNest("lanes", (b) =>
      b.loop("lane", count, (lane) => b.store(at(buffer, 0, [lane, 4]), load(at(x, 0))), LANES),
    );
  expect(() => shaderOf(lanes(8, { ...tile, size: 4100 }))).toThrow(
    "lanes: a workgroup has 16384 bytes, not 16400",
  );
  expect(() => shaderOf(lanes(257))).toThrow("the same number of lanes, at most 256");
  expect(() => shaderOf({ name: "two", body: [...lanes(8).body, ...lanes(4).body] })).toThrow(
    "two: all workgroups of a shader have the same number of lanes",
  );
});

test("as text; its own memory is none of the device's; WebAssembly has no workgroups", () => {
  const text = printLoopNest(turned());
  expect(text).toContain("      for low, 2 lanes of a workgroup:\n");
  expect(text).toContain(
    "          where step*8 + high*2 + low < 13:\n            v tile[high*8 + low*4] = v x[",
  );
  expect(text).toContain("          wait for all lanes\n");
  expect(bytesMovedBy(turned().body)).toBe(4 * (x.size + y.size));
  expect(() => emitKernel(turned(), { relaxed: false })).toThrow(
    "workgroups and conditions are for shaders, not for WebAssembly",
  );
});
