import { crc32 } from "node:zlib";
import { createEngine, FailureError, formatCheckpoint, parseCheckpoint, fit as train } from "unravel-cnn";
import { damageBytes, damageJson } from "./damage.mjs";

/* The reader of checkpoints: a file is read, and the training goes on from it. */

const SOURCE = "FILE";
const DATA_KEY = "unravel.checkpoint";
/** Where the checksum stands, after the length of the header and `{"__metadata__":{"unravel.checksum":"`. */
const CHECKSUM_AT = 8 + '{"__metadata__":{"unravel.checksum":"'.length;

const spec = {
  input: [1, 4, 4],
  layers: [
    { type: "conv2d", filters: 2, kernel: 3 },
    { type: "batchNorm2d" },
    { type: "flatten" },
    { type: "dense", units: 2 },
  ],
};
const data = {
  name: "noise",
  shape: [1, 4, 4],
  images: Uint8Array.from({ length: 20 * 16 }, (_, k) => (k * k * 7) % 251),
  labels: Uint8Array.from({ length: 20 }, (_, n) => n % 2),
  classes: ["0", "1"],
};
const settings = { epochs: 2, batchSize: 5, ema: 0.9, keep: "best" };

async function goOn(options) {
  const engine = await createEngine(spec, { engine: "reference" });
  try {
    await train(engine, data, { ...settings, ...options });
  } catch (error) {
    if (!(error instanceof FailureError)) throw error; // huge weights, say, are sound all the same
  } finally {
    await engine.close();
  }
}

async function sound() {
  const all = [];
  await goOn({
    checkpoint: { every: { steps: 3 }, save: (checkpoint) => void all.push(checkpoint), note: { a: 1 } },
  });
  return formatCheckpoint(all.at(-2));
}

/** With the right checksum, so that the wrong one doesn't hide what else is damaged. */
function mended(bytes) {
  const copy = Uint8Array.from(bytes);
  if (copy.length < CHECKSUM_AT + 8) return copy;
  const place = copy.subarray(CHECKSUM_AT, CHECKSUM_AT + 8);
  place.fill("0".charCodeAt(0));
  place.set(new TextEncoder().encode(crc32(copy).toString(16).padStart(8, "0")));
  return copy;
}

/** Other JSON in the place of what is no tensor. */
function otherJson(bytes, below) {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const plain = damageJson(JSON.parse(header.__metadata__[DATA_KEY]), below);
  header.__metadata__[DATA_KEY] = JSON.stringify(plain);
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = new Uint8Array(new BigUint64Array([BigInt(text.length)]).buffer);
  return mended(Buffer.concat([start, text, bytes.subarray(8 + length)]));
}

const bytes = await sound();

/** As the readers of readers.mjs. */
export const checkpoints = {
  name: "checkpoint",
  read: async (file) => goOn({ resume: parseCheckpoint(file, SOURCE) }),
  samples: [
    [
      bytes,
      (below) => damageBytes(bytes, below),
      (below) => mended(damageBytes(bytes, below)),
      (below) => otherJson(bytes, below),
    ],
  ],
  factor: Infinity, // a training's own memory
  share: 0.4,
};
