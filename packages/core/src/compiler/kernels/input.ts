import type { Normalization } from "../../model.js";
import { BLOCK, HALVES, type View } from "../block.js";
import { at, type Buffer, constant, div, type Expression, type Nest, nest, sub } from "../nest.js";

/** Scales a block of images, `[BLOCK, C, H, W]` bytes, as data/batch.ts does, and makes the images innermost. */
export function loadImages(name: string, bytes: Buffer, x: View, { mean, std }: Normalization): Nest {
  const [C, H, W] = x.shape;
  return nest(name, (b) => {
    for (let c = 0; c < C; c++) {
      b.loop("p", H, (p) =>
        b.loop("q", W, (q) => {
          for (const half of HALVES) {
            const addresses = [0, 1, 2, 3].map((lane) =>
              at(bytes, (half + lane) * C * H * W + c * H * W, [p, W], [q, 1]),
            );
            let value: Expression = div({ kind: "bytes", addresses }, constant(255));
            if (mean[c] !== 0) value = sub(value, constant(mean[c]));
            if (std[c] !== 1) value = div(value, constant(std[c]));
            b.store(at(x.buffer, x.start + c * x.plane + half, [p, x.row], [q, BLOCK]), value);
          }
        }),
      );
    }
  });
}

/** Sets all of a view, border included, to zero. */
export function clear(name: string, view: View): Nest {
  return nest(name, (b) =>
    b.loop("k", view.buffer.size / 4, (k) => b.store(at(view.buffer, 0, [k, 4]), constant(0))),
  );
}
