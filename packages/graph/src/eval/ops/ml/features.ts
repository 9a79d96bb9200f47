import { toDoubles } from '../../elementwise.js';
import type { KernelCall } from '../../kernel.js';

/** What a classifier or regressor reads: `rows` samples of `width` numbers each, row-major; a vector is one sample. */
export interface Features {
  readonly rows: number;
  readonly width: number;
  readonly data: ArrayLike<number>;
}

/** Input 0 as samples; ERR_EVAL_SHAPE unless it has shape [N, F] or [F]. */
export function featuresOf(call: KernelCall): Features {
  const x = call.tensor(0);
  const { dims } = x;
  if (dims.length < 1 || dims.length > 2) {
    call.fail('ERR_EVAL_SHAPE', 'input 0', 'a shape [N, F] or [F]', `[${dims.join(',')}]`);
  }
  const rows = dims.length === 2 ? dims[0]! : 1;
  return { rows, width: dims.at(-1)!, data: toDoubles(call, x) };
}

/** Checks the length of an attribute list. */
export function requireLength(call: KernelCall, name: string, length: number, expected: number): void {
  if (length !== expected) call.fail('ERR_EVAL_SHAPE', name, `${expected} elements`, String(length));
}

/** Attribute `name` as 64-bit integers; undefined when it is absent. */
export function integersAttribute(call: KernelCall, name: string): bigint[] | undefined {
  return call.node.attributes
    .get(name)
    ?.as('ints')
    .map((value) => BigInt(value));
}
