import { GossamerError, type Tensor } from '@gossamer/graph';
import { types } from 'node:util';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { Feeds, Outputs } from './feeds.js';
import type { PortSpec } from './port-spec.js';

/** Tensors of the caller's that outputs are written to, by output name. */
export type Into = Readonly<Record<string, Tensor>>;

function refuse(what: string, expected: string, received: string): never {
  throw new GossamerError<RuntimeErrorCode>('ERR_FEEDS', `${what}: expected ${expected}, received ${received}`);
}

const describe = (dtype: string, dims: readonly (number | string | undefined)[]): string =>
  `${dtype} [${dims.map((dim) => dim ?? '?').join(', ')}]`;

const isDetached = (tensor: Tensor): boolean => tensor.byteLength === 0 && tensor.length > 0;

/** The bytes that can be written through; `read` gives a view, else there would be nowhere to write. */
function writableBytes(name: string, tensor: Tensor): Uint8Array {
  const what = `into.${name}`;
  if (tensor.dtype === 'string') refuse(what, 'a tensor of numbers', 'text');
  if (tensor.isInFile) refuse(what, 'a tensor in memory', 'one in a file');
  if (isDetached(tensor)) refuse(what, 'an attached buffer', 'a detached one');
  const bytes = tensor.bytes();
  if (bytes.buffer !== tensor.bytes().buffer) refuse(what, 'a tensor in memory', 'one that is read anew each time');
  if (types.isSharedArrayBuffer(bytes.buffer)) refuse(what, 'an ArrayBuffer', 'a SharedArrayBuffer');
  return bytes;
}

function requireFit(name: string, tensor: Tensor, port: PortSpec): void {
  const { dtype = tensor.dtype, shape = tensor.dims } = port;
  const fits =
    dtype === tensor.dtype &&
    shape.length === tensor.dims.length &&
    shape.every((dim, axis) => typeof dim !== 'number' || dim === tensor.dims[axis]);
  if (!fits) refuse(`into.${name}`, describe(dtype, shape), describe(tensor.dtype, tensor.dims));
}

const overlap = (a: Uint8Array, b: Uint8Array): boolean =>
  a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength;

/** Ranges of memory by the buffer they are in, with their names. */
class Taken {
  readonly #ranges = new Map<ArrayBufferLike, { readonly name: string; readonly bytes: Uint8Array }[]>();

  /** The name of a range that overlaps these bytes. */
  find(bytes: Uint8Array): string | undefined {
    return this.#ranges.get(bytes.buffer)?.find((range) => overlap(bytes, range.bytes))?.name;
  }

  add(name: string, bytes: Uint8Array): void {
    const ranges = this.#ranges.get(bytes.buffer);
    if (ranges) ranges.push({ name, bytes });
    else this.#ranges.set(bytes.buffer, [{ name, bytes }]);
  }
}

/**
 * Throws ERR_FEEDS unless each is one of the outputs asked for, of its type and known sizes, in memory that can be written to and that
 * overlaps neither another one nor anything fed: engines would write what they have still to read.
 */
export function requireInto(into: Into, wanted: readonly string[], ports: readonly PortSpec[], feeds: Feeds): void {
  const taken = new Taken();
  for (const [name, tensor] of Object.entries(feeds)) {
    const isElsewhere = tensor.dtype === 'string' || tensor.isInFile || isDetached(tensor);
    if (!isElsewhere) taken.add(`input ${name}`, tensor.bytes());
  }
  for (const [name, tensor] of Object.entries(into)) {
    const port = ports.find((output) => output.name === name);
    if (!port || !wanted.includes(name)) refuse('into', `some of the outputs asked for (${wanted.join(', ')})`, name);
    requireFit(name, tensor, port);
    const bytes = writableBytes(name, tensor);
    const other = taken.find(bytes);
    if (other !== undefined) refuse(`into.${name}`, `memory apart from ${other}`, 'overlapping memory');
    taken.add(`into.${name}`, bytes);
  }
}

/** The outputs of a run with those of `into` in their memory: what the engine has not written there itself is copied. Throws ERR_FEEDS. */
export function fillInto(results: Outputs, into: Into): Outputs {
  const filled = { ...results };
  for (const [name, tensor] of Object.entries(into)) {
    const result = results[name]!;
    filled[name] = tensor;
    if (result === tensor) continue;
    if (result.dtype !== tensor.dtype || result.dims.join() !== tensor.dims.join()) {
      refuse(`into.${name}`, describe(result.dtype, result.dims), describe(tensor.dtype, tensor.dims));
    }
    writableBytes(name, tensor).set(result.bytes());
  }
  return filled;
}
