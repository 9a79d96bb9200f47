import type { Node, Value } from '@gossamer/graph';
import type { TypeTable } from '@gossamer/graph';

/** What a rule may ask about the model. */
export interface RuleContext {
  readonly opset: number;
  readonly types: TypeTable;
  /** Every operator with an integer form takes it, fast or not, and hands out codes. */
  readonly integerOnly: boolean;
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

/** What only integer-only models run in integers: slower so, or cheaper elsewhere. Relu and Clip become Clip of codes. */
const SLOW_RULES: ReadonlyMap<string, IntegerRule> = new Map([
  ['AveragePool', { ...unary, refuse: refuseAveragePool }],
  ['Relu', move],
  ['Clip', { ...move, refuse: refuseClip }],
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
export function integerRule(node: Node, { integerOnly }: Pick<RuleContext, 'integerOnly'>): IntegerRule | undefined {
  if (node.domain !== '') return undefined;
  return INTEGER_RULES.get(node.op) ?? (integerOnly ? SLOW_RULES.get(node.op) : undefined);
}

function refuseAveragePool(node: Node): string | undefined {
  const isDilated = node.ints('dilations', []).some((dilation) => dilation !== 1);
  return isDilated ? 'QLinearAveragePool has no dilations' : undefined;
}

function refuseClip(node: Node): string | undefined {
  return clipBounds(node) ? undefined : 'its bounds are not constant';
}

/** What Relu or Clip bounds its input to; undefined for other nodes and for bounds that are computed. */
export function clipBounds(node: Node): { readonly low: number; readonly high: number } | undefined {
  if (node.isStandard('Relu')) return { low: 0, high: Infinity };
  if (!node.isStandard('Clip')) return undefined;
  const bound = (slot: number, name: string, fallback: number): number | undefined => {
    const value = node.input(slot);
    if (!value) return node.float(name, fallback);
    return value.constant?.length === 1 ? value.constant.item() : undefined;
  };
  const low = bound(1, 'min', -Infinity);
  const high = bound(2, 'max', Infinity);
  return low === undefined || high === undefined ? undefined : { low, high };
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
