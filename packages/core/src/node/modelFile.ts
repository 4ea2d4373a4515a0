import { formatModel, parseModel, type ReadModel, type SavedModel } from "../formats/modelFile.js";
import { readBytes } from "./files.js";
import { writeWhole } from "./writeWhole.js";

/** Reads a `.safetensors` file that carries its spec. @throws InputError if it can't be read or is damaged */
export async function readModel(path: string): Promise<ReadModel> {
  return parseModel(await readBytes(path), path);
}

/** Writes a model as a whole or not at all. @throws FailureError if the file can't be written */
export async function writeModel(path: string, saved: SavedModel): Promise<void> {
  await writeWhole(path, formatModel(saved));
}
