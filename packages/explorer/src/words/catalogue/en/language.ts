/** The switch of the language itself. */
export const language = {
  "language.choose": "Language",
} as const;
