import { describe, expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import { builtIn } from "../../src/builtIn.js";
import { renderReport } from "../../src/explain/index.js";
import type { ModelSpec } from "../../src/graph/model.js";
import { tensorsOfModel } from "../../src/graph/parameters.js";
import type { AnyLayerSpec } from "../../src/layers/index.js";
import { trace, withUpdate } from "../../src/reference/trace.js";
import { copyAll, copyOf, tensor } from "../../src/tensor.js";
import { gainModel } from "../support/gainLayer.js";
import { plainText, subjectOf, sumsIn, unbalancedTag, unitsOf } from "../support/reports.js";
import { residual } from "../support/residual.js";

const conv = (options: object): AnyLayerSpec => ({ type: "conv2d", filters: 3, kernel: 3, ...options });
const pool = (options: object = {}): AnyLayerSpec => ({ type: "maxPool2d", size: 2, ...options });
const relu: AnyLayerSpec = { type: "relu" };
const flatten: AnyLayerSpec = { type: "flatten" };
const dense = (units: number, options: object = {}): AnyLayerSpec => ({ type: "dense", units, ...options });

const networks: Record<string, ModelSpec> = {
  "one-conv": builtIn("one-conv"),
  lenet5: builtIn("lenet5"),
  "padding, stride and dilation, no pool": {
    input: [1, 13, 11],
    layers: [conv({ padding: [1, 2, 0, 1], stride: [2, 1] }), relu, conv({ dilation: 2 }), flatten, dense(4)],
  },
  "overlapping pools with padding": {
    input: [1, 12, 12],
    layers: [
      conv({ padding: "same" }),
      pool({ size: 3, stride: 2, padding: 1 }),
      relu,
      pool({ stride: 1 }),
      flatten,
      dense(3),
    ],
  },
  "three colours, normalised, no biases": {
    input: [3, 9, 9],
    layers: [
      conv({ bias: false }),
      relu,
      flatten,
      dense(7, { bias: false }),
      relu,
      dense(5, { bias: false }),
    ],
    normalize: { mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.3] },
  },
  "dense layers only": { input: [1, 5, 5], layers: [flatten, dense(20), relu, dense(30), dense(2)] },
  "a pool first, a kernel as large as the image, many classes": {
    input: [2, 24, 24],
    layers: [pool(), conv({ kernel: 12, filters: 20 }), relu, flatten, relu, dense(40)],
  },
  "nothing to learn": { input: [1, 2, 3], layers: [relu, flatten] },
  "one filter of one weight": {
    input: [1, 4, 4],
    layers: [conv({ filters: 1, kernel: 1 }), flatten, dense(2)],
  },
  "a residual block": residual,
  "batch normalisation and dropout": {
    input: [1, 8, 8],
    layers: [
      conv({ bias: false }),
      { type: "batchNorm2d" },
      relu,
      flatten,
      { type: "dropout" },
      dense(5),
      { type: "batchNorm1d", eps: 0.25 },
      relu,
      dense(3),
    ],
  },
  "an image that goes several ways, one of them twice": {
    input: [2, 9, 9],
    layers: [
      conv({ name: "left", filters: 2, padding: 1 }),
      { type: "averagePool2d", name: "right", size: 3, stride: 1, padding: 1, from: "x" },
      { type: "add", from: ["left", "right", "left", "x"] },
      pool(),
      flatten,
      relu,
      { type: "add", from: ["relu1", "flatten1"] },
      dense(3),
    ],
  },
  "smooth curves, groups, and ways side by side": {
    input: [2, 9, 8],
    layers: [
      { type: "tanh" },
      conv({ filters: 4, padding: 1, groups: 2 }),
      { type: "silu" },
      conv({ filters: 8, groups: 4, padding: 1 }),
      { type: "gelu" },
      { type: "concat", from: ["silu1", "gelu1", "silu1"] },
      conv({ filters: 8, groups: 2, bias: false }),
      { type: "gelu", approximate: "tanh" },
      flatten,
      { type: "globalAveragePool2d", from: "gelu2" },
      { type: "concat", from: ["flatten1", "gap1"] },
      dense(6),
      { type: "sigmoid" },
      dense(3),
    ],
  },
  "a single row of pixels, flattened twice": {
    input: [1, 1, 20],
    layers: [conv({ kernel: [1, 3] }), flatten, flatten, dense(3)],
  },
};

describe.each(Object.entries(networks))("the report of %s", (_, spec) => {
  const subject = subjectOf(spec, { label: 1 });
  const html = renderReport(subject);
  const { layers } = subject.trace.model;

  test("has a chapter for each layer, forward and backward, and for all else", () => {
    const ids = [...html.matchAll(/<section[^>]* id="([^"]*)"/g)].map(([, id]) => id);
    const names = layers.map(({ name }) => name);
    expect(ids).toEqual([
      "overview",
      "input",
      ...names,
      "softmax",
      "loss",
      "backward",
      "grad-softmax",
      ...names.map((name) => `grad-${name}`).reverse(),
      "update",
      "cost",
    ]);
    const targets = [...html.matchAll(/href="#([^"]*)"/g)].map(([, target]) => target);
    expect(new Set(targets).size).toBeGreaterThanOrEqual(ids.length - 1);
    for (const target of targets) expect(ids).toContain(target);
  });

  test("writes sums whose lines add up to their totals", () => {
    const sums = sumsIn(html);
    expect(sums.length).toBeGreaterThanOrEqual(layers.some(({ spec }) => spec.type === "dense") ? 2 : 0);
    for (const { lines, total, text } of sums) {
      expect(
        lines.reduce((sum, line) => sum + line, 0),
        plainText(text),
      ).toBe(total);
      // half a unit at most for the total, each line, and each of the products that a line adds up as they are shown
      if (/left over by rounding/.test(text)) {
        const products = [...text.matchAll(/the (\d+) products? above/g)].map(([, count]) => Number(count));
        const rounded = products.reduce((a, b) => a + b, lines.length);
        expect(Math.abs(lines[lines.length - 1]), plainText(text)).toBeLessThanOrEqual(rounded / 2);
      }
    }
  });

  test("writes products that add up to the line below them", () => {
    let compared = 0;
    for (const [, grids, line] of html.matchAll(
      /<div class="grids">(.*?)<\/div><div class="scroll"><table class="sum">(?:<thead>.*?<\/thead>)?<tbody><tr><th scope="row">the \d+ products? above.*?<td class="n">([^<]*)</gs,
    )) {
      const products = grids.split("<figure").at(-1) as string;
      const cells = [...products.matchAll(/<td class="(?:pos|neg)[^>]*>([^<]*)</g)].map(([, cell]) =>
        unitsOf(cell),
      );
      if (cells.length === 0) continue;
      expect(cells.reduce((sum, cell) => sum + cell, 0)).toBe(unitsOf(line));
      compared += 1;
    }
    // each convolution, forward and backward
    expect(compared).toBeGreaterThanOrEqual(2 * layers.filter(({ spec }) => spec.type === "conv2d").length);
  });

  test("finds by trying the slopes that it finds backward", () => {
    const checks = [
      ...html.matchAll(
        /is a slope of <b>([^<]*)<\/b>; worked out backward it is <b>([^<]*)<\/b>\.(?! \(Even)/g,
      ),
    ];
    expect(checks.length).toBeGreaterThanOrEqual(layers.length > 2 ? 3 : 1);
    for (const [, measured, computed] of checks) {
      const [a, b] = [measured, computed].map((text) => unitsOf(text.split("×")[0]));
      expect(Math.abs(a - b), `${measured} ${computed}`).toBeLessThanOrEqual(2);
    }
  });

  test("is whole HTML that needs nothing else", () => {
    expect(unbalancedTag(html)).toBeUndefined();
    expect(html).not.toMatch(/undefined|\[object|NaN|<script|https?:/);
    expect(html.match(/ (?:src|srcset|href)="(?!data:|#)[^"]*"/g)).toBeNull();
  });

  test("is small", () => {
    expect(html.length).toBeLessThan(2_000_000);
  });
});

test("what a filter of a group sees, and the layers around it, are told as they are", () => {
  const html = renderReport(
    subjectOf(networks["smooth curves, groups, and ways side by side"], { label: 1 }),
  );
  const chapter = (id: string) => plainText(html.split(`id="${id}"`)[1].split("</section>")[0]);
  expect(chapter("conv1")).toContain("on every place of one of the 2 maps");
  expect(chapter("conv1")).toContain(
    "split into 2 groups, in order: the first 2 filters see the first map only, the next",
  );
  expect(chapter("conv3")).toContain("on every place of 8 of the 16 maps");
  expect(chapter("conv3")).toContain("each of 8 × 3 × 3 products");
  expect(chapter("concat1")).toContain("4 × 9 × 8 (2 times) and 8 × 9 × 8 numbers in, 16 × 9 × 8 out");
  expect(chapter("gap1")).toContain("The mean of the 42 numbers of this map: each counts for 1/42.");
  expect(chapter("sigmoid1")).toMatch(/σ\(.+\)/);
  expect(chapter("grad-tanh1")).toContain("the slope of the curve there, 1 − y²");
});

describe("the report of a network whose ways part and come together", () => {
  const html = renderReport(subjectOf(residual, { label: 1 }));
  const chapter = (id: string) => html.split(`id="${id}"`)[1].split("</section>")[0];

  test("says what a layer takes, and where what it gives goes, if these aren't its neighbours", () => {
    expect(chapter("add1")).toContain('takes <a href="#relu1">relu1</a> and <a href="#conv2">conv2</a>');
    expect(chapter("relu1")).toContain('goes into <a href="#conv2">conv2</a> and <a href="#add1">add1</a>');
    for (const id of ["input", "stem", "conv2", "relu2", "avgpool1", "fc1"]) {
      expect(chapter(id), id).not.toMatch(/takes <a|goes into/);
    }
    expect(plainText(chapter("overview"))).toContain("takes relu1 and conv2");
  });

  test("tells of layers without chapters of their own in their own words", () => {
    expect(plainText(chapter("avgpool1"))).toContain("Average-pool 3x3 (stride 2, padding 1)");
    expect(chapter("avgpool1")).toMatch(/× 1\/9<\/td>/);
    expect(plainText(chapter("grad-add1"))).toContain(
      "The gradient goes back into each of the ways as it is.",
    );
  });

  test("adds what comes back on several ways, each of which is told where it is gone", () => {
    const [sum] = sumsIn(chapter("grad-relu1"));
    expect(plainText(sum.text)).toMatch(/^from add1.*from conv2.*grad\.relu1\.out\[/);
    expect(sum.lines).toHaveLength(2);
    expect(sum.lines[0] + sum.lines[1]).toBe(sum.total);
    for (const id of ["grad-add1", "grad-conv2"]) {
      expect(plainText(chapter(id))).toMatch(/grad\.relu1\.out\[0, \d, \d+, \d+\] via (add1|conv2)/);
    }
  });
});

test("the report of a layer that it knows nothing of tells what the layer itself tells", () => {
  const html = renderReport(subjectOf(gainModel(), { label: 1 }));
  const text = plainText(html);
  for (const words of [
    "Gain of 2 channels",
    "Each channel is multiplied by a number of its own.",
    "The factor",
  ]) {
    expect(text).toContain(words);
  }
  expect(text).toMatch(/By hand: grad\.gain1\.factor\[\d\] = /);
  expect(text).toContain("from add1, input 2");
  expect(unbalancedTag(html)).toBeUndefined();
  expectSums(html);
});

test("a large network is shown in part, and says so", () => {
  const wide = { type: "conv2d", filters: 64, kernel: 3 } as const;
  const { layers } = builtIn("one-conv");
  const html = renderReport(subjectOf({ input: [1, 14, 14], layers: [wide, ...layers] }, { label: 3 }));
  expect(html.length).toBeLessThan(2_000_000);
  expect(plainText(html)).toContain("Shown are 16 of the 64 channels, those with the strongest numbers.");
  expectSums(html);
});

/** There are sums, and each adds up. */
function expectSums(html: string): void {
  const sums = sumsIn(html);
  expect(sums.length).toBeGreaterThan(4);
  for (const { lines, total } of sums) expect(lines.reduce((sum, line) => sum + line, 0)).toBe(total);
}

test("names of classes, pictures and networks are shown as they are, whatever is in them", () => {
  const spec = { ...builtIn("one-conv"), classes: ["<script>alert(1)</script>", "&lt;", '"', ..."3456789"] };
  const evil = '"><img src=x onerror=alert(1)>\u0000\u001b';
  const html = renderReport({ ...subjectOf(spec, { label: 0 }), imageName: evil, modelName: evil });
  expect(html).not.toMatch(/<script|<img src=x|\p{Cc}(?<![\n])/u);
  expect(plainText(html)).toContain("“<script>alert(1)</script>”");
  expect(plainText(html)).toContain('"><img src=x onerror=alert(1)>\ufffd\ufffd');
  expect(unbalancedTag(html)).toBeUndefined();
});

test("without a label the answer is taken for right, and the report says so", () => {
  const html = plainText(renderReport(subjectOf(builtIn("one-conv"))));
  expect(html).toContain("Nobody said what the picture shows, so the network’s own answer");
  expect(plainText(renderReport(subjectOf(builtIn("one-conv"), { label: 2 })))).not.toContain("Nobody said");
});

test("a trace in float32 is told, too: its sums add up, and it says how exact it is", () => {
  const subject = subjectOf(builtIn("one-conv"), { label: 5 });
  const { model, tensors, labels } = subject.trace;
  const parameters = Object.fromEntries(
    model.parameters.map(({ fullName }) => [fullName, tensors[fullName]]),
  );
  const step = trace(model, copyAll(parameters, "float32"), copyOf(tensors.x, "float32"), labels);
  const html = renderReport({ ...subject, trace: withUpdate(step, 0.01) });
  expectSums(html);
  expect(html).toContain("Every number is stored in single precision");
  expect(renderReport(subject)).toContain("Every number is worked out in double precision");
});

test("maps of large images are shown in blocks, and the report says so", () => {
  const large: ModelSpec = {
    input: [1, 300, 200],
    layers: [conv({ stride: 60 }), relu, flatten, dense(2)],
  };
  const html = renderReport(subjectOf(large, { label: 0 }));
  expect(html).toContain("Each pixel shows the mean of a block of numbers.");
  expect(html.length).toBeLessThan(600_000);
});

test("untrained weights are said to be random", () => {
  const subject = subjectOf(builtIn("one-conv"), { label: 2 });
  const page = renderReport({ ...subject, trained: false });
  expect(plainText(page)).toContain("hasn’t learnt anything yet");
  const [first] = /<header.*<\/header>/.exec(page) ?? [];
  expect(first, "the first line says it").toMatch(
    /<b>untrained<\/b>: its weights are random, so its answer is a guess/,
  );
  expect(renderReport({ ...subject, trained: true })).not.toContain("untrained");
});

describe("a report refuses", () => {
  const subject = subjectOf(builtIn("one-conv", { filters: 1 }), { label: 2 });
  const { model, tensors, labels } = subject.trace;
  const parameters = Object.fromEntries(
    model.parameters.map(({ fullName }) => [fullName, tensors[fullName]]),
  );
  const refusal = (step: typeof subject.trace) => () => renderReport({ ...subject, trace: step });

  test("a batch", () => {
    const x = tensor([2, 1, 28, 28], new Float64Array(2 * 784), "float64");
    const step = withUpdate(trace(model, parameters, x, [1, 2]), 0.1);
    return expectInputError(refusal(step), /one image.* batch of 2/);
  });

  test("a trace without an update", () => {
    return expectInputError(refusal(trace(model, parameters, tensors.x, labels)), /withUpdate/);
  });

  test("a trace without the picture's gradient", () => {
    const step = withUpdate(trace(model, parameters, tensors.x, labels, { inputGradient: false }), 0.1);
    return expectInputError(refusal(step), /grad\.x/);
  });
});

test("batch normalisation is worked out step by step, by its running statistics", () => {
  const subject = subjectOf({
    input: [1, 2, 2],
    layers: [{ type: "batchNorm2d", eps: 0.25 }, flatten, dense(2)],
  });
  const { model, labels, circumstances, tensors } = subject.trace;
  const own = tensorsOfModel(model).map(({ fullName }) => [fullName, copyOf(tensors[fullName])] as const);
  const parameters = Object.fromEntries(own);
  for (const [name, value] of [
    ["weight", 3],
    ["bias", 0.5],
    ["running_mean", 0.25],
    ["running_var", 2],
  ] as const) {
    parameters[`norm1.${name}`].data.fill(value);
  }
  const step = withUpdate(trace(model, parameters, tensors.x, labels, circumstances), 0.1);
  const text = plainText(renderReport({ ...subject, trace: step }));
  expect(text).toContain("norm1.running_mean[0] = 0.250");
  expect(text).toContain("+ eps) = √(2 + 0.25) = 1.500");
  expect(text).toContain("with running statistics, both are constants");
  expect(text).not.toMatch(/NaN|undefined/);
});
