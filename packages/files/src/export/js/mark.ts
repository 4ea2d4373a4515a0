/** How the first line of a module, and of its declarations, begins. */
export const MARK = "// Exported by unravel";
