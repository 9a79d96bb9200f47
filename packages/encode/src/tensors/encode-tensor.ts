import { dtypeByteLength } from '@gossamer/graph';
import { type BinaryCoder, codeRaw } from '../coders/binary-coder.js';
import { ByteReader } from '../coders/byte-reader.js';
import { ByteWriter } from '../coders/byte-writer.js';
import { checkSymbols } from '../coders/check-symbols.js';
import { CostCoder } from '../coders/cost-coder.js';
import { RangeDecoder } from '../coders/range-decoder.js';
import { RangeEncoder } from '../coders/range-encoder.js';
import { encodeError } from '../error-codes.js';
import { blocks } from './forms/blocks.js';
import { constant } from './forms/constant.js';
import { raw } from './forms/raw.js';
import { elementCount, type PlainTensor, type TensorForm, type TensorSpec } from './plain-tensor.js';
import { TENSOR_FORMS } from './registry.js';

/** Bits that name a form where tensors share a coder. */
const FORM_BITS = 4;
/** In place of a form: the data is that of another tensor. */
const COPY = 15;

/** Elements beyond which only forms are carried out that a part of the tensor speaks for. */
const LARGE = 2 ** 20;
const PART = 2 ** 17;
/** What adaptive coding must save on that part over static blocks, which decode many times as fast. */
const WORTH_WHILE = 0.98;

/**
 * Codes a tensor of numbers in whichever form takes fewest bytes: a byte that names the form, and its body. The first of equals wins; for large
 * tensors speed counts for 2 %.
 */
export function encodeTensor({ dtype, dims, bytes }: PlainTensor): Uint8Array {
  const tensor = { dtype, dims, bytes: plainBytes(bytes) };
  let best = tensor.bytes;
  let id = 0;
  const isWorthTrying = elementCount(tensor) > LARGE ? formsOfPart(tensor) : undefined;
  for (const [index, form] of TENSOR_FORMS.entries()) {
    if (isWorthTrying && !isWorthTrying.has(form)) continue;
    const body = bodyOf(form, tensor);
    if (body === undefined || (index > 0 && body.length >= best.length)) continue;
    best = body;
    id = index;
    // Nothing is shorter than one element.
    if (form.name === 'constant') break;
  }
  const stream = new Uint8Array(1 + best.length);
  stream[0] = id;
  stream.set(best, 1);
  return stream;
}

/** The raw bytes of a tensor, as many as `spec` says. Throws ERR_GSM_FORMAT for a stream that no encoder wrote, where that shows. */
export function decodeTensor(stream: Uint8Array, spec: TensorSpec): Uint8Array {
  const form = formNumbered(stream[0]);
  const body = plainBytes(stream).subarray(1);
  if (form.body) return form.body.decode(body, spec);
  checkSymbols(form.decisions?.(spec) ?? elementCount(spec), body.length);
  return form.read(new RangeDecoder(body), spec);
}

/** Codes a small tensor by a coder that others use too; the form of fewest bits, the first of equals. Returns its name. */
export function planTensor({ dtype, dims, bytes }: PlainTensor): {
  form: string;
  code: (coder: BinaryCoder) => void;
  cost: number;
} {
  const tensor = { dtype, dims, bytes: plainBytes(bytes) };
  let best: { form: string; code: (coder: BinaryCoder) => void; cost: number } | undefined;
  for (const [id, form] of TENSOR_FORMS.entries()) {
    const plan = form.plan(tensor);
    if (!plan) continue;
    const code = (coder: BinaryCoder) => {
      codeRaw(coder, FORM_BITS, id);
      plan(coder);
    };
    const coder = new CostCoder();
    code(coder);
    if (!best || coder.cost < best.cost) best = { form: form.name, code, cost: coder.cost };
    if (form.name === 'constant') break;
  }
  return best!;
}

/** Reads what `planTensor` coded. */
export function readTensor(coder: BinaryCoder, spec: TensorSpec): { form: string; bytes: Uint8Array } {
  const form = formNumbered(codeRaw(coder, FORM_BITS, 0));
  return { form: form.name, bytes: form.read(coder, spec) };
}

/** The stream of a tensor whose bytes are those of the earlier tensor `index`. */
export function copyStream(index: number): Uint8Array {
  return new ByteWriter().bytes(Uint8Array.of(COPY)).varint(index).finish();
}

/** The tensor whose bytes a stream stands for; undefined for one that has its own. */
export function copyOf(stream: Uint8Array): number | undefined {
  return stream[0] === COPY ? new ByteReader(stream.subarray(1)).varint() : undefined;
}

/** Name of the form that a stream is in. */
export function formOf(stream: Uint8Array): string {
  return stream[0] === COPY ? 'copy' : (TENSOR_FORMS[stream[0] ?? 0]?.name ?? 'unknown');
}

/** A view that is no Buffer: `slice` of a Buffer does not copy. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The forms that take a part of a large tensor for less than `blocks`, and those that are quick to try. */
function formsOfPart({ dtype, bytes }: PlainTensor): ReadonlySet<TensorForm> {
  const part = { dtype, dims: [PART], bytes: bytes.slice(0, dtypeByteLength(dtype, PART)) };
  const bound = WORTH_WHILE * blocks.body!.encode(part)!.length;
  const worthy = TENSOR_FORMS.filter((form) => form !== blocks && (bodyOf(form, part)?.length ?? Infinity) < bound);
  return new Set([raw, constant, blocks, ...worthy]);
}

function bodyOf(form: TensorForm, tensor: PlainTensor): Uint8Array | undefined {
  if (form.body) return form.body.encode(tensor);
  const plan = form.plan(tensor);
  if (!plan) return undefined;
  const encoder = new RangeEncoder();
  plan(encoder);
  return encoder.finish();
}

function formNumbered(id: number | undefined): TensorForm {
  const form = TENSOR_FORMS[id ?? TENSOR_FORMS.length];
  if (form) return form;
  throw encodeError('ERR_GSM_FORMAT', `tensor: expected a form below ${TENSOR_FORMS.length}, received ${id}`);
}
