import { Canvas } from "./canvas.mjs";
import { greyWithAlpha, jpeg, png, png16, pngOfPalette } from "./files.mjs";
import {
  BLACK,
  BLUE,
  boxed,
  lines,
  PAPER,
  PENCIL,
  photograph,
  placed,
  plain,
  shadow,
  sheetOnDesk,
} from "./scenes.mjs";

/*
 * Ways in which a digit comes on a picture. Each style draws with the dice of its own and gives a decoded picture or a file's
 * bytes. `looked` says whether it was looked at while the code was written: what holds only for those is of no use.
 */

/** @type {readonly [string, boolean, (dice: object, strokes: number[][][]) => object][]} name, looked at, drawing */
export const styles = [
  // pens
  ["pen 1 on 28 to 40", true, plain([28, 40], 1)],
  ["pen 2 on 28 to 40", false, plain([28, 40], 2)],
  ["pen 1 on 100 to 280", false, plain([100, 280], 1)],
  ["pen 2 on 280", true, plain(280, 2)],
  ["pen 3 on 500", true, plain(500, 3)],
  ["pen 2 to 3 on 300 to 500", false, plain([300, 500], [2, 3])],
  ["pen 5 on 400", false, plain(400, 5)],
  ["pen 4 on 1,600", true, plain(1600, 4)],
  ["pen 12 on 280", true, plain(280, 12)],
  ["pen 20 on 280", false, plain(280, 20)],
  ["pen 40 on 560", true, plain(560, 40)],
  ["pen 40 on 1,000 to 1,600", false, plain([1000, 1600], 40)],
  ["a small digit on a large sheet", false, plain([600, 900], [4, 7], { share: [0.1, 0.18] })],
  [
    "in the corner",
    true,
    (dice, strokes) => {
      const canvas = new Canvas(400, 300, PAPER);
      const chains = placed(dice, strokes, 150, 150, [0.6, 0.8], 8);
      const [dx, dy] = [dice.chance(0.5) ? 0 : 250, dice.chance(0.5) ? 0 : 150];
      return canvas.strokes(
        chains.map((c) => c.map(([x, y]) => [x + dx, y + dy])),
        dice.between(5, 9),
        BLUE,
      );
    },
  ],
  [
    "cut out close",
    false,
    (dice, strokes) => {
      const tall = dice.whole(60, 200);
      const pen = tall * dice.between(0.07, 0.14);
      const wide = tall * Math.max(...strokes.flat().map(([x]) => x));
      const edge = pen / 2 + dice.between(0, 3);
      const canvas = new Canvas(Math.ceil(wide + 2 * edge), Math.ceil(tall + 2 * edge), PAPER);
      return canvas.strokes(
        strokes.map((c) => c.map(([x, y]) => [x * tall + edge, y * tall + edge])),
        pen,
        BLACK,
      );
    },
  ],
  // inks and papers
  ["light on dark", true, plain([100, 300], [6, 14], { ink: [255, 255, 255], paper: BLACK })],
  ["thin and light on dark", false, plain([250, 450], [2, 4], { ink: [255, 255, 255], paper: [20, 25, 30] })],
  ["pencil", true, plain([200, 400], [3, 6], { ink: [150, 150, 152], paper: PAPER })],
  ["red on blue", false, plain([150, 300], [6, 12], { ink: [210, 60, 60], paper: [110, 140, 220] })],
  [
    "chalk on a board",
    false,
    (dice, strokes) => {
      const canvas = new Canvas(420, 320, [38, 66, 52]);
      canvas.strokes(
        placed(dice, strokes, 420, 320, [0.45, 0.7], 10),
        dice.between(6, 11),
        [226, 228, 220],
        0.85,
      );
      return photograph(canvas, dice, { blur: 1, grain: 9, tilt: 0.3 });
    },
  ],
  [
    "noise",
    true,
    (dice, strokes) =>
      plain([150, 300], [7, 12], { ink: [80, 80, 80], paper: [200, 200, 200] })(dice, strokes).noise(
        dice,
        25,
      ),
  ],
  // lines
  [
    "a frame around the digit",
    true,
    (dice, strokes) =>
      boxed(dice, strokes, {
        side: 320,
        pen: dice.between(5, 12),
        line: dice.between(2, 6),
        ink: BLACK,
        colour: BLACK,
      }),
  ],
  [
    "a thick frame at the border",
    true,
    (dice, strokes) => {
      const line = dice.between(4, 16);
      const canvas = plain(280, dice.between(7, 16), { share: [0.4, 0.6] })(dice, strokes);
      const edge = line / 2;
      return canvas.strokes(
        [
          [
            [edge, edge],
            [280 - edge, edge],
            [280 - edge, 280 - edge],
            [edge, 280 - edge],
            [edge, edge],
          ],
        ],
        line,
        BLACK,
      );
    },
  ],
  [
    "a coloured frame, photographed",
    false,
    (dice, strokes) =>
      photograph(
        boxed(dice, strokes, {
          side: 360,
          pen: dice.between(5, 9),
          line: dice.between(2, 5),
          ink: BLUE,
          colour: dice.pick([
            [200, 60, 50],
            [60, 140, 70],
            [40, 40, 40],
          ]),
        }),
        dice,
      ),
  ],
  [
    "a frame that the digit touches",
    false,
    (dice, strokes) =>
      boxed(dice, strokes, {
        side: 320,
        pen: dice.between(6, 10),
        line: 3,
        ink: BLACK,
        colour: BLACK,
        gap: [-0.06, 0.3],
      }),
  ],
  [
    "a red margin line",
    true,
    (dice, strokes) => {
      const canvas = new Canvas(360, 300, PAPER);
      lines(canvas, {
        every: 1e6,
        from: dice.between(25, 70),
        pen: dice.between(2, 4),
        colour: [215, 60, 60],
        upright: true,
      });
      const chains = placed(dice, strokes, 270, 300, [0.4, 0.65], 10);
      return canvas.strokes(
        chains.map((c) => c.map(([x, y]) => [x + 85, y])),
        dice.between(5, 10),
        BLUE,
      );
    },
  ],
  [
    "a margin line through the digit",
    false,
    (dice, strokes) => {
      const canvas = new Canvas(320, 320, PAPER);
      lines(canvas, {
        every: 1e6,
        from: dice.between(90, 230),
        pen: dice.between(2, 3),
        colour: [205, 70, 70],
        upright: true,
        slope: dice.between(-0.03, 0.03),
      });
      return canvas.strokes(placed(dice, strokes, 320, 320, [0.5, 0.7], 10), dice.between(7, 11), BLUE);
    },
  ],
  [
    "dark ruled lines",
    true,
    (dice, strokes) => {
      const canvas = new Canvas(360, 320, PAPER);
      lines(canvas, {
        every: dice.between(38, 70),
        from: dice.between(10, 40),
        pen: dice.between(1.5, 3),
        colour: [60, 60, 70],
      });
      return canvas.strokes(placed(dice, strokes, 360, 320, [0.45, 0.7], 10), dice.between(6, 11), BLACK);
    },
  ],
  [
    "ruled lines aslant, photographed",
    false,
    (dice, strokes) => {
      const canvas = new Canvas(480, 420, PAPER);
      lines(canvas, {
        every: dice.between(45, 80),
        from: dice.between(-40, 40),
        pen: dice.between(2, 3),
        colour: [90, 110, 160],
        slope: dice.between(-0.09, 0.09),
      });
      canvas.strokes(placed(dice, strokes, 480, 420, [0.45, 0.7], 10), dice.between(8, 13), BLACK);
      return photograph(canvas, dice);
    },
  ],
  [
    "a dark grid",
    true,
    (dice, strokes) => {
      const canvas = new Canvas(340, 340, PAPER);
      const every = dice.between(30, 60);
      for (const upright of [false, true])
        lines(canvas, { every, from: dice.between(5, 30), pen: 1.5, colour: [80, 90, 120], upright });
      return canvas.strokes(placed(dice, strokes, 340, 340, [0.5, 0.7], 10), dice.between(7, 11), BLACK);
    },
  ],
  [
    "a light grid",
    false,
    (dice, strokes) => {
      const canvas = new Canvas(340, 340, [255, 255, 255]);
      for (const upright of [false, true])
        lines(canvas, { every: 24, from: dice.between(2, 20), pen: 1, colour: [205, 220, 240], upright });
      return canvas.strokes(placed(dice, strokes, 340, 340, [0.5, 0.7], 10), dice.between(6, 11), BLACK);
    },
  ],
  [
    "underlined",
    false,
    (dice, strokes) => {
      const canvas = new Canvas(420, 320, PAPER);
      const chains = placed(dice, strokes, 420, 250, [0.55, 0.75], 10);
      canvas.strokes(
        [
          [
            [40, 290],
            [380, 286],
          ],
        ],
        3,
        BLACK,
      );
      return canvas.strokes(chains, dice.between(6, 10), BLACK);
    },
  ],
  // light
  [
    "a slope of light",
    true,
    (dice, strokes) =>
      photograph(plain([200, 400], [6, 12], { ink: BLUE, paper: PAPER })(dice, strokes), dice, {
        tilt: 0.5,
        grain: 3,
      }),
  ],
  [
    "a hand's soft shadow",
    true,
    (dice, strokes) =>
      photograph(
        shadow(
          plain([300, 420], [7, 13], { ink: BLUE, paper: PAPER })(dice, strokes),
          dice,
          dice.between(0.3, 0.55),
          dice.between(12, 40),
        ),
        dice,
      ),
  ],
  [
    "two soft shadows, pencil",
    false,
    (dice, strokes) => {
      const canvas = plain([320, 480], [6, 10], { ink: PENCIL, paper: PAPER })(dice, strokes);
      for (let k = 0; k < 2; k++) shadow(canvas, dice, dice.between(0.2, 0.45), dice.between(15, 50));
      return photograph(canvas, dice);
    },
  ],
  [
    "a hard shadow",
    true,
    (dice, strokes) =>
      photograph(
        shadow(
          plain([260, 400], [7, 13], { ink: BLACK, paper: PAPER })(dice, strokes),
          dice,
          dice.between(0.3, 0.5),
          1.5,
        ),
        dice,
      ),
  ],
  [
    "dark corners",
    false,
    (dice, strokes) => {
      const canvas = plain([260, 400], [6, 11], { ink: BLUE, paper: PAPER })(dice, strokes);
      const [w, h] = [canvas.width / 2, canvas.height / 2];
      canvas.light((x, y) => 1 - 0.3 * (((x - w) / w) ** 2 + ((y - h) / h) ** 2));
      return photograph(canvas, dice);
    },
  ],
  [
    "a sheet on a dark desk",
    true,
    (dice, strokes) => photograph(sheetOnDesk(dice, strokes, { desk: [92, 62, 40], grain: 8 }), dice),
  ],
  [
    "a sheet on a light desk",
    false,
    (dice, strokes) =>
      photograph(sheetOnDesk(dice, strokes, { desk: [176, 150, 118], grain: 5, ink: BLACK }), dice),
  ],
  [
    "a dark card on a light desk",
    false,
    (dice, strokes) =>
      photograph(
        sheetOnDesk(dice, strokes, { desk: [205, 200, 190], paper: [45, 50, 60], ink: [235, 235, 230] }),
        dice,
      ),
  ],
  [
    "a sheet with a soft shadow on it",
    false,
    (dice, strokes) =>
      photograph(shadow(sheetOnDesk(dice, strokes, { desk: [80, 58, 44], grain: 6 }), dice, 0.4, 30), dice),
  ],
  [
    "the edge of a sheet",
    true,
    (dice, strokes) => {
      const canvas = new Canvas(400, 360, [84, 66, 52]);
      const edge = dice.between(20, 80);
      canvas.polygon(
        [
          [edge, -40],
          [500, -40],
          [500, 420],
          [edge + dice.between(-30, 20), 420],
        ],
        PAPER,
      );
      const chains = placed(dice, strokes, 290, 360, [0.4, 0.65], 10);
      canvas.strokes(
        chains.map((c) => c.map(([x, y]) => [x + 100, y])),
        dice.between(6, 11),
        BLUE,
      );
      return photograph(canvas, dice);
    },
  ],
  // kinds of files
  [
    "PNG, palette of 4 colours",
    true,
    (dice, strokes) => pngOfPalette(plain([90, 200], [5, 12])(dice, strokes)),
  ],
  [
    "PNG, 16 bits, grey",
    false,
    (dice, strokes) => png16(plain([90, 200], [5, 12], { ink: BLUE, paper: PAPER })(dice, strokes)),
  ],
  ["PNG, ink on nothing", true, (dice, strokes) => greyWithAlpha(plain([90, 200], [5, 12])(dice, strokes))],
  [
    "PNG, bytes",
    false,
    (dice, strokes) => png(plain([90, 300], [2, 14], { ink: [120, 20, 90] })(dice, strokes).picture()),
  ],
  ["JPEG, quality 35", true, (dice, strokes) => jpeg(plain([120, 300], [6, 14])(dice, strokes), 35)],
  [
    "JPEG, a thin pen, quality 60",
    false,
    (dice, strokes) => jpeg(plain([280, 500], [2, 4])(dice, strokes), 60),
  ],
];
