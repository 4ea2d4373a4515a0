/*
 * Clips for a camera that is none (Chromium's --use-file-for-fake-video-capture): a shape of a colour that leaps, turns and grows over a
 * noisy background, another one for each seed.
 */

const [WIDTH, HEIGHT, FRAMES] = [160, 120, 45];
/**
 * So far a shape's way goes on from frame to frame, of FRAMES: three frames that follow one another show places that are a third of
 * the way apart. A busy machine gives a page the same few frames for seconds; none of its classes is one place alone then.
 */
const STRIDE = 16;

/** Whether a point belongs to a shape of radius 1 around [0, 0]. */
const shapes = {
  disc: (x: number, y: number) => x * x + y * y < 1,
  cross: (x: number, y: number) =>
    Math.min(Math.abs(x), Math.abs(y)) < 0.3 && Math.max(Math.abs(x), Math.abs(y)) < 1,
  stripes: (x: number, y: number) =>
    Math.max(Math.abs(x), Math.abs(y)) < 1 && Math.floor((x + 1) * 3) % 2 === 0,
} as const;
export type Shape = keyof typeof shapes;
export const shapeNames = Object.keys(shapes) as Shape[];

/** Blue and red difference of each shape's colour, from 0 to 255; 128 is grey. */
const colours: Readonly<Record<Shape, readonly [u: number, v: number]>> = {
  disc: [100, 190],
  cross: [90, 80],
  stripes: [190, 105],
};

/** Which of red, green and blue is the most in a shape's clips. */
export const strongest: Readonly<Record<Shape, 0 | 1 | 2>> = { disc: 0, cross: 1, stripes: 2 };

/** Numbers from 0 to 1 that follow from a seed. */
function dice(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A .y4m file of 1.5 s at 30 frames a second, which the browser plays over and over. */
export function clip(shape: Shape, seed: number): Uint8Array {
  const random = dice(seed);
  const between = (least: number, most: number) => least + (most - least) * random();
  const light = between(60, 110);
  const phases = Array.from({ length: 4 }, () => between(0, 2 * Math.PI));
  const header = new TextEncoder().encode(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F30:1 Ip A1:1 C420jpeg\n`);
  const mark = new TextEncoder().encode("FRAME\n");
  const plane = WIDTH * HEIGHT;
  const frame = mark.length + plane + plane / 2;
  const file = new Uint8Array(header.length + FRAMES * frame);
  file.set(header);
  const [u, v] = colours[shape].map((value) => value + between(-8, 8));
  for (let k = 0; k < FRAMES; k++) {
    const at = header.length + k * frame;
    file.set(mark, at);
    const wave = (phase: number, speed: number) =>
      Math.sin(phases[phase] + (2 * Math.PI * speed * STRIDE * k) / FRAMES);
    const [centreX, centreY] = [WIDTH / 2 + 16 * wave(0, 1), HEIGHT / 2 + 14 * wave(1, 2)];
    const radius = 34 + 7 * wave(2, 1);
    const angle = 0.35 * wave(3, 1);
    const isIn = (x: number, y: number) => {
      const [dx, dy] = [(x - centreX) / radius, (y - centreY) / radius];
      return shapes[shape](
        dx * Math.cos(angle) + dy * Math.sin(angle),
        dy * Math.cos(angle) - dx * Math.sin(angle),
      );
    };
    const lumas = file.subarray(at + mark.length);
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) {
        lumas[y * WIDTH + x] = (isIn(x, y) ? 165 : light + (x * 30) / WIDTH) + between(-18, 18);
      }
    }
    const colour = lumas.subarray(plane);
    for (let y = 0; y < HEIGHT / 2; y++) {
      for (let x = 0; x < WIDTH / 2; x++) {
        const inside = isIn(2 * x, 2 * y);
        colour[(y * WIDTH) / 2 + x] = (inside ? u : 128) + between(-6, 6);
        colour[plane / 4 + (y * WIDTH) / 2 + x] = (inside ? v : 128) + between(-6, 6);
      }
    }
  }
  return file;
}
