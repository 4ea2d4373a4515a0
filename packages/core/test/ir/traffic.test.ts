import { expect, test } from "vitest";
import { at, type Buffer, from, load, loopNest, madd, splat } from "../../src/ir/ir.js";
import { bytesMovedBy } from "../../src/ir/traffic.js";

const buffer = (name: string, size: number, bytes = false): Buffer => ({
  ...{ name, region: "shared", offset: 0, size, bytes },
});

const [a, b, c] = [buffer("a", 4096), buffer("b", 4096), buffer("c", 4096)];

test("a copy moves each number twice: in and out", () => {
  const nest = loopNest("copy", (k) =>
    k.loop("n", 100, (n) => k.store(at(b, 0, [n, 4]), load(at(a, 0, [n, 4])))),
  );
  expect(bytesMovedBy(nest.body)).toBe(2 * 16 * 100);
});

test("what is read again counts once, also by another access", () => {
  // b[i] += a[i + j] * c[j]: windows that overlap, and weights that are the same for all
  const nest = loopNest("windows", (k) =>
    k.loop("i", 50, (i) => {
      const sum = k.variable(load(at(b, 0, [i, 4])));
      k.loop("j", 3, (j) => sum.set(madd(load(at(a, 0, [i, 4], [j, 4])), splat(at(c, 7, [j, 1])), sum)));
      sum.set(madd(load(at(a, 12, [i, 4])), splat(at(c, 10)), sum));
      k.store(at(b, 0, [i, 4]), sum);
    }),
  );
  const [windows, weights, sums] = [4 * (50 + 3), 4, 4 * 50];
  expect(bytesMovedBy(nest.body)).toBe(4 * (windows + weights + 2 * sums));
});

test("rows that lie apart count without what lies between them", () => {
  const nest = loopNest("rows", (k) =>
    k.loop("row", 4, (row) =>
      k.loop("n", 5, (n) => k.store(at(b, 0, [row, 20], [n, 4]), load(at(a, 0, [row, 1000], [n, 4])))),
    ),
  );
  expect(bytesMovedBy(nest.body)).toBe(2 * 4 * 4 * 20);
});

test("behind a pointer there is another place in each round, but not more than there is; bytes are bytes", () => {
  const images = buffer("images", 300, true);
  const gather = (rounds: number) =>
    loopNest("gather", (k) =>
      k.loop("image", rounds, (image) => {
        const pointer = k.point(at(images, 0), at(c, 0, [image, 1]));
        k.loop("pixel", 5, (pixel) => {
          const places = [0, 1, 2, 3].map((lane) => from(images, pointer, lane, [pixel, 4]));
          k.store(at(b, 0, [image, 20], [pixel, 4]), { kind: "bytes", addresses: places });
        });
      }),
    );
  expect(bytesMovedBy(gather(10).body)).toBe(10 * 20 + 4 * 10 + 4 * 10 * 20);
  expect(bytesMovedBy(gather(100).body)).toBe(300 + 4 * 100 + 4 * 100 * 20);
});
