/** A sheet to draw on: red, green and blue as numbers from 0 to 255, `[height, width, 3]`. */
export class Canvas {
  constructor(width, height, colour = [255, 255, 255]) {
    this.width = width;
    this.height = height;
    this.data = new Float32Array(width * height * 3);
    for (let k = 0; k < this.data.length; k++) this.data[k] = colour[k % 3];
  }

  /** Changes each pixel: `change(colour, x, y)` gives the new colour. */
  each(change) {
    for (let y = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++) {
        const k = 3 * (y * this.width + x);
        const colour = change([this.data[k], this.data[k + 1], this.data[k + 2]], x, y);
        for (let c = 0; c < 3; c++) this.data[k + c] = colour[c];
      }
    }
    return this;
  }

  /** Lays a colour over the picture, as much of it as `cover` says, `[height, width]` from 0 to 1. */
  lay(cover, colour) {
    for (let k = 0; k < cover.length; k++) {
      if (cover[k] === 0) continue;
      for (let c = 0; c < 3; c++) this.data[3 * k + c] += cover[k] * (colour[c] - this.data[3 * k + c]);
    }
    return this;
  }

  /** A pen's chains of points, in pixels, each line with round ends and grey edges. */
  strokes(chains, pen, colour, opacity = 1) {
    const cover = this.coverOf(chains, pen);
    return this.lay(opacity === 1 ? cover : cover.map((value) => value * opacity), colour);
  }

  coverOf(chains, pen) {
    const cover = new Float32Array(this.width * this.height);
    const reach = pen / 2 + 1;
    for (const chain of chains) {
      for (let k = 1; k < chain.length; k++) {
        const [x0, y0] = chain[k - 1];
        const [dx, dy] = [chain[k][0] - x0, chain[k][1] - y0];
        const square = Math.max(1e-9, dx * dx + dy * dy);
        const clamp = (value, most) => Math.max(0, Math.min(most, Math.floor(value)));
        const right = clamp(Math.max(x0, x0 + dx) + reach, this.width - 1);
        const bottom = clamp(Math.max(y0, y0 + dy) + reach, this.height - 1);
        for (let y = clamp(Math.min(y0, y0 + dy) - reach, this.height); y <= bottom; y++) {
          for (let x = clamp(Math.min(x0, x0 + dx) - reach, this.width); x <= right; x++) {
            const [px, py] = [x + 0.5 - x0, y + 0.5 - y0];
            const t = Math.max(0, Math.min(1, (px * dx + py * dy) / square));
            const away = Math.hypot(px - t * dx, py - t * dy);
            const value = Math.min(1, pen, pen / 2 + 0.5 - away);
            const at = y * this.width + x;
            if (value > cover[at]) cover[at] = value;
          }
        }
      }
    }
    return cover;
  }

  /** A convex polygon, its corners in turn clockwise. */
  polygon(corners, colour) {
    const cover = new Float32Array(this.width * this.height);
    const sides = corners.map(([x, y], k) => {
      const [nx, ny] = corners[(k + 1) % corners.length];
      const length = Math.hypot(nx - x, ny - y);
      return [x, y, (nx - x) / length, (ny - y) / length];
    });
    for (let y = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++) {
        let least = 1;
        for (const [x0, y0, ux, uy] of sides) {
          least = Math.min(least, ux * (y + 0.5 - y0) - uy * (x + 0.5 - x0) + 0.5);
        }
        if (least > 0) cover[y * this.width + x] = least;
      }
    }
    return this.lay(cover, colour);
  }

  /** Multiplies the light by `light(x, y)`. */
  light(light) {
    return this.each((colour, x, y) => {
      const factor = light(x, y);
      return colour.map((value) => value * factor);
    });
  }

  noise(dice, deviation) {
    for (let k = 0; k < this.data.length; k += 3) {
      const off = dice.normal(deviation);
      for (let c = 0; c < 3; c++) this.data[k + c] += off + (c === 0 ? 0 : dice.normal(deviation / 3));
    }
    return this;
  }

  /** Out of focus: two means of `2 * radius + 1` pixels in each direction. */
  blur(radius) {
    for (let pass = 0; pass < 2; pass++) {
      this.#mean(radius, this.height, this.width, 3 * this.width, 3);
      this.#mean(radius, this.width, this.height, 3, 3 * this.width);
    }
    return this;
  }

  #mean(radius, lines, count, lineStep, step) {
    const line = new Float32Array(count);
    for (let l = 0; l < lines; l++) {
      for (let c = 0; c < 3; c++) {
        const at = l * lineStep + c;
        for (let k = 0; k < count; k++) line[k] = this.data[at + k * step];
        for (let k = 0; k < count; k++) {
          const from = Math.max(0, k - radius);
          const to = Math.min(count - 1, k + radius);
          let sum = 0;
          for (let j = from; j <= to; j++) sum += line[j];
          this.data[at + k * step] = sum / (to - from + 1);
        }
      }
    }
  }

  /** As a decoder would give it: red, green and blue in bytes. */
  picture() {
    const data = Uint8ClampedArray.from(this.data);
    return { width: this.width, height: this.height, channels: 3, depth: 8, data };
  }
}
