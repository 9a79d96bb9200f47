import type { Node, Value } from '@gossamer/graph';
import type { TypeTable } from '@gossamer/graph';

/** What a rule may ask about the model. */
export interface RuleContext {
  readonly opset: number;
  readonly types: TypeTable;
}

/**
 * 'compute': multiplies by a weight or another activation. 'arithmetic': elementwise, with scales of its own for every input and
 * the output. 'move': the codes pass unchanged, so input and output share scale and zero point.
 */
export type UnitKind = 'compute' | 'arithmetic' | 'move';

export interface IntegerRule {
  readonly kind: UnitKind;
  /** Input slots that hold activations. */
  activations(node: Node): readonly number[];
  /** Why ONNX Runtime would not run this node in integers; undefined when it would. */
  refuse?(node: Node, context: RuleContext): string | undefined;
}

const first: IntegerRule['activations'] = () => [0];
const firstTwo: IntegerRule['activations'] = () => [0, 1];
const all: IntegerRule['activations'] = (node) => node.inputs.map((_, index) => index);

const move: IntegerRule = { kind: 'move', activations: first };
const unary: IntegerRule = { kind: 'arithmetic', activations: first };

/** Operators of the standard domain that ONNX Runtime's CPU provider fuses with Q/DQ into integer kernels worth running. */
export const INTEGER_RULES: ReadonlyMap<string, IntegerRule> = new Map([
  ['Conv', { kind: 'compute', activations: first }],
  ['Gemm', { kind: 'compute', activations: first, refuse: refuseGemm }],
  ['MatMul', { kind: 'compute', activations: firstTwo }],
  ['Add', { kind: 'arithmetic', activations: firstTwo }],
  ['Mul', { kind: 'arithmetic', activations: firstTwo }],
  ['Where', { kind: 'arithmetic', activations: () => [1, 2] }],
  ['Concat', { kind: 'arithmetic', activations: all }],
  ['GlobalAveragePool', unary],
  ['LeakyRelu', unary],
  ['Sigmoid', unary],
  ['MaxPool', { ...move, refuse: refuseMaxPool }],
  ['Resize', { ...move, refuse: refuseResize }],
  ['Reshape', move],
  ['Transpose', move],
  ['Squeeze', move],
  ['Unsqueeze', move],
  ['Flatten', move],
  ['Gather', move],
  ['Slice', move],
  ['Expand', move],
  ['Tile', move],
  ['Split', { ...move, refuse: refuseSplit }],
] satisfies [string, IntegerRule][]);

/** Why these stay in float, where "no integer kernel" is not the whole story. */
const FLOAT_REASONS: ReadonlyMap<string, string> = new Map([
  ['AveragePool', "ONNX Runtime's 8-bit AveragePool is about 20 times slower than its float one"],
  ['Softmax', "ONNX Runtime's 8-bit Softmax is about 20 times slower than its float one"],
  ['ConvTranspose', 'ONNX Runtime has no 8-bit ConvTranspose'],
  ['LSTM', 'ONNX Runtime has an 8-bit LSTM for dynamic quantization only'],
]);

/** Why an operator without a rule stays in float. */
export function floatReason(node: Node): string {
  return FLOAT_REASONS.get(node.kind) ?? `ONNX Runtime has no 8-bit ${node.kind} that Q/DQ pairs fuse into`;
}

/** The rule of a node; undefined for operators that stay in float. */
export function integerRule(node: Node): IntegerRule | undefined {
  return node.domain === '' ? INTEGER_RULES.get(node.op) : undefined;
}

function refuseGemm(node: Node): string | undefined {
  const bias: Value | undefined = node.input(2);
  if (bias && node.float('beta', 1) !== 1) return 'QGemm needs beta 1';
  if (!(node.float('alpha', 1) > 0)) return 'QGemm needs alpha > 0';
  return undefined;
}

function refuseMaxPool(node: Node, { opset }: RuleContext): string | undefined {
  if (opset < 12) return '8-bit MaxPool needs opset 12';
  return node.outputs[1] ? 'MaxPool with indices has no 8-bit kernel' : undefined;
}

function refuseResize(node: Node): string | undefined {
  const mode = node.string('mode', 'nearest');
  return mode === 'nearest' ? undefined : `ONNX Runtime runs ${mode} Resize in float`;
}

/** ONNX Runtime fuses a Split only when every result is quantized again. */
function refuseSplit(node: Node): string | undefined {
  const isUnused = node.outputs.some((value) => value?.uses.length === 0 && !value.isOutput);
  return isUnused ? 'a result of Split is not used' : undefined;
}
