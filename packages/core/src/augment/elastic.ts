import { PLACES, symmetric } from "./dice.js";

/** Meshes across the shorter side of an image: bends are about a quarter of it wide. */
const MESHES = 4;

/** How far each place of an image is moved, in pixels: a smooth net whose knots are drawn. */
export interface ElasticField {
  /** Draws the knots for an image. */
  draw(key: number): void;
  /** Moves the places of a row, whose pixels have a width of `one`. */
  bend(y: number, us: Int32Array, vs: Int32Array, one: number): void;
}

/**
 * Knots are moved by up to `amount` pixels across and down; what lies between them follows as a uniform cubic B-spline, which is a
 * mean of the sixteen knots around it: so nothing is moved by more.
 */
export function elasticField(amount: number, height: number, width: number): ElasticField {
  const mesh = Math.max(1, Math.min(height, width) / MESHES);
  const across = splineOf(width, mesh);
  const down = splineOf(height, mesh);
  const knots = across.knots * down.knots;
  const moves = [new Float64Array(knots), new Float64Array(knots)];
  /** Of the present row, at each column of knots. */
  const rows = [new Float64Array(across.knots), new Float64Array(across.knots)];
  return {
    draw: (key) => {
      for (let k = 0; k < knots; k++) {
        moves[0][k] = amount * symmetric(key, PLACES.elastic + 2 * k);
        moves[1][k] = amount * symmetric(key, PLACES.elastic + 2 * k + 1);
      }
    },
    bend: (y, us, vs, one) => {
      for (const [axis, places] of [us, vs].entries()) {
        const row = rows[axis];
        row.fill(0);
        for (let k = 0; k < 4; k++) {
          const weight = one * down.weights[4 * y + k];
          const start = (down.first[y] + k) * across.knots;
          for (let column = 0; column < across.knots; column++)
            row[column] += weight * moves[axis][start + column];
        }
        for (let x = 0; x < width; x++) {
          const first = across.first[x];
          const moved =
            across.weights[4 * x] * row[first] +
            across.weights[4 * x + 1] * row[first + 1] +
            across.weights[4 * x + 2] * row[first + 2] +
            across.weights[4 * x + 3] * row[first + 3];
          places[x] += moved | 0;
        }
      }
    },
  };
}

/** For each pixel of an axis the first of the four knots around it, and their weights. */
function splineOf(size: number, mesh: number) {
  const first = new Int32Array(size);
  const weights = new Float64Array(4 * size);
  for (let x = 0; x < size; x++) {
    const place = x / mesh;
    first[x] = Math.floor(place);
    const t = place - first[x];
    const s = 1 - t;
    weights[4 * x] = (s * s * s) / 6;
    weights[4 * x + 1] = (3 * t * t * t - 6 * t * t + 4) / 6;
    weights[4 * x + 2] = (3 * s * s * s - 6 * s * s + 4) / 6;
    weights[4 * x + 3] = (t * t * t) / 6;
  }
  return { first, weights, knots: first[size - 1] + 4 };
}
