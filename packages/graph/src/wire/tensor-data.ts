import { wireError } from './error-codes.js';
import type { FieldTable } from './field-table.js';
import { TensorProto } from './onnx-schema.js';

const { no } = TensorProto;
const RAW = 1 << no.raw_data;
const EXTERNAL = 1 << no.external_data;
const STRINGS = 1 << no.string_data;
const NUMBERS = [no.float_data, no.int32_data, no.int64_data, no.double_data, no.uint64_data];
/** One bit for each field that holds data, by its number. */
const FORMS = NUMBERS.reduce((bits, field) => bits | (1 << field), RAW | EXTERNAL | STRINGS);

/**
 * Throws ERR_TENSOR_DATA when a TensorProto gives its data in more than one form (raw_data, one of the typed lists, external_data).
 *
 * Readers pick different forms, so such a tensor can show one weight to an inspector and another to the runtime.
 * Empty lists of numbers count as absent, an empty raw_data only beside external data.
 */
export function checkTensorData(table: FieldTable): void {
  let forms = 0;
  let rawBytes = 0;
  for (let i = 0; i < table.length; i++) {
    const field = table.no(i);
    const form = field < 32 ? FORMS & (1 << field) : 0;
    if (form === 0) continue;
    const byteLength = table.valueEnd(i) - table.valueStart(i);
    if (form === RAW) rawBytes = byteLength;
    if (byteLength > 0 || (form & (RAW | EXTERNAL | STRINGS)) !== 0) forms |= form;
  }
  if ((forms & EXTERNAL) !== 0 && rawBytes === 0) forms &= ~RAW;
  // A power of two has one bit.
  if ((forms & (forms - 1)) === 0) return;
  const fields = [...TensorProto.fields.values()].filter((field) => (forms & (1 << field.no)) !== 0);
  const names = fields.map(({ name }) => name).join(' and ');
  throw wireError('ERR_TENSOR_DATA', `TensorProto: expected its data in one form, received ${names}`);
}
