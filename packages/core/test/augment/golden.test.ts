import { expect, test } from "vitest";
import { createAugmenter } from "../../src/augment/augmenter.js";
import type { Augmentation } from "../../src/augment/options.js";
import { isWarped } from "../../src/augment/warp.js";
import type { ImageShape } from "../../src/tensor.js";
import { readGolden } from "../support/goldenFile.js";

/*
 * The draws again, in Python, and PyTorch's own padding, mirroring and mixing of pixels: the same bytes, but where pixels are mixed,
 * whose weights here have ten binary digits, a grey level at most.
 */

interface About {
  readonly cases: readonly { readonly augment: Augmentation; readonly image: string }[];
  readonly places: readonly {
    readonly seed: number;
    readonly epoch: number;
    readonly index: number;
    readonly copy: number;
  }[];
}

const { about, tensors } = readGolden<About>("augment");

test.each(about.cases.map(({ augment, image }, k) => [JSON.stringify(augment), augment, image, k] as const))(
  "%s",
  (_, augment, image, k) => {
    const { shape, data } = tensors[image];
    const source = Uint8Array.from(data);
    // a contrast above 1 makes a difference of one level larger
    const most = isWarped(augment) ? 1 + (augment.contrast ?? 0) : 0;
    for (const [p, { seed, ...place }] of about.places.entries()) {
      const target = new Uint8Array(source.length + 2).fill(99);
      createAugmenter(augment, shape as ImageShape, seed)(place, source, 0, target, 1);
      expect([target[0], target[source.length + 1]], "nothing beside it is written").toEqual([99, 99]);
      const wanted = tensors[`${k}.${p}`].data;
      const off = Math.max(...Array.from(wanted, (value, i) => Math.abs(value - target[i + 1])));
      expect(off, `place ${p}`).toBeLessThanOrEqual(most);
      expect(source).toEqual(Uint8Array.from(data));
    }
  },
);

test("each changes at least one of the images", () => {
  for (const [k, { image }] of about.cases.entries()) {
    const changed = about.places.some((_, p) =>
      tensors[`${k}.${p}`].data.some((v, i) => v !== tensors[image].data[i]),
    );
    expect(changed, `case ${k}`).toBe(true);
  }
});
