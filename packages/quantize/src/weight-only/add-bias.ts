import { type Node, Tensor, type Value } from '@gossamer/graph';
import { nodeName } from '../node-name.js';
import { scaleTensor } from '../weights/scale-tensor.js';

/**
 * Adds `result = product + beta * C` for the Gemm `node`, before it. As Sum (opset 8) behind a MatMul: ONNX Runtime would merge an Add
 * and the product into a Gemm again.
 */
export function addBias(node: Node, product: Value, result: Value, op: 'Add' | 'Sum'): void {
  const { graph } = node;
  const bias = node.input(2)!;
  const position = { before: node };
  const beta = node.float('beta', 1);
  let term = bias;
  if (beta !== 1 && bias.constant) {
    term = graph.addInitializer(`${bias.name}_beta`, scaleTensor(bias.constant, beta));
  } else if (beta !== 1) {
    const factor = graph.addInitializer(`${nodeName(node)}_beta`, Tensor.scalar('float32', beta));
    term = graph.add({ op: 'Mul', inputs: [bias, factor], outputs: [`${bias.name}_beta`] }, position).output;
  }
  graph.add({ op, inputs: [product, term], outputs: [result] }, position);
}
