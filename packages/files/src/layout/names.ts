/*
 * Names of files as people have them: which are pictures, which are a system's own, and how a name stands in a message.
 */

/** Names that a picture's file ends in, as far as they can be read, or would be taken for pictures by whoever put them there. */
const PICTURES =
  /\.(png|jpe?g|jpe|jfif|pjpeg|webp|gif|bmp|dib|tiff?|avif|heic|heif|svg|ico|jxl|jp2|psd|tga|p[bgnp]m|cr2|nef|arw|dng)$/i;

/** What systems put beside other files. */
const SYSTEM =
  /^(thumbs\.db|ehthumbs\.db|desktop\.ini|icon\r|__macosx|@eadir|\$recycle\.bin|system volume information)$/i;

/** Whether the name is that of a picture, or has no ending: then its bytes say whether it is one. */
export function mayBePicture(path: string): boolean {
  return PICTURES.test(path) || !baseName(path).includes(".");
}

/** Whether a file would be taken for a picture by its name, so that it is a fault if it is none. */
export function isCalledPicture(path: string): boolean {
  return PICTURES.test(path);
}

export function isTable(path: string): boolean {
  return /\.(csv|tsv)$/i.test(path);
}

/** Whether a file or one of its folders is hidden, or a system's own. */
export function isSystems(path: string): boolean {
  return path.split("/").some((part) => part.startsWith(".") || SYSTEM.test(part));
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** `a`, `a and b`, `a, b and 3 more` */
export function listed(names: readonly string[], most = 5): string {
  if (names.length > most) return `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** `1 file was`, `2 files were` */
export function were(count: number, what: string, many = `${what}s`): string {
  return count === 1 ? `1 ${what} was` : `${count.toLocaleString("en-US")} ${many} were`;
}
