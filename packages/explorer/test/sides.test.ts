import { builtIn, defineModel } from "unravel-cnn";
import { expect, test } from "vitest";
import { withFloor } from "../src/view/floor.js";
import { onlyReshapes, pagersOf, rowsOf } from "../src/view/layout.js";
import { pageFor, sideFor } from "../src/view/sides.js";

/* How large maps are, and which layers are folded away. */

const room = { width: 700, above: 0, pagers: 0, type: 1 };

test("maps are as high as all of them have room, and never too small to be read", () => {
  expect(sideFor({ ...room, width: 1200, height: 800, rows: 8 })).toBe(80);
  expect(sideFor({ ...room, width: 1200, height: 800, rows: 4 })).toBe(104);
  expect(sideFor({ ...room, height: 800, rows: 4 })).toBe(56); // no wider than there is room
  expect(sideFor({ ...room, height: 300, rows: 8 })).toBe(56); // two pixels for each number of MNIST's
  const [plain, paged, large] = [{}, { pagers: 1 }, { type: 1.5 }].map((more) =>
    sideFor({ ...room, width: 1200, height: 800, rows: 8, ...more }),
  );
  expect(paged).toBeLessThan(plain);
  expect(large).toBeLessThan(plain);
});

test("for a class so many maps are a page as have room below each other", () => {
  const page = (height: number | undefined, more = {}) => pageFor({ ...room, height, ...more }, 8);
  expect([undefined, 2000, 608].map((height) => page(height))).toEqual([8, 8, 8]);
  expect([607, 500, 100].map((height) => page(height))).toEqual([7, 6, 4]);
  expect(page(630, { type: 1.1, pagers: 2 })).toBe(6);
  for (const height of [500, 630, 700, 981]) {
    const [pagers, type] = [2, 1.2];
    const rows = page(height, { pagers, type });
    const side = sideFor({ ...room, height, pagers, type, rows });
    expect(rows * (side + 5) + type * (100 + 2 * 48) + 20, `${height} pixels`).toBeLessThanOrEqual(height);
  }
});

test("what only gives its input another shape is folded; nothing else is", () => {
  for (const name of ["one-conv", "lenet5", "resnet"] as const) {
    const model = defineModel(builtIn(name));
    for (const layer of model.layers)
      expect(onlyReshapes(layer), `${name}: ${layer.name}`).toBe(layer.spec.type === "flatten");
  }
  const squeezed = defineModel({
    input: [3, 4, 4],
    layers: [{ type: "globalAveragePool2d" }, { type: "dense", units: 2 }],
  });
  expect(squeezed.layers.map(onlyReshapes)).toEqual([false, false]);
  expect(rowsOf(squeezed, 8)).toBe(1);
  const all = [
    squeezed,
    ...(["one-conv", "lenet5", "convnet"] as const).map((name) => defineModel(builtIn(name))),
  ];
  expect(all.map((model) => pagersOf(model, 8))).toEqual([0, 0, 2, 2]);
  expect(pagersOf(all[2], 16), "kernels for several inputs alone").toBe(1);
});

test("a scale goes at least as far as numbers are worth looking at", () => {
  const scale = (largest: number) => ({ kind: "sequential", largest }) as const;
  expect(withFloor(scale(0.0095), "activation").largest).toBe(0.1);
  expect(withFloor(scale(0.0095), "parameter").largest).toBe(0.01);
  expect(withFloor(scale(0.0095), "gradient")).toEqual(scale(0.0095));
  expect(withFloor(scale(1.6), "activation")).toEqual(scale(1.6));
});
