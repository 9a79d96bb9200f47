import { type Node, Tensor, type Value } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import { addBefore } from '../edit/node-edits.js';
import { scalar } from './affine.js';
import { movedSlots } from './moves.js';

/** Where the codes are and where their zero point, for operators that read or make codes with one. */
const ZERO_SLOTS: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  DequantizeLinear: { 0: 2 },
  MatMulInteger: { 0: 2 },
  ConvInteger: { 0: 2 },
};

/** Of int8 and of uint8 with 128 added. */
const SHIFT = 128;

/**
 * Makes every int8 activation uint8 with 128 added: zero points rise with it, moves of elements do not mind. Where an operator takes int8
 * itself, or the model does at its borders, the codes go through a DequantizeLinear and a QuantizeLinear of scale 1, which is exact.
 */
export function unsignedActivations(compilation: Compilation): void {
  const { graph } = compilation;
  const raised = new Map<Value, Value>();
  for (const value of graph.inputs) {
    if (compilation.dtypeOf(value) === 'int8' && !value.initializer) raised.set(value, value);
  }
  // Conversions that this adds are not looked at again.
  for (const node of [...graph.nodes()]) {
    for (const [slot, value] of node.inputs.entries()) {
      if (value && compilation.dtypeOf(value) === 'int8' && !value.constant && canRead(node, slot)) {
        readRaised(node, slot, raisedOf(value), compilation);
      }
    }
    if (isRaiser(node, compilation)) raiseOutputs(node, raised, compilation);
  }

  function raisedOf(value: Value): Value {
    const known = raised.get(value);
    if (known && known !== value) return known;
    const made = converted(value, 'uint8', compilation);
    raised.set(value, made);
    return made;
  }
}

function canRead(node: Node, slot: number): boolean {
  const zeros = node.domain === '' && Object.hasOwn(ZERO_SLOTS, node.op) ? ZERO_SLOTS[node.op] : undefined;
  const zero = zeros?.[slot];
  if (zero !== undefined) return node.input(zero) === undefined || node.input(zero)!.constant !== undefined;
  return isMove(node, slot);
}

/** All that a move moves are activations: a constant among them would have to be raised too. */
const isMove = (node: Node, slot: number): boolean => {
  const slots = movedSlots(node);
  return slots?.includes(slot) === true && slots.every((other) => !node.input(other)?.constant) && node.op !== 'Pad';
};

function readRaised(node: Node, slot: number, value: Value, compilation: Compilation): void {
  compilation.graph.setInput(node, slot, value);
  const zero = node.domain === '' ? ZERO_SLOTS[node.op]?.[slot] : undefined;
  if (zero !== undefined) raiseZero(node, zero, compilation);
}

function raiseZero(node: Node, slot: number, compilation: Compilation): void {
  const before = node.input(slot)?.constant;
  const raised = before
    ? Tensor.fromNumbers(
        'uint8',
        before.dims,
        before.toIntegers().map((zero) => zero + SHIFT),
      )
    : Tensor.scalar('uint8', SHIFT);
  compilation.graph.setInput(node, slot, compilation.graph.addInitializer(`${node.output.name}_zero`, raised));
}

/** What makes int8 codes and can make uint8 ones: QuantizeLinear, and moves whose operands are raised by now. */
function isRaiser(node: Node, compilation: Compilation): boolean {
  const [result] = node.outputs;
  if (!result || compilation.dtypeOf(result) !== 'int8' || node.domain !== '') return false;
  if (node.op === 'QuantizeLinear') return node.input(2)?.constant !== undefined || node.input(2) === undefined;
  const slots = movedSlots(node);
  return slots !== undefined && slots.every((slot) => compilation.dtypeOf(node.input(slot)) === 'uint8');
}

function raiseOutputs(node: Node, raised: Map<Value, Value>, compilation: Compilation): void {
  const { graph } = compilation;
  if (node.op === 'QuantizeLinear') {
    raiseZero(node, 2, compilation);
    graph.setAttribute(node, 'output_dtype', undefined);
  }
  for (const value of node.outputs) {
    if (!value) continue;
    const made = graph.detachOutput(value, `${value.name}_unsigned`);
    compilation.setType(made, 'uint8', compilation.shapeOf(value));
    // What it was, for readers that want it so; dead where there are none.
    const back = converted(made, 'int8', compilation, node);
    graph.setOutput(back.producer!, 0, value);
    raised.set(value, made);
  }
}

/** The codes in the other type. */
function converted(value: Value, to: 'uint8' | 'int8', compilation: Compilation, after?: Node): Value {
  const { graph } = compilation;
  const [from, zero, newZero] = to === 'uint8' ? (['int8', 0, SHIFT] as const) : (['uint8', SHIFT, 0] as const);
  const one = scalar(compilation, 'one', 'float32', 1);
  const anchor = after?.next ?? firstReader(value);
  const real = { name: `${value.name}_real`, dtype: 'float32' as const, shape: compilation.shapeOf(value) };
  const dequantize = {
    op: 'DequantizeLinear',
    domain: '',
    inputs: [value, one, scalar(compilation, 'zero', from, zero)],
  };
  const quantize = (input: Value) => ({
    op: 'QuantizeLinear',
    domain: '',
    inputs: [input, one, scalar(compilation, 'zero', to, newZero)],
  });
  const result = { name: `${value.name}_${to}`, dtype: to, shape: compilation.shapeOf(value) };
  if (anchor) return addBefore(compilation, anchor, quantize(addBefore(compilation, anchor, dequantize, real)), result);
  const node = graph.add({ ...dequantize, outputs: [real.name] });
  compilation.setType(node.output, real.dtype, real.shape);
  const last = graph.add({ ...quantize(node.output), outputs: [result.name] });
  compilation.setType(last.output, to, result.shape);
  return last.output;
}

/** The earliest node that reads a value, where a conversion of it must stand. */
function firstReader(value: Value): Node | undefined {
  const readers = new Set(value.uses.map(({ node }) => node));
  for (const node of value.graph.nodes()) if (readers.has(node)) return node;
  return undefined;
}
