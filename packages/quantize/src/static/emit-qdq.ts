import type { Node, Value } from '@gossamer/graph';
import { addDequantize, addQuantize, addWeightDequantize, limitCodes } from '../quantize-linear.js';
import type { CodeStore } from '../weights/code-store.js';
import { PlanValues } from './plan-values.js';
import type { StaticPlan } from './static-plan.js';
import type { Unit } from './unit.js';
import type { UnitWeights } from './unit-weights.js';

/**
 * Writes a static plan as QuantizeLinear/DequantizeLinear pairs around float operators, in the forms that ONNX Runtime fuses: rank-0
 * activation parameters, int32 biases, weights as initializers, and a Q directly behind every operator whose kernel gives codes.
 */
export class QdqEmitter {
  readonly #shared: PlanValues;
  readonly #dequantized = new Map<Value, Value>();

  constructor(
    private readonly plan: StaticPlan,
    private readonly store: CodeStore,
  ) {
    this.#shared = new PlanValues(plan);
  }

  /** Rewrites one unit with its quantized weights, where it has any; returns the bytes of its new weight. */
  emit(unit: Unit, weights: UnitWeights | undefined): number {
    const { node } = unit;
    for (const slot of unit.slots) node.graph.setInput(node, slot, this.#read(node.input(slot)!, node));
    const bytes = weights ? this.#emitWeights(unit, weights) : 0;
    if (this.plan.givesFloat(unit)) giveFloat(unit);
    else for (const output of unit.outputs) this.#quantizeOutput(unit, output);
    return bytes;
  }

  /** The float value that stands for the codes of `value`, to be read by `reader`. */
  #read(value: Value, reader: Node): Value {
    // What an integer unit made is the output of a DequantizeLinear already.
    if (this.plan.producers.has(value)) return value;
    const known = this.#dequantized.get(value);
    if (known) return known;
    const { graph } = reader;
    const params = this.#shared.params(value);
    const codes = this.#shared.codes(value, reader);
    const { output } = addDequantize(graph, codes, params, { before: reader }, `${value.name}_dequantized`);
    this.#dequantized.set(value, output);
    return output;
  }

  #emitWeights(unit: Unit, { weight, bias }: UnitWeights): number {
    const { node } = unit;
    const { graph } = node;
    const name = unit.weight!.source.name;
    const { values, bytes } = this.store.add(unit.weight!, weight, 'static');
    graph.setInput(node, 1, addWeightDequantize(graph, values, weight.axis, node, name));
    // It is in the weight's scale.
    if (node.op === 'Gemm') graph.setAttribute(node, 'alpha', undefined);
    if (!bias) return bytes;
    const biasName = unit.weight!.bias!.name;
    const codes = graph.addInitializer(`${biasName}_quantized`, bias.codes);
    const scale = graph.addInitializer(`${biasName}_scale`, bias.scale);
    const axis = bias.scale.dims.length === 0 ? undefined : 0;
    graph.setInput(node, 2, addWeightDequantize(graph, { codes, scale }, axis, node, biasName));
    return bytes;
  }

  #quantizeOutput(unit: Unit, output: Value): void {
    const { graph } = unit.node;
    const last = unit.biasAdd ?? unit.node;
    let raw: Value;
    if (unit.clip) {
      raw = last.output;
      graph.detachOutput(output, `${output.name}_clip`);
      graph.remove(unit.clip);
    } else {
      raw = graph.detachOutput(output, `${output.name}_raw`);
    }
    const params = this.#shared.params(output);
    const quantize = addQuantize(graph, raw, params, { after: last }, output.name);
    // Moves pass codes on that are limited already.
    const codes = unit.kind === 'move' ? quantize : limitCodes(quantize, this.plan.params(output));
    addDequantize(graph, codes.output, params, { after: codes }, output);
  }
}

/**
 * A MatMul without Q behind it becomes MatMulIntegerToFloat. With a bias vector behind it ONNX Runtime would first merge both into a
 * Gemm, which then finds no integer form; a bias of rank 3 prevents that merge.
 */
function giveFloat({ biasAdd, node }: Unit): void {
  if (!biasAdd) return;
  const slot = biasAdd.input(0) === node.output ? 1 : 0;
  const bias = biasAdd.input(slot)!;
  const row = bias.constant!.reshaped([1, 1, bias.constant!.length]);
  node.graph.setInput(biasAdd, slot, node.graph.addInitializer(`${bias.name}_row`, row));
}
