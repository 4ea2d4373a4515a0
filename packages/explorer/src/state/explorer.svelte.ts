import { getContext, setContext } from "svelte";
import {
  type Cell,
  cellAddress,
  contributesTo,
  type Explanation,
  explain,
  indexAt,
  type PixelData,
  type Trace,
  tensorsOfModel,
  trace,
} from "unravel-cnn";
import type { Theme } from "../view/colours.js";
import { cellIn, hasCell, layerNameOf } from "../view/grids.js";
import { parameterOf } from "../view/layout.js";
import { inPass, oppositeOf, otherPass, type Pass } from "../view/network.js";
import { type Drawing, emptyDrawing, firstDrawing, pixelsOf, type Stroke } from "./drawing.js";
import type { LinkState } from "./link.js";
import type { Network } from "./network.js";
import { choices } from "./networks.js";
import { openedFor, remembered, retaken } from "./openedPicture.js";
import { batchOfPad, digitsOf, labelOfSample } from "./padBatch.js";
import { type Right, suits } from "./right.js";
import { Shown } from "./shown.svelte.js";
import { steady } from "./steady.js";
import type { GivenBatch } from "./traceBatch.js";
import { Tracer } from "./tracer.js";

/** The state of the page. Everything that one sees follows from it. */
export class Explorer extends Shown {
  /** Whether there is something to show. */
  ready = $state(false);
  /** What the newest network or picture is; its trace may still be on its way. */
  #wanted = $state.raw<Network>();

  drawing = $state.raw<Drawing>(emptyDrawing);
  #before = $state.raw<readonly Drawing[]>([]);
  /** Which of the program's many drawings of each digit lie on the shelf. */
  shelf = $state(0);
  /** The right class, if the visitor said it. */
  answer = $state.raw<Right>();

  pass = $state<Pass>("forward");
  scope = $state<"image" | "batch">("image");
  theme = $state<Theme>("light");

  selected = $state.raw<Cell>({ tensor: "loss", index: [] });
  #past = $state.raw<readonly Cell[]>([]);
  /** What the pointer or the keyboard rests on in the cell panel. */
  hinted = $state.raw<readonly Cell[]>([]);
  /** What the pointer rests on in a picture. */
  hovered = $state.raw<{ readonly cell: Cell; readonly x: number; readonly y: number }>();
  /** Of which input channel a layer's kernels are shown; of a matrix, the weights of which unit. */
  kernels = $state.raw<Readonly<Record<string, number>>>({});

  /** Images from elsewhere that are shown instead of the drawing, until something is drawn. */
  batch = $state.raw<GivenBatch>();

  /** What a visitor must be told, in one sentence. */
  notice = $state.raw<{ readonly text: string; readonly bad: boolean }>();

  readonly #tracer = new Tracer(
    (trace, network) => this.#show(trace, network),
    (error) => this.tell(`The network could not be computed: ${error.message}`),
  );

  readonly #steadyExplanation = steady<Explanation>();
  readonly explanation: Explanation = $derived(this.#steadyExplanation(explain(this.trace, this.selected)));
  readonly #steadyTargets = steady<readonly Cell[]>();
  readonly targets: readonly Cell[] = $derived(
    this.#steadyTargets(
      contributesTo(this.trace, this.selected).filter(({ tensor }) => inPass(tensor, this.pass)),
    ),
  );
  readonly canUndo: boolean = $derived(this.#before.length > 0);
  readonly canGoBack: boolean = $derived(this.#past.length > 0);
  /** Digits that the network has classes for: those lie on the shelf. */
  readonly digits: readonly number[] = $derived(digitsOf(this.network.model));
  readonly hasShelf: boolean = $derived(this.digits.length > 1);

  // What is shown ---------------------------------------------------------------------------------------------------

  /** Opens with a network and with what a link says. */
  open(network: Network, link: LinkState): void {
    this.batch = undefined;
    this.drawing = link.drawing ?? firstDrawing;
    this.answer = link.answer;
    this.scope = link.scope ?? "image";
    this.image = link.scope ? (link.image ?? 0) : 0;
    this.scaling = link.scaling ?? "layer";
    this.#past = [];
    this.#before = [];
    this.#restore = { cell: link.cell, pass: link.pass ?? "forward" };
    this.#tracer.forget();
    this.show(network);
  }

  #restore = $state.raw<{ readonly cell: string | undefined; readonly pass: Pass }>();

  /** Whether a link's numbers are still being computed, so that its cell can't be selected yet. */
  get opening(): boolean {
    return this.#restore !== undefined;
  }

  /**
   * Shows a network. If only its numbers are others than before, the selection and the pages stay.
   * @param inPassing whether it may come a little later
   */
  show(network: Network, inPassing = false): void {
    this.#wanted = network;
    this.#retrace(inPassing);
  }

  /** Shows a network's numbers for these images instead of the drawing; `showDrawing` ends that. */
  showBatch(network: Network, batch: GivenBatch): void {
    if (!this.batch) this.#scopeBefore = this.scope;
    this.batch = batch;
    this.scope = "batch";
    this.show(network);
  }

  showDrawing(): void {
    if (!this.batch) return;
    this.#endBatch();
    this.#retrace();
  }

  #scopeBefore: "image" | "batch" = "image";

  #endBatch(): void {
    if (!this.batch) return;
    this.batch = undefined;
    this.scope = this.#scopeBefore;
    this.image = 0;
  }

  /** Shows the numbers of a trace from a file as they are, until something is drawn or chosen. */
  showTrace(given: Trace, title: string): void {
    const { model, labels } = given;
    const [images] = given.tensors.x.shape;
    const parameters = Object.fromEntries(
      tensorsOfModel(model).map(({ fullName }) => [fullName, given.tensors[fullName]]),
    );
    const complete = trace(model, parameters, given.tensors.x, labels, given.circumstances);
    const drawing = { base: pixelsOf(model, given.tensors.x), strokes: [] };
    this.#before = remembered(this.#before, this.drawing, drawing);
    this.drawing = drawing;
    this.answer = undefined;
    this.batch = undefined;
    this.scope = images > 1 ? "batch" : "image";
    this.image = 0;
    this.#restore = undefined;
    this.#tracer.forget();
    this.#wanted = { id: undefined, title, note: "a trace", model, parameters };
    this.#show({ ...given, tensors: { ...complete.tensors, ...given.tensors } }, this.#wanted);
  }

  /** What the image that is shown is called. */
  get pictureName(): string {
    const { base, strokes } = this.drawing;
    if (this.batch) return `image ${this.image} of ${this.batch.name}`;
    if (this.image > 0) return `image ${this.image} of the batch`;
    if (strokes.length > 0) return "a drawing";
    return base?.kind === "sample" ? `a ${base.digit} drawn by the program` : "a picture";
  }

  /** Whether somebody said what is right, or the network's own answer counts. */
  get isLabelKnown(): boolean {
    return (
      this.batch !== undefined ||
      this.image > 0 ||
      this.answer !== undefined ||
      labelOfSample(this.drawing, this.network.model) !== undefined
    );
  }

  /** The state as a link carries it; undefined parts are as at the start. */
  get link(): LinkState {
    const { id } = this.network;
    const { base, strokes } = this.drawing;
    const first = strokes.length === 0 && base?.kind === "sample" && base.digit === 3 && base.index === 0;
    return {
      ...(id !== undefined && id !== choices[0].id && { network: id }),
      ...(!first && { drawing: this.drawing }),
      ...(this.answer !== undefined && { answer: this.answer }),
      cell: cellAddress(this.selected),
      ...(this.pass === "backward" && { pass: this.pass }),
      ...(this.scope === "batch" && !this.batch && { scope: this.scope, image: this.image }),
      ...(this.scaling === "map" && { scaling: this.scaling }),
    };
  }

  /** A sentence for the visitor; a good one goes by itself. */
  tell(text: string, bad = true): void {
    this.notice = { text, bad };
  }

  #retrace(inPassing = false): void {
    const network = this.#wanted as Network;
    const { model } = network;
    if (this.batch) {
      this.#tracer.ask(network, this.batch, inPassing);
      return;
    }
    const { drawing, problem } = retaken(this.drawing, model);
    this.drawing = drawing;
    if (problem !== undefined) this.tell(problem);
    if (this.answer !== undefined && !suits(model, this.answer)) this.answer = undefined;
    this.#tracer.ask(network, batchOfPad(this, model), inPassing);
  }

  #show(trace: Trace, network: Network): void {
    const first = network.model !== this.network?.model;
    this.setNumbers(trace, network);
    this.image = Math.min(this.image, this.images - 1);
    if (first) this.pages = this.kernels = {};
    if (this.#restore) {
      const { cell, pass } = this.#restore;
      this.#restore = undefined;
      this.pass = pass;
      this.selected = (cell && cellIn(this.tensors, cell)) || this.#largestOfFirstLayer();
      if (!inPass(this.selected.tensor, this.pass)) this.pass = oppositeOf(this.pass);
      this.#reveal(this.selected);
    } else if (!hasCell(this.tensors, this.selected)) {
      this.#past = [];
      this.selected = this.#largestOfFirstLayer();
    }
    this.#past = this.#past.filter((cell) => hasCell(this.tensors, cell));
    this.ready = true;
  }

  /** The selection at the start: the largest number that the first layer gives. */
  #largestOfFirstLayer(): Cell {
    const { name } = this.network.model.layers[0];
    const tensor = this.pass === "forward" ? `${name}.out` : `grad.${name}.out`;
    const { data, shape } = this.tensors[tensor];
    let largest = 0;
    for (let k = 1; k < data.length / shape[0]; k++) if (data[k] > data[largest]) largest = k;
    return { tensor, index: indexAt(shape, largest) };
  }

  // The drawing ------------------------------------------------------------------------------------------------------

  /** Another drawing; what was there can be brought back by `undo`. */
  draw(drawing: Drawing): void {
    this.#before = remembered(this.#before, this.drawing, drawing);
    this.#replace(drawing);
  }

  /** The last stroke grows. */
  extend(stroke: Stroke): void {
    this.#replace({ ...this.drawing, strokes: [...this.drawing.strokes.slice(0, -1), stroke] }, true);
  }

  /** What a camera sees takes the place of what it saw before, which isn't brought back. */
  see(picture: PixelData): void {
    const drawing = { base: openedFor(this.network.model, picture, true).base, strokes: [] };
    const { base } = this.drawing;
    if (base?.kind === "pixels" && base.isLive) this.#replace(drawing);
    else this.draw(drawing);
  }

  #replace(drawing: Drawing, keepAnswer = false): void {
    this.#endBatch();
    this.drawing = drawing;
    if (!keepAnswer) this.answer = undefined;
    this.#retrace();
  }

  undo(): void {
    const last = this.#before.at(-1);
    if (!last) return;
    this.#before = this.#before.slice(0, -1);
    this.#replace(last);
  }

  choose(digit: number): void {
    this.draw({ base: { kind: "sample", digit, index: this.shelf }, strokes: [] });
  }

  restock(): void {
    this.shelf = (this.shelf + 1) % 1000;
    if (this.scope === "batch") this.#retrace();
  }

  setAnswer(answer: Right | undefined): void {
    this.#endBatch();
    this.answer = answer;
    this.#retrace();
  }

  setScope(scope: "image" | "batch"): void {
    this.batch = undefined;
    this.scope = scope;
    this.image = 0;
    if (this.selected.index.length > 0 && this.isBatched(this.selected.tensor)) {
      this.selected = { ...this.selected, index: [0, ...this.selected.index.slice(1)] };
    }
    this.#past = [];
    this.#retrace();
  }

  setImage(image: number): void {
    this.image = image;
    if (this.isBatched(this.selected.tensor)) {
      this.selected = { ...this.selected, index: [image, ...this.selected.index.slice(1)] };
    }
  }

  // The selection ----------------------------------------------------------------------------------------------------

  /** Selects a cell; `goBack` returns to the one before. */
  select(cell: Cell): void {
    if (cellAddress(cell) === cellAddress(this.selected)) return;
    this.#past = [...this.#past.slice(-99), this.selected];
    this.#go(cell);
  }

  goBack(): void {
    const last = this.#past.at(-1);
    if (!last) return;
    this.#past = this.#past.slice(0, -1);
    this.#go(last);
  }

  #go(cell: Cell): void {
    this.selected = cell;
    this.hinted = [];
    if (!inPass(cell.tensor, this.pass)) this.pass = oppositeOf(this.pass);
    this.#reveal(cell);
  }

  /** Moves the selection within its picture, or to the same place in the next one. */
  move({ rows = 0, columns = 0, planes = 0 }: { rows?: number; columns?: number; planes?: number }): void {
    const { tensor } = this.selected;
    const place = this.placeOf(this.selected);
    const cell = this.cellAt(tensor, {
      image: place.image,
      plane: place.plane + planes,
      row: place.row + rows,
      column: place.column + columns,
    });
    if (!cell) return;
    this.selected = cell; // many small steps are no places to go back to
    this.#reveal(cell);
  }

  /** To the cell of the largest term. */
  followLargest(): void {
    const sizes = this.explanation.terms.map(({ value }) => Math.abs(value));
    const largest = this.explanation.terms[sizes.indexOf(Math.max(...sizes))];
    const cells = (largest?.factors ?? this.explanation.others).flatMap(({ cell }) => (cell ? [cell] : []));
    const next = cells.find(({ tensor }) => !this.isParameter(tensor)) ?? cells[0];
    if (next) this.select(next);
  }

  setPass(pass: Pass): void {
    if (pass === this.pass) return;
    const cell = otherPass(this.network.model, this.selected, pass);
    this.pass = pass;
    if (hasCell(this.tensors, cell)) this.selected = cell;
    this.#reveal(this.selected);
  }

  /** So many channels are a page; what is selected stays in sight. */
  setPage(page: number): void {
    if (page === this.page) return;
    this.page = page;
    this.pages = {};
    this.#reveal(this.selected);
  }

  /** Turns the pages so that a cell can be seen. */
  #reveal(cell: Cell): void {
    const { model } = this.network;
    const name = layerNameOf(cell.tensor);
    if (!Object.hasOwn(this.tensors, cell.tensor) || cell.index.length === 0) return;
    const place = this.placeOf(cell);
    if (this.isBatched(cell.tensor)) this.image = place.image;
    const isWeight = this.isParameter(cell.tensor);
    const layer = model.layers.find((one) => one.name === name);
    if (layer && parameterOf(layer, 2)) {
      this.kernels = { ...this.kernels, [name]: cell.index[isWeight ? 0 : 1] };
      if (!isWeight || cell.index.length === 1) return;
      const channels = this.gridOf(cell.tensor).planes / this.tensors[cell.tensor].shape[0];
      this.turn(layer.inputs[0], place.plane % channels);
      return;
    }
    if (isWeight && cell.index.length === 4) this.kernels = { ...this.kernels, [name]: cell.index[1] };
    this.turn(layer?.output ?? name, isWeight ? cell.index[0] : place.plane);
  }
}

const key = Symbol("explorer");

export const provideExplorer = (explorer: Explorer): Explorer => setContext(key, explorer);
export const useExplorer = (): Explorer => getContext(key);
