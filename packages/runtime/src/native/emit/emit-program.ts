import { type Attribute, GossamerError, isGossamerError, type Node, type Tensor, type Value } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import type { CompiledProgram, ProgramAttribute, ProgramTarget } from '../program-builder.js';
import type { CompiledBodies } from '../control-flow/compile-bodies.js';
import { operatorEntry } from './coverage.js';

/** Position of an input, and of the output that its next value comes from. */
export type StatePositions = readonly [input: number, output: number];

/** Hands the compiled graph to `builder`, operator by operator; each constant just before the first operator that reads it. */
export function emitProgram(
  compilation: Compilation,
  bodies: ReadonlyMap<Node, CompiledBodies>,
  builder: ProgramTarget,
  state: readonly StatePositions[],
): EmittedProgram {
  const { graph } = compilation;
  const numbers = new Map<Value, number>();
  const operators: string[] = [];
  const read = constantReader();
  const remarks = new Map<number, string>();
  const numberOf = (value: Value): number => {
    const known = numbers.get(value);
    if (known !== undefined) return known;
    const tensor = value.constant;
    if (!tensor) throw new Error(`value ${value.name}: read before it is made`);
    const number = builder.constant(tensor.dtype, tensor.dims, read(tensor), readersOf(value));
    numbers.set(value, number);
    return number;
  };
  for (const input of graph.inputs) {
    if (!input.initializer) numbers.set(input, builder.input(compilation.dtypeOf(input)!));
  }
  for (const node of graph.nodes()) {
    const inputs = node.inputs.map((value) => value && numberOf(value));
    const made = node.outputs.filter((value) => value !== undefined);
    const results = named(node, () => {
      const control = bodies.get(node);
      if (control) return emitControlFlow(node, control, inputs, control.captures.map(numberOf), builder);
      const dtypes = node.outputs.map(
        (value, slot) => compilation.dtypeOf(value) ?? absentOutput(node, slot, compilation),
      );
      return builder.operator(node.op, inputs, dtypes, programAttributes(node));
    });
    const remark = compilation.remarks.get(node);
    if (remark) remarks.set(operators.length, remark);
    operators.push(node.id);
    for (const value of made) numbers.set(value, results[node.outputs.indexOf(value)]!);
  }
  // An output that no operator makes is a name for an input or a constant; one that is listed twice is made once.
  const outputs = graph.outputs.map((value) => {
    if (value.producer) return numberOf(value);
    operators.push(value.name);
    return builder.operator('Identity', [numberOf(value)], [compilation.dtypeOf(value)!], {})[0]!;
  });
  for (const [input, output] of state) builder.state(input, output);
  return { program: builder.finish(outputs), operators, remarks };
}

/** Sizes between which constants in files are read into one piece of memory: new memory costs more than what is read into it. */
const REUSED_BYTES = { least: 1 << 16, most: 1 << 26 };

/** Reads the bytes of one constant after the other; they hold until the next is read. */
function constantReader(): (tensor: Tensor) => Uint8Array {
  let memory = new Uint8Array(0);
  return (tensor) => {
    const { byteLength } = tensor;
    if (!tensor.isInFile || byteLength < REUSED_BYTES.least || byteLength > REUSED_BYTES.most) return tensor.bytes();
    if (memory.length < byteLength) memory = new Uint8Array(byteLength);
    const bytes = memory.subarray(0, byteLength);
    tensor.copyInto(bytes);
    return bytes;
  };
}

/** If and Loop: the bodies become programs of their own, which take what they capture after their own inputs. */
function emitControlFlow(
  node: Node,
  { plans, outputs }: CompiledBodies,
  inputs: readonly (number | undefined)[],
  captured: readonly number[],
  builder: ProgramTarget,
): number[] {
  const programs = plans.map((plan) => plan.emit(builder.body()).program);
  const attributes = node.op === 'Loop' ? { states: inputs.length - 2 } : {};
  const dtypes = outputs.map((dtype) => dtype!);
  return builder.operator(node.op, [...inputs, ...captured], dtypes, attributes, programs);
}

export interface EmittedProgram {
  readonly program: CompiledProgram;
  /** Names of the nodes, by index of the operator. */
  readonly operators: readonly string[];
  /** What the compiler did to an operator, by its index. */
  readonly remarks: ReadonlyMap<number, string>;
}

/** Outputs nobody wants have a type all the same: positions where an operator gives them, else that of the data. */
function absentOutput(node: Node, slot: number, compilation: Compilation) {
  if (slot === 1 && (node.op === 'TopK' || node.op === 'MaxPool')) return 'int64' as const;
  return compilation.dtypeOf(node.input(0)) ?? ('float32' as const);
}

/** What an operator refuses is said with the name of its node. */
function named<T>(node: Node, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    if (!isGossamerError(cause)) throw cause;
    throw new GossamerError(cause.code, `node ${node.id} (${node.kind}): ${cause.message}`, { cause });
  }
}

/** Operators that will read a constant. */
function readersOf(value: Value): number {
  return new Set(value.uses.map(({ node }) => node)).size + (value.isOutput ? 1 : 0);
}

function programAttributes(node: Node): Record<string, ProgramAttribute> {
  const found: Record<string, ProgramAttribute> = {};
  const entry = operatorEntry(node);
  for (const [name, otherwise] of Object.entries(entry?.attributes ?? {})) {
    const given = node.attributes.get(name);
    const value = given ? plainAttribute(node, given) : otherwise;
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function plainAttribute(node: Node, { name, content }: Attribute): ProgramAttribute {
  switch (content.type) {
    case 'int':
      return node.int(name, 0);
    case 'ints':
      return node.ints(name, []);
    case 'float':
    case 'floats':
      return content.value;
    case 'string':
      return node.string(name, '');
    case 'strings':
      return node.strings(name, []).join();
    case 'tensor':
      return content.value.length === 1 ? content.value.item() : Array.from(content.value.toFloat64());
    default:
      throw new Error(`node ${node.id}: attribute ${name} of kind ${content.type} has no plain form`);
  }
}
