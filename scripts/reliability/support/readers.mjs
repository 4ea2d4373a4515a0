/*
 * Everything that reads a file of somebody else's, each with sound files and the ways in which they are damaged.
 *
 *   name     for the table
 *   read     takes bytes, throws an InputError where they can't be used
 *   samples  [sound bytes or undefined, ...ways to damage them]; each way is a function of `below`
 *   factor   what may be held of a file, as a multiple of its length: more where it can be packed
 *   base     and beside that, where it isn't next to nothing
 *   share    how many are tried beside the others: what takes long is tried more seldom
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateRawSync, gzipSync } from "node:zlib";
import {
  defineModel,
  formatModel,
  formatNpz,
  formatTraceJson,
  formatTraceNpz,
  InputError,
  initialParameters,
  parseIdxFiles,
  parseModel,
  parseNpy,
  parseNpz,
  parseSpec,
  parseTraceJson,
  parseTraceNpz,
  tensor,
  trace,
} from "unravel-cnn";
import { readIdxFolder } from "unravel-cnn/node";
import { exportModel, importFormats, importModel } from "../../../packages/files/dist/index.js";
import { decodePicture } from "../../../packages/files/dist/node/index.js";
import { checkpoints } from "./checkpoints.mjs";
import { damageBytes, damageJson, joined } from "./damage.mjs";
import { jpegs, pngs, withChunkChecksums } from "./pictures.mjs";

const SOURCE = "FILE";
/** Growing, copying, integers of one byte as numbers of eight. */
const PLAIN = 40;
/** What deflate may make of each byte (1032), when a byte becomes a number. */
const PACKED = 1100;
/** The tables and windows of zlib and fflate, until they are collected. */
const UNPACKER = 2 ** 20;
const encode = (text) => new TextEncoder().encode(text);
const decode = (bytes) => new TextDecoder().decode(bytes);
const written = new URL("../../../packages/core/test/numpy/", import.meta.url);
const numpy = (name) => new Uint8Array(readFileSync(new URL(name, written)));
const keras = (name) =>
  new Uint8Array(readFileSync(new URL(`../../../packages/files/golden/keras/${name}`, import.meta.url)));

/** A network with something of everything that a file carries, and less than 100 weights. */
const spec = {
  input: [2, 5, 4],
  layers: [
    { type: "conv2d", filters: 3, kernel: [3, 2], dilation: [1, 2] },
    { type: "relu" },
    { type: "maxPool2d", size: [2, 1], stride: [1, 1] },
    { type: "maxPool2d", size: [2, 2], stride: [2, 1], padding: [0, 1, 0, 0] },
    { type: "flatten" },
    { type: "dense", units: 3 },
  ],
  classes: ["circle", "square", "Dreieck △"],
  normalize: { mean: [0.1, 0.2], std: [0.3, 0.4] },
};
const model = defineModel(spec);
const parameters = initialParameters(model, 5);
const saved = formatModel({ model, parameters });
const step = trace(model, parameters, tensor([1, 2, 5, 4], new Float32Array(40).fill(0.5)), [1]);

const [{ bytes: asOnnx }] = await exportModel({ model, parameters }, "onnx", { pixels: true, softmax: true });
const golden = new URL("../../../packages/files/golden/onnx/", import.meta.url);
const onnxFiles = ["torch_by_view_unfolded", "torch_gelus", "torch_residual", "keras_rescaling"].map(
  (name) => new Uint8Array(readFileSync(new URL(`${name}.onnx`, golden))),
);

/** The same at random places. */
const anywhere = (bytes) => (below) => damageBytes(bytes, below);
/** JSON that is JSON, but says something else. */
const otherJson = (json) => (below) => encode(JSON.stringify(damageJson(json, below)));

/** @param folder where those that only read from the disk may write */
export function readersIn(folder) {
  return [
    idx(),
    idxGz(folder),
    {
      name: "model, `.safetensors`",
      read: (bytes) => parseModel(bytes, SOURCE),
      samples: [[saved, anywhere(saved), otherHeader, otherSpec]],
      factor: PLAIN,
      share: 4,
    },
    {
      name: "network, `.json`",
      read: (bytes) => defineModel(inFile(() => parseSpec(decode(bytes)))),
      samples: [[encode(JSON.stringify(spec)), anywhere(encode(JSON.stringify(spec))), otherJson(spec)]],
      factor: PLAIN,
      share: 4,
    },
    {
      name: "NumPy's `.npy`",
      read: (bytes) => parseNpy(bytes, SOURCE),
      samples: [
        ...["version1.npy", "version2.npy", "version3.npy"].map((name) => [
          numpy(name),
          anywhere(numpy(name)),
        ]),
        [undefined, anywhere(numpy("fields.npy"))], // what is refused undamaged
      ],
      factor: PLAIN,
      share: 8,
    },
    npz(),
    {
      name: "trace, `.npz`",
      read: (bytes) => parseTraceNpz(model, bytes, SOURCE),
      samples: [[formatTraceNpz(step), anywhere(formatTraceNpz(step))]],
      factor: PACKED,
      share: 1,
    },
    {
      name: "trace, `.json`",
      read: (bytes) => parseTraceJson(decode(bytes), SOURCE),
      samples: [
        [
          encode(formatTraceJson(step)),
          anywhere(encode(formatTraceJson(step))),
          otherJson(JSON.parse(formatTraceJson(step))),
        ],
      ],
      factor: PLAIN,
      share: 1,
    },
    {
      name: "Keras's `.h5`",
      read: (bytes) => importFormats.keras.read({ name: SOURCE, bytes }, {}),
      samples: ["plain.h5", "packed.h5", "branches.h5"].map((name) => [keras(name), anywhere(keras(name))]),
      factor: PACKED,
      base: 2 ** 20,
      share: 1,
    },
    {
      name: "Keras's `.keras`",
      read: (bytes) => importFormats.keras.read({ name: SOURCE, bytes }, {}),
      samples: ["separable.keras", "nested.keras"].map((name) => [keras(name), anywhere(keras(name))]),
      factor: PACKED,
      base: 2 ** 20,
      share: 1,
    },
    checkpoints,
    {
      name: "network, `.onnx`",
      read: (bytes) => importModel({ name: SOURCE, bytes }),
      samples: [asOnnx, ...onnxFiles].map((bytes) => [bytes, anywhere(bytes)]),
      factor: PLAIN,
      share: 4,
    },
    png(),
    {
      name: "picture, JPEG",
      read: (bytes) => decodePicture(bytes),
      samples: jpegs.map((bytes) => [bytes, anywhere(bytes)]),
      factor: Infinity, // the decoder keeps its own memory
      share: 0.3,
    },
  ];
}

/** As a file is read by the command line: what is wrong in it gets its name before it. */
function inFile(work) {
  try {
    return work();
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${SOURCE}: ${error.message}`) : error;
  }
}

function headerOf(bytes) {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  return { header: JSON.parse(decode(bytes.subarray(8, 8 + length))), data: bytes.subarray(8 + length) };
}

function withHeader(header, data) {
  const text = encode(JSON.stringify(header));
  const length = new Uint8Array(new BigUint64Array([BigInt(text.length)]).buffer);
  return joined(length, text, data);
}

function otherHeader(below) {
  const { header, data } = headerOf(saved);
  return withHeader(damageJson(header, below), data);
}

function otherSpec(below) {
  const { header, data } = headerOf(saved);
  const json = JSON.stringify(damageJson(spec, below));
  return withHeader({ ...header, __metadata__: { ...header.__metadata__, "unravel.spec": json } }, data);
}

function idxBytes(dimensions, seed) {
  const header = new DataView(new ArrayBuffer(4 + 4 * dimensions.length));
  header.setUint32(0, 0x0800 + dimensions.length);
  for (const [k, size] of dimensions.entries()) header.setUint32(4 + 4 * k, size);
  const count = dimensions.reduce((a, b) => a * b);
  return joined(
    new Uint8Array(header.buffer),
    Uint8Array.from({ length: count }, (_, k) => (k * seed) % 10),
  );
}

const images = idxBytes([6, 5, 4], 7);
const labels = idxBytes([6], 3);

function idx() {
  const sound = { images: { source: SOURCE, bytes: images }, labels: { source: SOURCE, bytes: labels } };
  const parse = (train) => parseIdxFiles({ train, test: sound }, SOURCE, "data");
  const isOfImages = ({ length }) => length > 70;
  return {
    name: "IDX",
    read: (bytes) =>
      parse({ ...sound, [isOfImages(bytes) ? "images" : "labels"]: { source: SOURCE, bytes } }),
    samples: [images, labels].map((bytes) => [bytes, anywhere(bytes)]),
    factor: PLAIN,
    share: 8,
  };
}

/** Packed files are read from the disk. The damage is to the packed bytes, or to those that are then packed. */
function idxGz(folder) {
  const write = (name, bytes) => writeFileSync(join(folder, `${name}.gz`), bytes);
  for (const part of ["train", "t10k"]) {
    write(`${part}-images-idx3-ubyte`, gzipSync(images));
    write(`${part}-labels-idx1-ubyte`, gzipSync(labels));
  }
  const packed = new Uint8Array(gzipSync(images));
  return {
    name: "IDX, `.gz`",
    read: async (bytes) => {
      write("train-images-idx3-ubyte", bytes);
      return readIdxFolder(folder);
    },
    samples: [[packed, anywhere(packed), (below) => new Uint8Array(gzipSync(damageBytes(images, below)))]],
    factor: PACKED,
    base: UNPACKER,
    share: 0.4,
  };
}

function npz() {
  const one = zipOf("x.npy", numpy("version1.npy"));
  const plain = formatNpz({ a: { shape: [2, 3], data: new Float32Array(6).fill(1.5) } });
  const deflated = numpy("deflated.npz");
  return {
    name: "NumPy's `.npz`",
    read: (bytes) => parseNpz(bytes, SOURCE),
    samples: [
      [one, anywhere(one)],
      [plain, anywhere(plain), (below) => withChecksum(damageBytes(plain, below))],
      [one, (below) => zipOf("x.npy", damageBytes(numpy("version1.npy"), below))],
      // the long file seldom: it takes a hundred times as long
      [deflated, (below) => (below(20) === 0 ? damageBytes(deflated, below) : damageBytes(one, below))],
    ],
    factor: PACKED,
    share: 4,
  };
}

/** A zip file with one packed member, short enough that most damage hits what matters. */
function zipOf(name, bytes) {
  const packed = deflateRawSync(bytes);
  const title = encode(name);
  const file = new Uint8Array(30 + 46 + 22 + 2 * title.length + packed.length);
  const view = new DataView(file.buffer);
  const central = 30 + title.length + packed.length;
  for (const [at, signature, shift] of [
    [0, 0x04034b50, 0],
    [central, 0x02014b50, 2],
  ]) {
    view.setUint32(at, signature, true);
    view.setUint16(at + shift + 8, 8, true);
    view.setUint32(at + shift + 14, crc32(bytes), true);
    view.setUint32(at + shift + 18, packed.length, true);
    view.setUint32(at + shift + 22, bytes.length, true);
    view.setUint16(at + shift + 26, title.length, true);
    file.set(title, at + 30 + (shift === 0 ? 0 : 16));
  }
  file.set(packed, 30 + title.length);
  const end = central + 46 + title.length;
  view.setUint32(end, 0x06054b50, true);
  view.setUint16(end + 10, 1, true);
  view.setUint32(end + 12, end - central, true);
  view.setUint32(end + 16, central, true);
  return file;
}

/** With the right checksum for the first member, so that the wrong one doesn't hide what else is damaged. */
function withChecksum(bytes) {
  if (bytes.length < 60) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const begin = 30 + view.getUint16(26, true) + view.getUint16(28, true);
  const end = begin + view.getUint32(18, true);
  if (end + 46 <= bytes.length) view.setUint32(end + 16, crc32(bytes.subarray(begin, end)), true);
  return bytes;
}

function png() {
  return {
    name: "picture, PNG",
    read: (bytes) => decodePicture(bytes),
    samples: pngs.map((bytes) => [
      bytes,
      anywhere(bytes),
      (below) => withChunkChecksums(damageBytes(bytes, below)),
    ]),
    factor: 4 * PACKED,
    base: UNPACKER,
    share: 1,
  };
}
