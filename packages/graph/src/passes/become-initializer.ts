import type { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';

/**
 * Makes the result of a node an initializer of the same name, and removes the node when it makes nothing else that is used. Returns
 * false, and changes nothing, for an output of its graph: that stays the result of a node, as every runtime expects.
 */
export function becomeInitializer(value: Value, tensor: Tensor): boolean {
  const { graph, producer } = value;
  if (!producer || value.isOutput) return false;
  graph.detachOutput(value, `${value.name}_removed`);
  graph.setInitializer(value, tensor);
  if (producer.outputs.every((output) => !output || (output.uses.length === 0 && !output.isOutput)))
    graph.remove(producer);
  return true;
}
