import type { Command } from "commander";
import { type Fit, fits, InputError } from "unravel-cnn";
import { DATA_HELP, OFFLINE_HELP } from "./help.js";
import { oneOf } from "./options.js";
import { whole } from "./terminal/numbers.js";

/** What can be said about data on the command line. */
export interface DataOptions {
  readonly data: string;
  readonly offline?: boolean | undefined;
  readonly size?: readonly [width: number, height: number] | undefined;
  readonly fit?: Fit | undefined;
  readonly grey?: boolean | undefined;
  readonly skipBroken?: boolean | undefined;
  readonly transpose?: boolean | undefined;
}

/** Adds the options that choose data and say how pictures become images. */
export function addDataOptions(command: Command, { shaped = true } = {}): Command {
  command.option("--data <data>", DATA_HELP, "auto");
  return addPictureOptions(command, { shaped });
}

/** Those of data that are named otherwise. @param shaped whether size, fit and colours are open, and not a model's */
export function addPictureOptions(command: Command, { shaped = true } = {}): Command {
  command.option("--offline", OFFLINE_HELP);
  if (shaped) {
    command
      .option(
        "--size <size>",
        "make pictures so large: 32, or width x height as in 32x24 (default: theirs if all have the same, else one that suits)",
        pictureSize,
      )
      .option(
        "--fit <how>",
        `pictures of another shape: ${fits.join(", ")} (default: cover, which cuts edges off)`,
        oneOf("--fit", fits),
      )
      .option("--grey", "make pictures grey");
  }
  return command
    .option("--skip-broken", "leave out files that can't be read as pictures")
    .option("--transpose", "exchange rows and columns of each image");
}

const LARGEST = 1024;

function pictureSize(text: string): [width: number, height: number] {
  const [, width, height = width] = text.match(/^(\d{1,6})(?:[x×](\d{1,6}))?$/i) ?? [];
  const size: [number, number] = [Number(width), Number(height)];
  if (size.every((side) => side >= 1 && side <= LARGEST)) return size;
  throw new InputError(
    `--size must be a number of pixels from 1 to ${LARGEST}, or width and height as in 32x24, not "${text}".`,
  );
}

/** That a part was taken for testing. */
export function setAsideRemark(count: number, what: string, several = false): string {
  const share = several ? "20%" : "20% of each class";
  return `No ${what} is marked for testing: ${whole(count)} (${share}) are set aside for it.`;
}
