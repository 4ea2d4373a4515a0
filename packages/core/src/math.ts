/**
 * exp, log, log1p, tanh, erfc and cos from additions, multiplications and divisions alone.
 *
 * JavaScript leaves the last bit of `Math.exp`, `Math.log`, `Math.tanh`, `Math.cos` and `Math.pow` to each engine, and has
 * no erfc. Whatever must be the same bits on every machine (initial weights, layers, losses, learning rates, drawn digits)
 * uses these instead: IEEE 754 fixes the result of each operation in them. They agree with the true value to within 2 units
 * in the last place, log1p to within 3 and erfc to within 5.
 */

// ln 2 in two parts: the first has 21 trailing zero bits, so that its product with an exponent (below 2^11) is exact.
export const LN2_HIGH = 0.6931471803691238;
export const LN2_LOW = 1.9082149292705877e-10;

/** 1/n for the series below: a product takes a fifth of a division's time. */
export const RECIPROCALS = Float64Array.from({ length: 24 }, (_, n) => 1 / n);

const double = /* @__PURE__ */ new Float64Array(1);
const words = /* @__PURE__ */ new Uint32Array(double.buffer);

/** Which of the two words holds the sign, the exponent and the first 20 bits of the fraction. */
const HIGH = /* @__PURE__ */ highWord();

function highWord(): number {
  return new Uint8Array(Uint16Array.of(1).buffer)[0];
}

/** 2^k for k in [-1023, 1023]: halving and doubling are exact. */
const POWERS_OF_TWO = new Float64Array(2047);
POWERS_OF_TWO[1023] = 1;
for (let k = 1; k <= 1023; k++) {
  POWERS_OF_TWO[1023 + k] = 2 * POWERS_OF_TWO[1022 + k];
  POWERS_OF_TWO[1023 - k] = POWERS_OF_TWO[1024 - k] / 2;
}

/** 2^k for a whole k in [-1023, 1023]. */
function powerOfTwo(k: number): number {
  return POWERS_OF_TWO[1023 + k];
}

/** e^x. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.782712893384) return Infinity;
  if (x < -745.1332191019411) return 0;
  // e^x = 2^k e^r with |r| <= ln(2)/2, and e^r by its Taylor series: the first term left out, r^14/14!, is below 5e-18.
  const k = Math.round(x / Math.LN2);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let sum = 1;
  for (let n = 13; n >= 1; n--) sum = 1 + sum * r * RECIPROCALS[n];
  const half = Math.trunc(k / 2); // in two factors, because 2^k alone can overflow or vanish
  return sum * powerOfTwo(half) * powerOfTwo(k - half);
}

/** The logistic function 1 / (1 + e^-x), so that no exponential overflows: 0 for x far below 0, and 1 far above. */
export function logistic(x: number): number {
  const e = exp(-Math.abs(x));
  return (x > 0 ? 1 : e) / (1 + e);
}

/** The natural logarithm. */
export function log(x: number): number {
  if (x === 0) return -Infinity;
  if (!(x > 0) || x === Infinity) return x < 0 ? NaN : x;
  // x = 2^k m with m in [sqrt(1/2), sqrt(2)), so that log x = k ln 2 + log m.
  let k = 0;
  if (x < 2.2250738585072014e-308) {
    x *= 18014398509481984; // 2^54: a subnormal number becomes a normal one
    k = -54;
  }
  double[0] = x;
  const exponent = (words[HIGH] >>> 20) - 1023;
  k += exponent;
  let m = x * powerOfTwo(-exponent);
  if (m > Math.SQRT2) {
    m /= 2;
    k += 1;
  }
  // log m = 2 (s + s^3/3 + s^5/5 + ...) with s = (m - 1)/(m + 1), |s| < 0.172; the first term left out is below 1e-18.
  const s = (m - 1) / (m + 1);
  const square = s * s;
  let sum = 0;
  for (let n = 23; n >= 3; n -= 2) sum = (sum + RECIPROCALS[n]) * square;
  return k * LN2_HIGH + (2 * s + (2 * s * sum + k * LN2_LOW));
}

/** The natural logarithm of 1 + x, as exact for x near 0 as elsewhere. */
export function log1p(x: number): number {
  const sum = 1 + x;
  if (!(sum > 0) || sum === Infinity) return log(sum);
  // what was lost when 1 + x was rounded, x - (sum - 1), moves the logarithm by its share of the sum
  return x === 0 ? x : log(sum) + (x - (sum - 1)) / sum;
}

/** The hyperbolic tangent, (e^x - e^-x) / (e^x + e^-x). */
export function tanh(x: number): number {
  const size = Math.abs(x);
  if (size < 0.5) {
    // Lambert's continued fraction, x / (1 + x^2 / (3 + x^2 / (5 + ...))); what is left out is below 1e-18
    let below = 17;
    for (let n = 15; n >= 1; n -= 2) below = n + (x * x) / below;
    return x / below;
  }
  const positive = 1 - 2 / (exp(2 * size) + 1);
  return x < 0 ? -positive : positive;
}

/** What erfc's variable is scaled by in `erfc`, and the Chebyshev coefficients of erfc(x) e^(x^2) / t there. */
const ERFC_SCALE = 0.35;
const ERFC_SERIES = [
  0.4827810630619123, 0.37611786890108895, 0.11230731800770742, 0.024953763236055394, 0.0036916050663795413,
  0.00020515653798831908, -4.7112590564894024e-5, -1.0270732465729081e-5, 2.9752249234393383e-7,
  3.147918098988086e-7, 6.422679396031795e-9, -1.021977571023279e-8, -3.791406866300454e-10,
  3.795207866228605e-10, 9.191417387593756e-12, -1.5733328635672444e-11, 2.50745820338338e-13,
  6.81222198895573e-13, -5.4998193549751734e-14, -2.8093059811650007e-14, 5.061345186978927e-15,
  9.318381704139275e-16, -3.5764495059346783e-16, -9.07208262634662e-18, 2.049769605005694e-17,
] as const;

/** The complementary error function: 2 / sqrt(pi) times the integral of e^(-u^2) from x to infinity; from 2 down to 0. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x > 27.3) return 0;
  // For x >= 0, erfc(x) e^(x^2) is smooth down to 1 / (x sqrt(pi)), so that with t = 1 / (1 + 0.35 x) from 1 to 0 a short
  // series gives it (M. Shepherd and J. Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x", 1981).
  const t = 1 / (1 + ERFC_SCALE * x);
  const double = 2 * (2 * t - 1);
  let [last, before] = [0, 0];
  for (let n = ERFC_SERIES.length - 1; n >= 1; n--) {
    [last, before] = [double * last - before + ERFC_SERIES[n], last]; // Clenshaw's sum
  }
  const series = 0.5 * double * last - before + ERFC_SERIES[0];
  // x^2 in two parts, the first of them exact
  const head = Math.fround(x);
  return exp(-head * head) * exp((head - x) * (head + x)) * t * series;
}

/** cos(pi t) for t in [0, 1]. */
export function cosPi(t: number): number {
  // cos(pi t) = sin(x) with x = pi (1/2 - t) in [-pi/2, pi/2]; the first term left out, x^23/23!, is below 2e-18.
  const x = Math.PI * (0.5 - t);
  const square = x * x;
  let sum = 1;
  for (let n = 20; n >= 2; n -= 2) sum = 1 - sum * square * RECIPROCALS[n] * RECIPROCALS[n + 1];
  return x * sum;
}

/** base^exponent for a whole exponent of at least 0, by squaring. */
export function power(base: number, exponent: number): number {
  let result = 1;
  for (let n = exponent; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result *= base;
    base *= base;
  }
  return result;
}
