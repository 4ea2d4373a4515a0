import { known } from "../../known.js";
import type { Address, Buffer, Index, Pointer, Sum } from "../ir.js";
import type { Binding, Place } from "./storages.js";

/** A loop around a statement: with a counter of its own, or as one copy of its body. */
export type Scope = { readonly index: Index } & ({ readonly name: string } | { readonly copy: number });

/** Where the addresses of a shader lie in its storages, as text. */
export class Cells {
  readonly #placeOf: (buffer: Buffer) => Place;
  readonly #bindings: ReadonlyMap<string, Binding>;
  readonly #names = new Map<Index | Pointer, string>();
  readonly #taken = new Set<string>();

  /** @param taken names that no counter may have */
  constructor(bindings: readonly Binding[], placeOf: (buffer: Buffer) => Place, taken: readonly string[]) {
    this.#placeOf = placeOf;
    this.#bindings = new Map(bindings.map((binding) => [binding.storage.name, binding]));
    for (const name of [...taken, ...this.#bindings.keys()]) this.#taken.add(name);
  }

  /** A name that only this counter or pointer has. */
  nameOf(variable: Index | Pointer): string {
    let name = this.#names.get(variable);
    if (name === undefined) {
      const wanted = variable.name.replaceAll(/\W/g, "_");
      name = wanted;
      for (let k = 2; this.#taken.has(name); k++) name = `${wanted}${k}`;
      this.#taken.add(name);
      this.#names.set(variable, name);
    }
    return name;
  }

  bindingOf({ buffer }: Address): Binding {
    return known(this.#bindings.get(this.#placeOf(buffer).storage.name));
  }

  /** Which number of its storage an address is; of a buffer of bytes, which byte. */
  number(address: Address, scopes: readonly Scope[]): string {
    return this.#sum(address, scopes, 1);
  }

  /** A single number. */
  single(address: Address, scopes: readonly Scope[]): string {
    const { storage, element } = this.bindingOf(address);
    if (element === "number") return `${storage.name}[${this.number(address, scopes)}]`;
    const { offset, terms } = this.#constants(address, scopes);
    const lane = offset % 4;
    const vectors = terms.every(([, stride]) => stride % 4 === 0);
    if (vectors && lane >= 0) {
      const start = { ...address, offset: address.offset - lane };
      return `${storage.name}[${this.#sum(start, scopes, 4)}].${"xyzw"[lane]}`;
    }
    const number = this.number(address, scopes);
    return `${storage.name}[(${number}) / 4][(${number}) % 4]`;
  }

  /** Four numbers, in a storage that is seen as vectors. */
  vector(address: Address, scopes: readonly Scope[]): string {
    return `${this.bindingOf(address).storage.name}[${this.#sum(address, scopes, 4)}]`;
  }

  /** A whole number that counters make. */
  sum({ offset, terms }: Sum, scopes: readonly Scope[]): string {
    return textOf(knownOf({ offset, terms }, scopes), 1);
  }

  #sum(address: Address, scopes: readonly Scope[], unit: 1 | 4): string {
    const { pointer } = address;
    return textOf(this.#constants(address, scopes), unit, pointer && this.nameOf(pointer));
  }

  /** What is known of an address beforehand, and by how much each counter moves it. */
  #constants({ buffer, offset, terms, pointer }: Address, scopes: readonly Scope[]): Known {
    return knownOf({ offset: offset + (pointer ? 0 : this.#placeOf(buffer).start), terms }, scopes);
  }
}

interface Known {
  readonly offset: number;
  readonly terms: readonly (readonly [name: string, stride: number])[];
}

function knownOf({ offset, terms }: Sum, scopes: readonly Scope[]): Known {
  let known = offset;
  const moving: [string, number][] = [];
  for (const [index, stride] of terms) {
    const scope = scopes.find((one) => one.index === index);
    if (scope === undefined) throw new Error(`no loop counts ${index.name} here`);
    if ("copy" in scope) known += scope.copy * stride;
    else moving.push([scope.name, stride]);
  }
  return { offset: known, terms: moving };
}

function textOf({ offset, terms }: Known, unit: 1 | 4, first?: string): string {
  const steps = terms.map(([name, stride]) => times(name, stride / unit));
  if (first !== undefined) steps.unshift(first);
  if (steps.length === 0) return String(offset / unit);
  return [...steps, ...(offset === 0 ? [] : [offset / unit])].join(" + ").replaceAll("+ -", "- ");
}

const times = (name: string, stride: number) => (stride === 1 ? name : `${name} * ${stride}`);
