import { resizePicture } from "unravel-cnn";
import { creator } from "../create.js";

/** For models that say how pictures become their inputs. */
export default creator((picture, { inputShape, fit }) => resizePicture(picture, inputShape, fit));
