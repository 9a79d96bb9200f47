import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import type { TypeJson } from './typed-json.js';

/** What a tool inferred of a model, by path and name of the value; or its error. */
export type PeerTypes =
  | { readonly types: Readonly<Record<string, TypeJson>>; readonly error?: undefined }
  | { readonly error: string; readonly types?: undefined };

/** A model without its weights, and what onnx and symbolic_shape_infer of ONNX Runtime infer of it. */
export interface PeerModel {
  readonly name: string;
  /** Encoded ModelProto. */
  readonly model: Uint8Array;
  readonly onnx: PeerTypes;
  readonly symbolic: PeerTypes;
}

const ARCHIVE = join(__dirname, 'peer-models.json.br');

/** The models of `peer-models.json.br`, as docs/benchmarks/shape-inference.md says they were made. */
export function peerModels(): PeerModel[] {
  const file = JSON.parse(brotliDecompressSync(readFileSync(ARCHIVE)).toString()) as {
    readonly cases: readonly (Omit<PeerModel, 'model'> & { readonly model: string })[];
  };
  return file.cases.map((item) => ({ ...item, model: Buffer.from(item.model, 'base64') }));
}
