import { getContext, setContext, untrack } from "svelte";
import { type Cell, indexAt, type ModelLayer, offsetOf } from "unravel-cnn";
import { layerNameOf, type Place } from "../view/grids.js";
import { onlyReshapes } from "../view/layout.js";
import { type Mark, type MarkKind, marksOf, merged, pictureKey } from "../view/marks.js";
import { inPass, otherPass } from "../view/network.js";
import type { Explorer } from "./explorer.svelte.js";
import { steady } from "./steady.js";

/** The pictures of numbers that are on the page now, and what is outlined in them. */
export class Pictures {
  readonly #explorer: Explorer;
  readonly #elements = new Map<string, HTMLElement>();
  /** Grows whenever pictures come or go. */
  changes = $state(0);

  /** Outlines by picture. The same object while they stay, so that no picture is looked through for changes. */
  marks = $state.raw<ReadonlyMap<string, readonly Mark[]>>(new Map());

  /** To be made where a component is set up, which the outlines then are kept up to date for. */
  constructor(explorer: Explorer) {
    this.#explorer = explorer;
    $effect.pre(() => {
      if (explorer.ready) this.marks = this.#outlines;
    });
  }

  readonly #steady = steady<readonly Cell[]>();
  /** Everything that the selected cell is made of, losers and formulas' other numbers included. */
  readonly sources: readonly Cell[] = $derived.by(() => {
    const { terms, others } = this.#explorer.explanation;
    const factors = [...terms.flatMap(({ factors }) => factors), ...others];
    return this.#steady(factors.flatMap(({ cell }) => cell ?? []));
  });

  /** Outlines of the sources: those whose numbers are shown, and those where only their gradients are. */
  readonly sourceMarks = $derived.by(() => {
    const here = this.sources.filter((cell) => this.#isShown(cell));
    const elsewhere = this.sources.filter((cell) => !this.#isShown(cell)).map((cell) => this.#shown(cell));
    return merged(this.#marks(here, "source"), this.#marks(elsewhere, "counterpart"));
  });
  readonly targetMarks = $derived.by(() => this.#marks(this.#explorer.targets, "target"));

  readonly #outlines: ReadonlyMap<string, readonly Mark[]> = $derived.by(() => {
    const { selected, hinted } = this.#explorer;
    const hints = hinted.map((cell) => this.#shown(cell));
    return merged(
      this.targetMarks,
      this.sourceMarks,
      this.#marks([selected], "selected"),
      this.#marks(hints, "hint"),
    );
  });

  /** Layers that were unfolded though they only repeat the pictures before them. */
  #unfolded = $state.raw<ReadonlySet<string>>(new Set());

  /** Whether a layer is folded away: it repeats the pictures of the one before it, and nothing in it is selected. */
  isFolded(layer: ModelLayer): boolean {
    const isSelected = layerNameOf(this.#explorer.selected.tensor) === layer.name;
    return onlyReshapes(layer) && !isSelected && !this.#unfolded.has(layer.name);
  }

  unfold(name: string): void {
    this.#unfolded = new Set([...this.#unfolded, name]);
  }

  readonly #folded = $derived.by(
    () =>
      new Map(
        this.#explorer.network.model.layers
          .filter((layer) => this.isFolded(layer))
          .map((layer) => [layer.name, layer]),
      ),
  );

  #marks(cells: readonly Cell[], kind: MarkKind): Map<string, Mark[]> {
    const seen = this.#folded.size === 0 ? cells : cells.map((cell) => this.#seen(cell));
    return marksOf(seen, kind, (cell) => this.#placeOf(cell));
  }

  /** Where a number of a folded layer is seen: the same number in the layer before it. */
  #seen(cell: Cell): Cell {
    const layer = this.#folded.get(layerNameOf(cell.tensor));
    if (!layer) return cell;
    const input = `${cell.tensor.startsWith("grad.") ? "grad." : ""}${layer.inputs[0]}`;
    const { shapes } = this.#explorer;
    if (!Object.hasOwn(shapes, input)) return cell;
    const index = indexAt(shapes[input], offsetOf(shapes[cell.tensor], cell.index));
    return this.#seen({ tensor: input, index });
  }

  /**
   * The picture of a tensor that the Tab key stops at: the one with the selected cell, else the first that is shown. Pictures of
   * one tensor are one stop together.
   */
  readonly #stops = $derived.by(() => {
    void this.changes;
    const { tensor, index } = this.#explorer.selected;
    const selected = index.length > 0 ? this.#explorer.placeOf(this.#explorer.selected).plane : 0;
    const stops = new Map<string, number>();
    for (const key of this.#elements.keys()) {
      const at = key.lastIndexOf("/");
      const [name, plane] = [key.slice(0, at), Number(key.slice(at + 1))];
      const stop = stops.get(name);
      const isSelected = name === tensor && plane === selected;
      if (isSelected || stop === undefined || (plane < stop && !(name === tensor && stop === selected)))
        stops.set(name, plane);
    }
    return stops;
  });

  isStop(tensor: string, plane: number): boolean {
    return this.#stops.get(tensor) === plane;
  }

  /** The pictures of a tensor that are shown, in their order. */
  of(tensor: string): HTMLElement[] {
    const prefix = pictureKey(tensor, 0).slice(0, -1);
    return [...this.#elements]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => Number(a.slice(prefix.length)) - Number(b.slice(prefix.length)))
      .map(([, element]) => element);
  }

  /** Where a cell of the image that is shown lies. */
  #placeOf(cell: Cell): Place | undefined {
    const explorer = this.#explorer;
    if (!Object.hasOwn(explorer.shapes, cell.tensor)) return undefined;
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
