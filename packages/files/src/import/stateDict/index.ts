import { formatShape, InputError, parseModel, parseStateDict } from "unravel-cnn";
import type { ImportedModel, ImportFormat } from "../format.js";

/*
 * Weights that PyTorch's users saved with safetensors: their layouts are unravel's own, so only the names have to be found, in a
 * network that is described elsewhere. What torch.save writes is a program for Python's pickle and is not run.
 */

export const stateDict: ImportFormat = {
  what: "PyTorch: a state_dict saved with safetensors, with --spec",
  endings: [".safetensors"],
  looksLike: (bytes) => bytes[8] === OPENING_BRACE && bytes[6] === 0 && bytes[7] === 0,

  read({ name, bytes }, { spec }): ImportedModel {
    if (carriesSpec(bytes)) {
      const { model, parameters, leftOut } = parseModel(bytes, name);
      return {
        model,
        parameters,
        table: Object.keys(parameters).map((to) => ({ to, from: to, how: "as it is" })),
        remarks: [
          `${name} is a model of unravel already and was read as it is${spec === undefined ? "" : "; the spec that was given isn't needed, and wasn't looked at"}.`,
          ...leftOutRemark(leftOut),
        ],
      };
    }
    if (spec === undefined) {
      throw new InputError(
        `${name}: it holds only weights, so the network has to be given, too: --spec net.json, or the option "spec".`,
      );
    }
    const { model, parameters, leftOut, origins } = parseStateDict(bytes, name, spec);
    return {
      model,
      parameters,
      table: origins.map(({ to, from, by }) => ({
        to,
        from: from.name,
        how: [
          by === "name" ? "by its name" : "by its shape and order",
          ...(String(from.shape) === String(parameters[to].shape)
            ? []
            : [`${formatShape(from.shape)} as ${formatShape(parameters[to].shape)}`]),
          ...(from.dtype === "F32" ? [] : [`${from.dtype} as float32`]),
        ].join(", "),
      })),
      remarks: leftOutRemark(leftOut),
    };
  },
};

const OPENING_BRACE = 0x7b;

/** Whether it is a model file of unravel: its header has the key under which the spec stands. */
function carriesSpec(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) return false;
  const length = Math.min(Number(view.getBigUint64(0, true)), bytes.length - 8);
  return new TextDecoder().decode(bytes.subarray(8, 8 + length)).includes('"unravel.spec"');
}

function leftOutRemark(names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`Left out, as nothing is computed from them: ${names.join(", ")}.`];
}

/** What torch.save writes, which is refused. */
export const pickle: ImportFormat = {
  what: "PyTorch's own files: refused, with how to write safetensors",
  endings: [".pt", ".pth", ".ckpt"],
  looksLike: (bytes) => isPickle(bytes) || isZippedPickle(bytes),

  read({ name }) {
    throw new InputError(
      `${name}: what torch.save writes is a program for Python's pickle, which isn't run here; in Python write the weights with safetensors.torch.save_file(model.state_dict(), "weights.safetensors"), and import that file with --spec.`,
    );
  },
};

/** Protocol 2 and a long integer: the magic number of files before PyTorch 1.6. */
const isPickle = (bytes: Uint8Array) => bytes[0] === 0x80 && bytes[1] === 2 && bytes[2] === 0x8a;

/** A zip file whose first member is called `.../data.pkl`, as since PyTorch 1.6. */
function isZippedPickle(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) return false;
  const nameLength = bytes[26] | (bytes[27] << 8);
  return new TextDecoder().decode(bytes.subarray(30, 30 + nameLength)).endsWith("data.pkl");
}
