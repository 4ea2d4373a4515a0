import { writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { gainModel } from "../../core/test/support/gainLayer.js";
import { subjectOf } from "../../core/test/support/reports.js";
import { residual } from "../../core/test/support/residual.js";
import { terminalReport } from "../src/commands/explain/terminal.js";
import { stylesFor } from "../src/terminal/style.js";
import { scratchFolder, succeed } from "./support/cli.js";
import { greyOf, pictureOf, pngOf } from "./support/pictures.js";

/* Networks that go several ways, and layers that nothing here has ever heard of: what is printed of them. */

const scratch = scratchFolder();
const LONG = "a_name_that_is_as_long_as_any_can_be".padEnd(64, "x");

/** The residual network with names of 64 letters, and with an image that takes a way around everything. */
const awkward = {
  ...residual,
  layers: [
    { ...residual.layers[0], name: LONG },
    { type: "relu" },
    { type: "add", name: `b${LONG.slice(1)}`, from: ["relu1", LONG, LONG] },
    { type: "averagePool2d", size: 3, stride: 2, padding: 1, from: "x" },
    { type: "flatten", name: "small" },
    { type: "flatten", from: `b${LONG.slice(1)}` },
    { type: "dense", units: 4 },
    { type: "dense", units: 4, from: "small" },
    { type: "add", from: ["fc1", "fc2"] },
  ],
};

beforeAll(async () => {
  await writeFile(scratch("residual.json"), JSON.stringify(residual));
  await writeFile(scratch("awkward.json"), JSON.stringify(awkward));
  await writeFile(
    scratch("image.png"),
    pngOf(pictureOf(greyOf(12, 12, (x, y) => (x * 37 + y * y * 11) % 256))),
  );
});

const run = async (command: string, spec: string, ...options: string[]) =>
  (await succeed([command, scratch(spec), ...options])).stdout.trimEnd();

describe.each(["residual.json", "awkward.json"])("%s", (spec) => {
  test.each([
    ["summary"],
    ["explain", "image.png", "--raw", "--quiet"],
    ["gradcheck", "--cells", "3", "--quiet"],
  ])("%s fits into 80 columns", async (command, ...options) => {
    const words = options.map((option) => (option === "image.png" ? scratch(option) : option));
    for (const line of (await run(command, spec, ...words)).split("\n").slice(1)) {
      expect(line.length, line).toBeLessThanOrEqual(80);
    }
  });
});

test("the summary says what a layer takes, where that isn't what the layer before gives", async () => {
  const text = await run("summary", "residual.json");

  expect(text).toMatch(/^stem +conv 3x3 \(3 filters, +3x12x12 +30 +3,888 +7,776\n +padding 1\)$/m);
  expect(text).toMatch(/^add1 +add 2 tensors from relu1, +3x12x12\n +conv2\nrelu2 +ReLU +3x12x12$/m);
  expect(text).toMatch(/^avgpool1 +average-pool 3x3 +3x6x6\n +\(stride 2, padding 1\)$/m);
  expect(text.match(/from/g)).toHaveLength(1);
  const { layers } = JSON.parse(await run("summary", "residual.json", "--json"));
  expect(layers[3]).toMatchObject({ name: "add1", inputs: ["relu1.out", "conv2.out"] });
});

describe("the explanation", () => {
  let parts: string[];
  beforeAll(async () => {
    const text = await run("explain", "residual.json", scratch("image.png"), "--raw", "--quiet");
    parts = text.split("\n\n");
  });
  /** The lines under this heading. */
  const part = (heading: RegExp) => parts.find((part) => heading.test(part))?.split("\n") ?? [];
  const numberAtEnd = (line: string) => Number(line.split(" ").at(-1)?.replace(".", ""));

  test("of a sum of two ways names both, and where they come from", () => {
    const [, takes, first, second, ...rest] = part(/^add1 {2}add 2 tensors, 3x12x12 -> 3x12x12$/m);
    expect(takes).toBe("  It takes relu1 and conv2.");
    expect(first).toMatch(/^ {2}relu1\.out\[0, /);
    expect(second).toMatch(/^ {2}conv2\.out\[0, /);
    expect(rest.at(-1)).toMatch(/^ {2}add1\.out\[0, /);
    expectSum([first, second, ...rest]);
    expect(part(/^relu1 {2}ReLU/)[1]).toBe("  It goes into conv2 and add1.");
  });

  test("of a mean has its share in words", () => {
    const [, ...lines] = part(/^avgpool1 {2}average-pool 3x3 \(stride 2, padding 1\), 3x12x12 -> 3x6x6/);
    expect(lines[0]).toMatch(/^ {2}relu2\.out\[0, .* x 1\/9 +\d/);
    expectSum(lines);
  });

  test("of a gradient that comes back on two ways shows each, and adds them", () => {
    const [, ...lines] = part(/^relu1 {2}what comes back is added$/m);
    expect(lines.map((line) => line.trim().split(" ").slice(0, 2).join(" "))).toEqual([
      "from add1",
      "from conv2",
      expect.stringMatching(/^grad\.relu1\.out\[0,/),
    ]);
    expectSum(lines);
    const alone = part(/^conv2 {2}what came in, relu1\.out$/m);
    expect(Number(alone.at(-1)?.split(" ").at(-1))).toBeCloseTo(Number(lines[1].split(" ").at(-1)), 3);
  });

  function expectSum(lines: readonly string[]): void {
    const numbers = lines.map(numberAtEnd);
    const total = numbers.pop();
    expect(
      numbers.reduce((sum, number) => sum + number, 0),
      lines.join("\n"),
    ).toBe(total);
  }
});

test("the gradients of the loss agree, and each layer's alone", async () => {
  const text = await run("gradcheck", "awkward.json", "--cells", "5", "--quiet");

  expect(text).toMatch(/^relu1 +right/m);
  expect(text).toMatch(/^add2 +right/m);
  expect(text).toMatch(/^avgpool1 +right/m);
  expect(text).toMatch(/All gradients are right/);
});

test("a layer that nothing here knows is told of in its own words", () => {
  const subject = subjectOf(gainModel(), { label: 2 });
  const lines = terminalReport(subject, { styles: stylesFor({ isTTY: false }), coloured: false });

  expect(lines).toContain("gain1  gain of 2 channels, 2x6x6 -> 2x6x6, 72 multiply-adds");
  expect(lines).toContain("gain1  its factor");
  expect(lines.join("\n")).toMatch(/from add1, input 2 .*\n {2}from add1, input 1 /);
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
});
