/*
 * Node's own modules, where there is a Node. They are asked for by name at run time, so that bundlers for browsers never
 * meet them.
 */

interface NodeModules {
  "node:worker_threads": typeof import("node:worker_threads");
  "node:os": typeof import("node:os");
}

export function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return process?.getBuiltinModule?.(name) as NodeModules[Name] | undefined;
}

/** Whether the calling thread may compile itself: on a page, it has to draw and to answer its visitor. */
export function mayCompile(): boolean {
  return nodeModule("node:worker_threads") !== undefined;
}
