/** Where every number comes from. */

export { type Cell, cellAddress, parseCell } from "../cell.js";
export type { Account, Factor, Rule, Term } from "../layers/explain/explanation.js";
export { contributesTo } from "./contributesTo.js";
export { type Explanation, explain } from "./explain.js";
