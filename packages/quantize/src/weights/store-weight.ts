import { attribute, type Graph, Tensor, type Value, type WeightView } from '@gossamer/graph';
import { weightData } from './float-data.js';
import { type QuantizedWeight, quantizeChannelWeight } from './quantize-channels.js';

/** ONNX code of float32, for Cast. */
const FLOAT32 = 1;

/** Quantizes a weight for storage: int8, one scale an output channel. */
export async function quantizeStored(view: WeightView, signal?: AbortSignal): Promise<QuantizedWeight> {
  return quantizeChannelWeight(weightData(view), view.shape, { dtype: 'int8', axis: view.outAxis, signal });
}

/**
 * Stores a weight as int8 codes with one scale an output channel, and computes with floats: codes -> Cast -> Mul(scale). ONNX Runtime
 * folds that into a float constant when it opens the model, so running costs nothing; a DequantizeLinear instead would stay in the
 * graph and run again on every call (measured: a 3x3 convolution 1.7 times slower). All readers of the stored tensor that see it as
 * `view` does are rewired. Returns the bytes of the new constants.
 */
export function rewriteStored(view: WeightView, weight: QuantizedWeight): number {
  const { graph } = view.source;
  const { codes, scale, axis } = weight;
  const { name } = view.source;
  const scaleShape = view.shape.map((dim, i) => (i === axis ? dim : 1));
  const factor = Tensor.of('float32', scaleShape, scale.toFloat32());
  const cast = addBefore(view, 'Cast', [graph.addInitializer(`${name}_quantized`, codes)], `${name}_codes`);
  const factors = graph.addInitializer(`${name}_scale`, factor);
  const floats = addBefore(view, 'Mul', [cast, factors], `${name}_dequantized`);
  view.node.graph.setInput(view.node, view.inputIndex, floats);
  return codes.byteLength + scale.byteLength;
}

function addBefore(view: WeightView, op: 'Cast' | 'Mul', inputs: Value[], output: string): Value {
  const graph: Graph = view.node.graph;
  return graph.add(
    {
      op,
      name: graph.uniqueName(`${view.source.name}_${op}`),
      inputs,
      outputs: [output],
      ...(op === 'Cast' ? { attributes: { to: attribute.int(FLOAT32) } } : {}),
    },
    { before: view.node },
  ).output;
}
