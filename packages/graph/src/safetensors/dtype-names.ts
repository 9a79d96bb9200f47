import type { DType } from '../dtype.js';
import { GossamerError } from '../errors.js';

/** Element types by their names in a safetensors header. Source: safetensors 0.6, `Dtype`. */
const TABLE = [
  ['BOOL', 'bool'],
  ['U8', 'uint8'],
  ['I8', 'int8'],
  ['U16', 'uint16'],
  ['I16', 'int16'],
  ['U32', 'uint32'],
  ['I32', 'int32'],
  ['U64', 'uint64'],
  ['I64', 'int64'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['F32', 'float32'],
  ['F64', 'float64'],
  ['C64', 'complex64'],
  ['F8_E4M3', 'float8e4m3fn'],
  ['F8_E4M3FNUZ', 'float8e4m3fnuz'],
  ['F8_E5M2', 'float8e5m2'],
  ['F8_E5M2FNUZ', 'float8e5m2fnuz'],
  ['F8_E8M0', 'float8e8m0'],
  ['F4', 'float4e2m1'],
  ['F6_E2M3', 'float6e2m3'],
  ['F6_E3M2', 'float6e3m2'],
] as const satisfies readonly (readonly [string, DType])[];

const DTYPE_OF = new Map<string, DType>(TABLE);
const NAME_OF = new Map<DType, string>(TABLE.map(([name, dtype]) => [dtype, name]));

/** The dtype a header names. Throws ERR_DTYPE; `what` says whose, and is asked only then. */
export function dtypeOfName(name: string, what: () => string): DType {
  const dtype = DTYPE_OF.get(name);
  if (dtype !== undefined) return dtype;
  const names = [...DTYPE_OF.keys()].join(', ');
  const received = JSON.stringify(name.slice(0, 80));
  throw new GossamerError('ERR_DTYPE', `${what()}: expected a dtype of ${names}, received ${received}`);
}

/** The name of `dtype` in a header. Throws ERR_DTYPE for the types the format has no name for (string, int4, ...). */
export function nameOfDtype(dtype: DType, what: string): string {
  const name = NAME_OF.get(dtype);
  if (name !== undefined) return name;
  throw new GossamerError('ERR_DTYPE', `${what}: expected a dtype that safetensors can store, received ${dtype}`);
}
