/**
 * The first key that stands twice in one object of a JSON text, which JSON.parse lets pass.
 * @param text valid JSON
 */
export function duplicateKey(text: string): string | undefined {
  // One set of keys for each object that is open, undefined for each array.
  const open: (Set<string> | undefined)[] = [];
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (/^\s*:/.test(text.slice(index + token.length, index + token.length + 64))) {
      const keys = open[open.length - 1];
      const key: string = JSON.parse(token);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}
