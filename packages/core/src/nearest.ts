/**
 * The name that was probably meant by an unknown one: the nearest of `names` (the first, among equals), by the number of
 * letters that one has to change, leave out, add or swap. Small and large letters and what joins words (`-`, `_`) don't
 * count. Undefined if none is so near that it may have been meant.
 */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const wanted = plain(name);
  if (wanted.length > LONGEST) return undefined;
  // a third of the letters, and not the whole of a short name
  let bound = Math.min(MOST_MISTAKES, Math.floor((wanted.length + 1) / 3));
  let best: string | undefined;
  for (const candidate of names) {
    const distance = editDistance(wanted, plain(candidate));
    if (distance > bound || (best !== undefined && distance === bound)) continue;
    [best, bound] = [candidate, distance];
  }
  return best;
}

/** What a message adds when there is no such name: ` (did you mean "epochs"?)`, or nothing. */
export function didYouMean(name: unknown, names: readonly string[]): string {
  const meant = typeof name === "string" ? nearest(name, names) : undefined;
  return meant === undefined ? "" : ` (did you mean ${JSON.stringify(meant)}?)`;
}

const MOST_MISTAKES = 3;

/** Longer names aren't compared: no known name is near to them. */
const LONGEST = 64;

const plain = (name: string) => name.toLowerCase().replaceAll(/[-_ ]/g, "");

/** Damerau and Levenshtein's distance, in which no letter takes part in two changes (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  // rows of the table of distances between the first i letters of a and the first j of b
  let twoBefore: number[] = [];
  let before = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = before[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(changed, before[j] + 1, row[j - 1] + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], twoBefore[j - 2] + 1);
    }
    [twoBefore, before] = [before, row];
  }
  return before[b.length];
}
