/** The engines that need no GPU: what they have in common is tested of both. */
export const processorEngines = ["wasm", "reference"] as const;
