import { type ModelSpec, tensor } from "unravel-cnn";
import { describe, expect, test } from "vitest";
import { sampleOf } from "../../../../test/support/long.js";
import { importModel } from "../../dist/index.js";
import { distance, inputOf, scoresOf } from "../support/onnx.js";
import {
  ELEMENTS,
  floats,
  type GraphOptions,
  graphFile,
  ints,
  node,
  someNumbers,
} from "../support/onnxGraphs.js";

/* Weights in all forms in which files hold them, and what files say of the images and the classes. */

const read = (bytes: Uint8Array, beside?: (name: string) => Promise<Uint8Array>) =>
  importModel({ name: "net.onnx", bytes }, beside && { beside });

const scalar = (name: string, value: number) => floats(name, [], [value]);

describe("dense layers", () => {
  const input: GraphOptions = { input: [2, 1, 2, 2] };
  const weight = someNumbers(12, 3);
  const expected = (row: readonly number[], of: (o: number, k: number) => number, bias = (_: number) => 0) =>
    [0, 1, 2].map((o) => row.reduce((sum, value, k) => sum + value * of(o, k), bias(o)));

  test("Gemm with alpha and beta, its matrix either way round", async () => {
    for (const transB of [0, 1]) {
      const { parameters, table } = await read(
        graphFile(
          [
            node("Flatten", ["x"], "f"),
            node("Gemm", ["f", "w", "b"], "y", { transB, alpha: { float: 2 }, beta: { float: -1 } }),
          ],
          [floats("w", transB ? [3, 4] : [4, 3], weight), floats("b", [1, 3], [1, 2, 3])],
          input,
        ),
      );
      const wanted = Array.from(
        { length: 12 },
        (_, k) => 2 * weight[transB ? k : (k % 4) * 3 + Math.floor(k / 4)],
      );
      expect([...parameters["fc1.weight"].data]).toEqual(wanted);
      expect([...parameters["fc1.bias"].data]).toEqual([-1, -2, -3]);
      expect(table).toEqual([
        { to: "fc1.weight", from: "w", how: transB ? "times 2" : "turned to [out, in], times 2" },
        { to: "fc1.bias", from: "b", how: "times -1" },
      ]);
    }
  });

  test("what is left of pictures after global pooling, as Keras and older PyTorch write it", async () => {
    const w = floats("w", [1, 3], [1, 2, 3]);
    const heads = {
      Squeeze: [node("Squeeze", ["g"], "f", { axes: [2, 3] })],
      "Squeeze in steps": [node("Squeeze", ["g", "last"], "s"), node("Squeeze", ["s", "last"], "f")],
      Flatten: [node("Flatten", ["g"], "f")],
      Reshape: [node("Reshape", ["g", "to"], "f")],
      "Reshape of a fixed batch": [node("Reshape", ["g", "fixed"], "f")],
    };
    const mean = [
      node("ReduceMean", ["x", "sides"], "f", { keepdims: 0, noop_with_empty_axes: 0 }),
      node("MatMul", ["f", "w"], "y"),
    ];
    const newer = await read(graphFile(mean, [w, ints("sides", [-1, 2])], { ...input, opset: 18 }));
    expect(newer.model.layers.map(({ name }) => name)).toEqual(["gap1", "fc1"]);
    for (const [name, nodes] of Object.entries(heads)) {
      const all = [node("GlobalAveragePool", ["x"], "g"), ...nodes, node("MatMul", ["f", "w"], "y")];
      const constants = [w, ints("last", [-1]), ints("to", [0, -1]), ints("fixed", [2, 1])];
      const opset = name === "Squeeze" ? 11 : 17;
      const { model } = await read(graphFile(all, constants, { ...input, opset }));
      expect(model.spec.layers, name).toEqual([
        { type: "globalAveragePool2d" },
        { type: "dense", units: 3, bias: false },
      ]);
    }
  });

  test("one tensor in two layers, which is said", async () => {
    const square = floats("w", [4, 4], someNumbers(16));
    const nodes = [
      node("Flatten", ["x"], "f"),
      node("MatMul", ["f", "w"], "m"),
      node("Relu", ["m"], "r"),
      node("MatMul", ["r", "w"], "y"),
    ];
    const { parameters, remarks } = await read(graphFile(nodes, [square], input));
    expect(parameters["fc1.weight"]).toEqual(parameters["fc2.weight"]);
    expect(parameters["fc1.weight"].data).not.toBe(parameters["fc2.weight"].data);
    expect(remarks[0]).toMatch(/^Several layers use "w"/);
  });

  test("weights in other types: doubles, halves, bfloat16, raw or as a list", async () => {
    const values = [1, -0.5, 2, 0.25, 3, -1.5, 4, 0.125, 0, 1.5, -2, 8];
    const bits: Record<string, readonly number[]> = {
      float16: [0x3c00, 0xb800, 0x4000, 0x3400, 0x4200, 0xbe00, 0x4400, 0x3000, 0, 0x3e00, 0xc000, 0x4800],
      bfloat16: [0x3f80, 0xbf00, 0x4000, 0x3e80, 0x4040, 0xbfc0, 0x4080, 0x3e00, 0, 0x3fc0, 0xc000, 0x4100],
    };
    const raws = {
      float: new Uint8Array(Float32Array.from(values).buffer),
      double: new Uint8Array(Float64Array.from(values).buffer),
      float16: new Uint8Array(Uint16Array.from(bits.float16).buffer),
      bfloat16: new Uint8Array(Uint16Array.from(bits.bfloat16).buffer),
    };
    const lists = {
      float: { floats: values },
      double: { doubles: values },
      float16: { int32s: bits.float16 },
      bfloat16: { int32s: bits.bfloat16 },
    };
    for (const type of ["float", "double", "float16", "bfloat16"] as const) {
      for (const held of [{ raw: raws[type] }, lists[type]]) {
        const w = { name: "w", dims: [3, 4], dataType: ELEMENTS[type], ...held };
        const { parameters } = await read(
          graphFile([node("Flatten", ["x"], "f"), node("Gemm", ["f", "w"], "y", { transB: 1 })], [w], input),
        );
        expect([...parameters["fc1.weight"].data], type).toEqual(values);
      }
    }
  });

  test("weights in a file beside it", async () => {
    const external = (entries: Record<string, string>) =>
      graphFile(
        [node("Flatten", ["x"], "f"), node("Gemm", ["f", "w"], "y", { transB: 1 })],
        [
          {
            name: "w",
            dims: [3, 4],
            dataType: 1,
            location: 1,
            external: Object.entries(entries).map(([key, value]) => ({ key, value })),
          },
        ],
        input,
      );
    const asked: string[] = [];
    const beside = async (name: string) => {
      asked.push(name);
      return new Uint8Array(Float32Array.from([9, ...weight]).buffer);
    };
    const { parameters } = await read(external({ location: "net.data", offset: "4", length: "48" }), beside);
    expect(asked).toEqual(["net.data"]);
    expect([...parameters["fc1.weight"].data]).toEqual(weight);
    for (const location of ["../x", "a/b", "/etc/passwd", "..", "", "a\\b", "C:x"]) {
      await expect(read(external({ location }), beside), location).rejects.toThrow(
        /only a file beside this one/,
      );
    }
    await expect(read(external({ location: "d", offset: "8", length: "48" }), beside)).rejects.toThrow(
      /which has 52/,
    );
    await expect(read(external({ location: "d", length: "44" }), beside)).rejects.toThrow(/holds 12 numbers/);
    await expect(read(external({ location: "d" }))).rejects.toThrow(/was not given/);
    expect(asked).toEqual(["net.data", "d", "d"]);
  });

  test("a row in the order of rows, columns, channels goes through norms, sums and concatenations", async () => {
    const norm = ["s", "b", "m", "v"].map((name, place) =>
      floats(
        name,
        [8],
        someNumbers(8, place).map((v) => (place === 3 ? 1 + v * v : v)),
      ),
    );
    const bytes = graphFile(
      [
        node("Transpose", ["x"], "t", { perm: [0, 2, 3, 1] }),
        node("Flatten", ["t"], "f"),
        node("BatchNormalization", ["f", "s", "b", "m", "v"], "n"),
        node("Add", ["n", "f"], "a"),
        node("Concat", ["a", "f"], "c", { axis: 1 }),
        node("MatMul", ["c", "w"], "y"),
      ],
      [...norm, floats("w", [16, 3], someNumbers(48, 9))],
      { input: ["n", 2, 2, 2] },
    );
    const imported = await read(bytes);
    const images = tensor([2, 2, 2, 2], someNumbers(16, 4));
    // by hand: the numbers of an image in the file's order
    const rows = [0, 1].map((n) =>
      [0, 1, 2, 3].flatMap((k) => [0, 1].map((c) => images.data[n * 8 + c * 4 + k])),
    );
    const [s, b, m, v] = [0, 1, 2, 3].map((place) =>
      someNumbers(8, place).map((value) => (place === 3 ? 1 + value * value : value)),
    );
    const w = someNumbers(48, 9);
    const wanted = rows.flatMap((row) => {
      const added = row.map((value, k) => ((value - m[k]) / Math.sqrt(v[k] + 1e-5)) * s[k] + b[k] + value);
      return expected([...added, ...row], (o, k) => w[k * 3 + o]);
    });
    expect(distance(scoresOf(imported, images).data, wanted)).toBeLessThan(1e-6);
  });
});

describe("what goes in", () => {
  const dense = [node("Flatten", ["z"], "f"), node("Gemm", ["f", "w"], "y", { transB: 1 })];
  const w = floats("w", [2, 27], someNumbers(54));
  const spec = async (nodes: readonly object[], initializers: readonly object[], options: GraphOptions) =>
    (await read(graphFile([...nodes, ...dense], [w, ...initializers], options))).model.spec;

  test("bytes that are scaled, and pixels", async () => {
    const mean = floats("m", [3, 1, 1], [0.1, 0.2, 0.3]);
    const std = floats("s", [1, 3, 1, 1], [0.5, 0.25, 0.2]);
    const scaled = [node("Sub", ["p", "m"], "c"), node("Div", ["c", "s"], "z")];
    const normalize = { mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 0.2] };
    const ofBytes = await spec(
      [node("Cast", ["x"], "f32", { to: 1 }), node("Div", ["f32", "byte"], "p"), ...scaled],
      [mean, std, scalar("byte", 255)],
      { input: ["n", 3, 3, 3], elementType: ELEMENTS.uint8 },
    );
    expect(ofBytes).toMatchObject({
      normalize,
      layers: [{ type: "flatten" }, { type: "dense", units: 2, bias: false }],
    });
    const ofPixels = await spec([node("Identity", ["x"], "p"), ...scaled], [mean, std], {
      input: ["n", 3, 3, 3],
    });
    expect(ofPixels).toMatchObject({ normalize });
  });

  test("Keras's Flatten of pictures that are 28x28 without a channel, and of ones with channels last", async () => {
    const nodes = [node("Reshape", ["x", "to"], "f"), node("MatMul", ["f", "w"], "y")];
    for (const [size, count] of [
      [["n", 6, 5], 30],
      [["n", 6, 5, 3], 90],
    ] as const) {
      const bytes = graphFile(
        nodes,
        [ints("to", [-1, count]), floats("w", [count, 2], someNumbers(2 * count))],
        { input: size },
      );
      const imported = await read(bytes);
      const [, H, W, C = 1] = size as readonly [string, number, number, number?];
      expect(imported.model.inputShape).toEqual([C, H, W]);
      const values = someNumbers(2 * count, 8);
      const given = inputOf(imported, { shape: [2, C, H, W], data: values }, 1, true);
      const weights = someNumbers(2 * count);
      const wanted = [0, 1].flatMap((n) =>
        [0, 1].map((o) =>
          Array.from({ length: count }, (_, k) => values[n * count + k] * weights[k * 2 + o]).reduce(
            (a, b) => a + b,
          ),
        ),
      );
      expect(distance(scoresOf(imported, given).data, wanted)).toBeLessThan(1e-6);
    }
  });

  test("names of classes", async () => {
    const classes = async (metadata: Record<string, string>) =>
      ((await spec([node("Relu", ["x"], "z")], [], { input: [1, 3, 3, 3], metadata })) as ModelSpec).classes;
    expect(await classes({ classes: '["cat","dog"]' })).toEqual(["cat", "dog"]);
    expect(await classes({ names: "{0: 'cat', 1: \"dog\"}" })).toEqual(["cat", "dog"]);
    expect(await classes({ names: '["cat"]' })).toBeUndefined();
    expect(await classes({ names: "[[" })).toBeUndefined();
    expect(await classes({ names: '["cat","cat"]' })).toBeUndefined();
  });
});

test("chains of functions that are several nodes each", async () => {
  const one = (k: number, from: string): object[] =>
    [
      [node("Sigmoid", [from], `s${k}`), node("Mul", [from, `s${k}`], `c${k}`)],
      [
        node("Div", [from, "sqrt2"], `d${k}`),
        node("Erf", [`d${k}`], `e${k}`),
        node("Add", [`e${k}`, "one"], `p${k}`),
        node("Mul", [from, `p${k}`], `m${k}`),
        node("Mul", [`m${k}`, "half"], `c${k}`),
      ],
      [node("Tanh", [from], `c${k}`)],
      [node("Sigmoid", [from], `c${k}`)],
      [node("Add", [from, from], `c${k}`)],
    ][k % 5];
  const types = ["silu", "gelu", "tanh", "sigmoid", "add"];
  for (const order of sampleOf([1, 2, 3, 4, 6, 7], 2)) {
    const chosen = Array.from({ length: 60 }, (_, k) => (k * order) % 5);
    const nodes = chosen.flatMap((kind, k) =>
      JSON.parse(
        JSON.stringify(one(kind, "FROM"))
          .replaceAll(`${kind}"`, `${kind}_${k}"`)
          .replaceAll("FROM", k === 0 ? "x" : `c${chosen[k - 1]}_${k - 1}`),
      ),
    );
    const last = `c${chosen[59]}_59`;
    const bytes = graphFile(
      [...nodes, node("Flatten", [last], "f"), node("MatMul", ["f", "w"], "y")],
      [
        scalar("sqrt2", Math.SQRT2),
        scalar("one", 1),
        scalar("half", 0.5),
        floats("w", [16, 2], someNumbers(32)),
      ],
    );
    const { model } = await read(bytes);
    expect(model.layers.map(({ spec }) => spec.type)).toEqual([
      ...chosen.map((kind) => types[kind]),
      "flatten",
      "dense",
    ]);
  }
});
