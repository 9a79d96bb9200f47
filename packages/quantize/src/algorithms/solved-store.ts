import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MatrixCodes, type QuantizedMatrix, quantizedMatrixParts } from '../grid/quantized-matrix.js';
import type { WeightGrid } from '../grid/weight-grid.js';

/** Changes when what algorithms make of the same problem does. */
const VERSION = 2;

const ARRAYS = { Uint8Array, Uint16Array, Float32Array } as const;

/** Codes of matrices, and what else is to be known of them, as JSON keeps it. */
type Solved<About> = About & { readonly matrices: readonly QuantizedMatrix[] };

/** Solved weights in a folder, a file a problem, named by the hash of what they were solved from: a run that was ended takes them over. */
export class SolvedStore<About extends object> {
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
  }

  /** Of all that decides how a problem is solved: with equal ones the result is the same, bit for bit. */
  keyOf(settings: readonly unknown[], arrays: Iterable<ArrayBufferView>): string {
    const hash = createHash('sha256').update(JSON.stringify([VERSION, settings]));
    for (const { buffer, byteOffset, byteLength } of arrays)
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    return hash.digest('hex');
  }

  /** Undefined where there is none, or one that is not whole. */
  find(key: string): Solved<About> | undefined {
    try {
      return decode<About>(readFileSync(this.#path(key)));
    } catch {
      return undefined;
    }
  }

  put(key: string, solved: Solved<About>): void {
    const path = this.#path(key);
    const temporary = `${path}.${process.pid}.tmp`;
    try {
      writeFileSync(temporary, encode(solved));
      renameSync(temporary, path);
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  #path(key: string): string {
    return join(this.folder, `${key}.weight`);
  }
}

interface Header {
  readonly about: object;
  readonly matrices: readonly {
    readonly grid: Readonly<Record<string, unknown>>;
    readonly arrays: readonly { readonly name: string; readonly type: keyof typeof ARRAYS; readonly length: number }[];
  }[];
}

/** A line of JSON, then the arrays one behind the other, and their hash. */
function encode({ matrices, ...about }: Solved<object>): Buffer {
  const parts = matrices.map(quantizedMatrixParts);
  const header: Header = {
    about,
    matrices: parts.map(({ plain, arrays }) => ({
      grid: plain,
      arrays: Object.entries(arrays).map(([name, array]) => ({
        name,
        type: array.constructor.name as keyof typeof ARRAYS,
        length: array.length,
      })),
    })),
  };
  const body = Buffer.concat([
    Buffer.from(`${JSON.stringify(header)}\n`),
    ...parts
      .flatMap(({ arrays }) => Object.values(arrays))
      .map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength)),
  ]);
  return Buffer.concat([createHash('sha256').update(body).digest(), body]);
}

function decode<About extends object>(file: Buffer): Solved<About> {
  const body = file.subarray(32);
  if (!createHash('sha256').update(body).digest().equals(file.subarray(0, 32))) throw new Error('not whole');
  const end = body.indexOf('\n');
  const { about, matrices } = JSON.parse(body.toString('utf8', 0, end)) as Header;
  let at = end + 1;
  const read = ({ type, length }: { type: keyof typeof ARRAYS; length: number }) => {
    const size = length * ARRAYS[type].BYTES_PER_ELEMENT;
    // A copy: arrays begin at multiples of their elements.
    const bytes = Uint8Array.from(body.subarray(at, at + size));
    at += size;
    return new ARRAYS[type](bytes.buffer);
  };
  return {
    ...(about as About),
    matrices: matrices.map(({ grid, arrays }): QuantizedMatrix => {
      const found = Object.fromEntries(arrays.map((array) => [array.name, read(array)]));
      const { codes, ...ofGrid } = found;
      return { codes: codes as MatrixCodes, grid: { ...grid, ...ofGrid } as unknown as WeightGrid };
    }),
  };
}
