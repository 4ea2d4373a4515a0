/** So many pictures of a class are shown at a time. */
export const SHOWN = 60;

/** A place among classes and pictures: of a class, 0 its name, from 1 on its pictures. */
export interface Place {
  readonly row: number;
  readonly at: number;
}

/** How keys move among places. @param counts how many pictures each class has */
export function moved(key: string, { row, at }: Place, counts: readonly number[]): Place | undefined {
  const inRow = (next: number): Place => ({ row: next, at: Math.min(at, counts[next]) });
  switch (key) {
    case "ArrowUp":
      return row > 0 ? inRow(row - 1) : undefined;
    case "ArrowDown":
      return row < counts.length - 1 ? inRow(row + 1) : undefined;
    case "ArrowLeft":
      return at > 0 ? { row, at: at - 1 } : undefined;
    case "ArrowRight":
      return at < counts[row] ? { row, at: at + 1 } : undefined;
    case "Home":
      return { row, at: Math.min(1, counts[row]) };
    case "End":
      return { row, at: counts[row] };
    default:
      return undefined;
  }
}

/** The first picture that is shown so that the one at this place (from 1 on) is. */
export function pageOf(first: number, at: number): number {
  return at === 0 || (at > first && at <= first + SHOWN) ? first : Math.floor((at - 1) / SHOWN) * SHOWN;
}
