import { bug } from "./bug.js";
import { filters } from "./filters.js";
import { gradients } from "./gradients.js";
import { learningRate } from "./learningRate.js";
import type { Lesson } from "./lesson.js";
import { time } from "./time.js";

/** The lessons that come with the page, in their order. */
export const lessons: readonly Lesson[] = [filters, time, gradients, learningRate, bug];

export const lessonNamed = (id: string | undefined): Lesson | undefined =>
  lessons.find((one) => one.id === id);
