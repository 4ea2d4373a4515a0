import { digitFromPicture } from "unravel-cnn";
import { creator } from "../create.js";

/** For handwriting in photos, too. */
export default creator((picture) => digitFromPicture(picture));
