/** What a function gives, and the first unit, if any, that branches differently than before the step. */
export interface Moved<Unit> {
  readonly value: number;
  readonly changed: Unit | undefined;
}

/** A slope that was measured: (above - below) / (2 step). */
export interface Difference<Unit> {
  readonly slope: number;
  /** How far the number was moved, up and down. */
  readonly step: number;
  /** What the function gave for the number moved up. */
  readonly above: number;
  /** And moved down. */
  readonly below: number;
  /** A unit that branches differently above or below: there is a kink in between, and the slope means nothing. */
  readonly kink?: Unit;
}

/**
 * Measures how a function changes with one of the numbers that it reads: moves the number up and down and puts it back.
 * Where a kink lies between the two, the next smaller step is tried.
 * @param steps from large to small, for numbers of size 1; larger numbers are moved further
 * @param below only smaller steps than this one; if there is none, the smallest is taken
 */
export function measureSlope<Unit>(
  values: Float64Array,
  offset: number,
  steps: readonly number[],
  run: () => Moved<Unit>,
  below = Infinity,
): Difference<Unit> {
  const value = values[offset];
  const at = (moved: number) => {
    values[offset] = moved;
    const result = run();
    values[offset] = value;
    return result;
  };
  const measure = (step: number): Difference<Unit> => {
    const [up, down] = [value + step, value - step];
    const [above, below] = [at(up), at(down)];
    const kink = above.changed ?? below.changed;
    // up - down and not 2 step: both were rounded
    const slope = (above.value - below.value) / (up - down);
    return { slope, step, above: above.value, below: below.value, ...(kink !== undefined && { kink }) };
  };
  const sizes = steps.map((size) => size * Math.max(1, Math.abs(value)));
  const smaller = sizes.filter((size) => size < below);
  let [first, ...rest] = smaller.length > 0 ? smaller : sizes.slice(-1);
  let measured = measure(first);
  while (measured.kink !== undefined && rest.length > 0) {
    [first, ...rest] = rest;
    measured = measure(first);
  }
  return measured;
}
