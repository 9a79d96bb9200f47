import { attribute, Tensor, type Value } from '@gossamer/graph';
import type { MatrixCodes } from '../grid/quantized-matrix.js';
import { type CodeStream, codeStreams } from './code-bytes.js';
import type { ConstantGraph } from './constant-graph.js';

/** All codes as numbers of `type`, [count]: the streams are cut into codes by shifts, since no operator reads 3 bits. Needs opset 11 (BitShift). */
export function expandCodes(g: ConstantGraph, codes: MatrixCodes, bits: number, type: 'float32' | 'int32'): Value {
  const parts = codeStreams(codes, bits).map((stream) => {
    const part = g.cast(streamCodes(g, stream, codes.length), type);
    if (stream.shift === 0) return part;
    return g.node('Mul', [part, g.constant('place', Tensor.fromNumbers(type, [], [2 ** stream.shift]))]);
  });
  return parts.reduce((sum, part) => g.node('Add', [sum, part]));
}

/** The codes of one stream, uint8 [count]. */
function streamCodes(g: ConstantGraph, { width, shift, bytes }: CodeStream, count: number): Value {
  const stored = (dims: number[]) => g.constant(`codes_${shift}`, Tensor.of('uint8', dims, bytes));
  if (width === 8) return stored([count]);
  const perByte = 8 / width;
  const rows = stored([bytes.length, 1]);
  // What lies above a code is shifted out of the byte, then the code down to its lowest bits.
  const lefts = Uint8Array.from({ length: perByte }, (_, j) => 8 - width - j * width);
  const left = g.node(
    'BitShift',
    [rows, g.constant('left', Tensor.of('uint8', [1, perByte], lefts))],
    direction('LEFT'),
  );
  const right = g.constant('right', Tensor.of('uint8', [1], Uint8Array.of(8 - width)));
  const flat = g.reshape(g.node('BitShift', [left, right], direction('RIGHT')), [bytes.length * perByte]);
  if (bytes.length * perByte === count) return flat;
  return g.node('Slice', [flat, g.integers('start', [0]), g.integers('end', [count])]);
}

const direction = (name: 'LEFT' | 'RIGHT') => ({ direction: attribute.string(name) });
