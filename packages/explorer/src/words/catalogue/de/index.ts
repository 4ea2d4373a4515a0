import { collect } from "./collect.js";
import { language } from "./language.js";
import { start } from "./start.js";

export const de = { ...language, ...start, ...collect };
