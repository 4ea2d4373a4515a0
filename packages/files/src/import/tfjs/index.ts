import { InputError } from "unravel-cnn";
import type { ImportedModel, ImportFormat } from "../format.js";
import { readConfig } from "../keras/config.js";
import { isObject, member, parseJson } from "../keras/json.js";
import { translate } from "../keras/translate.js";
import { byNames, byNumbers } from "../keras/weights.js";
import { readManifest } from "./manifest.js";

/* Layers models of TensorFlow.js: model.json with Keras's config, whoever wrote it, and files of weights beside it. */

/** How far into a file one looks for what makes it a model.json. */
const HEAD = 2 ** 16;

export const tfjs: ImportFormat = {
  what: "TensorFlow.js: layers models, model.json with its weights beside it",
  endings: [".json"],
  looksLike: (bytes) =>
    bytes[0] === 0x7b &&
    /"(modelTopology|weightsManifest)"/.test(new TextDecoder().decode(bytes.subarray(0, HEAD))),

  async read({ name, bytes }, { beside, spec }): Promise<ImportedModel> {
    const fail = (problem: string): never => {
      throw new InputError(`${name}: ${problem}; it is damaged or not a layers model of TensorFlow.js.`);
    };
    const file = parseJson(new TextDecoder().decode(bytes), name);
    const topology = member(file, "modelTopology");
    if (member(file, "format") === "graph-model" || member(topology, "node") !== undefined) {
      throw new InputError(
        `${name}: it is a graph model, operations without layers; convert the Keras model with --output_format=tfjs_layers_model, or import the Keras file itself.`,
      );
    }
    if (!isObject(topology)) return fail("it has no modelTopology");
    const network = readConfig(member(topology, "model_config") ?? topology, name);
    if (beside === undefined) {
      throw new InputError(
        `${name}: its weights lie in files of their own; give these, too (the option "beside").`,
      );
    }
    const weights = await readManifest(member(file, "weightsManifest"), beside, fail);
    const metadata = member(file, "userDefinedMetadata");
    const ours = member(file, "generatedBy") === "unravel";
    const pixels = member(metadata, "pixels");
    return translate(
      network,
      isNumbered(weights.keys()) ? byNumbers((path) => weights.get(path)) : byNames(() => weights, true),
      name,
      {
        givenSpec: spec !== undefined,
        classes: member(metadata, "classes"),
        ...(ours && {
          loss: member(metadata, "loss"),
          normalize: member(metadata, "normalize"),
          pixelsLayer: typeof pixels === "string" ? pixels : undefined,
        }),
      },
    );
  },
};

/** Whether the weights are called as in a `.keras` file, which is how the converter writes those of Keras 3. */
const isNumbered = (names: Iterable<string>): boolean =>
  [...names].some((name) => /^(layers|_layer_checkpoint_dependencies)\/.*\/vars\/\d+$/.test(name));
