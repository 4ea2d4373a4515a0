import type { Normalization } from "../../graph/model.js";
import {
  at,
  type Buffer,
  constant,
  div,
  type Expression,
  type LoopNest,
  loopNest,
  PARALLEL,
  sub,
} from "../../ir/ir.js";
import { BLOCK, HALVES, type View } from "../block.js";

/** Scales a block of images, `[BLOCK, C, H, W]` bytes, as data/batch.ts does, and makes the images innermost. */
export function loadImages(name: string, bytes: Buffer, x: View, { mean, std }: Normalization): LoopNest {
  const [C, H, W] = x.shape;
  return loopNest(name, (b) => {
    for (const { first, count } of runsOfEqual(C, (c) => `${mean[c]} ${std[c]}`)) {
      b.loop("c", count, (c) =>
        b.loop("p", H, (p) =>
          b.loop("q", W, (q) => {
            for (const half of HALVES) {
              const addresses = [0, 1, 2, 3].map((lane) =>
                at(bytes, ((half + lane) * C + first) * H * W, [c, H * W], [p, W], [q, 1]),
              );
              let value: Expression = div({ kind: "bytes", addresses }, constant(255));
              if (mean[first] !== 0) value = sub(value, constant(mean[first]));
              if (std[first] !== 1) value = div(value, constant(std[first]));
              const place = x.start + first * x.plane + half;
              b.store(at(x.buffer, place, [c, x.plane], [p, x.row], [q, BLOCK]), value);
            }
          }),
        ),
      );
    }
  });
}

/** The channels 0 to C - 1 in runs that have the same key. */
function runsOfEqual(C: number, keyOf: (c: number) => string): { first: number; count: number }[] {
  const runs: { first: number; count: number }[] = [];
  for (let c = 0; c < C; c++) {
    const run = runs.at(-1);
    if (run && keyOf(run.first) === keyOf(c)) run.count += 1;
    else runs.push({ first: c, count: 1 });
  }
  return runs;
}

/** Sets all of a view, border included, to zero, or to another number. */
export function clear(name: string, { buffer }: View, value = 0): LoopNest {
  return loopNest(name, (b) =>
    b.loop("k", buffer.size / 4, (k) => b.store(at(buffer, 0, [k, 4]), constant(value)), PARALLEL),
  );
}
