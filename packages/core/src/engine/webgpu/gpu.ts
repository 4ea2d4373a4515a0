/**
 * What the webgpu engine needs of `navigator.gpu`, or of a package that has the same. Spelled out, so that programs without the
 * types of WebGPU can name it.
 */
export interface Gpu {
  /** An adapter of WebGPU (`GPUAdapter`), or null if there is none. */
  requestAdapter(options?: { powerPreference?: "low-power" | "high-performance" }): Promise<object | null>;
}
