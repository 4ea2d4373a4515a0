import { getContext, setContext, untrack } from "svelte";
import type { Cell } from "unravel-cnn";
import type { Place } from "../view/grids.js";
import { type Mark, type MarkKind, marksOf, merged } from "../view/marks.js";
import { inPass, otherPass } from "../view/network.js";
import type { Explorer } from "./explorer.svelte.js";

/** The pictures of numbers that are on the page now, and what is outlined in them. */
export class Pictures {
  readonly #explorer: Explorer;
  readonly #elements = new Map<string, HTMLElement>();
  /** Grows whenever pictures come or go. */
  changes = $state(0);

  constructor(explorer: Explorer) {
    this.#explorer = explorer;
  }

  /** Everything that the selected cell is made of, losers and formulas' other numbers included. */
  readonly sources: readonly Cell[] = $derived.by(() => {
    const { terms, others } = this.#explorer.explanation;
    return [...terms.flatMap(({ factors }) => factors), ...others].flatMap(({ cell }) =>
      cell ? [cell] : [],
    );
  });

  /** Outlines of the sources: those whose numbers are shown, and those where only their gradients are. */
  readonly sourceMarks = $derived.by(() => {
    const here = this.sources.filter((cell) => this.#isShown(cell));
    const elsewhere = this.sources.filter((cell) => !this.#isShown(cell)).map((cell) => this.#shown(cell));
    return merged(this.#marks(here, "source"), this.#marks(elsewhere, "counterpart"));
  });
  readonly targetMarks = $derived.by(() => this.#marks(this.#explorer.targets, "target"));

  /** Outlines by picture. */
  readonly marks: ReadonlyMap<string, readonly Mark[]> = $derived.by(() => {
    const { selected, hinted } = this.#explorer;
    const hints = hinted.map((cell) => this.#shown(cell));
    return merged(
      this.targetMarks,
      this.sourceMarks,
      this.#marks([selected], "selected"),
      this.#marks(hints, "hint"),
    );
  });

  #marks(cells: readonly Cell[], kind: MarkKind): Map<string, Mark[]> {
    return marksOf(cells, kind, (cell) => this.#placeOf(cell));
  }

  /** Where a cell of the image that is shown lies. */
  #placeOf(cell: Cell): Place | undefined {
    const explorer = this.#explorer;
    if (!Object.hasOwn(explorer.tensors, cell.tensor)) return undefined;
    if (explorer.isBatched(cell.tensor) && cell.index[0] !== explorer.image) return undefined;
    return explorer.placeOf(cell);
  }

  #isShown({ tensor }: Cell): boolean {
    return inPass(tensor, this.#explorer.pass);
  }

  /** A number of the forward pass that is looked at backward: the place where its gradient stands. */
  #shown(cell: Cell): Cell {
    const { network, pass } = this.#explorer;
    return this.#isShown(cell) ? cell : otherPass(network.model, cell, pass);
  }

  register(key: string, element: HTMLElement): () => void {
    this.#elements.set(key, element);
    this.#changed();
    return () => {
      if (this.#elements.get(key) === element) this.#elements.delete(key);
      this.#changed();
    };
  }

  #changed(): void {
    untrack(() => {
      this.changes += 1;
    });
  }

  element(key: string): HTMLElement | undefined {
    return this.#elements.get(key);
  }
}

const key = Symbol("pictures");

export const providePictures = (pictures: Pictures): Pictures => setContext(key, pictures);
export const usePictures = (): Pictures => getContext(key);
