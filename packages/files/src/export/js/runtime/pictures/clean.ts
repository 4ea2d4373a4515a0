import { digitFromCleanPicture } from "unravel-cnn";
import { creator } from "../create.js";

/** For handwriting on clean paper: small enough for a module. */
export default creator((picture) => digitFromCleanPicture(picture));
