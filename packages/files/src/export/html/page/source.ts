import type { PictureSource } from "../../js/runtime/pixels.js";

/** A way to give the network something to look at. */
export interface Source {
  /** On its tab. */
  readonly title: string;
  readonly panel: HTMLElement;
  /** Called when its tab is chosen, and when another one is. */
  readonly shown?: () => void;
  readonly hidden?: () => void;
}

/** Who looks at pictures, and says what is wrong with them. */
export interface Looker {
  look(picture: PictureSource): void;
  complain(sentence: string): void;
  forget(): void;
}
