import { wholeInput } from "unravel-cnn";
import { creator } from "../create.js";

/** For other models: the whole picture, its aspect kept. It refuses those that take neither 1 nor 3 channels. */
export default creator((picture, { inputShape }) => wholeInput(picture, inputShape));
