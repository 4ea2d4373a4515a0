import type { Translated } from "../message.js";

export const language: Translated<typeof import("../en/language.js").language> = {
  "language.choose": "Sprache",
};
