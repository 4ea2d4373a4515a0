/** *Start here*. */
export const start = {
  "start.title": "Start here",
} as const;
