/** What was given can't be used: the library's InputError, by its name, without what a terminal needs of it. */
export class InputError extends Error {
  override name = "InputError";
}
