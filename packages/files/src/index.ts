/** What runs in Node and in browsers. */

export {
  type ImagesFromFilesOptions,
  imagesFromFiles,
  type LabelledPicture,
  type PageImages,
  type PagePicture,
} from "./browser/imagesFromFiles.js";
export { type Suspicions, suspicionsOf } from "./layout/suspicions.js";
export { decodeGif } from "./pictures/gif.js";
export { type KnownKind, kindOf, type PictureKind } from "./pictures/kind.js";
export { decodePng } from "./pictures/png.js";
