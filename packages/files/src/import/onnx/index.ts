import { InputError } from "unravel-cnn";
import type { OnnxModel } from "../../onnx/schema.js";
import type { ImportFormat } from "../format.js";
import { readModel } from "./read.js";
import { namesBeside } from "./tensors.js";
import { decodeMessage } from "./wire.js";

/** Field numbers and kinds of what comes second in a file: the program's name and version, a domain, a number, the graph. */
const SECOND_KEYS = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42];
/** The newest version of the file's format is 12. */
const LAST_IR_VERSION = 31;

export const onnxImport: ImportFormat = {
  what: "ONNX, as PyTorch, tf2onnx for Keras, and unravel itself write it",
  endings: [".onnx"],
  // no file says that it is ONNX, but all begin with the version of the format; safetensors' begin with a length in eight bytes
  looksLike: (bytes) =>
    bytes.subarray(4, 8).some((byte) => byte !== 0) &&
    bytes.length > 16 &&
    bytes[0] === 0x08 &&
    bytes[1] > 0 &&
    bytes[1] <= LAST_IR_VERSION &&
    SECOND_KEYS.includes(bytes[2]),
  async read({ name, bytes }, { beside }) {
    try {
      const file = decodeMessage("model", bytes) as OnnxModel;
      const files = new Map<string, Uint8Array>();
      for (const other of namesBeside(file.graph?.initializers ?? [])) {
        if (beside) files.set(other, await beside(other));
      }
      return readModel(file, files, bytes.length);
    } catch (error) {
      if (error instanceof InputError) throw new InputError(`${name}: ${error.message}`);
      throw error;
    }
  },
};
