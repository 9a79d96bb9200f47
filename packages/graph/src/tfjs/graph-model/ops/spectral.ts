import type { Value } from '../../../ir/value.js';
import type { Emitter } from '../../emitter.js';
import { complexOperand, type Operand, plainOperand } from '../../operand.js';
import { defineOp, type OpConverter, type TfNode } from '../tf-node.js';

/** The axis that is transformed: the last of the source, before the one of real and imaginary parts. */
const SIGNAL_AXIS = -2;

/** A complex operand as [..., 2]. */
function parts(node: TfNode, index: number): Value {
  const operand = node.operands[index];
  if (operand?.complex) return operand.complex;
  throw node.error('operand', 'complex numbers', operand ? 'real ones' : 'nothing');
}

function transform(e: Emitter, x: Value, attributes: { readonly inverse?: 1; readonly onesided?: 1 }): Value {
  return e.op('DFT', [x, undefined, e.int64(SIGNAL_AXIS)], attributes);
}

/** The length of the signal; throws unless `fft_length` says the same: TF.js takes the length from the operand. */
function checkLength(node: TfNode, length: unknown): void {
  const [wanted] = node.ints(1, 'fft_length');
  if (wanted !== length) throw node.error('fft_length', `that of the signal (${String(length)})`, wanted);
}

function realTransform(node: TfNode): Operand {
  const { e } = node;
  checkLength(node, e.shapeOf(node.operand(0))?.at(-1));
  const signal = e.op('Unsqueeze', [node.plain(0), e.int64([-1])]);
  return complexOperand(transform(e, signal, { onesided: 1 }));
}

/** The other half of a real signal's spectrum is its mirror image, conjugated; then the imaginary parts of the result are zero. */
function inverseRealTransform(node: TfNode): Operand {
  const { e } = node;
  const half = parts(node, 0);
  const bins = e.types.shapeOf(half)?.at(SIGNAL_AXIS);
  if (typeof bins !== 'number' || bins < 2) throw node.error('operand', 'a known number of bins, 2 or more', bins);
  checkLength(node, 2 * (bins - 1));
  const axis = e.int64([SIGNAL_AXIS]);
  const mirrored = e.op('Slice', [half, e.int64([-2]), e.int64([0]), axis, e.int64([-1])]);
  const conjugate = e.op('Mul', [mirrored, e.constant([1, -1], 'float32')]);
  const whole = e.op('Concat', [half, conjugate], { axis: SIGNAL_AXIS });
  return plainOperand(part(e, transform(e, whole, { inverse: 1 }), 0));
}

/** Real (0) or imaginary (1) parts. */
function part(e: Emitter, x: Value, index: 0 | 1): Value {
  return e.op('Gather', [x, e.int64(index)], { axis: -1 });
}

const complexOp = (op: string, convert: (node: TfNode) => Operand): OpConverter => ({
  ...defineOp(op, convert),
  takesComplex: true,
});

export const spectralOps: readonly OpConverter[] = [
  defineOp('Complex', (node) => {
    const { e } = node;
    const pair = [0, 1].map((index) => e.op('Unsqueeze', [node.plain(index), e.int64([-1])]));
    return complexOperand(e.op('Concat', pair, { axis: -1 }));
  }),
  complexOp('Real', (node) => plainOperand(part(node.e, parts(node, 0), 0))),
  complexOp('Imag', (node) => plainOperand(part(node.e, parts(node, 0), 1))),
  complexOp('ComplexAbs', (node) => {
    return plainOperand(node.e.op('ReduceL2', [parts(node, 0), node.e.int64([-1])], { keepdims: 0 }));
  }),
  complexOp('FFT', (node) => complexOperand(transform(node.e, parts(node, 0), {}))),
  complexOp('IFFT', (node) => complexOperand(transform(node.e, parts(node, 0), { inverse: 1 }))),
  defineOp('RFFT', realTransform),
  complexOp('IRFFT', inverseRealTransform),
];
