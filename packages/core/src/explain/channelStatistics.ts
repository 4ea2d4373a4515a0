import type { ModelLayer } from "../graph/model.js";
import type { ChannelStatistics } from "../layers/layer.js";
import { contextOf, inputsOf, parametersOf, type Trace, tensorsOf } from "../reference/trace.js";

/**
 * The mean and the deviation by which a layer normalises each channel in this trace: the batch's own in a step of training,
 * the running ones in evaluation. Undefined for layers that don't normalise.
 * @param layer of the trace's network
 */
export function channelStatistics(trace: Trace, layer: ModelLayer): ChannelStatistics | undefined {
  const tensors = tensorsOf(trace);
  return layer.kind.statistics?.(
    layer.resolved,
    inputsOf(layer, tensors),
    parametersOf(layer, tensors),
    contextOf(layer, trace.circumstances),
  );
}
