/** As many values as a model of ten thousand layers and 65,536 classes has, several times over. */
const MOST_VALUES = 2 ** 20;

/**
 * Whether a text has more values than any file of a model: as JSON, a few bytes can take a hundred. Any text may be given, also
 * one that isn't JSON.
 */
export function hasTooManyValues(text: string): boolean {
  let values = 0;
  for (let i = 0; i < text.length; i++) {
    const token = text[i];
    if (token === "{" || token === "[" || token === ",") {
      if (++values > MOST_VALUES) return true;
    } else if (token === '"') i = endOfString(text, i) - 1;
  }
  return false;
}

/**
 * The first key that stands twice in one object of a JSON text, which JSON.parse lets pass.
 * @param text valid JSON
 */
export function duplicateKey(text: string): string | undefined {
  // One set of keys for each object that is open, undefined for each array.
  const open: (Set<string> | undefined)[] = [];
  for (let i = 0; i < text.length; i++) {
    const token = text[i];
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (token === '"') {
      const end = endOfString(text, i);
      if (isFollowedByColon(text, end)) {
        const keys = open[open.length - 1];
        const key: string = JSON.parse(text.slice(i, end));
        if (keys?.has(key)) return key;
        keys?.add(key);
      }
      i = end - 1;
    }
  }
  return undefined;
}

/** Where the string that begins at `begin` is over. */
function endOfString(text: string, begin: number): number {
  let i = begin + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
  return i + 1;
}

function isFollowedByColon(text: string, from: number): boolean {
  let i = from;
  while (" \t\n\r".includes(text[i])) i++;
  return text[i] === ":";
}
