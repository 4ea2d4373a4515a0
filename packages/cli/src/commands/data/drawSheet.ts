import { encode } from "fast-png";
import { contactSheet, type Dataset, type SheetOptions } from "unravel-cnn";
import { PICTURE_FILE, PNG_TEXT } from "../../output/kinds.js";
import { writeOutput } from "../../output/write.js";

/** Writes images side by side to a PNG. @returns what is on it */
export async function writeSheet(out: string, data: Dataset, options: SheetOptions) {
  const { width, height, channels, pixels, images } = contactSheet(data, options);
  const picture = encode({ width, height, data: pixels, depth: 8, channels, text: PNG_TEXT });
  await writeOutput(out, PICTURE_FILE, picture);
  return { images, width, height };
}
