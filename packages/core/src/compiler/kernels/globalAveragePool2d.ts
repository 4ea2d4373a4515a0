import { add, at, constant, type LoopNest, load, loopNest, mul, PARALLEL } from "../../ir/ir.js";
import { BLOCK, grid, HALVES, tilesOf, type View } from "../block.js";

/** So many channels are summed at the same time, so that no addition waits for the one before it. */
const CHANNELS = 4;

/** The mean of each channel of `x` [C, H, W], into `y` [C, 1, 1]. */
export function averagePlanes(name: string, x: View, y: View): LoopNest {
  const [C, H, W] = x.shape;
  return loopNest(name, (b) => {
    for (const { first, count, size } of tilesOf(C, CHANNELS)) {
      b.loop(
        "c",
        count,
        (c) => {
          const sums = grid(b, size, HALVES.length, () => constant(0));
          b.loop("p", H, (p) =>
            b.loop("q", W, (q) =>
              sums.forEach((halves, k) => {
                const start = x.start + (first + k) * x.plane;
                halves.forEach((sum, h) => {
                  const place = at(x.buffer, start + HALVES[h], [c, size * x.plane], [p, x.row], [q, BLOCK]);
                  sum.set(add(sum, load(place)));
                });
              }),
            ),
          );
          sums.forEach((halves, k) => {
            const start = y.start + (first + k) * y.plane;
            halves.forEach((sum, h) => {
              b.store(at(y.buffer, start + HALVES[h], [c, size * y.plane]), mul(sum, constant(1 / (H * W))));
            });
          });
        },
        PARALLEL,
      );
    }
  });
}

/** The gradient of each mean, in equal shares, into all cells of its channel. */
export function spreadOverPlanes(name: string, dy: View, dx: View): LoopNest {
  const [C, H, W] = dx.shape;
  return loopNest(name, (b) =>
    b.loop(
      "c",
      C,
      (c) => {
        const shares = HALVES.map((half) =>
          b.variable(mul(load(at(dy.buffer, dy.start + half, [c, dy.plane])), constant(1 / (H * W)))),
        );
        b.loop("p", H, (p) =>
          b.loop("q", W, (q) =>
            HALVES.forEach((half, h) => {
              b.store(at(dx.buffer, dx.start + half, [c, dx.plane], [p, dx.row], [q, BLOCK]), shares[h]);
            }),
          ),
        );
      },
      PARALLEL,
    ),
  );
}
