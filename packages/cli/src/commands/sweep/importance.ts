import { valueText } from "./ranking.js";
import type { Value } from "./space.js";

/** What an option did by itself. */
export interface Importance {
  readonly name: string;
  /** Share of the accuracies' variance that lies between the groups of this option's values, from 0 to 1. */
  readonly share: number;
  /** The groups of its values, the best first. */
  readonly groups: readonly { readonly values: string; readonly count: number; readonly accuracy: number }[];
}

/** Numbers of more values than this are put into as many groups of about the same size. */
const MOST_GROUPS = 4;

/**
 * Which options mattered, the most important first: for each the variance between the means of its groups, divided by the variance
 * of all (eta squared of a one-way analysis of variance). It looks at one option at a time: what only two of them do together it doesn't see, and
 * with few trials a share is large by chance, about (groups - 1) / (trials - 1).
 * @param trials all trained for the same number of epochs
 */
export function importances(
  trials: readonly { readonly values: Readonly<Record<string, Value>>; readonly accuracy: number }[],
): Importance[] {
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  const whole = mean(trials.map(({ accuracy }) => accuracy));
  const all = trials.reduce((sum, { accuracy }) => sum + (accuracy - whole) ** 2, 0);
  const names = [...new Set(trials.flatMap(({ values }) => Object.keys(values)))];
  const found = names.map((name) => {
    const groups = groupsOf(name, trials);
    const means = groups.map(({ members }) => mean(members));
    const between = groups.reduce((sum, { members }, k) => sum + members.length * (means[k] - whole) ** 2, 0);
    const described = groups.map(({ label, members }, k) => ({
      values: label,
      count: members.length,
      accuracy: means[k],
    }));
    described.sort((a, b) => b.accuracy - a.accuracy);
    return { name, share: all > 0 ? between / all : 0, groups: described };
  });
  return found.sort((a, b) => b.share - a.share);
}

interface Group {
  readonly label: string;
  readonly members: number[];
}

function groupsOf(
  name: string,
  trials: readonly { readonly values: Readonly<Record<string, Value>>; readonly accuracy: number }[],
): Group[] {
  const given = trials.map(({ values, accuracy }) => ({ value: values[name] ?? null, accuracy }));
  const distinct = [...new Set(given.map(({ value }) => value))];
  if (distinct.length > MOST_GROUPS && distinct.every((value) => typeof value === "number")) {
    const sorted = [...distinct].sort((a, b) => a - b);
    const cuts = Array.from({ length: MOST_GROUPS + 1 }, (_, k) =>
      Math.round((k * sorted.length) / MOST_GROUPS),
    );
    return cuts.slice(1).map((end, k) => {
      const [from, to] = [sorted[cuts[k]], sorted[end - 1]];
      const members = given.filter(({ value }) => (value as number) >= from && (value as number) <= to);
      return {
        label: from === to ? valueText(from) : `${valueText(from)} to ${valueText(to)}`,
        members: members.map(({ accuracy }) => accuracy),
      };
    });
  }
  return distinct.map((one) => ({
    label: valueText(one),
    members: given.filter(({ value }) => value === one).map(({ accuracy }) => accuracy),
  }));
}
