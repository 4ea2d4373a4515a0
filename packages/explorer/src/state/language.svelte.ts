import {
  type Arguments,
  firstSpoken,
  isLanguage,
  type Key,
  type Language,
  numberIn,
  say,
} from "../words/catalogue/index.js";

/*
 * Which language the translated parts of the page speak. They bear it as their `lang`: <section lang={language.code}>.
 */

const KEY = "unravel.language";

class Spoken {
  #code = $state<Language>(chosenLanguage());

  get code(): Language {
    return this.#code;
  }

  /** From now on, and at the next visit. */
  choose(code: Language): void {
    this.#code = code;
    try {
      localStorage.setItem(KEY, code);
    } catch {
      // a browser that keeps nothing forgets this too
    }
  }
}

/** The language that the visitor chose, else the first that the browser is set to and the catalogue has. */
function chosenLanguage(): Language {
  const kept = read();
  return isLanguage(kept) ? kept : firstSpoken(navigator.languages);
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export const language = new Spoken();

/** A message in the language that is spoken: `t("collect.pictures", { count: 3 })`. Markup that calls it follows the switch. */
export function t<K extends Key>(key: K, ...given: Arguments<K>): string {
  return say(language.code, key, ...given);
}

/** A number as the language that is spoken writes it. */
export function n(value: number, options: Intl.NumberFormatOptions = {}): string {
  return numberIn(language.code, value, options);
}
