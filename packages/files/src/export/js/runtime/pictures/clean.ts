import { digitFromCleanPicture } from "unravel-cnn";
import { creator } from "../create.js";
import { InputError } from "../wrong.js";

/** For handwriting on clean paper: small enough for a module. */
export default creator((picture) => {
  const digit = digitFromCleanPicture(picture);
  if (!digit) throw new InputError("Nothing is drawn in the picture: all of it looks like its border.");
  return digit;
});
