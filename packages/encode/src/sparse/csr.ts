import { ByteReader } from '../coders/byte-reader.js';
import { encodeError } from '../error-codes.js';
import { countOf, elementWidth, findNonzeros, placeNonzeros } from './nonzeros.js';
import type { SparseForm } from './sparse-form.js';
import type { TensorSpec } from '../tensors/plain-tensor.js';

/**
 * Compressed rows: where each row of the first axis ends (uint32), the column of each element (uint16, uint32 from 2^16 columns on),
 * the elements. Little-endian.
 */
export const csr: SparseForm = {
  name: 'csr',

  encode(tensor) {
    const { positions, values } = findNonzeros(tensor);
    const { rows, columns, columnBytes } = matrixOf(tensor);
    const body = new Uint8Array(4 * rows + columnBytes * positions.length + values.length);
    const view = new DataView(body.buffer);
    positions.forEach((position, i) => {
      const row = Math.floor(position / columns);
      view.setUint32(4 * row, i + 1, true);
      const column = position - row * columns;
      const at = 4 * rows + columnBytes * i;
      if (columnBytes === 2) view.setUint16(at, column, true);
      else view.setUint32(at, column, true);
    });
    // Rows without elements end where the row before does.
    for (let row = 1; row < rows; row++) {
      if (view.getUint32(4 * row, true) === 0) view.setUint32(4 * row, view.getUint32(4 * row - 4, true), true);
    }
    body.set(values, body.length - values.length);
    return body;
  },

  decode(body, spec) {
    const { rows, columns, columnBytes } = matrixOf(spec);
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    const reader = new ByteReader(body);
    reader.bytes(4 * rows);
    const count = rows === 0 ? 0 : view.getUint32(4 * rows - 4, true);
    reader.bytes(columnBytes * count);
    const values = reader.bytes(elementWidth(spec) * count);
    const positions = new Float64Array(count);
    let i = 0;
    for (let row = 0; row < rows; row++) {
      for (const end = Math.min(count, view.getUint32(4 * row, true)); i < end; i++) {
        const at = 4 * rows + columnBytes * i;
        const column = columnBytes === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
        if (column >= columns)
          throw encodeError('ERR_GSM_FORMAT', `csr: expected a column below ${columns}, received ${column}`);
        positions[i] = row * columns + column;
      }
    }
    return placeNonzeros(spec, positions, values);
  },
};

function matrixOf(spec: TensorSpec): { rows: number; columns: number; columnBytes: 2 | 4 } {
  const rows = spec.dims.length > 1 ? spec.dims[0]! : 1;
  const columns = rows === 0 ? 0 : countOf(spec) / rows;
  return { rows, columns, columnBytes: columns <= 2 ** 16 ? 2 : 4 };
}
