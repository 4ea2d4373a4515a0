import { untrack } from "svelte";
import type { Drawer } from "../state/drawer.svelte.js";
import { type Drawing, emptyDrawing, isEmpty } from "../state/drawing.js";
import type { Explorer } from "../state/explorer.svelte.js";
import { t } from "../state/language.svelte.js";
import type { Collected, ImageKind } from "../training/collected.js";
import type { NamedNetwork } from "../training/settings.js";
import type { LiveTraining } from "../training/training.svelte.js";
import * as collecting from "./collection.js";
import { CollectionKeeper } from "./keeper.svelte.js";
import { isGrey } from "./pictures.js";
import { collectedOf, settingsFor } from "./settings.js";
import { type Obstacle, obstacleOf } from "./warnings.js";

/** So many steps can be taken back. */
const MOST_BEFORE = 50;

/** What a class without a name is called. */
const nameOfPlace = (number: number) => t("collect.classNumber", { number });

/** What a visitor collects, and what becomes of it. It stays while other tabs are open. */
export class Collector {
  collection = $state.raw<collecting.Collection>(collecting.emptyCollection(["", ""]));
  #before = $state.raw<readonly collecting.Collection[]>([]);
  /** The class that pictures go to. */
  #chosen = $state<string>();
  /** Where pictures come from. */
  source = $state<"pad" | "camera">("pad");
  /** What is on this tab's pad. */
  drawing = $state.raw<Drawing>(emptyDrawing);
  /** What the visitor wants pictures to become. */
  #kind = $state<ImageKind>();
  network = $state<NamedNetwork>("lenet5");
  training = $state.raw<LiveTraining>();
  /** What the training was given last, and what that was made of. */
  #given = $state.raw<{
    readonly collected: Collected;
    readonly collection: collecting.Collection;
    readonly kind: ImageKind;
  }>();
  #began = 0;
  /** How long the last training took, from the button to its end. */
  seconds = $state<number>();
  /** How many pictures came back from another visit; undefined: none, or something has changed since. */
  restored = $state<number>();
  readonly keeper = new CollectionKeeper();
  readonly #explorer: Explorer;
  readonly #drawer: Drawer;

  /** What pictures become; unless somebody says it: grey if all of them are. */
  readonly kind: ImageKind = $derived(this.#kind ?? this.#usualKind);
  /** How many pictures there are. */
  readonly count: number = $derived(collecting.pictureCount(this.collection));
  readonly canUndo: boolean = $derived(this.#before.length > 0);
  /** All classes with a name. */
  readonly named: collecting.Collection = $derived(collecting.named(this.collection, nameOfPlace));
  readonly chosen: collecting.CollectedClass | undefined = $derived(
    this.named.classes.find(({ id }) => id === this.#chosen) ?? this.named.classes[0],
  );
  /** What must be done before it can be trained on. */
  readonly obstacle: Obstacle | undefined = $derived(obstacleOf(this.named));
  /** Whether the training is one of a collection. */
  readonly isOurs: boolean = $derived(this.training?.settings?.data === "collected");
  /** Whether the network above is one that was trained on a collection, so that it can say what it sees. */
  readonly isLive: boolean = $derived.by(() => {
    const { training } = this;
    const isDone = training?.phase === "done" && this.isOurs;
    return isDone && this.#explorer.network.model === training.model;
  });
  /** Whether what the network above sees was drawn, or comes from the camera: then its answer is one to what is shown here. */
  readonly isAnswered: boolean = $derived.by(() => {
    const { base, strokes } = this.#explorer.drawing;
    return this.isLive && (strokes.length > 0 || (base?.kind === "pixels" && base.isLive === true));
  });
  /** Whether pictures or classes have changed since it was trained. */
  readonly isOutdated: boolean = $derived.by(() => {
    const given = this.#given;
    const isTrained = given?.collected === this.training?.ownImages.collected;
    return given !== undefined && !(isTrained && given.collection === this.collection);
  });

  constructor(explorer: Explorer, drawer: Drawer) {
    this.#explorer = explorer;
    this.#drawer = drawer;
    void this.#begin();
  }

  async #begin(): Promise<void> {
    const [kept, training] = await Promise.all([this.keeper.open(), this.#drawer.openTraining()]);
    this.training = training;
    if (kept && collecting.pictureCount(this.collection) === 0) {
      this.collection = kept.collection;
      this.#kind = kept.kind;
      this.network = kept.network;
      this.restored = this.count || undefined;
    }
    $effect.root(() => {
      $effect(() =>
        this.keeper.keep({ collection: this.collection, kind: this.#kind, network: this.network }),
      );
      $effect(() => {
        const { phase } = training;
        untrack(() => this.#phaseChanged(phase));
      });
    });
  }

  setKind(kind: ImageKind): void {
    this.#kind = kind;
  }

  get #usualKind(): ImageKind {
    const pictures = this.collection.classes.flatMap((one) => one.pictures);
    const areGrey =
      pictures.length > 0 ? pictures.every(({ pixels }) => isGrey(pixels)) : this.source === "pad";
    return areGrey ? "grey28" : "colour32";
  }

  #phaseChanged(phase: LiveTraining["phase"]): void {
    if (phase !== "done" || this.#began === 0) return;
    this.seconds = (performance.now() - this.#began) / 1000;
    this.#began = 0;
    if (this.source === "pad" && !isEmpty(this.drawing)) this.#explorer.draw(this.drawing);
  }

  // Classes and pictures ---------------------------------------------------------------------------------------------

  #change(collection: collecting.Collection): void {
    if (collection === this.collection) return;
    this.#before = [...this.#before, this.collection].slice(-MOST_BEFORE);
    this.restored = undefined;
    this.collection = collection;
  }

  undo(): void {
    const last = this.#before.at(-1);
    if (!last) return;
    this.#before = this.#before.slice(0, -1);
    this.collection = last;
  }

  choose(id: string): void {
    this.#chosen = id;
  }

  addClass(): void {
    this.#change(collecting.addClass(this.collection, ""));
    this.#chosen = this.collection.classes.at(-1)?.id;
  }

  rename(id: string, name: string): void {
    this.#change(collecting.renameClass(this.collection, id, name));
  }

  removeClass(id: string): void {
    this.#change(collecting.removeClass(this.collection, id));
  }

  removePicture(id: string): void {
    this.#change(collecting.removePicture(this.collection, id));
  }

  movePicture(id: string, to: string): void {
    this.#change(collecting.movePicture(this.collection, id, to));
  }

  /** Empties all classes, and forgets their names. */
  clear(): void {
    this.#change(collecting.emptyCollection(["", ""]));
  }

  /** Pictures for the chosen class; says so where there is no room for all. */
  add(pictures: readonly Uint8Array[]): void {
    const { chosen } = this;
    if (!chosen) return;
    const room = collecting.room(this.collection);
    this.#change(collecting.addPictures(this.collection, chosen.id, pictures));
    if (pictures.length > room) this.#explorer.tell(t("collect.full", { count: collecting.MOST_PICTURES }));
  }

  /** Pictures that say which class they belong to. */
  join(all: readonly collecting.Labelled[]): collecting.Joined {
    const joined = collecting.join(this.collection, all, nameOfPlace);
    this.#change(joined.collection);
    return joined;
  }

  // Training ---------------------------------------------------------------------------------------------------------

  train(): void {
    const { training, named, network } = this;
    if (!training) return;
    this.#began = performance.now();
    this.seconds = undefined;
    this.give();
    training.begin(settingsFor(named, network));
  }

  /** Gives the training the pictures as they are now. False: it had them. */
  give(): boolean {
    const { training, collection, named, kind } = this;
    if (!training || (this.#given?.collection === collection && this.#given.kind === kind)) return false;
    const collected = collectedOf(named, kind);
    this.#given = { collected, collection, kind };
    training.collect(collected);
    return true;
  }
}

const collectors = new WeakMap<Drawer, Collector>();

/** The collector of this page. */
export function collectorOf(explorer: Explorer, drawer: Drawer): Collector {
  const found = collectors.get(drawer);
  if (found) return found;
  let made!: Collector;
  // of no component's: it outlives the tab
  $effect.root(() => {
    made = new Collector(explorer, drawer);
  });
  collectors.set(drawer, made);
  return made;
}
