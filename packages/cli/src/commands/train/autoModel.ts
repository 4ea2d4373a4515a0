import { type BuiltInSizes, countOf, defineModel, InputError } from "unravel-cnn";
import type { CommandData } from "../../data.js";
import type { LoadedModel } from "../../model.js";

/** Grey pictures up to this side are as simple as MNIST's. */
const SIMPLE_SIDE = 32;

/**
 * The built-in model that `auto` stands for: one-conv for images like MNIST's, resnet for pictures with colours or larger ones.
 * The sizes that were given decide where they belong to one of the two.
 * @throws InputError if there are pictures for testing only
 */
export function modelFor(
  model: string,
  { pictures, train, source }: CommandData,
  sizes: BuiltInSizes,
): string {
  if (pictures && countOf(train) === 0) {
    throw new InputError(
      `${source}: all its pictures are for testing; give a folder that has some to train on, in train/.`,
    );
  }
  if (model !== "auto") return model;
  if (sizes.filters !== undefined) return "one-conv";
  if (sizes.width !== undefined || sizes.depth !== undefined) return "resnet";
  const [channels, height, width] = train.shape;
  return pictures && (channels > 1 || Math.max(height, width) > SIMPLE_SIDE) ? "resnet" : "one-conv";
}

/** The command that trains what `auto` has chosen. */
export function commandOf(model: string, args: readonly string[] = process.argv.slice(2)): string {
  const given = args.flatMap((word, k) => {
    if (word === "--model" || args[k - 1] === "--model") return [];
    return word.startsWith("--model=") ? [] : [quoted(word)];
  });
  return ["unravel", ...given, "--model", model].join(" ");
}

/** As a shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * A network for pictures: its spec says how they become its inputs, and has their mean and deviation where it has no normalisation of
 * its own, so that its file needs nothing else.
 */
export function withPictures(loaded: LoadedModel, { pictures }: CommandData): LoadedModel {
  if (pictures === undefined) return loaded;
  const { spec } = loaded.model;
  const rule = pictures.pictures;
  const [channels, height, width] = loaded.model.inputShape;
  const [ownWidth, ownHeight] = rule.size;
  if (width !== ownWidth || height !== ownHeight || (channels === 1) !== rule.grey) return loaded;
  const normalize = loaded.trained ? undefined : (spec.normalize ?? pictures.normalize);
  const model = defineModel({ ...spec, ...(normalize && { normalize }), pictures: rule });
  return {
    ...loaded,
    model,
    get parameters() {
      return loaded.parameters;
    },
  };
}
