import { InputError } from "unravel-cnn";
import { expect, test } from "vitest";
import { openHdf5 } from "../../src/import/hdf5/index.js";
import { importModel } from "../../src/import/index.js";
import { h5pyFiles, testWithH5py } from "../support/h5py.js";
import { expectRefused } from "../support/refused.js";

/* Files in all the ways in which h5py writes them, read here. */

const open = (bytes: Uint8Array) =>
  openHdf5(bytes, (problem) => {
    throw new InputError(problem);
  });

const PROGRAM = `
g = f.create_group("few", track_order=True)
for n in range(3): g["%d" % n] = np.full((2, n + 1), n, "float32")
g = f.create_group("many")
for n in range(120): g["member number %d" % n] = np.arange(n, dtype="float64")
g = f.create_group("ordered", track_order=True)
for n in range(120): g["member number %d" % n] = np.array([n], dtype="float32")
g = f.create_group("deep/deeper/deepest")
g.attrs["one"] = "a text with ümlauts"
g.attrs["bytes"] = b"in ascii"
g.attrs["fixed"] = np.array([b"ab", b"abc", b""])
g.attrs["several"] = ["x", "yy", ""]
g.attrs["number"] = 3
g.attrs["long"] = "z" * 100000
if latest:
    for n in range(40): g.attrs["attribute %d" % n] = "value %d" % n
f["half"] = np.array([1, -0.5, 65504, 2**-24], "<f2")
f["big"] = np.array([[1.5, -2], [3, 4]], ">f4")
f["double"] = np.array(0.1)
f["whole"] = np.arange(4)
f["empty"] = np.zeros((0, 3), "float32")
x = np.arange(7 * 11 * 5, dtype="float32").reshape(7, 11, 5)
f.create_dataset("plain", data=x)
if latest:
    f.create_dataset("newer", data=x, chunks=(3, 4, 5))
else:
    f.create_dataset("chunked", data=x, chunks=(3, 4, 5))
    f.create_dataset("gzip", data=x, chunks=(3, 4, 2), compression="gzip")
    f.create_dataset("all", data=x, chunks=(2, 11, 3), compression="gzip", shuffle=True, fletcher32=True)
    f.create_dataset("lzf", data=x, chunks=(2, 11, 3), compression="lzf")
    d = f.create_dataset("sparse", (10, 10), "float32", chunks=(5, 5))
    d[0, 0] = 1
f.create_dataset("unwritten", (3,), "float32")
`;

/** As by default, in the newest way, and in the order of creation. */
const WAYS = ["", 'libver="latest"', "track_order=True"];
const NEWEST = 1;

testWithH5py("whatever h5py writes", () => {
  for (const [way, bytes] of h5pyFiles(`latest = k == ${NEWEST}\n${PROGRAM}`, WAYS).entries()) {
    const latest = way === NEWEST;
    const file = open(bytes);
    const numbers = (path: string) => {
      const { shape, data } = file.member(path)?.floats() ?? { shape: [], data: [] };
      return { shape, values: [...data] };
    };
    expect(numbers("few/2")).toEqual({ shape: [2, 3], values: [2, 2, 2, 2, 2, 2] });
    for (const k of [0, 1, 8, 9, 60, 119]) {
      const values = Array.from({ length: k }, (_, i) => i);
      expect(numbers(`many/member number ${k}`)).toEqual({ shape: [k], values });
      expect(numbers(`ordered/member number ${k}`)).toEqual({ shape: [1], values: [k] });
    }
    expect(file.member("many")?.names).toHaveLength(120);
    expect(file.member("ordered")?.names).toHaveLength(120);
    expect(file.member("nowhere")).toBeUndefined();
    const deepest = file.member("deep/deeper/deepest");
    expect(deepest?.texts("one")).toEqual(["a text with ümlauts"]);
    expect(deepest?.texts("bytes")).toEqual(["in ascii"]);
    expect(deepest?.texts("fixed")).toEqual(["ab", "abc", ""]);
    expect(deepest?.texts("several")).toEqual(["x", "yy", ""]);
    expect(deepest?.texts("number")).toBeUndefined();
    expect(deepest?.texts("long")).toEqual(["z".repeat(100000)]);
    if (latest) expect(deepest?.texts("attribute 39")).toEqual(["value 39"]);
    expect(numbers("half")).toEqual({ shape: [4], values: [1, -0.5, 65504, 2 ** -24] });
    expect(numbers("big")).toEqual({ shape: [2, 2], values: [1.5, -2, 3, 4] });
    expect(numbers("double")).toEqual({ shape: [], values: [Math.fround(0.1)] });
    expect(numbers("empty")).toEqual({ shape: [0, 3], values: [] });
    const x = { shape: [7, 11, 5], values: Array.from({ length: 385 }, (_, k) => k) };
    for (const path of ["plain", ...(latest ? [] : ["chunked", "gzip", "all"])])
      expect(numbers(path), path).toEqual(x);
    expect(() => numbers("whole")).toThrow(/its weights are whole numbers/);
    expect(() => numbers("unwritten")).toThrow(/never written/);
    if (latest) {
      expect(() => numbers("newer")).toThrow(/a way of newer HDF5/);
      continue;
    }
    expect(() => numbers("lzf")).toThrow(/went through filter 32000/);
    expect(() => numbers("sparse")).toThrow(/has 1 chunks instead of 4/);
  }
});

test("other beginnings are refused", () => {
  expect(() => open(new Uint8Array(100))).toThrow(/doesn't begin as HDF5 does/);
  expect(() => open(Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a))).toThrow(
    /it ends before byte 9/,
  );
});

testWithH5py("a network that was quantised is refused, with the layer and what to do", async () => {
  const dense = { class_name: "Dense", config: { name: "out", units: 3, use_bias: false } };
  const config = {
    class_name: "Sequential",
    config: { layers: [{ class_name: "InputLayer", config: { name: "in", batch_shape: [null, 4] } }, dense] },
  };
  const files = h5pyFiles(
    `f.attrs["model_config"] = ${JSON.stringify(JSON.stringify(config))}
g = f.create_group("model_weights/out")
g.attrs["weight_names"] = ["out/kernel"]
g.create_dataset("out/kernel", data=np.zeros((4, 3), ["int8", "V2"][k]))`,
    ["", ""],
  );
  const what = ["whole numbers", "values of a kind that isn't read"];
  for (const [k, bytes] of files.entries())
    await expectRefused(
      importModel({ name: "net.h5", bytes }),
      new RegExp(`^net.h5: layer "out" \\(Dense\\): its weights are ${what[k]}, but .* in float32`),
    );
});
