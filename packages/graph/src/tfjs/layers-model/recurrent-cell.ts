import type { Tensor } from '../../ir/tensor.js';
import { lazyTensor } from '../lazy-tensor.js';
import type { Layer } from './layer.js';

/** A recurrent cell of Keras and its operator in ONNX. */
export interface Cell {
  readonly op: 'LSTM' | 'GRU' | 'RNN';
  /** Keras's gate at each place of ONNX's order. */
  readonly gates: readonly number[];
  /** Which of Keras's activations ONNX wants, in its order. */
  readonly activations: readonly ('activation' | 'recurrent_activation')[];
}

/** Keras stacks the gates of LSTM as i, f, c, o and of GRU as z, r, h; ONNX as i, o, f, c and z, r, h. */
export const CELLS: Readonly<Record<string, Cell>> = {
  LSTM: { op: 'LSTM', gates: [0, 3, 1, 2], activations: ['recurrent_activation', 'activation', 'activation'] },
  GRU: { op: 'GRU', gates: [0, 1, 2], activations: ['recurrent_activation', 'activation'] },
  SimpleRNN: { op: 'RNN', gates: [0], activations: ['activation'] },
};

/**
 * A weight as ONNX has it: kernels [1, gates * units, in] from [in, gates * units]; the bias [1, 2 * gates * units] from
 * [gates * units], its recurrent half zero. Computed when read.
 */
export function gateMatrix(
  layer: Layer,
  cell: Cell,
  name: 'kernel' | 'recurrent_kernel' | 'bias',
  units: number,
): Tensor {
  const source = layer.tensor(name);
  const columns = cell.gates.length * units;
  const rows = name === 'bias' ? 1 : source.dims[0];
  const rank = name === 'bias' ? 1 : 2;
  if (source.dims.length !== rank || source.dims.at(-1) !== columns || source.dtype !== 'float32') {
    throw layer.error(
      name,
      `float32 of rank ${rank} with ${columns} columns`,
      `${source.dtype}[${source.dims.join(',')}]`,
    );
  }
  const height = name === 'bias' ? 2 * columns : columns;
  const dims = name === 'bias' ? [1, height] : [1, height, rows!];
  return lazyTensor('float32', dims, () => {
    const data = source.toFloat32();
    const out = new Float32Array(height * rows!);
    cell.gates.forEach((gate, place) => {
      for (let unit = 0; unit < units; unit++) {
        const to = (place * units + unit) * rows!;
        for (let row = 0; row < rows!; row++) out[to + row] = data[row * columns + gate * units + unit]!;
      }
    });
    return out;
  });
}
