import type { CheckedArray, CheckReport, FoundMistake } from "unravel-cnn";
import { counted, significant } from "../../terminal/numbers.js";
import type { Styles } from "../../terminal/style.js";
import { wrapped } from "../../terminal/text.js";

/** What people read: a table of arrays, the first difference, the mistakes, the conventions. */
export function asLines(file: string, report: CheckReport, styles: Styles): string[] {
  return [
    ...heading(file, report, styles),
    ...problemLines(report, styles),
    "",
    ...arrayTable(report, styles),
    ...notGiven(report, styles),
    ...notJudged(report),
    ...unknownNames(report),
    ...report.notes.flatMap((note) => wrapped(note)),
    ...firstDifference(report, styles),
    ...mistakeLines(report, styles),
    ...conventionLines(report, styles),
    ...verdict(report, styles),
  ];
}

function heading(file: string, { model, layers, images }: CheckReport, styles: Styles): string[] {
  const [title, ...rest] = wrapped(
    `${file}: ${counted(images, "image")} of ${model.input.join("x")} through ${layers.join(", ")}`,
  );
  return [styles.bold(title), ...rest];
}

function arrayTable({ arrays, first }: CheckReport, styles: Styles): string[] {
  const given = arrays.filter(({ status }) => status !== "not given");
  if (given.length === 0) return ["There is no array that could be checked."];
  const width = Math.max(5, ...given.map(({ name }) => name.length));
  return [
    styles.dim(`   ${"array".padEnd(width)}  largest error, relative`),
    ...given.map((array) => {
      const good = array.status === "agrees";
      const mark = good ? styles.good("✓") : styles.bad("✗");
      const line = `${array.name.padEnd(width)}  ${errorText(array).padEnd(12)}`;
      const note = array.name === first ? "<- the first that is wrong" : "";
      return ` ${mark} ${good ? line.trimEnd() : `${styles.bold(line)}${note}`.trimEnd()}`;
    }),
  ];
}

function errorText({ maxRelativeError, shapes }: CheckedArray): string {
  if (shapes) return "its shape";
  if (maxRelativeError === null) return "not finite";
  return maxRelativeError === 0 ? "0" : significant(maxRelativeError);
}

function problemLines({ problem }: CheckReport, styles: Styles): string[] {
  return problem === null ? [] : ["", ...wrapped(problem).map((line) => styles.bad(line))];
}

function notJudged({ notJudged: names }: CheckReport): string[] {
  return names.length === 0
    ? []
    : wrapped(`Not judged, as what they are computed from is not known: ${names.join(", ")}`);
}

function notGiven({ arrays, notJudged }: CheckReport, styles: Styles): string[] {
  const names = arrays
    .filter(({ name, status }) => status === "not given" && !notJudged.includes(name))
    .map(({ name }) => name);
  return names.length === 0 ? [] : wrapped(`Not given: ${names.join(", ")}`).map((line) => styles.dim(line));
}

function unknownNames({ unknownNames: names }: CheckReport): string[] {
  return names.length === 0
    ? []
    : wrapped(`Not used, as their names are not known here: ${names.join(", ")} (see --how)`);
}

function firstDifference({ first, arrays }: CheckReport, styles: Styles): string[] {
  const array = arrays.find(({ name }) => name === first);
  if (!array) return [];
  if (array.shapes) {
    const { yours, right } = array.shapes;
    return [
      "",
      styles.bold(`${array.name} has the wrong shape`),
      `  yours  [${yours.join(", ")}]`,
      `  right  [${right.join(", ")}]`,
    ];
  }
  if (!array.worst) return [];
  const { index, yours, right } = array.worst;
  return [
    "",
    styles.bold(`The first difference, where it is largest: ${array.name}[${index.join(", ")}]`),
    `  yours  ${yours}`,
    `  right  ${right}, from your own earlier values`,
  ];
}

/** The same mistake in several layers is explained once. */
function mistakeLines({ mistakes }: CheckReport, styles: Styles): string[] {
  const names = [...new Set(mistakes.map(({ name, why }) => (name === "unknown" ? why : name)))];
  return names.flatMap((key) => {
    const same = mistakes.filter(({ name, why }) => (name === "unknown" ? why : name) === key);
    return ["", ...mistakeText(same, styles)];
  });
}

function mistakeText(same: readonly FoundMistake[], styles: Styles): string[] {
  const [{ name, why, fix }] = same;
  const arrays = [...new Set(same.flatMap((mistake) => [mistake.array, ...mistake.arrays]))];
  const [title, ...rest] = wrapped(`Mistake: ${name}, seen in ${arrays.join(", ")}`);
  return [
    ...[title, ...rest].map((line) => styles.bad(line)),
    ...wrapped(`  ${why}`),
    ...(name === "unknown" ? wrapped(`  ${fix}`) : fix.split("\n").map((line) => `    ${line}`)),
  ];
}

function conventionLines({ conventions }: CheckReport, styles: Styles): string[] {
  if (conventions.length === 0) return [];
  return [
    "",
    styles.bold("Done in another way than here, and no mistake:"),
    ...conventions.flatMap(({ name, what }) => wrapped(`  ${name}: ${what}`)),
  ];
}

/** What is wrong isn't said here: the command fails with it, on stderr. */
function verdict({ agrees, arrays, unknownNames, notJudged }: CheckReport, styles: Styles): string[] {
  const given = arrays.filter(({ status }) => status !== "not given").length;
  const rest = unknownNames.length + notJudged.length;
  if (given === 0) return ["", "Nothing was checked: save activations or gradients, too (see --how)."];
  if (!agrees) return [];
  return [
    "",
    styles.good(
      rest === 0
        ? `All ${given} arrays are right.`
        : `All ${given} arrays that could be judged are right; ${counted(rest, "other")} could not.`,
    ),
  ];
}
