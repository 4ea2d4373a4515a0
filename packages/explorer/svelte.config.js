/** Runes everywhere: what changes is declared. */
export default { compilerOptions: { runes: true } };
