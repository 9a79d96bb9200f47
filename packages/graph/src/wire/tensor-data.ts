import { wireError } from './error-codes.js';
import type { FieldTable } from './field-table.js';
import { TensorProto } from './onnx-schema.js';

const { no } = TensorProto;
const TYPED = [no.float_data, no.int32_data, no.string_data, no.int64_data, no.double_data, no.uint64_data];

/**
 * Throws ERR_TENSOR_DATA when a TensorProto gives its data in more than one form (raw_data, one of the typed lists, external_data).
 *
 * Readers pick different forms, so such a tensor can show one weight to an inspector and another to the runtime.
 * Empty lists count as absent, an empty raw_data only beside external data.
 */
export function checkTensorData(table: FieldTable): void {
  const forms = new Set<number>();
  let rawBytes = 0;
  for (let i = 0; i < table.length; i++) {
    const field = table.no(i);
    const byteLength = table.valueEnd(i) - table.valueStart(i);
    if (field === no.raw_data) rawBytes = byteLength;
    const isPresent = field === no.string_data || byteLength > 0;
    if (field === no.raw_data || field === no.external_data || (TYPED.includes(field) && isPresent)) forms.add(field);
  }
  if (forms.has(no.external_data) && rawBytes === 0) forms.delete(no.raw_data);
  if (forms.size < 2) return;
  const names = [...forms].map((field) => TensorProto.field(field)!.name).join(' and ');
  throw wireError('ERR_TENSOR_DATA', `TensorProto: expected its data in one form, received ${names}`);
}
