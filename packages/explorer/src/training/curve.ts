type Point = readonly [x: number, y: number];

/** A line of which there are never more points than a screen can show, however long a training takes. */
export class Curve {
  #points: Point[];
  /** So many of what is added make one point: its mean. */
  #each = 1;
  #waiting: Point[] = [];
  static readonly MOST = 400;

  constructor(points: readonly Point[] = []) {
    this.#points = [...points];
  }

  get points(): readonly Point[] {
    return this.#points;
  }

  add(x: number, y: number): void {
    if (!Number.isFinite(y)) return;
    this.#waiting.push([x, y]);
    if (this.#waiting.length < this.#each) return;
    this.#points.push(meanOf(this.#waiting));
    this.#waiting = [];
    if (this.#points.length < Curve.MOST) return;
    const pairs = this.#points;
    this.#points = [];
    for (let k = 0; k + 1 < pairs.length; k += 2) this.#points.push(meanOf(pairs.slice(k, k + 2)));
    this.#each *= 2;
  }
}

function meanOf(points: readonly Point[]): Point {
  const mean = (axis: 0 | 1) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  return [mean(0), mean(1)];
}
