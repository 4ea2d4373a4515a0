import type { RandomStream } from "../../random.js";

/** Numbers that one digit may use. */
const NUMBERS_PER_DIGIT = 1024;

const ROOT_3 = Math.sqrt(3);

/** The random numbers of one digit, one after the other: they depend on the stream and the digit's index alone. */
export class Dice {
  private readonly random: RandomStream;
  private next: number;

  constructor(random: RandomStream, digit: number) {
    this.random = random;
    this.next = digit * NUMBERS_PER_DIGIT;
  }

  /** Evenly in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.random.uniform(this.next++);
  }

  /**
   * Around 0, nearly normally distributed: the sum of four even numbers, taken from the digits of one. It is never further
   * out than 3.5 standard deviations, and needs no logarithm.
   */
  normal(deviation: number): number {
    let rest = this.random.uniform(this.next++);
    let sum = 0;
    for (let i = 0; i < 4; i++) {
      rest *= 8192;
      const whole = Math.floor(rest);
      sum += whole;
      rest -= whole;
    }
    return deviation * ROOT_3 * (sum / 8192 - 2);
  }

  /**
   * Two numbers evenly in [-size, size) for the price of one, into `pair`: what is needed at every point of a line has to
   * be cheap.
   */
  around(size: number, pair: Float64Array): void {
    const bits = this.random.bits(this.next++);
    pair[0] = size * ((bits >>> 16) / 32768 - 1);
    pair[1] = size * ((bits & 0xffff) / 32768 - 1);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.random.uniform(this.next++) < probability;
  }

  /** An index into `weights`, each as likely as its weight says. */
  pick(weights: readonly number[]): number {
    let left = this.between(
      0,
      weights.reduce((sum, weight) => sum + weight, 0),
    );
    for (let i = 0; i < weights.length - 1; i++) {
      left -= weights[i];
      if (left < 0) return i;
    }
    return weights.length - 1;
  }
}
