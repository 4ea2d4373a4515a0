import type { Collected } from "./collected.js";
import { type DataRequest, type OwnImages, requestFrom, servedData } from "./data.js";
import type { DataName, Settings } from "./settings.js";

/** The id of files or pictures that were kept from another visit. */
const KEPT = 0;

/** What there is to train on: what the page's server has, and what the visitor gave or allowed. */
export class TrainingImages {
  /** What the page's own server has. */
  served = $state.raw<readonly DataName[]>([]);
  /** Whether MNIST may be fetched from another host. */
  mayFetch = $state(false);
  files = $state.raw<readonly File[]>([]);
  /** Pictures that were collected on the page. */
  collected = $state.raw<Collected>();
  /** How often files or a collection came: each has an id of its own, from 1 on. */
  #count = 0;
  /** Settled when the page's own server has said what it has. */
  readonly asked: Promise<void> = servedData().then((names) => {
    this.served = names;
  });

  take(files: readonly File[]): void {
    this.files = files;
    this.#count += 1;
  }

  collect(collected: Collected): void {
    this.collected = collected;
    this.#count += 1;
  }

  /** Where the images of these settings are; undefined: they have to be given, or their fetching allowed. */
  requestFor(settings: Settings): DataRequest | undefined {
    return requestFrom(this, settings, this.#count);
  }

  /** As `requestFor`, with what was kept from another visit, whatever was given since; if nothing was, it is what there is. */
  requestWith(own: OwnImages, settings: Settings): DataRequest | undefined {
    if (this.files.length === 0) this.files = own.files ?? [];
    this.collected ??= own.collected;
    const { served, mayFetch, files, collected } = this;
    return requestFrom({ served, mayFetch, files, collected, ...own }, settings, KEPT);
  }
}
