import { describe, expect, test } from "vitest";
import { few, sampleOf } from "../../../../test/support/long.js";
import { checkArrays, type ModelSpec } from "../../src/index.js";
import {
  type Arrays,
  mapArray,
  RIGHT,
  renamed,
  SMALL,
  saysOf,
  stepOf,
  TWICE,
  updatedBy,
  withArrays,
  without,
} from "../support/checkedSteps.js";

/* What is right in another way than the usual one must not be accused: other layers, losses, penalties, optimizers. */

/** The network with other layers in the place of some, by their type. */
const with_ = (spec: ModelSpec, others: Readonly<Record<string, object>>): ModelSpec => ({
  ...spec,
  layers: spec.layers.map((layer) => ({ ...layer, ...others[layer.type] }) as never),
});

/** Names as of the usual network, so that only the numbers say what the layers are. */
const asUsual = (arrays: Arrays) =>
  renamed(arrays, (name) =>
    name.replace(/(sigmoid|tanh|leaky|clip|silu|gelu)(\d)/, "relu$2").replace("avgpool", "pool"),
  );

const found = (arrays: Arrays) =>
  checkArrays(arrays)
    .conventions.map(({ what }) => what)
    .join(" ");

describe("layers", () => {
  const KINDS: [string, Readonly<Record<string, object>>, says: string][] = [
    ["sigmoid", { relu: { type: "sigmoid" } }, "relu1 is taken for sigmoid"],
    ["tanh", { relu: { type: "tanh" } }, "relu1 is taken for tanh"],
    ["silu", { relu: { type: "silu" } }, "relu1 is taken for SiLU"],
    ["gelu", { relu: { type: "gelu" } }, "relu1 is taken for GELU"],
    ["leaky ReLU", { relu: { type: "leakyRelu", slope: 0.15 } }, "slope 0.15"],
    ["average pool", { maxPool2d: { type: "averagePool2d" } }, "pool1 is taken for average-pool"],
  ];

  test.each(sampleOf(KINDS, 1))("%s under the usual names is found by its numbers", (_, others, says) => {
    const step = asUsual(stepOf(with_(SMALL, others)));

    expect(saysOf(step)).toEqual(RIGHT);
    expect(found(step)).toContain(says);
  });

  test.each(sampleOf(KINDS, 1))(
    "%s is accepted in deeper networks, in float32, of one image",
    (_, others) => {
      expect(saysOf(stepOf(with_(TWICE, others), { images: 1, dtype: "float32" }))).toEqual(RIGHT);
    },
  );

  test("ReLU6 under the usual name, where numbers lie above 6", () => {
    const pixels = stepOf(SMALL).x.data.map((value) => 9 * value);
    const step = asUsual(stepOf(with_(SMALL, { relu: { type: "relu6" } }), { pixels }));

    expect(saysOf(step)).toEqual(RIGHT);
    expect(found(step)).toContain("relu1 is taken for ReLU6");
  });

  test("ELU, which the library has no layer for, forward and backward", () => {
    const step = stepOf(SMALL, {
      wrong: [
        "relu1",
        () => ({
          forward: (_, [x]) => ({ ...x, data: x.data.map((v) => (v > 0 ? v : Math.expm1(v))) }),
          inputGradients: (_, [x], _p, g) => [
            { ...g, data: g.data.map((v, k) => v * (x.data[k] > 0 ? 1 : Math.exp(x.data[k]))) },
          ],
        }),
      ],
    });

    expect(saysOf(step)).toEqual(RIGHT);
    expect(found(step)).toContain("It is ELU.");
  });

  test.each([
    ["before the activation", 1, 1e-5],
    ["behind the activation", 2, 1e-3],
  ])("batch normalisation %s, epsilon found", (_, place, eps) => {
    const layers = [
      ...SMALL.layers.slice(0, place),
      { type: "batchNorm2d" as const, eps },
      ...SMALL.layers.slice(place),
    ];

    expect(saysOf(stepOf({ ...SMALL, layers }, { images: 4 }))).toEqual(RIGHT);
  });

  test.each([
    ["float64", 4, 0.5],
    ["float32", 3, 0.25],
  ] as const)("dropout in %s, whose mask is read from the file", (dtype, place, rate) => {
    const layers = [
      ...SMALL.layers.slice(0, place),
      { type: "dropout" as const, rate },
      ...SMALL.layers.slice(place),
    ];

    expect(saysOf(stepOf({ ...SMALL, layers }, { dtype, images: 4 }))).toEqual(RIGHT);
  });

  test("an activation in front of softmax is a mistake, though every number follows", () => {
    const step = stepOf({ ...SMALL, layers: [...SMALL.layers, { type: "relu" }] });

    expect(saysOf(step)).toEqual({
      agrees: false,
      first: "relu2.out",
      mistakes: ["activation-before-softmax@relu2.out"],
    });
  });

  test("a kernel that is turned forward and backward alike", () => {
    const step = stepOf(SMALL);
    const turned = Object.fromEntries(
      Object.entries(step).map(([name, array]) => {
        if (!/conv\d\.weight$/.test(name)) return [name, array];
        const [, , U, V] = array.shape;
        const cell = (k: number) => k - (k % (U * V)) + U * V - 1 - (k % (U * V));
        return [name, mapArray(array, (_, k) => array.data[cell(k)])];
      }),
    );

    expect(saysOf(turned)).toEqual(RIGHT);
    expect(found(turned)).toContain("convolution in the sense of mathematics");
    expect(saysOf({ ...turned, "grad.conv1.weight": step["grad.conv1.weight"] }).agrees).toBe(false);
  });
});

describe("losses", () => {
  const squares: ModelSpec = { ...SMALL, loss: { type: "meanSquaredError" } };

  test("mean squared error of the scores", () => {
    const step = without(stepOf(squares), /^probs$/);

    expect(saysOf(step)).toEqual(RIGHT);
    expect(found(step)).toContain("(p - y)^2");
  });

  test("and of sigmoid outputs, of which nothing but the numbers tells", () => {
    const layers = with_(
      { ...SMALL, layers: [...SMALL.layers, { type: "relu" }] },
      { relu: { type: "sigmoid" } },
    );

    expect(saysOf(asUsual(without(stepOf({ ...layers, loss: squares.loss }), /^probs$/)))).toEqual(RIGHT);
  });

  test.each(["meanSquaredError", "binaryCrossEntropy"])("%s of a model that is given", (type) => {
    const model: ModelSpec = { ...SMALL, loss: { type } };
    const step = stepOf(model);

    expect(checkArrays(step, { model }).agrees).toBe(true);
    const { first } = checkArrays(
      withArrays(step, /^grad\.fc1\.out$/, (value) => 2 * value),
      { model },
    );
    expect(first).toBe("grad.fc1.out");
  });

  test("another factor than the loss's in the gradient is a mistake", () => {
    const step = without(stepOf(squares), /^probs$|^new|^grad\.(?!fc1\.out)/);

    expect(saysOf(withArrays(step, /^grad/, (value) => value / 2))).toMatchObject({
      first: "grad.fc1.out",
      mistakes: ["squares-gradient-scaled@grad.fc1.out"],
    });
  });
});

describe("penalties and updates", () => {
  // a network of fewer layers takes a third of the time
  const [spec, last] = few([SMALL, "fc1"], [TWICE, "fc2"]);
  const step = stepOf(spec);
  const images = step.x.shape[0];
  const plain = (arrays: Arrays) => updatedBy(arrays, (g) => 0.1 * g);
  const weights = Object.keys(step).filter((name) => /^(conv|fc)\d\.weight$/.test(name));
  const squares = weights.flatMap((name) => [...step[name].data]).reduce((sum, w) => sum + w * w, 0);
  const penalised = (strength: number, share: number) =>
    withArrays(
      withArrays(step, /^grad\..*\.weight$/, (g, k, name) => g + strength * step[name.slice(5)].data[k]),
      /^loss$/,
      (loss) => loss + share * squares,
    );

  const RIGHT_ONES: [string, () => Arrays, says: string][] = [
    ["L2 in loss and gradients", () => plain(penalised(0.02, 0.01)), "lambda = 0.02"],
    ["L2 in the gradients alone", () => plain(penalised(0.02, 0)), "lambda = 0.02"],
    [
      "weight decay",
      () => updatedBy(step, (g, w, name) => 0.1 * (g + (name.endsWith("bias") ? 0 : 0.03 * w))),
      "lambda = 0.03",
    ],
    ["momentum's first step", () => updatedBy(step, (g) => 0.1 * 0.01 * g), "mu = 0.99"],
    [
      "Adam's first step",
      () => updatedBy(step, (g) => (0.1 * g) / (Math.abs(g) + 1e-8)),
      "Adam, epsilon = 1e-8",
    ],
    [
      "RMSProp's first step",
      () => updatedBy(step, (g) => (0.1 * g) / (Math.sqrt(0.1 * g * g) + 1e-8)),
      "RMSProp",
    ],
    [
      "summed gradients with 1/N in the update",
      () => withArrays(step, /^grad/, (g) => images * g),
      "divides them by N",
    ],
    ["y - p with +=", () => withArrays(step, /^grad/, (g) => -g), "y - p, not p - y"],
    ["both", () => withArrays(step, /^grad/, (g) => -images * g), "divided by N"],
    ["clipping by the length of all gradients", () => plain(clipped(0.5)), "The limit is 0.5"],
  ];

  function clipped(limit: number): Arrays {
    const own = /^grad\.\w+\.(weight|bias)$/;
    const length = Math.sqrt(
      Object.keys(step)
        .filter((name) => own.test(name))
        .flatMap((name) => [...step[name].data])
        .reduce((sum, g) => sum + g * g, 0),
    );
    return withArrays(step, own, (g) => (g * limit) / length);
  }

  test.each(sampleOf(RIGHT_ONES, 3))("%s", (_, arrays, says) => {
    const made = arrays();

    expect(saysOf(made)).toEqual(RIGHT);
    expect(found(made)).toContain(says);
  });

  test("a later step of another optimizer is not judged", () => {
    const later = updatedBy(step, (g, w) => 0.1 * (g + 0.3 * Math.sin(1000 * w)));

    const report = checkArrays(later);

    expect(report).toMatchObject(RIGHT);
    expect(report.notes.join()).toContain("It was not judged.");
    expect(report.notJudged).toContain("new.fc1.weight");
  });

  test.each([
    [
      "a penalty whose gradient is half of what the loss has",
      () => plain(penalised(0.02, 0.02)),
      "loss",
      "l2-factor",
    ],
    ["a penalty in the loss alone", () => penalised(0, 0.01), "loss", "l2-left-out-of-gradients"],
    ["a penalty that is subtracted", () => plain(penalised(-0.02, 0)), `grad.${last}.weight`, "l2-sign"],
    [
      "gradients cut off number by number",
      () => plain(withArrays(step, /^grad\.\w+\.(weight|bias)$/, (g) => Math.min(0.05, Math.max(-0.05, g)))),
      `grad.${last}.weight`,
      "gradient-clipped-by-value",
    ],
    ["an update 1.7 times too long", () => updatedBy(step, (g) => 0.17 * g), "new.conv1.weight", "unknown"],
  ] as const)("%s is a mistake", (_, arrays, first, mistake) => {
    const says = saysOf(arrays());

    expect([says.agrees, says.first, says.mistakes[0]]).toEqual([false, first, `${mistake}@${first}`]);
  });
});

test("pixels that are standardised inside are a convention", () => {
  const step = stepOf(SMALL);
  const raw = mapArray(step.x, (value) => Math.round(127 + 40 * value));
  const mean = Array.from(raw.data).reduce((sum, v) => sum + v, 0) / raw.data.length;
  const deviation = Math.sqrt(
    Array.from(raw.data).reduce((sum, v) => sum + (v - mean) ** 2, 0) / raw.data.length,
  );
  const made = stepOf(SMALL, { pixels: raw.data.map((v) => (v - mean) / deviation) });

  expect(saysOf({ ...made, x: raw })).toEqual(RIGHT);
});
