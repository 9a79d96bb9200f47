import type { Tensor } from '@gossamer/graph';
import { type DType, GossamerError } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import { sliceRows } from '../session/tensor-view.js';

/** Reads rows one after the other. */
export interface RowReader {
  /** The next `count` rows, [count, ...rowShape]. */
  next(count: number): Promise<Tensor>;
  close(): void;
}

/** One named array whose first axis counts samples; its rows need not fit in memory. */
export interface Column {
  readonly name: string;
  readonly dtype: DType;
  /** Samples; undefined for a rank-0 array, which holds for every sample. */
  readonly rows: number | undefined;
  /** Shape of one sample. */
  readonly rowShape: readonly number[];
  /** `transient`: rows may share memory with those read before. */
  open(transient: boolean): Promise<RowReader>;
}

/** A column over a tensor; rows are views of it where it is in memory. */
export function tensorColumn(name: string, tensor: Tensor): Column {
  const [rows, ...rowShape] = tensor.dims;
  return {
    name,
    dtype: tensor.dtype,
    rows,
    rowShape,
    open: async () => {
      let at = 0;
      return {
        next: async (count) => {
          if (rows === undefined) return tensor;
          const end = at + count;
          if (end > rows) throw outOfRows(name, end, rows);
          const part = sliceRows(tensor, at, end);
          at = end;
          return part;
        },
        close: () => undefined,
      };
    },
  };
}

/** A column ended before its declared length. */
export function outOfRows(name: string, wanted: number, rows: number): GossamerError<RuntimeErrorCode> {
  return new GossamerError('ERR_DATA_FILE', `${name}: expected at least ${wanted} rows, received ${rows}`);
}
