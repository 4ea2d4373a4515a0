import { expect, test } from "vitest";
import { sampleOf } from "../../../../test/support/long.js";
import { type CheckReport, checkArrays, type NpyArray } from "../../src/index.js";
import { type Arrays, conventionsFile, RIGHT_SEEDS } from "../support/conventions.js";

/*
 * Whoever does it right in another way must not be accused: files of random networks and numbers, in all orders of
 * dimensions, scales and dtypes, with arrays left out.
 */

const checked = new Map<number, { arrays: Arrays; about: string; report: CheckReport }>();

/** A file of random conventions, and what the check says of it: once for all tests, because it takes a while. */
function fileOf(seed: number) {
  const known = checked.get(seed);
  if (known) return known;
  const { arrays, about } = conventionsFile(seed);
  const made = { arrays, about, report: checkArrays(arrays) };
  checked.set(seed, made);
  return made;
}

test(`${RIGHT_SEEDS.length} right files, in all conventions, agree`, { timeout: 600_000 }, () => {
  const seen = new Set<string>();
  for (const seed of RIGHT_SEEDS) {
    const { about, report } = fileOf(seed);
    const wrong = report.arrays.filter(({ status }) => status === "differs");
    expect({ mistakes: report.mistakes, wrong, agrees: report.agrees }, `${seed}: ${about}`).toEqual({
      mistakes: [],
      wrong: [],
      agrees: true,
    });
    for (const { name } of report.conventions) seen.add(name);
  }
  const conventions = [
    "dense-weights-in-out",
    "filters-hwio",
    "channels-last",
    "flatten-hwc",
    "images-in-columns",
  ];
  const others = [
    "summed-loss",
    "mean-at-parameters",
    "float16",
    "float32",
    "one-hot-labels",
    "no-batch-dimension",
  ];
  for (const name of [...conventions, ...others]) expect([...seen], name).toContain(name);
});

const scaled = ({ shape, data, dtype }: NpyArray, factor: number): NpyArray => ({
  shape,
  dtype,
  data: Float64Array.from(data, (value) => factor * value),
});

/** A file in a convention, of more than one image and in float64, and how many images it has. */
function fileWith(convention: string): { arrays: Arrays; images: number } {
  for (const seed of RIGHT_SEEDS) {
    const { arrays, report } = fileOf(seed);
    const { images, conventions } = report;
    const names = conventions.map(({ name }) => name);
    const complete = ["loss", "grad.fc1.weight", "grad.fc1.out", "grad.conv1.weight"].every(
      (name) => arrays[name],
    );
    if (
      images > 1 &&
      complete &&
      names.includes(convention) &&
      !names.some((name) => /float|sum|mean/.test(name))
    )
      return { arrays, images };
  }
  throw new Error(`No file has ${convention}.`);
}

test.each(sampleOf(["dense-weights-in-out", "channels-last", "filters-hwio"], 1))(
  "a mistake is found beside the convention %s, and so are two",
  (convention) => {
    const { arrays, images } = fileWith(convention);

    const one = checkArrays({ ...arrays, "grad.fc1.weight": scaled(arrays["grad.fc1.weight"], images) });
    const two = checkArrays({
      ...arrays,
      "grad.fc1.weight": scaled(arrays["grad.fc1.weight"], images),
      "grad.conv1.weight": scaled(arrays["grad.conv1.weight"], -1),
    });

    expect(one.conventions.map(({ name }) => name)).toContain(convention);
    expect(one.mistakes.map(({ name, array }) => [name, array])).toContainEqual([
      "batch-mean-left-out",
      "grad.fc1.weight",
    ]);
    expect(two.mistakes.map(({ name, array }) => [name, array])).toEqual(
      expect.arrayContaining([
        ["batch-mean-left-out", "grad.fc1.weight"],
        ["gradient-sign", "grad.conv1.weight"],
      ]),
    );
  },
);

test("what nobody knows is called unknown, and described", () => {
  const { arrays } = fileWith("dense-weights-in-out");
  const gradient = arrays["grad.conv1.weight"];
  const odd = { ...gradient, data: Float64Array.from(gradient.data, (value) => 1.7 * value) };

  const { first, mistakes } = checkArrays({ ...arrays, "grad.conv1.weight": odd });

  expect(first).toBe("grad.conv1.weight");
  expect(mistakes[0]).toMatchObject({
    name: "unknown",
    array: "grad.conv1.weight",
    why: expect.stringContaining("each of its numbers is 1.7 times the right one"),
    fix: expect.stringContaining("Look at the lines that compute grad.conv1.weight"),
  });
});
