import { attribute, type Graph, type Node, Tensor, type Value, type WeightView } from '@gossamer/graph';
import { transpose2d } from '@gossamer/kernels';
import { freshNodeName, nodeName } from '../node-name.js';
import { storedScaleAxis } from '../layers.js';
import { broadcastScale, type CodeStore, type StoredWeight } from '../weights/code-store.js';
import { quantizeChannelWeight, type QuantizedWeight } from '../weights/quantize-channels.js';
import { quantizeRows } from '../weights/quantize-rows.js';
import { scaleTensor } from '../weights/scale-tensor.js';
import type { WeightReader } from '../weights/weight-reader.js';

const FLOAT32 = 1;

/** Codes and parameters that DynamicQuantizeLinear makes of an activation. */
interface DynamicInput {
  readonly codes: Value;
  readonly scale: Value;
  readonly zeroPoint: Value;
}

export interface DynamicWeightOptions {
  readonly dtype: 'int8' | 'uint8';
  readonly perAxis: boolean;
  readonly reduceRange: boolean;
  readonly reader: WeightReader;
}

/**
 * Rewrites MatMul and Gemm to DynamicQuantizeLinear -> MatMulInteger -> Cast -> Mul (-> Add), the standard form that ONNX Runtime fuses
 * into DynamicQuantizeMatMul, or MatMulIntegerToFloat where several products share one input.
 */
export class DynamicProducts {
  readonly #inputs = new Map<Value, DynamicInput>();

  constructor(
    private readonly options: DynamicWeightOptions,
    private readonly store: CodeStore,
    /** Stored tensors that an embedding reads as well. */
    private readonly tied: ReadonlySet<Value> = new Set(),
  ) {}

  /** Quantizes the weight of one product as [K, N] codes; may run ahead of `rewrite`. */
  async quantize(view: WeightView): Promise<QuantizedWeight> {
    const { perAxis, reader, ...rest } = this.options;
    if (this.#isTied(view)) return quantizeRows(view.stored, reader);
    const options = { ...rest, axis: perAxis ? view.outAxis : undefined, signal: reader.signal };
    const weight = await reader.use(view, async (data) => quantizeChannelWeight(data, view.shape, options));
    return view.outAxis === 0 ? transposed(weight) : weight;
  }

  /** Puts the integer product in the place of `view.node`. Returns the bytes of the new constants. */
  rewrite(view: WeightView, weight: QuantizedWeight): number {
    const { node } = view;
    const { graph } = node;
    const alpha = node.op === 'Gemm' ? node.float('alpha', 1) : 1;
    const scale = alpha === 1 ? weight.scale : scaleTensor(weight.scale, alpha);
    const a = this.#quantizeInput(productInput(node), node);
    const { values, bytes } = this.#isTied(view)
      ? this.#readTable(view, weight)
      : this.store.add(view, { ...weight, scale }, 'product');
    const add = (op: string, inputs: (Value | undefined)[], suffix: string, output?: Value, to?: number) =>
      graph.add(
        {
          op,
          name: freshNodeName(graph, `${nodeName(node)}_${suffix}`),
          inputs,
          outputs: [output ?? `${node.output.name}_${suffix}`],
          ...(to === undefined ? {} : { attributes: { to: attribute.int(to) } }),
        },
        { before: node },
      ).output;
    const scales = add('Mul', [a.scale, values.scale], 'scales');
    const sums = add('MatMulInteger', [a.codes, values.codes, a.zeroPoint, values.zeroPoint], 'sums');
    const floats = add('Cast', [sums], 'floats', undefined, FLOAT32);
    const bias = node.op === 'Gemm' ? node.input(2) : undefined;
    const result = node.output;
    graph.detachOutput(result, `${result.name}_float`);
    if (bias) {
      const product = add('Mul', [floats, scales], 'product');
      add('Add', [product, this.#scaledBias(node, bias)], 'bias', result);
    } else {
      add('Mul', [floats, scales], 'product', result);
    }
    graph.remove(node);
    return bytes;
  }

  /** A product that multiplies by the rows of an embedding table: both read one tensor of codes. */
  #isTied(view: WeightView): boolean {
    const isMatrix = view.stored.dims.length === 2 && view.chain.every(({ op }) => op === 'Transpose');
    const isUnscaled = view.node.op !== 'Gemm' || view.node.float('alpha', 1) === 1;
    // A table has all 8 bits: with 7 the product keeps codes of its own.
    const isShared = this.tied.has(view.source) && !this.options.reduceRange;
    return isShared && isMatrix && isUnscaled && storedScaleAxis(view) === 0;
  }

  /** The table's codes and scales as the product takes them; ONNX Runtime does this once, when it opens the model. */
  #readTable(view: WeightView, weight: QuantizedWeight): StoredWeight {
    const { graph } = view.node;
    const rows = { ...weight, scale: broadcastScale(weight, weight.codes.dims) };
    const { values, bytes } = this.store.addStored(view.source, rows, 'rows');
    const position = { before: view.node };
    const { name } = view.source;
    const attributes = { perm: attribute.ints([1, 0]) };
    const columns = graph.add(
      {
        op: 'Transpose',
        name: freshNodeName(graph, `${name}_Transpose`),
        inputs: [values.codes],
        outputs: [`${name}_columns`],
        attributes,
      },
      position,
    );
    const shape = graph.addInitializer(`${name}_rows`, Tensor.fromNumbers('int64', [1], [-1]));
    const vector = graph.add(
      {
        op: 'Reshape',
        name: freshNodeName(graph, `${name}_Reshape`),
        inputs: [values.scale, shape],
        outputs: [`${name}_scales`],
      },
      position,
    );
    return { values: { ...values, codes: columns.output, scale: vector.output }, bytes };
  }

  /** beta * C, folded where C is constant. */
  #scaledBias(node: Node, bias: Value): Value {
    const beta = node.float('beta', 1);
    if (beta === 1) return bias;
    const { graph } = node;
    if (bias.constant) return graph.addInitializer(`${bias.name}_beta`, scaleTensor(bias.constant, beta));
    const factor = graph.addInitializer(`${nodeName(node)}_beta`, Tensor.scalar('float32', beta));
    return graph.add({ op: 'Mul', inputs: [bias, factor], outputs: [`${bias.name}_beta`] }, { before: node }).output;
  }

  /** DynamicQuantizeLinear of `value`, once for all products of its scope that read it. */
  #quantizeInput(value: Value, reader: Node): DynamicInput {
    const known = this.#inputs.get(value);
    if (known && known.codes.graph === reader.graph) return known;
    const [codes, scale, zeroPoint] = reader.graph.add(
      {
        op: 'DynamicQuantizeLinear',
        name: freshNodeName(reader.graph, `${value.name}_DynamicQuantizeLinear`),
        inputs: [value],
        outputs: [`${value.name}_quantized`, `${value.name}_scale`, `${value.name}_zero_point`],
      },
      firstReader(value, reader),
    ).outputs as [Value, Value, Value];
    const made = { codes, scale, zeroPoint };
    this.#inputs.set(value, made);
    return made;
  }
}

/** A of the product, transposed first where Gemm says so. */
function productInput(node: Node): Value {
  const a = node.input(0)!;
  if (node.op !== 'Gemm' || node.int('transA', 0) === 0) return a;
  const attributes = { perm: attribute.ints([1, 0]) };
  return node.graph.add(
    { op: 'Transpose', inputs: [a], outputs: [`${a.name}_transposed`], attributes },
    { before: node },
  ).output;
}

/** Directly behind its producer, or at the head of the scope, so that every later reader may share it. */
function firstReader(value: Value, reader: Node): { before: Node } | { after: Node } {
  const { producer } = value;
  if (producer && producer.graph === reader.graph) return { after: producer };
  return { before: headOf(reader.graph) };
}

function headOf(graph: Graph): Node {
  for (const node of graph.nodes()) return node;
  throw new Error('graph: expected the node that is being rewritten');
}

function transposed(weight: QuantizedWeight): QuantizedWeight {
  const [rows, columns] = weight.codes.dims as [number, number];
  const bytes = weight.codes.bytes();
  const codes = transpose2d(bytes, rows, columns);
  return {
    ...weight,
    codes: Tensor.of(weight.codes.dtype, [columns, rows], codes),
    axis: weight.axis === undefined ? undefined : 1,
  };
}
