/** A lesson is data: words, and states of the page that are links. Words are shown as text, never as HTML. */
export interface Lesson {
  /** As it stands in a link: `lesson=learning-rate`. */
  readonly id: string;
  readonly title: string;
  /** What it is about, in one sentence. */
  readonly about: string;
  readonly steps: readonly LessonStep[];
}

export interface LessonStep {
  /** Two or three short sentences. */
  readonly text: string;
  readonly show: readonly Show[];
  /** Whether it is asked before anything is shown: the buttons wait for a guess, and the answer for what they show. */
  readonly predict?: boolean;
  readonly question: string;
  /** What can be chosen; without it the visitor writes a few words. */
  readonly choices?: Choices;
  /** What is right, or what happened, and why. Nobody sees it before a guess. */
  readonly answer: string;
}

export interface Choices {
  readonly all: readonly string[];
  /** The place of the right one. */
  readonly right: number;
}

/** The answers to choose from, the right one with a star before it. */
export function choices(...marked: readonly string[]): Choices {
  return {
    all: marked.map((one) => one.replace(/^\*/, "")),
    right: marked.findIndex((one) => one.startsWith("*")),
  };
}

/** A button that sets the page's state. */
export interface Show {
  /** What the button says. */
  readonly title: string;
  /** The part of an address after #, without the lesson. */
  readonly link: string;
  /** Whether the training of these settings begins at once. */
  readonly train?: boolean;
}
