/** What needs Node: files, folders, archives, threads. */

export { BrokenPicturesError } from "./broken.js";
export { decodePicture } from "./decode.js";
export { holdsPictures } from "./holdsPictures.js";
export { type ImageFolderOptions, imageFolder, labelledImages } from "./imageFolder.js";
export type { ImageFolder } from "./pictureData.js";
export type { PixelData } from "./pixelTables.js";
