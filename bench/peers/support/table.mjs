// From measured values to a table in Markdown.

/** The median, the fastest and the slowest; `better` says whether "less" or "more" is faster. */
export function spreadOf(values, better = "less") {
  const sorted = [...values].sort((a, b) => (better === "less" ? a - b : b - a));
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
  return { median, fastest: sorted[0], slowest: sorted[sorted.length - 1] };
}

/** What counts in a case: the name under which programs report it, its unit, and which way is better. */
export function measureOf({ mode, batchSize }) {
  if (mode === "train")
    return { key: "secondsPerEpoch", heading: "seconds for 60,000 images", better: "less" };
  if (batchSize === 1) return { key: "milliseconds", heading: "milliseconds", better: "less" };
  return { key: "imagesPerSecond", heading: "images per second", better: "more" };
}

/** How many times as fast unravel is: above 1 it wins. */
export function timesAsFast(own, other, better) {
  return better === "less" ? other / own : own / other;
}

/**
 * A case's table.
 * @param rows `{ label, version, threads, values, images, note }`, unravel's first, or `{ label, skipped }`
 * @param leftOut `{ label, reason }` of systems that the case is not for
 */
export function tableOf(one, rows, leftOut = []) {
  const { heading, better } = measureOf(one);
  const [{ values: ownValues }] = rows;
  const own = ownValues && spreadOf(ownValues, better).median;
  const lines = rows.map((row) => {
    if (row.skipped) return [row.label, `not measured: ${row.skipped}`, "", "", ""];
    const { median, fastest, slowest } = spreadOf(row.values, better);
    const ratio = own && row !== rows[0] ? `${digits(timesAsFast(own, median, better))}x as fast` : "";
    return [
      `${row.label} ${row.version}`,
      `${digits(median)} (${digits(fastest)} to ${digits(slowest)})`,
      ratio,
      String(row.threads ?? ""),
      `${row.images.toLocaleString("en")}${row.note ? `, ${row.note}` : ""}`,
    ];
  });
  return [
    `### ${one.title}`,
    "",
    `| system | ${heading} | unravel is | threads | images timed |`,
    "|---|---|---|---|---|",
    ...lines.map((cells) => `| ${cells.join(" | ")} |`),
    ...(leftOut.length > 0 ? ["", `Not here: ${list(leftOut)}.`] : []),
  ].join("\n");
}

function list(leftOut) {
  return leftOut.map(({ label, reason }) => `${label} (${reason})`).join("; ");
}

/** Three digits, without an exponent. */
export function digits(value) {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.floor(Math.log10(Math.abs(value)));
  const decimals = Math.min(Math.max(2 - size, 0), 6);
  return Number(value.toFixed(decimals)).toLocaleString("en", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}

/** The whole text: machine, what the figures mean, the tables. */
export function pageOf({ machine, threads, rounds, seconds, optimizer, load, data, command, tables }) {
  return [
    "# Beside others",
    "",
    "The same networks, images, batches and optimizer on what else one could take. What is measured and what makes it",
    "fair stands in [performance.md](performance.md).",
    "",
    `\`${command}\``,
    "",
    `- ${machine}, ${threads} threads, other work on ${load.toFixed(1)} threads before the first measurement`,
    `- ${data}; ${optimizer === "adam" ? "Adam" : "plain SGD one image at a time, else SGD with momentum 0.9"}`,
    `- Median, and from the fastest to the slowest, of ${rounds === 1 ? "one round" : `${rounds} rounds`} in which the`,
    `  systems took turns, about ${seconds} s of measuring in each. All times of training are scaled to 60,000 images from`,
    "  the number in the last column, all rounds together.",
    "",
    tables.join("\n\n"),
    "",
  ].join("\n");
}
