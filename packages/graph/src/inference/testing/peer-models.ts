import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import type { DimBindings } from '../../ir/dim.js';
import type { TypeJson } from './typed-json.js';

/** What a tool inferred of a model, by path and name of the value; or its error. */
export type PeerTypes =
  | { readonly types: Readonly<Record<string, TypeJson>>; readonly error?: undefined }
  | { readonly error: string; readonly types?: undefined };

/** A model, and what onnx infers of it. */
export interface InferredModel {
  readonly name: string;
  /** Encoded ModelProto. */
  readonly model: Uint8Array;
  readonly onnx: PeerTypes;
}

/** A model without its weights, and what onnx and symbolic_shape_infer of ONNX Runtime infer of it. */
export interface PeerModel extends InferredModel {
  readonly symbolic: PeerTypes;
}

/** The models of `peer-models.json.br`, as docs/benchmarks/shape-inference.md says they were made. */
export const peerModels = (): PeerModel[] => read<PeerModel>('peer-models.json.br');

/** The 1884 models of onnx's node tests, without the types of their outputs. */
export const nodeModels = (): InferredModel[] => read<InferredModel>('node-models.json.br');

/** A model as ONNX Runtime saved it after its optimisations, without its weights, and what it makes of every value of the main graph. */
export interface OptimisedModel {
  readonly name: string;
  /** Encoded ModelProto. */
  readonly model: Uint8Array;
  /** What the symbols of the inputs stood for. */
  readonly sizes: DimBindings;
  readonly types: Readonly<Record<string, TypeJson>>;
}

/** Models full of operators of com.microsoft. */
export const optimisedModels = (): OptimisedModel[] => read<OptimisedModel>('optimised-models.json.br');

function read<T extends { readonly name: string; readonly model: Uint8Array }>(name: string): T[] {
  const file = JSON.parse(brotliDecompressSync(readFileSync(join(__dirname, name))).toString()) as {
    readonly cases: readonly (Omit<T, 'model'> & { readonly model: string })[];
  };
  return file.cases.map((item) => ({ ...item, model: Buffer.from(item.model, 'base64') }) as unknown as T);
}
