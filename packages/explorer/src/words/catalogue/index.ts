import { de } from "./de/index.js";
import { en } from "./en/index.js";
import type { Given, Message, Translated } from "./message.js";

/*
 * What *Start here* and *Collect* say, in English and German. English names the keys; the types see to it that German has all of
 * them. Which language is spoken, and how components ask, is in state/language.svelte.ts.
 */

export type Language = "en" | "de";
export type Key = keyof typeof en;

/** What is given to a message: nothing if it has no names in braces. */
export type Arguments<K extends Key> =
  Record<never, never> extends Given<(typeof en)[K]> ? [] : [Given<(typeof en)[K]>];

const catalogues: Readonly<Record<Language, Translated<typeof en>>> = { en, de };
export const languages = Object.keys(catalogues) as readonly Language[];

/** How languages are called by those who speak them. */
export const languageNames: Readonly<Record<Language, string>> = { en: "English", de: "Deutsch" };

/** Made for the first large number: a browser takes up to 20 ms for one. */
const formats = new Map<Language, Intl.NumberFormat>();

/** A number in a sentence. Small whole ones look the same in all these languages. */
function plainNumber(language: Language, value: number): string {
  if (Number.isInteger(value) && value >= 0 && value < 1000) return String(value);
  const format = formats.get(language) ?? new Intl.NumberFormat(language);
  formats.set(language, format);
  return format.format(value);
}

/** A message in a language, with what it was given in its places; numbers are written as the language does. */
export function say<K extends Key>(language: Language, key: K, ...[given]: Arguments<K>): string {
  const message: Message = catalogues[language][key];
  const values = (given ?? {}) as Readonly<Record<string, string | number>>;
  const text = typeof message === "string" ? message : message[values.count === 1 ? "one" : "other"];
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    return typeof value === "number" ? plainNumber(language, value) : value;
  });
}

/** A number as a language writes it: `numberIn("de", 0.98, { style: "percent" })` is `98 %`. */
export function numberIn(language: Language, value: number, options: Intl.NumberFormatOptions = {}): string {
  return new Intl.NumberFormat(language, options).format(value);
}

/** The first of these, as `navigator.languages` has them ("de-AT"), that the catalogue has; else English. */
export function firstSpoken(wanted: readonly string[]): Language {
  const all = wanted.map((tag) => tag.toLowerCase().split("-")[0]);
  return (all.find((tag) => isLanguage(tag)) as Language | undefined) ?? "en";
}

export function isLanguage(tag: unknown): tag is Language {
  return languages.includes(tag as Language);
}
