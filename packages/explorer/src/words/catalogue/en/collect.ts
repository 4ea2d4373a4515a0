/** The tab *Collect*. */
export const collect = {
  "collect.title": "Collect",
  "collect.pictures": { one: "{count} picture", other: "{count} pictures" },
} as const;
