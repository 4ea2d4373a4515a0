export type Point = readonly [x: number, y: number];

/**
 * A line of which there are never more points than a screen can show, however long a training takes: the first ones stay as
 * they are, because most happens there; of the later ones more and more make one point, their mean.
 */
export class Curve {
  #points: Point[];
  /** So many of what is added make one point. */
  #each = 1;
  #waiting: Point[] = [];
  static readonly FIRST = 100;
  static readonly MOST = 400;

  constructor(points: readonly Point[] = []) {
    this.#points = [...points];
  }

  /** The last one may be the mean of fewer than those before it. */
  get points(): readonly Point[] {
    return this.#waiting.length === 0 ? this.#points : [...this.#points, meanOf(this.#waiting)];
  }

  add(x: number, y: number): void {
    if (!Number.isFinite(y)) return;
    this.#waiting.push([x, y]);
    if (this.#waiting.length < this.#each) return;
    this.#points.push(meanOf(this.#waiting));
    this.#waiting = [];
    if (this.#points.length < Curve.MOST) return;
    const later = this.#points.splice(Curve.FIRST);
    for (let k = 0; k + 1 < later.length; k += 2) this.#points.push(meanOf(later.slice(k, k + 2)));
    this.#each *= 2;
  }
}

function meanOf(points: readonly Point[]): Point {
  const mean = (axis: 0 | 1) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  return [mean(0), mean(1)];
}
