import { type DType, dtypeBits, dtypeFromCode, isFloat, isInteger } from '../dtype.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';

/** Operators that choose among their elements: where one is NaN, each runtime does it in its own way. */
const CHOOSING: ReadonlySet<string> = new Set(
  'ArgMax ArgMin GlobalMaxPool Hardmax MaxPool NonMaxSuppression ReduceMax ReduceMin TopK Unique'.split(' '),
);

/** Text operators whose white space, letters without case or weights ONNX Runtime reads otherwise. */
const TEXT: ReadonlySet<string> = new Set(['StringNormalizer', 'StringSplit', 'TfIdfVectorizer']);

const isPaddedToSame = (node: Node) => node.string('auto_pad', 'NOTSET').startsWith('SAME');

/** Forms of operators that ONNX Runtime 1.30 computes otherwise than the standard's text or reference has it. */
const READINGS: ReadonlyMap<string, (node: Node) => boolean> = new Map([
  ['Attention', (node) => node.int('is_causal', 0) !== 0 && node.input(4) !== undefined],
  ['AveragePool', isPaddedToSame],
  ['ConvTranspose', isPaddedToSame],
  [
    'GridSample',
    (node) => node.string('padding_mode', 'zeros') === 'border' && node.string('mode', '').endsWith('cubic'),
  ],
  ['LSTM', (node) => node.attributes.has('clip')],
  ['LpPool', isPaddedToSame],
  ['MaxPool', isPaddedToSame],
  ['MaxUnpool', (node) => node.input(2) !== undefined],
  ['NonZero', (node) => node.input(0)?.constant?.dims.length === 0],
]);

/**
 * True for a node over constants whose result the standard leaves open, or ONNX Runtime reads otherwise: what the runtime gives is
 * not known here. These are a Squeeze whose input of axes is empty, a Resize that aligns corners (the standard's reference takes
 * sizes before they are rounded), forms of some layers (padding to the same size, clipped LSTM states, ...), casts of numbers that the integer type does not have, the spelling of floats, NaN where elements
 * are chosen, some text operators, and ai.onnx.ml as a whole (transforms of one score, base values, missing values, repeated keys).
 */
export function isReadTwoWays(node: Node): boolean {
  if (node.domain !== '') return node.domain === 'ai.onnx.ml';
  if (TEXT.has(node.op) || READINGS.get(node.op)?.(node) === true) return true;
  if (node.op === 'Squeeze') return node.input(1)?.constant?.length === 0;
  if (node.op === 'Resize') return node.string('coordinate_transformation_mode', '') === 'align_corners';
  if (node.op === 'Cast' || node.op === 'CastLike') return isOpenCast(node);
  return CHOOSING.has(node.op) && node.inputs.some((value) => someElement(value, Number.isNaN));
}

function isOpenCast(node: Node): boolean {
  const to = node.op === 'CastLike' ? node.input(1)?.constant?.dtype : targetOf(node);
  const from = node.input(0)?.constant?.dtype;
  if (to === 'string') return from !== undefined && isFloat(from);
  if (!to || !isInteger(to)) return false;
  // Of '1e3' and '1.7' ONNX Runtime reads the digits up to the first other character.
  if (from === 'string') return true;
  const bits = dtypeBits(to);
  const [low, high] = to.startsWith('u') ? [0, 2 ** bits] : [-(2 ** (bits - 1)), 2 ** (bits - 1)];
  return someElement(node.input(0), (element) => !(Math.trunc(element) >= low && Math.trunc(element) < high));
}

/** Before opset 6 the target was a name. */
function targetOf(node: Node): DType | undefined {
  const target = node.attributes.get('to')?.content;
  return target?.type === 'int' ? dtypeFromCode(Number(target.value)) : undefined;
}

/** True when the value is a constant of floats and one of them passes. */
function someElement(value: Value | undefined, test: (element: number) => boolean): boolean {
  const tensor = value?.constant;
  return tensor !== undefined && isFloat(tensor.dtype) && tensor.toFloat64().some(test);
}
