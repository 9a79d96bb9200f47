import type { Node, Tensor } from '@gossamer/graph';

/** Codes of a Conv, Gemm or MatMul weight in the order in which x64 kernels multiply them: rows of output features. */
export interface PairLayout {
  readonly rows: number;
  /** Products of a row: kernel position by kernel position, channels innermost. */
  readonly columns: number;
  /** Input channel of a column of a row, counted over all groups. */
  readonly channelOf: (row: number, column: number) => number;
  readonly code: (row: number, column: number) => number;
}

/**
 * How the 8-bit kernels see a weight whose node has the codes in slot 1: ONNX Runtime's convolutions run with channels last, so neighbours in a sum are
 * channels of one kernel position; products add up along k. Undefined for other operators.
 */
export function pairLayout(node: Node, codes: Tensor): PairLayout | undefined {
  const data = codes.toIntegers();
  if (node.op === 'Conv') {
    const [rows, channels, ...kernel] = codes.dims as [number, number, ...number[]];
    const positions = kernel.reduce((a, b) => a * b, 1);
    const rowsOfGroup = rows / node.int('group', 1);
    return {
      ...{ rows, columns: channels * positions },
      channelOf: (row, column) => Math.floor(row / rowsOfGroup) * channels + (column % channels),
      code: (row, column) =>
        data[(row * channels + (column % channels)) * positions + Math.floor(column / channels)] as number,
    };
  }
  if ((node.op !== 'Gemm' && node.op !== 'MatMul') || codes.dims.length !== 2) return undefined;
  const isTransposed = node.op === 'Gemm' && node.int('transB', 0) === 1;
  const [rows, columns] = (isTransposed ? codes.dims : [...codes.dims].reverse()) as [number, number];
  return {
    ...{ rows, columns },
    channelOf: (_, column) => column,
    code: (row, column) => data[isTransposed ? row * columns + column : column * rows + row] as number,
  };
}
