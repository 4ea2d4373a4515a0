/** What runs in Node and in browsers. */

export { decodeGif } from "./pictures/gif.js";
export { type KnownKind, kindOf, type PictureKind } from "./pictures/kind.js";
export { decodePng } from "./pictures/png.js";
