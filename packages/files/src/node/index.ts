/** What needs Node: files, folders, archives, threads. */

export { decodePicture } from "./decode.js";
