/*
 * Broken networks whose mistake is to be found: nothing on the page, its address included, names it until the visitor wants to know.
 */

/** The mistakes behind `riddle-1`, `riddle-2`, ... */
const answers = ["weights-start-at-zero", "batch-overwritten", "labels-shuffled", "pool-gradient-to-all"];

/** The name that stands for a mistake while it is to be found. */
export const riddleOf = (mistake: string): string => `riddle-${answers.indexOf(mistake) + 1}`;

/** The mistake behind a riddle's name; undefined for other names. */
export function answerTo(name: string): string | undefined {
  const number = /^riddle-(\d)$/.exec(name)?.[1];
  return number === undefined ? undefined : answers[Number(number) - 1];
}
