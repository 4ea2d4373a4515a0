import { builtIn, defineModel } from "unravel-cnn";
import { expect, test } from "vitest";
import { withFloor } from "../src/view/floor.js";
import { hasPagers, onlyReshapes, rowsOf } from "../src/view/layout.js";
import { sideFor } from "../src/view/sides.js";

/* How large maps are, and which layers are folded away. */

const room = { width: 700, above: 0, pagers: false, type: 1 };

test("maps are as high as all of them have room, and never too small to be read", () => {
  expect(sideFor({ ...room, width: 1200, height: 800, rows: 8 })).toBe(80);
  expect(sideFor({ ...room, width: 1200, height: 800, rows: 4 })).toBe(104);
  expect(sideFor({ ...room, height: 800, rows: 4 })).toBe(56); // no wider than there is room
  expect(sideFor({ ...room, height: 300, rows: 8 })).toBe(54);
  const [plain, paged, large] = [{}, { pagers: true }, { type: 1.5 }].map((more) =>
    sideFor({ ...room, width: 1200, height: 800, rows: 8, ...more }),
  );
  expect(paged).toBeLessThan(plain);
  expect(large).toBeLessThan(plain);
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
  expect(hasPagers(squeezed, 8)).toBe(false);
  expect(hasPagers(defineModel(builtIn("lenet5")), 8)).toBe(true);
});

test("a scale goes at least as far as numbers are worth looking at", () => {
  const scale = (largest: number) => ({ kind: "sequential", largest }) as const;
  expect(withFloor(scale(0.0095), "activation").largest).toBe(0.1);
  expect(withFloor(scale(0.0095), "parameter").largest).toBe(0.01);
  expect(withFloor(scale(0.0095), "gradient")).toEqual(scale(0.0095));
  expect(withFloor(scale(1.6), "activation")).toEqual(scale(1.6));
});
