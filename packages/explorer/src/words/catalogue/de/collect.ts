import type { Translated } from "../message.js";

export const collect: Translated<typeof import("../en/collect.js").collect> = {
  "collect.title": "Sammeln",
  "collect.pictures": { one: "{count} Bild", other: "{count} Bilder" },
};
