import { arrow, axes, curve, dot, drawing, outline, placeOf, type Shapes, table, text } from "./svg.js";

/** The numbers of the guide, as its own program computes them. */
export interface GuideNumbers {
  /** Of the step that the guide follows, and of the one with padding and stride: all tensors, by name. */
  readonly step: Readonly<Record<string, readonly number[]>>;
  readonly far: Readonly<Record<string, readonly number[]>>;
  /** The loss after an update with each of these learning rates, and what the slope promises. */
  readonly rates: readonly { readonly rate: number; readonly loss: number; readonly promised: number }[];
  /** The loss on the digits that were seen, and on others, round by round. */
  readonly byHeart: readonly { readonly seen: number; readonly unseen: number }[];
}

/** The pictures of docs/guide/pictures, by file name. */
export const guidePictures: Readonly<Record<string, (numbers: GuideNumbers) => string>> = {
  "there-and-back": ({ step }) => {
    const rows: readonly [string, string, number][] = [
      ["there", "", 56],
      ["and back: gradients", "grad.", 236],
    ];
    const shapes = rows.flatMap(([words, prefix, y]): Shapes => {
      const of = (name: string) => step[prefix + name];
      const arrows = [158, 322, 486, 598].flatMap((x) =>
        prefix === "" ? arrow(x, y + 60, x + 24, y + 60) : arrow(x + 24, y + 60, x, y + 60),
      );
      return [
        text(16, y - 28, words, "quiet head"),
        ...table({
          x: 20,
          y,
          cell: 22,
          values: of("x"),
          columns: 6,
          name: "x",
          digits: 1,
          ...(prefix === "" && { colours: "grey" }),
        }),
        ...table({ x: 192, y, cell: 31, values: of("conv1.out"), columns: 4, name: "conv1.out", digits: 2 }),
        ...table({ x: 356, y, cell: 31, values: of("relu1.out"), columns: 4, name: "relu1.out", digits: 2 }),
        ...table({
          x: 520,
          y: y + 20,
          cell: 36,
          values: of("pool1.out"),
          columns: 2,
          name: "pool1.out",
          digits: 2,
        }),
        ...table({
          x: 634,
          y: y + 20,
          cell: 40,
          values: of("fc1.out"),
          columns: 1,
          name: "fc1.out",
          digits: 2,
        }),
        ...arrows,
      ];
    });
    return drawing(
      720,
      400,
      "Above, the picture goes through convolution, ReLU, max-pool and dense layer; below, the gradients come back through the same layers",
      shapes,
    );
  },

  convolution: ({ step }) => {
    const picture = { x: 20, y: 40, cell: 34 };
    const map = { x: 560, y: 74, cell: 34 };
    const kernel = step["conv1.weight"];
    const under = [0, 1, 2].flatMap((u) => [1, 2, 3].map((v) => step.x[6 * u + v]));
    return drawing(
      720,
      262,
      "The kernel lies on nine pixels; nine products and the bias make 1.8, the second number of the feature map",
      [
        ...table({ ...picture, values: step.x, columns: 6, name: "the picture", colours: "grey" }),
        outline(picture, 0, 1, 3),
        text(240, 95, "×", "ink head"),
        ...table({ x: 262, y: 40, cell: 34, values: kernel, columns: 3, name: "the kernel" }),
        text(376, 95, "=", "ink head"),
        ...table({
          x: 400,
          y: 40,
          cell: 38,
          values: kernel.map((weight, k) => weight * under[k]),
          columns: 3,
          name: "nine products",
        }),
        text(457, 182, "together 2.3,", "quiet middle"),
        text(457, 200, "and the bias -0.5", "quiet middle"),
        ...arrow(522, 92, 552, 92),
        ...table({ ...map, values: step["conv1.out"], columns: 4, name: "the feature map" }),
        outline(map, 0, 1),
      ],
    );
  },

  "relu-and-pool": ({ step }) => {
    const map = { x: 250, y: 40, cell: 40 };
    const winners = [
      [0, 1],
      [0, 2],
      [3, 0],
      [2, 2],
    ];
    return drawing(
      720,
      224,
      "What is below zero becomes zero; of each square of four the largest number goes on",
      [
        ...table({ x: 20, y: 40, cell: 40, values: step["conv1.out"], columns: 4, name: "conv1.out" }),
        ...arrow(192, 120, 238, 120, "ReLU"),
        ...table({ ...map, values: step["relu1.out"], columns: 4, name: "relu1.out" }),
        ...[0, 2].flatMap((row) => [0, 2].map((column) => outline(map, row, column, 2, 2, "line"))),
        ...winners.map(([row, column]) => outline(map, row, column)),
        ...arrow(422, 120, 478, 120, "max-pool"),
        ...table({ x: 490, y: 80, cell: 40, values: step["pool1.out"], columns: 2, name: "pool1.out" }),
        text(588, 112, "outlined: the four", "quiet small"),
        text(588, 128, "that go on", "quiet small"),
      ],
    );
  },

  loss: ({ step }) => {
    const of = { left: 60, right: 560, top: 44, bottom: 236, x: [0, 1], y: [0, 5] } as const;
    const points = Array.from({ length: 200 }, (_, k) => 0.007 + (k / 199) * 0.993);
    const p = step.probs[1];
    const [x, y] = placeOf(of, [p, -Math.log(p)]);
    return drawing(
      600,
      286,
      "The loss falls from very large, where the right class got almost nothing, to zero, where it got everything",
      [
        ...axes(of, [0, 0.25, 0.5, 0.75, 1], [0, 1, 2, 3, 4, 5], "what the right class got", "the loss"),
        curve(
          of,
          points.map((at) => [at, -Math.log(at)] as const),
          "one",
        ),
        dot(of, [p, -Math.log(p)], "first"),
        text(x + 12, y - 8, `ours: ${p.toFixed(4)}, and a loss of ${(-Math.log(p)).toFixed(4)}`, "ink"),
      ],
    );
  },

  "pool-and-relu-backward": ({ step }) => {
    const relu = { x: 230, y: 40, cell: 46 };
    const conv = { x: 516, y: 40, cell: 46 };
    const shut = step["conv1.out"].flatMap((value, k) => (value > 0 ? [] : [k]));
    return drawing(
      720,
      262,
      "The pool hands each gradient to the cell that had won; the ReLU lets it pass where the number that came in was above zero",
      [
        ...table({
          x: 20,
          y: 86,
          cell: 46,
          values: step["grad.pool1.out"],
          columns: 2,
          name: "grad.pool1.out",
        }),
        ...arrow(130, 132, 216, 132, "to the winners"),
        ...table({ ...relu, values: step["grad.relu1.out"], columns: 4, name: "grad.relu1.out" }),
        ...[0, 2].flatMap((row) => [0, 2].map((column) => outline(relu, row, column, 2, 2, "line"))),
        ...arrow(426, 132, 504, 132, "where open"),
        ...table({ ...conv, values: step["grad.conv1.out"], columns: 4, name: "grad.conv1.out" }),
        ...shut.map((k) => {
          const [left, top] = [conv.x + (k % 4) * 46 + 4, conv.y + Math.floor(k / 4) * 46 + 4];
          return `<path d="M${left} ${top + 38}L${left + 38} ${top}" class="line" stroke-opacity="0.5"/>`;
        }),
        text(608, 246, "crossed out: shut", "quiet small middle"),
      ],
    );
  },

  stamping: ({ step }) => {
    const gradient = { x: 20, y: 86, cell: 46 };
    const input = { x: 440, y: 40, cell: 46 };
    const looks = ["mark", "two", "line"];
    const places = [
      [0, 1],
      [0, 2],
      [3, 0],
    ];
    return drawing(
      740,
      330,
      "Each gradient that isn't zero stamps the kernel on the picture, times itself; where stamps overlap, they add",
      [
        ...table({ ...gradient, values: step["grad.conv1.out"], columns: 4, name: "grad.conv1.out" }),
        ...places.map(([row, column], k) => outline(gradient, row, column, 1, 1, looks[k])),
        text(226, 110, "times", "quiet"),
        ...table({
          x: 270,
          y: 60,
          cell: 34,
          values: step["conv1.weight"],
          columns: 3,
          name: "the kernel, as it is",
        }),
        ...arrow(384, 132, 426, 132),
        ...table({ ...input, values: step["grad.x"], columns: 6, name: "grad.x" }),
        ...places.map(([row, column], k) => outline(input, row, column, 3, 3, looks[k])),
      ],
    );
  },

  update: ({ rates }) => {
    const of = { left: 60, right: 560, top: 44, bottom: 246, x: [0, 0.5], y: [0, 1.4] } as const;
    const promised = rates.filter(({ promised }) => promised >= 0);
    const at = rates.find(({ rate }) => rate === 0.1);
    const after = at ? placeOf(of, [at.rate, at.loss]) : [0, 0];
    const end = placeOf(of, [promised[promised.length - 1].rate, promised[promised.length - 1].promised]);
    const far = placeOf(of, [rates[rates.length - 1].rate, rates[rates.length - 1].loss]);
    return drawing(
      600,
      296,
      "The loss after one step, against the learning rate: it follows the straight line of its slope only at first",
      [
        ...axes(of, [0, 0.1, 0.2, 0.3, 0.4, 0.5], [0, 0.5, 1], "learning rate", "the loss after the step"),
        curve(
          of,
          promised.map(({ rate, promised }) => [rate, promised] as const),
          "two",
        ),
        curve(
          of,
          rates.map(({ rate, loss }) => [rate, loss] as const),
          "one",
        ),
        ...(at
          ? [
              dot(of, [0.1, at.loss], "first"),
              text(after[0] + 10, after[1] - 6, `our step: ${at.loss.toFixed(4)}`, "ink"),
            ]
          : []),
        text(end[0] + 8, end[1] + 12, "what the slope promised", "second small"),
        text(far[0], far[1] - 10, "what came", "first small end"),
      ],
    );
  },

  "padding-and-stride": ({ step, far }) => {
    const padded = Array.from({ length: 64 }, (_, k) => {
      const [row, column] = [Math.floor(k / 8) - 1, (k % 8) - 1];
      return row < 0 || row > 5 || column < 0 || column > 5 ? 0 : step.x[6 * row + column];
    });
    const border = { x: 20, y: 40, cell: 32 };
    const map = { x: 470, y: 92, cell: 46 };
    return drawing(
      720,
      330,
      "The picture with its border of zeros: the kernel lies at rows and columns 0, 2 and 4, and the border's last row and column are never reached",
      [
        ...table({
          ...border,
          values: padded,
          columns: 8,
          name: "the picture and its border",
          colours: "grey",
        }),
        outline(border, 1, 1, 6, 6, "line"),
        outline(border, 0, 0, 3),
        outline(border, 0, 2, 3, 3, "two"),
        ...arrow(292, 161, 450, 161, "the same kernel,"),
        text(371, 178, "two pixels further each time", "quiet small middle"),
        ...table({ ...map, values: far["conv1.out"], columns: 3, name: "conv1.out" }),
        outline(map, 0, 0),
        outline(map, 0, 1, 1, 1, "two"),
        text(148, 316, "never reached: the last row and column", "quiet small middle"),
      ],
    );
  },

  overfitting: ({ byHeart }) => {
    const of = { left: 60, right: 440, top: 44, bottom: 246, x: [1, byHeart.length], y: [0, 8] } as const;
    const rounds = byHeart.map((_, k) => k + 1);
    const last = byHeart.length;
    const [seen, unseen] = (["seen", "unseen"] as const).map((kind) =>
      byHeart.map((round, k) => [k + 1, round[kind]] as const),
    );
    const [x, top] = placeOf(of, unseen[last - 1]);
    return drawing(
      600,
      296,
      "The loss on the digits that were seen falls to zero; the loss on others rises from the first round on",
      [
        ...axes(of, rounds, [0, 2, 4, 6, 8], "round", "loss"),
        curve(of, unseen, "one"),
        curve(of, seen, "two"),
        text(x + 8, top + 4, "500 others", "first"),
        text(x + 8, placeOf(of, seen[last - 1])[1] - 4, "the 60 that it sees", "second"),
      ],
    );
  },
};
