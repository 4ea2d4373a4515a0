import type { EngineChange } from "../engine/engine.js";
import { InputError, show } from "../errors.js";
import { crc32 } from "../formats/crc32.js";
import type { Fail } from "../formats/fail.js";
import { floatsOf, formatSafetensors, parseSafetensors } from "../formats/safetensors.js";
import { known } from "../known.js";
import { type NamedTensors, tensor } from "../tensor.js";
import type { Best, Checkpoint } from "./checkpoint.js";
import type { EpochRecord } from "./history.js";
import type { TrainingState } from "./training.js";

/*
 * A checkpoint as a file: safetensors, whose tensors are called
 *
 *   parameters/conv1.weight   what is trained, and what layers keep besides
 *   memory/0/conv1.weight     what the optimizer remembers: 0, 1, ...
 *   average/conv1.weight      with an average of the weights
 *   best/conv1.weight         of the best epoch so far
 *
 * and whose metadata has all else as JSON, and a checksum of the whole file, as it is with zeros in the checksum's place.
 */

const DATA_KEY = "unravel.checkpoint";
const CHECKSUM_KEY = "unravel.checksum";
const FORMAT = 1;

/** All of a checkpoint that is no tensor. */
interface Plain {
  readonly format: number;
  readonly about: Checkpoint["about"];
  readonly ended: boolean;
  readonly steps: number;
  readonly totals: TrainingState["totals"];
  readonly firstLoss: number;
  readonly memories: number;
  readonly hasAverage: boolean;
  readonly history: readonly EpochRecord[];
  readonly seconds: number;
  readonly best: Omit<Best, "parameters"> | null;
  readonly changes?: readonly EngineChange[];
  readonly note?: unknown;
}

/** A checkpoint's bytes, for a file or a database. */
export function formatCheckpoint({
  about,
  state,
  ended,
  history,
  seconds,
  best,
  changes,
  note,
}: Checkpoint): Uint8Array {
  const { steps, totals, firstLoss = 0, parameters, memory, average } = state;
  const plain: Plain = {
    ...{ format: FORMAT, about, ended, steps, totals, firstLoss },
    ...{ memories: memory.length, hasAverage: average !== undefined },
    ...{ history, seconds, best: best && { epoch: best.epoch, loss: best.loss } },
    ...(changes !== undefined && { changes }),
    ...(note !== undefined && { note }),
  };
  const tensors = {
    ...prefixed("parameters", parameters),
    ...Object.assign({}, ...memory.map((tensors, k) => prefixed(`memory/${k}`, tensors))),
    ...(average && prefixed("average", average)),
    ...(best && prefixed("best", best.parameters)),
  };
  const bytes = formatSafetensors(tensors, {
    [CHECKSUM_KEY]: "00000000",
    [DATA_KEY]: JSON.stringify(plain),
  });
  const place = known(checksumPlace(bytes));
  place.set(new TextEncoder().encode(checksumOf(bytes)));
  return bytes;
}

/**
 * A checkpoint from such bytes.
 * @param source what to call them in an error
 * @throws InputError if they are damaged, no checkpoint, or one of a newer unravel
 */
export function parseCheckpoint(bytes: Uint8Array, source: string): Checkpoint {
  const fail: Fail = (problem) => {
    throw new InputError(`${source}: ${problem}; go on from another checkpoint, or begin anew.`);
  };
  const copy = bytes.slice();
  const place = checksumPlace(copy);
  if (place === undefined) return fail("it is damaged, or not a checkpoint that unravel wrote");
  const said = new TextDecoder().decode(place);
  place.fill(ZERO);
  const found = checksumOf(copy);
  if (said !== found) return fail(`it is damaged: its checksum should be ${show(said)}, but is "${found}"`);
  const { metadata, tensors } = parseSafetensors(copy, source);
  const plain = readPlain(metadata[DATA_KEY], fail);
  const group = (prefix: string): NamedTensors =>
    Object.fromEntries(
      tensors
        .filter(({ name }) => name.startsWith(`${prefix}/`))
        .map((entry) => {
          const { shape, data } = floatsOf(entry, source);
          return [entry.name.slice(prefix.length + 1), tensor(shape, data)];
        }),
    );
  const { about, ended, steps, totals, firstLoss, history, seconds, best, changes, note } = plain;
  return {
    about,
    state: {
      ...{ steps, totals, firstLoss },
      parameters: group("parameters"),
      memory: Array.from({ length: plain.memories }, (_, k) => group(`memory/${k}`)),
      ...(plain.hasAverage && { average: group("average") }),
    },
    ...{ ended, history, seconds },
    best: best && { ...best, parameters: group("best") },
    ...(changes !== undefined && { changes }),
    ...(note !== undefined && { note }),
  };
}

function prefixed(prefix: string, tensors: NamedTensors): NamedTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${prefix}/${name}`, tensor]));
}

const ZERO = "0".charCodeAt(0);

/** What a file of this kind begins with, after the 8 bytes of the header's length; the checksum follows. */
const BEGINNING = `{"__metadata__":{"${CHECKSUM_KEY}":"`;

/** Where the checksum stands in a file; undefined if it doesn't begin like one. */
function checksumPlace(bytes: Uint8Array): Uint8Array | undefined {
  const start = 8 + BEGINNING.length;
  if (new TextDecoder().decode(bytes.subarray(8, start)) !== BEGINNING || bytes.length < start + 8)
    return undefined;
  return bytes.subarray(start, start + 8);
}

const checksumOf = (bytes: Uint8Array): string => crc32(bytes).toString(16).padStart(8, "0");

/** A file whose checksum is right may still be of another program, or of another time. */
function readPlain(json: string | undefined, fail: Fail): Plain {
  let plain: Partial<Plain>;
  try {
    plain = Object(JSON.parse(json ?? "")) as Partial<Plain>;
  } catch {
    return fail("it is damaged, or not a checkpoint that unravel wrote");
  }
  if (typeof plain.format === "number" && plain.format > FORMAT) {
    return fail(`it was written by a newer unravel (format ${plain.format}; this reads ${FORMAT})`);
  }
  const { about, ended, steps, totals, firstLoss, memories, history, seconds, best, changes = [] } = plain;
  const isSound =
    isObject(about) &&
    typeof ended === "boolean" &&
    [about.network, about.data, about.settings, about.engine, totals].every(isObject) &&
    [firstLoss, seconds, ...Object.values(totals ?? {})].every(Number.isFinite) &&
    isCount(steps, Number.MAX_SAFE_INTEGER) &&
    isCount(memories, MOST_MEMORIES) &&
    Array.isArray(history) &&
    history.every((record) => isObject(record) && [record.loss, record.accuracy].every(Number.isFinite)) &&
    Array.isArray(changes) &&
    changes.every((change) => isObject(change) && typeof change.reason === "string") &&
    (best === null || (isObject(best) && isCount(best.epoch, history.length) && Number.isFinite(best.loss)));
  return isSound ? (plain as Plain) : fail("it is damaged, or not a checkpoint that unravel wrote");
}

/** More than any optimizer remembers of a parameter. */
const MOST_MEMORIES = 16;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

const isCount = (value: unknown, most: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;
