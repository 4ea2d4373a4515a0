import { type AugmentName, type AugmentSpec, augmentCheck, augmentNames, InputError } from "unravel-cnn";
import { didYouMean } from "./options.js";

/** What `--augment` takes, for help. */
export const AUGMENT_HELP = `auto, or changes with commas between them: ${augmentNames.join(", ")}, each alone or with an amount (rotate=10)`;

/** What stands for `--augment`: `auto`, or `shift=2,rotate=10,flip`. */
export function augmentOption(text: string): AugmentSpec {
  if (text === "auto") return text;
  const spec: Partial<Record<AugmentName, number | true>> = {};
  for (const part of text.split(",")) {
    const [name, amount, more] = part.trim().split("=");
    const known = augmentNames.find((one) => one === name);
    if (known === undefined) {
      throw new InputError(
        `--augment knows no ${JSON.stringify(name)}${didYouMean(name, ["auto", ...augmentNames])}; it takes auto, or some of ${augmentNames.join(", ")} with commas between them, like shift=2,flip.`,
      );
    }
    if (Object.hasOwn(spec, known)) throw new InputError(`--augment has ${known} twice; give it once.`);
    if (amount === undefined) spec[known] = true;
    else if (more === undefined && /^\d*\.?\d+$/.test(amount)) spec[known] = Number(amount);
    else
      throw new InputError(
        `--augment: ${known} takes a number, like ${known}=1, not ${JSON.stringify(part.trim())}.`,
      );
  }
  try {
    augmentCheck("augment", spec);
  } catch (error) {
    if (error instanceof InputError) throw new InputError(`--${error.message}.`);
    throw error;
  }
  return spec;
}
