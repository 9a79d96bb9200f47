import { readFile, stat } from 'node:fs/promises';
import { GossamerError } from '@gossamer/graph';
import type { CompressErrorCode } from './error-codes.js';

/** A larger map is refused. */
const MAX_BYTES = 64 * 2 ** 20;

/** Where the values of an initializer come from. */
export interface WeightSource {
  /** Name of the tensor. */
  readonly tensor: string;
  /** The matrix is turned: a linear layer of PyTorch holds the transpose of what MatMul takes. */
  readonly transpose: boolean;
}

/**
 * Reads a weights map, a JSON object whose keys are initializers: `{ "onnx::MatMul_12": { "tensor": "fc.weight", "transpose": true }, "b": "fc.bias" }`.
 * Throws ERR_WEIGHTS where it has another form.
 */
export async function readWeightsMap(path: string): Promise<Map<string, WeightSource>> {
  const { size } = await stat(path);
  if (size > MAX_BYTES) throw refuse(path, `at most ${MAX_BYTES} bytes`, `${size}`);
  let document: unknown;
  try {
    document = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw refuse(path, 'JSON', 'something else');
  }
  if (!isObject(document)) throw refuse(path, 'an object of initializers', 'something else');
  return new Map(Object.entries(document).map(([name, value]) => [name, sourceOf(path, name, value)]));
}

function sourceOf(path: string, name: string, value: unknown): WeightSource {
  if (typeof value === 'string') return { tensor: value, transpose: false };
  if (isObject(value)) {
    const { tensor, transpose = false, ...more } = value;
    if (typeof tensor === 'string' && typeof transpose === 'boolean' && Object.keys(more).length === 0) {
      return { tensor, transpose };
    }
  }
  throw refuse(path, `a tensor's name or { "tensor", "transpose" } for ${name}`, 'something else');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(path: string, expected: string, received: string): Error {
  return new GossamerError<CompressErrorCode>(
    'ERR_WEIGHTS',
    `weights map ${path}: expected ${expected}, received ${received}`,
  );
}
