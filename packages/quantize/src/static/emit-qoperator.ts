import { type AttributeValue, type Node, Tensor, type Value } from '@gossamer/graph';
import { addDequantize, addQuantize, type ParamValues } from '../quantize-linear.js';
import type { CodeStore, WeightValues } from '../weights/code-store.js';
import { freshNodeName, nodeName } from '../node-name.js';
import { codeOf } from './activation-params.js';
import { clipBounds } from './integer-rules.js';
import { PlanValues } from './plan-values.js';
import type { StaticPlan } from './static-plan.js';
import type { Unit } from './unit.js';
import type { UnitWeights } from './unit-weights.js';

const MICROSOFT = 'com.microsoft';

/** What a QLinear operator is built from. */
interface Operands {
  readonly inputs: readonly { readonly codes: Value; readonly params: ParamValues }[];
  readonly output: ParamValues | undefined;
  readonly weight: (WeightValues & { readonly bias: Value | undefined; readonly bytes: number }) | undefined;
}

/** The operator a unit becomes and the order of its inputs. */
interface Form {
  readonly op: string;
  readonly domain?: string;
  inputs(operands: Operands, unit: Unit): readonly (Value | undefined)[];
}

type Slots = readonly (Value | undefined)[];

const triple = ({ codes, params }: Operands['inputs'][number]): Slots => [codes, params.scale, params.zeroPoint];
const out = ({ output }: Operands): Slots => [output?.scale, output?.zeroPoint];
const weightTriple = ({ weight }: Operands): Slots => [weight!.codes, weight!.scale, weight!.zeroPoint];
const everyInput = (operands: Operands): Slots => [...operands.inputs.flatMap(triple), ...out(operands)];

const elementwise = (op: string): Form => ({ op, domain: MICROSOFT, inputs: everyInput });

const FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  [
    'Conv',
    { op: 'QLinearConv', inputs: (o) => [...triple(o.inputs[0]!), ...weightTriple(o), ...out(o), o.weight!.bias] },
  ],
  [
    'Gemm',
    {
      op: 'QGemm',
      domain: MICROSOFT,
      inputs: (o) => [...triple(o.inputs[0]!), ...weightTriple(o), o.weight!.bias, ...out(o)],
    },
  ],
  [
    'MatMul',
    {
      op: 'QLinearMatMul',
      inputs: (o) => (o.weight ? [...triple(o.inputs[0]!), ...weightTriple(o), ...out(o)] : everyInput(o)),
    },
  ],
  ['Add', elementwise('QLinearAdd')],
  ['Mul', elementwise('QLinearMul')],
  ['GlobalAveragePool', elementwise('QLinearGlobalAveragePool')],
  ['AveragePool', elementwise('QLinearAveragePool')],
  ['LeakyRelu', elementwise('QLinearLeakyRelu')],
  ['Sigmoid', elementwise('QLinearSigmoid')],
  ['Where', { op: 'QLinearWhere', domain: MICROSOFT, inputs: (o, unit) => [unit.node.input(0), ...everyInput(o)] }],
  ['Concat', { op: 'QLinearConcat', domain: MICROSOFT, inputs: (o) => [...out(o), ...o.inputs.flatMap(triple)] }],
]);

/** Attributes of Gemm that its QLinear form does not need: beta is 1, alpha in the weight's scale. */
const DROPPED: ReadonlySet<string> = new Set(['alpha', 'beta']);

/** Writes a static plan as QLinear operators on codes, with DequantizeLinear only where something else reads a result. */
export class QOperatorEmitter {
  readonly #shared: PlanValues;
  readonly #codes = new Map<Value, Value>();

  constructor(
    private readonly plan: StaticPlan,
    private readonly store: CodeStore,
  ) {
    this.#shared = new PlanValues(plan);
  }

  /** Replaces one unit, with its quantized weights where it has any; returns the bytes of its new weight. */
  emit(unit: Unit, weights: UnitWeights | undefined): number {
    const inputs = this.plan.inputs.get(unit)!.map((value) => ({
      codes: this.#read(value, unit.node),
      params: this.#shared.params(value),
    }));
    if (unit.kind === 'move') {
      if (clipBounds(unit.node)) this.#emitClamp(unit, inputs[0]!.codes);
      else this.#emitMove(unit, inputs[0]!.codes);
      return 0;
    }
    const isFloat = this.plan.givesFloat(unit) || unit.biasAdd !== undefined;
    const output = isFloat ? undefined : this.#shared.params(unit.outputs[0]!);
    const weight = weights && this.#addWeights(unit, weights);
    const operands = { inputs, output, weight };
    if (isFloat) this.#emitFloat(unit, operands);
    else this.#replace(unit, FORMS.get(unit.node.op)!, operands);
    return weight?.bytes ?? 0;
  }

  #read(value: Value, reader: Node): Value {
    const known = this.#codes.get(value);
    if (known) return known;
    const codes = this.#shared.codes(value, reader);
    this.#codes.set(value, codes);
    return codes;
  }

  #addWeights(unit: Unit, { weight, bias }: UnitWeights): Operands['weight'] {
    const { graph } = unit.node;
    const view = unit.weight!;
    const { values, bytes } = this.store.add(view, weight, 'static');
    return { ...values, bytes, bias: bias && graph.addInitializer(`${view.bias!.name}_quantized`, bias.codes) };
  }

  /** Quantizing keeps the order of numbers, so Relu and Clip are a Clip of codes. */
  #emitClamp({ node, outputs }: Unit, codes: Value): void {
    const { graph } = node;
    const [output] = outputs;
    const { low, high } = clipBounds(node)!;
    const params = this.plan.params(output!);
    const bounds = [low, high].map((real, i) =>
      graph.addInitializer(
        `${output!.name}_${i === 0 ? 'low' : 'high'}`,
        Tensor.scalar(params.dtype, codeOf(real, params)),
      ),
    );
    graph.detachOutput(output!, `${output!.name}_float`);
    const name = freshNodeName(graph, `${nodeName(node)}_quant`);
    const spec = { op: 'Clip', name, inputs: [codes, ...bounds], outputs: [`${output!.name}_quantized`] };
    const clamp = graph.add(spec, { before: node });
    graph.remove(node);
    this.#codes.set(output!, clamp.output);
    addDequantize(graph, clamp.output, this.#shared.params(output!), { after: clamp }, output!);
  }

  /** The operator itself runs on codes. */
  #emitMove({ node, slots, outputs }: Unit, codes: Value): void {
    const { graph } = node;
    graph.setInput(node, slots[0]!, codes);
    for (const output of outputs) {
      const raw = graph.detachOutput(output, `${output.name}_quantized`);
      this.#codes.set(output, raw);
      addDequantize(graph, raw, this.#shared.params(output), { after: node }, output);
    }
  }

  /** MatMulIntegerToFloat takes the bias, QGemm without output parameters gives floats; Q follows where codes are read. */
  #emitFloat(unit: Unit, operands: Operands): void {
    if (unit.node.op === 'Gemm') return this.#replace(unit, FORMS.get('Gemm')!, operands);
    const [a, b] = operands.inputs;
    const right = operands.weight ?? { codes: b!.codes, ...b!.params };
    const { biasAdd, node } = unit;
    const bias = biasAdd && (biasAdd.input(0) === node.output ? biasAdd.input(1) : biasAdd.input(0));
    const vector =
      bias && node.graph.addInitializer(`${bias.name}_vector`, bias.constant!.reshaped([bias.constant!.length]));
    const inputs: Slots = [
      a!.codes,
      right.codes,
      a!.params.scale,
      right.scale,
      a!.params.zeroPoint,
      right.zeroPoint,
      vector,
    ];
    this.#replace(unit, { op: 'MatMulIntegerToFloat', domain: MICROSOFT, inputs: () => inputs }, operands);
  }

  #replace(unit: Unit, form: Form, operands: Operands): void {
    const { node } = unit;
    const { graph } = node;
    const [output] = unit.outputs;
    const isCodes = operands.output !== undefined;
    const givesFloat = this.plan.givesFloat(unit);
    for (const item of [unit.clip, unit.biasAdd, node]) {
      if (item && item.outputs[0] === output) graph.detachOutput(output!, `${output!.name}_float`);
    }
    const inputs = [...form.inputs(operands, unit)];
    while (inputs.length > 0 && inputs[inputs.length - 1] === undefined) inputs.pop();
    const replacement = graph.add(
      {
        op: form.op,
        domain: form.domain ?? '',
        name: freshNodeName(graph, `${nodeName(node)}_quant`),
        inputs,
        outputs: [isCodes ? `${output!.name}_quantized` : givesFloat ? output : `${output!.name}_raw`],
        attributes: attributesOf(node),
      },
      { before: node },
    );
    for (const item of [unit.clip, unit.biasAdd, node]) if (item) graph.remove(item);
    if (givesFloat) return;
    const params = this.#shared.params(output!);
    const codes = isCodes
      ? replacement
      : addQuantize(graph, replacement.output, params, { after: replacement }, output!.name);
    this.#codes.set(output!, codes.output);
    addDequantize(graph, codes.output, params, { after: codes }, output!);
  }
}

function attributesOf(node: Node): Record<string, AttributeValue> {
  const kept = [...node.attributes].filter(([name]) => node.op !== 'Gemm' || !DROPPED.has(name));
  return Object.fromEntries(kept.map(([name, item]) => [name, item.content]));
}
