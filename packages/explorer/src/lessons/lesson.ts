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
  readonly question: string;
  readonly answer: string;
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
