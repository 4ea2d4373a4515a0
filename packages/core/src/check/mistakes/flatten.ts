import type { Tensor } from "../../tensor.js";
import { columnsOf, flattenOrders } from "../layouts.js";
import { at, atLayers, type Mistake } from "./mistake.js";
import { mappedByIndex, picked, reshaped } from "./tools.js";

export const unflattenOrder: Mistake = {
  name: "unflatten-order",
  why: "The gradient is brought back into the image's shape in another order than flatten wrote it, so that each cell gets another one's.",
  fix: "dx = dy.reshape(x.shape)  # undoes x.reshape(N, -1): the same order= and the same order of dimensions",
  variations: atLayers("flatten", (layer) => {
    const image = layer.resolved.inputShape;
    const orders = flattenOrders(image).map((order) => columnsOf(image, order));
    return orders.flatMap((wrote, i) =>
      orders.flatMap((read, j) =>
        i === j
          ? []
          : [
              at(layer.inputGradients[0], (_, right) => {
                const g = right();
                const size = g.data.length / g.shape[0];
                const result = new Float64Array(g.data.length);
                for (let n = 0; n < g.shape[0]; n++) {
                  for (let k = 0; k < size; k++) {
                    result[n * size + (read ? read[k] : k)] = g.data[n * size + (wrote ? wrote[k] : k)];
                  }
                }
                return { shape: g.shape, data: result };
              }),
            ],
      ),
    );
  }),
};

/** The numbers of a [N, K] array, read as if they were [K, N], and the other way round. */
function mixes(t: Tensor): Tensor[] {
  const N = t.shape[0];
  const K = t.data.length / N;
  const flat = reshaped(t, [N, K]);
  const data = (f: (n: number, k: number) => number) =>
    mappedByIndex(flat, (_, [n, k]) => flat.data[f(n, k)]).data;
  return [
    { shape: t.shape, data: data((n, k) => k * N + n) },
    { shape: t.shape, data: data((n, k) => ((n * K + k) % N) * K + Math.floor((n * K + k) / N)) },
  ];
}

export const flattenMixesImages: Mistake = {
  name: "flatten-mixes-images",
  why: "The reshape starts from another order of the dimensions than the array has, so that the rows hold cells of different images.",
  fix: "flat = x.reshape(N, -1)  # the batch first; for columns: x.reshape(N, -1).T, not x.reshape(-1, N)",
  variations: atLayers("flatten", (layer, { images }) => {
    if (images === 1) return [];
    const image = layer.resolved.inputShape;
    const channelsLast = (t: Tensor): Tensor => {
      const [C, H, W] = image;
      const four = reshaped(t, [images, C, H, W]);
      const moved = picked(four, [images, H, W, C], ([n, p, q, c]) => [n, c, p, q]);
      const [mixed] = mixes(moved);
      const back = picked(reshaped(mixed, [images, H, W, C]), [images, C, H, W], ([n, c, p, q]) => [
        n,
        p,
        q,
        c,
      ]);
      return { shape: t.shape, data: back.data };
    };
    return [layer.output, layer.inputGradients[0]].flatMap((name) => [
      at(name, (_, right) => mixes(right())[0]),
      at(name, (_, right) => mixes(right())[1]),
      at(name, (_, right) => channelsLast(right())),
    ]);
  }),
};
