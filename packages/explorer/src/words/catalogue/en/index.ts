import { collect } from "./collect.js";
import { language } from "./language.js";
import { start } from "./start.js";

/** What the catalogue says in English: the language that names the keys. */
export const en = { ...language, ...start, ...collect } as const;
