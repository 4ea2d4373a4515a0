import type { Translated } from "../message.js";

export const start: Translated<typeof import("../en/start.js").start> = {
  "start.title": "Fang hier an",
};
