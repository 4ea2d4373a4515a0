import { maskOf, piecesOf, withoutHoles } from "./pieces.js";
import { atLeast, type Box, count, heightOf, type Mask, type Plane, widthOf } from "./plane.js";
import { shrunk } from "./windows.js";

/*
 * A sheet of paper on a desk, or what a frame at the border leaves open: seen from the border it is "ink", but it is a large
 * filled rectangle (turned, or seen from aside), whose holes are what is drawn.
 */

/** A smaller share of what is looked at is no sheet. */
const LEAST_AREA = 0.1;
/** How much of its convex hull and of the smallest rectangle around it a sheet fills. */
const LEAST_OF_HULL = 0.9;
const LEAST_OF_RECTANGLE = 0.84;
/** How much of a sheet is paper: more than of a nought whose ring is broad. */
const LEAST_PAPER = 0.7;
/** What is left out along the sheet's edge, as a share of its side. */
const EDGE = 0.015;

/**
 * Marks the inside of a sheet.
 * @param ink 0 is what the border shows, 1 what differs from it most
 * @param threshold what is at least that may be the sheet
 * @returns undefined if there is none
 */
export function sheetIn(ink: Plane, threshold: number, seen: Mask): Mask | undefined {
  const { width, height, data } = ink;
  if (Math.min(width, height) < 48) return undefined;
  const marked = atLeast(ink, threshold, seen);
  const area = count(seen);
  const large = piecesOf(ink, marked).sort((a, b) => b.pixels.length - a.pixels.length)[0];
  if (large === undefined || large.pixels.length < LEAST_PAPER * LEAST_AREA * area) return undefined;
  const own = maskOf([large], data.length);
  const filled = withoutHoles(own, width);
  const size = count(filled);
  if (size < LEAST_AREA * area || large.pixels.length < LEAST_PAPER * size) return undefined;
  const hull = hullOf(filled, width, large);
  if (size < LEAST_OF_HULL * areaOf(hull) || size < LEAST_OF_RECTANGLE * rectangleAround(hull))
    return undefined;
  const rim = 1 + Math.ceil(EDGE * Math.min(widthOf(large), heightOf(large)));
  const inside = cutAtBorder(shrunk(filled, width, rim), width, rim);
  return count(inside) > 0 ? inside : undefined;
}

/** `shrunk` takes what lies outside of the picture for more of the same; a sheet that ends there ends with its edge, too. */
function cutAtBorder(mask: Mask, width: number, rim: number): Mask {
  const height = mask.length / width;
  return mask.map((value, k) => {
    const x = k % width;
    const y = (k - x) / width;
    return x < rim || y < rim || x >= width - rim || y >= height - rim ? 0 : value;
  });
}

type Point = readonly [number, number];

/** The convex hull, its corners in turn (A. Andrew, 1979). */
function hullOf(mask: Mask, width: number, { top, bottom }: Box): Point[] {
  const points: Point[] = [];
  for (let y = top; y < bottom; y++) {
    const row = mask.subarray(y * width, (y + 1) * width);
    const [left, right] = [row.indexOf(1), row.lastIndexOf(1) + 1];
    points.push([left, y], [right, y], [left, y + 1], [right, y + 1]);
  }
  points.sort(([ax, ay], [bx, by]) => ax - bx || ay - by);
  const half = (ordered: readonly Point[]) => {
    const chain: Point[] = [];
    for (const point of ordered) {
      while (chain.length > 1 && turn(chain[chain.length - 2], chain[chain.length - 1], point) <= 0)
        chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(points), ...half([...points].reverse())];
}

function turn([ax, ay]: Point, [bx, by]: Point, [cx, cy]: Point): number {
  return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
}

function areaOf(corners: readonly Point[]): number {
  let sum = 0;
  for (const [k, [x, y]] of corners.entries()) {
    const [nx, ny] = corners[(k + 1) % corners.length];
    sum += x * ny - nx * y;
  }
  return Math.abs(sum) / 2;
}

/** The area of the smallest rectangle around a convex polygon: one of its sides lies on one of the polygon's. */
function rectangleAround(corners: readonly Point[]): number {
  let least = Infinity;
  for (const [k, [x, y]] of corners.entries()) {
    const [nx, ny] = corners[(k + 1) % corners.length];
    const length = Math.sqrt((nx - x) * (nx - x) + (ny - y) * (ny - y));
    if (length === 0) continue;
    const [ux, uy] = [(nx - x) / length, (ny - y) / length];
    const along = corners.map(([px, py]) => px * ux + py * uy);
    const across = corners.map(([px, py]) => py * ux - px * uy);
    const area = (Math.max(...along) - Math.min(...along)) * (Math.max(...across) - Math.min(...across));
    if (area < least) least = area;
  }
  return least;
}
