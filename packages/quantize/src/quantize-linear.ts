import { attribute, type Graph, type Node, type Position, Tensor, type Value } from '@gossamer/graph';
import { freshNodeName } from './node-name.js';
import { ACTIVATION_LIMITS, type ActivationParams, paramTensors } from './static/activation-params.js';

/** Initializers of a scale and a zero point, made once for each set of parameters of a value. */
export interface ParamValues {
  readonly scale: Value;
  readonly zeroPoint: Value;
}

export function addParams(graph: Graph, name: string, params: ActivationParams): ParamValues {
  const { scale, zeroPoint } = paramTensors(params);
  return {
    scale: graph.addInitializer(`${name}_scale`, scale),
    zeroPoint: graph.addInitializer(`${name}_zero_point`, zeroPoint),
  };
}

/** Adds QuantizeLinear of `input`; returns the codes. */
export function addQuantize(graph: Graph, input: Value, params: ParamValues, position: Position, name: string): Node {
  return graph.add(
    {
      op: 'QuantizeLinear',
      name: freshNodeName(graph, `${name}_QuantizeLinear`),
      inputs: [input, params.scale, params.zeroPoint],
      outputs: [`${name}_quantized`],
    },
    position,
  );
}

/**
 * The node whose output holds the codes of `quantize` up to the largest that `params` use: a Clip of codes behind it, where that is not the dtype's.
 * ONNX Runtime still fuses the QuantizeLinear with what is before it, as it would not with a Clip of floats between.
 */
export function limitCodes(quantize: Node, { dtype, quantMax }: ActivationParams): Node {
  if (quantMax === undefined || quantMax === ACTIVATION_LIMITS[dtype].quantMax) return quantize;
  const { graph, output } = quantize;
  const name = `${output.name}_limited`;
  const most = graph.addInitializer(`${name}_max`, Tensor.scalar(dtype, quantMax));
  return graph.add(
    { op: 'Clip', name: freshNodeName(graph, `${name}_Clip`), inputs: [output, undefined, most], outputs: [name] },
    { after: quantize },
  );
}

/** Adds DequantizeLinear of `codes` that makes `output` (a declared value, or a name). */
export function addDequantize(
  graph: Graph,
  codes: Value,
  params: ParamValues,
  position: Position,
  output: Value | string,
): Node {
  const name = typeof output === 'string' ? output : output.name;
  return graph.add(
    {
      op: 'DequantizeLinear',
      name: freshNodeName(graph, `${name}_DequantizeLinear`),
      inputs: [codes, params.scale, params.zeroPoint],
      outputs: [output],
    },
    position,
  );
}

/** Adds DequantizeLinear of a weight before `reader`. `zeroPoint` undefined: zeros. */
export function addWeightDequantize(
  graph: Graph,
  values: { codes: Value; scale: Value; zeroPoint?: Value | undefined },
  axis: number | undefined,
  reader: Node,
  name: string,
): Value {
  return graph.add(
    {
      op: 'DequantizeLinear',
      name: freshNodeName(graph, `${name}_DequantizeLinear`),
      inputs: values.zeroPoint ? [values.codes, values.scale, values.zeroPoint] : [values.codes, values.scale],
      outputs: [`${name}_dequantized`],
      ...(axis === undefined ? {} : { attributes: { axis: attribute.int(axis) } }),
    },
    { before: reader },
  ).output;
}
