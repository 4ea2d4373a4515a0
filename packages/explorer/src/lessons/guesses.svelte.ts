/** What a visitor has guessed, and looked at, in the steps of lessons. */
class Guesses {
  #guesses = $state.raw<Readonly<Record<string, string>>>({});
  #shown = $state.raw<ReadonlySet<string>>(new Set());

  /** @param step a lesson's, as `keyOf` names it */
  of(step: string): string | undefined {
    return this.#guesses[step];
  }

  guess(step: string, words: string): void {
    this.#guesses = { ...this.#guesses, [step]: words };
  }

  /** Whether one of the step's buttons was pressed after the guess. */
  isShown(step: string): boolean {
    return this.#shown.has(step);
  }

  show(step: string): void {
    if (this.of(step) !== undefined) this.#shown = new Set([...this.#shown, step]);
  }
}

export const keyOf = (lesson: string, step: number): string => `${lesson} ${step}`;

/** They stay until the page is left, whichever tab is open. */
export const guesses = new Guesses();
