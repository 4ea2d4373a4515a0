/**
 * A sentence: `{name}` stands for what it is given. Where its form depends on how many there are, it has one for each form of
 * the language, and `count` chooses.
 */
export type Message = string | Forms;

/** The forms that English and German have: of 1, and of any other number. */
export interface Forms {
  readonly one: string;
  readonly other: string;
}

/** The same keys in another language; what has forms has forms there, too. */
export type Translated<English extends Readonly<Record<string, Message>>> = {
  readonly [Key in keyof English]: English[Key] extends string ? string : Forms;
};

/** The names in braces. */
type NamesIn<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;

/** What a message has to be given: a number or a text for each name, and a number as its count. */
export type Given<M> = M extends string
  ? GivenFor<NamesIn<M>>
  : M extends Forms
    ? GivenFor<NamesIn<M["one"] | M["other"]> | "count">
    : never;
type GivenFor<Names extends string> = {
  readonly [Name in Names]: Name extends "count" ? number : string | number;
};
