import {
  type BuiltInSizes,
  countOf,
  type Dataset,
  defineModel,
  InputError,
  labelsPerImage,
  type Model,
} from "unravel-cnn";
import type { CommandData } from "../../data.js";
import { type LoadedModel, loadModel } from "../../model.js";
import { readRecipe } from "../../recipes/recipe.js";
import { shellWord } from "../../terminal/shell.js";
import type { TrainOptions } from "./options.js";
import { merged, type Said } from "./withRecipe.js";

/** Grey pictures up to this side are as simple as MNIST's. */
const SIMPLE_SIDE = 32;

/** What three-conv needs: after convolutions of 5, 3 and 3 pixels and two pools there is something left. */
const SMALLEST_SIDE = 20;

/** From so many pictures on there are enough steps for seven-conv and its recipe, which were chosen for CIFAR-10. */
const MANY_PICTURES = 10_000;

/** What seven-conv needs for its three pools. */
const SMALLEST_OF_MANY = 8;

/**
 * The built-in model that `auto` stands for: three-conv for images like MNIST's, one-conv for those that are too small for it; for
 * pictures with colours or larger ones resnet, or seven-conv if there are many with one label each. The sizes that were given decide, since they belong
 * to one-conv or to resnet.
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
  if (pictures && (channels > 1 || Math.max(height, width) > SIMPLE_SIDE)) {
    const isOneEach = labelsPerImage(train) === 1;
    const areMany =
      isOneEach && countOf(train) >= MANY_PICTURES && Math.min(height, width) >= SMALLEST_OF_MANY;
    return areMany ? "seven-conv" : "resnet";
  }
  return Math.min(height, width) < SMALLEST_SIDE ? "one-conv" : "three-conv";
}

/** The recipe whose other options belong to a network that `auto` has chosen. */
function recipeFor(model: string, arePictures: boolean): string | undefined {
  if (model === "seven-conv") return "cifar10";
  return model === "three-conv" && !arePictures ? "default" : undefined;
}

/**
 * What a command means once its data are known: `auto` for the network is a built-in one, and where that has a recipe all else that
 * isn't given is the recipe's.
 * @throws InputError if there are pictures for testing only
 */
export function settled(said: Said, data: CommandData): Said {
  const model = modelFor(said.options.model, data, said.options);
  const isAuto = said.options.model === "auto" && said.options.recipe === undefined;
  const recipe = isAuto ? recipeFor(model, data.pictures !== undefined) : undefined;
  const { options, isGiven } = recipe === undefined ? said : merged(said, readRecipe(recipe));
  return { options: { ...options, model }, isGiven };
}

/**
 * Training is to take about so many multiply-adds, forward and backward: some ten minutes on two cores. Those of seven-conv are
 * nearly all made by Winograd's method.
 */
export const BUDGET = { tiled: 3.1e13, other: 2e13 } as const;

/** Pictures are seen at least and at most so often. */
const [FEWEST_EPOCHS, MOST_EPOCHS] = [3, 100];

/**
 * What `auto` chooses for pictures besides the network and its recipe, where it isn't given: as many epochs as fit into some ten
 * minutes, of pictures that are changed by chance. It follows from the network and the number of pictures alone, not from the machine, so
 * that a command does the same everywhere.
 */
export async function chosenFor(
  options: TrainOptions,
  isGiven: (option: string) => boolean,
  training: Dataset,
): Promise<TrainOptions> {
  const { model } = await loadModel(options, training);
  return {
    ...options,
    ...(!isGiven("epochs") && {
      epochs: epochsFor(
        model,
        countOf(training),
        options.model === "seven-conv" ? BUDGET.tiled : BUDGET.other,
      ),
    }),
    ...(options.augment === undefined && { augment: "auto" as const }),
  };
}

/** @param budget in multiply-adds */
export function epochsFor(model: Model, images: number, budget: number): number {
  const ofEpoch = model.multiplyAdds.trainingStep * images;
  const epochs = Math.floor(budget / Math.max(1, ofEpoch));
  return Math.min(MOST_EPOCHS, Math.max(FEWEST_EPOCHS, epochs));
}

/** The command that trains what `auto` has chosen. */
export function commandOf(
  { model, epochs }: Pick<TrainOptions, "model" | "epochs">,
  isGiven: (option: string) => boolean,
  args: readonly string[] = process.argv.slice(2),
): string {
  const given = args.flatMap((word, k) => {
    if (word === "--model" || args[k - 1] === "--model") return [];
    return word.startsWith("--model=") ? [] : [shellWord(word)];
  });
  const recipe = recipeFor(model, true);
  const chosen = [
    ...(recipe === undefined ? ["--model", model] : ["--recipe", recipe]),
    ...(isGiven("epochs") ? [] : ["--epochs", String(epochs)]),
    ...(isGiven("augment") || recipe !== undefined ? [] : ["--augment", "auto"]),
  ];
  return ["unravel", ...given, ...chosen].join(" ");
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
