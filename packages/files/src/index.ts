/** What runs in Node and in browsers. */

export {
  type ImagesFromFilesOptions,
  imagesFromFiles,
  type LabelledPicture,
  type PageImages,
} from "./browser/imagesFromFiles.js";
export { type GivenFile, type LabelledFiles, labelledFiles } from "./browser/labelledFiles.js";
export { type PagePicture, pixelsOf } from "./browser/pixelsOf.js";
export type {
  ExportedFile,
  ExportFormat,
  ExportOptions,
  MeasuredAccuracy,
  WeightKind,
} from "./export/format.js";
export { exportFormats, exportModel } from "./export/index.js";
export { withWeights } from "./export/js/pack.js";
export type { ImportedFile, ImportedModel, ImportFormat, ImportOptions } from "./import/format.js";
export { importFormats, importModel } from "./import/index.js";
export { normalizationOf } from "./layout/statistics.js";
export { type Suspicions, suspicionsOf } from "./layout/suspicions.js";
export { decodeGif } from "./pictures/gif.js";
export { type KnownKind, kindOf, type PictureKind } from "./pictures/kind.js";
export { decodePng } from "./pictures/png.js";
