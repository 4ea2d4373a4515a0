/** Says what is wrong with a file, by throwing an InputError that also says which file. */
export type Fail = (problem: string) => never;
