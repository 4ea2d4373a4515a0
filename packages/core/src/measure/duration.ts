const HOUR = 3600;
const DAY = 24 * HOUR;
const YEAR = 365.25 * DAY;

/** `4.2 ms`, `0.42 s`, `14.2 s`, `3 min 05 s`, `1 h 02 min`, `3.2 days`, `41 years`, `2.1 million years`, `3 x 10^12 years` */
export function duration(seconds: number): string {
  if (seconds > 0 && seconds < 0.095) return `${Number((1000 * seconds).toPrecision(2))} ms`;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  const total = Math.round(seconds);
  if (total < HOUR) return `${Math.floor(total / 60)} min ${String(total % 60).padStart(2, "0")} s`;
  const minutes = Math.round(total / 60);
  if (minutes < DAY / 60) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  if (seconds < YEAR) return `${short(seconds / DAY)} days`;
  const years = seconds / YEAR;
  if (years < 1e6) return `${short(years)} years`;
  if (years < 1e9) return `${short(years / 1e6)} million years`;
  if (!Number.isFinite(years)) return "more years than a number can hold";
  const [digit, exponent] = years.toExponential(0).split("e+");
  return `${digit} x 10^${exponent} years`;
}

/** Two digits; whole numbers from 10 on. */
function short(value: number): string {
  return value < 9.95 ? value.toFixed(1) : Number(value.toPrecision(2)).toLocaleString("en-US");
}
