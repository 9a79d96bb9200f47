import { join } from 'node:path';
import { type ExternalTrust, openExternalFile } from '../wire/external-path.js';
import { tfjsError } from './error-codes.js';
import { describe, parseJsonObject, property } from './json.js';
import { readModelJson } from './model-json.js';
import {
  type Decision,
  type GroupPlan,
  planQuantization,
  type QuantizationChoice,
  storedBytes,
} from './plan-quantization.js';
import { replaceProperty } from './replace-property.js';
import { checkFolder, type GroupContent, MODEL_NAME, saveFolder, type TfjsSaveOptions } from './save-folder.js';
import { encodeStored, storageBound, STORAGE_BYTES } from './weight-storage.js';
import { type OpenedManifest, openManifest } from './weights-manifest.js';

/** Bytes of an unchanged weight are passed on in pieces of this size. */
const PIECE_BYTES = 2 ** 22;

export interface TfjsQuantizeOptions extends QuantizationChoice, TfjsSaveOptions {
  /** Whether links to shards are followed inside the model's folder ('trusted') or refused ('untrusted'). Default 'trusted'. */
  readonly trust?: ExternalTrust;
}

/** What became of one weight. */
export interface TfjsWeightReport {
  readonly name: string;
  readonly shape: readonly number[];
  readonly action: 'quantized' | 'kept';
  readonly reason: string;
  /** How it is stored now: `uint8`, `float32`, ... */
  readonly storage: string;
  readonly bytes: { readonly before: number; readonly after: number };
  /** Of a quantized weight: value = code * scale + min. */
  readonly scale?: number;
  readonly min?: number;
  /** Largest distance of a value TF.js will compute with from the one it had, read back from the written file. */
  readonly maxAbsError?: number;
}

export interface TfjsQuantizeResult {
  /** The written model.json. */
  readonly path: string;
  /** Files read and files written: model.json, then the shards. */
  readonly files: { readonly read: readonly string[]; readonly written: readonly string[] };
  readonly weights: readonly TfjsWeightReport[];
  /** Sizes of model.json and shards together. */
  readonly bytes: { readonly before: number; readonly after: number };
  readonly warnings: readonly string[];
}

/**
 * Writes a copy of a TF.js model (graph or layers model) whose float32 weights are stored as uint8, uint16 or float16, as tfjs-converter
 * stores them and TF.js reads them: a folder with `model.json` and shards of 4 MiB. Nothing but the weights manifest of model.json
 * changes. The folder appears whole or not at all; before it does, every weight is read back and its error held to the bound (half a
 * step of its grid, half a unit of float16). One weight is in memory at a time.
 *
 * Vectors, weights below `minElements`, what is quantized already and what its storage cannot hold stay, each with its reason.
 * Throws ERR_OPTION, ERR_TFJS_MODEL, ERR_TFJS_WEIGHTS, ERR_EXTERNAL_PATH, and what `saveFolder` throws.
 */
export async function quantizeTfjsModel(
  path: string,
  folder: string,
  options: TfjsQuantizeOptions,
): Promise<TfjsQuantizeResult> {
  if (!Object.hasOwn(STORAGE_BYTES, options.weights)) {
    throw tfjsError('ERR_OPTION', `weights: expected uint8, uint16 or float16, received ${describe(options.weights)}`);
  }
  const text = readModelJson(path);
  const opened = openShards(path, text, options.trust ?? 'trusted');
  try {
    const inputs = [path, ...opened.files];
    checkFolder(folder, inputs, options.force ?? false);
    const { plans, warnings } = planQuantization(opened.groups, options, options.signal);
    const written = replaceProperty(text, 'weightsManifest', JSON.stringify(plans.map(({ item }) => item)));
    const decisions = plans.flatMap((plan) => plan.decisions);
    let errors: ReadonlyMap<string, number> = new Map();
    await saveFolder(folder, written, plans.map(content), inputs, {
      ...options,
      accept: async (draft) => {
        errors = readBack(draft, decisions);
        await options.accept?.(draft);
      },
    });
    const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);
    const names = [MODEL_NAME, ...plans.flatMap(({ paths }) => paths)];
    return {
      path: join(folder, MODEL_NAME),
      files: { read: inputs, written: names.map((name) => join(folder, name)) },
      weights: decisions.map((decision) => report(decision, errors.get(decision.weight.name))),
      bytes: {
        before: Buffer.byteLength(text) + sum(decisions.map(({ weight }) => weight.byteLength)),
        after: Buffer.byteLength(written) + sum(plans.map(({ byteLength }) => byteLength)),
      },
      warnings,
    };
  } finally {
    opened.close();
  }
}

function openShards(path: string, text: string, trust: ExternalTrust): OpenedManifest {
  const json = parseJsonObject(text, path);
  const manifest = property(json, 'weightsManifest');
  if (manifest === undefined || property(json, 'modelTopology') === undefined) {
    throw tfjsError(
      'ERR_TFJS_MODEL',
      `${path}: expected the modelTopology and weightsManifest of a TF.js model, received a document without`,
    );
  }
  return openManifest(manifest, (shard) => openExternalFile(path, shard, trust));
}

function content({ decisions, byteLength }: GroupPlan): GroupContent {
  return {
    byteLength,
    *read() {
      for (const { weight, quantization } of decisions) {
        if (quantization) {
          yield encodeStored(weight.tensor!.toFloat32(), quantization);
          continue;
        }
        for (let at = 0; at < weight.byteLength; at += PIECE_BYTES) {
          yield weight.read(at, Math.min(at + PIECE_BYTES, weight.byteLength));
        }
      }
    },
  };
}

/** Largest error of every quantized weight of the written model; throws where one passes its bound or an unchanged one differs. */
function readBack(path: string, decisions: readonly Decision[]): Map<string, number> {
  const opened = openShards(path, readModelJson(path), 'untrusted');
  try {
    const written = new Map(opened.groups.flatMap(({ weights }) => weights.map((weight) => [weight.name, weight])));
    const errors = new Map<string, number>();
    for (const { weight, quantization, magnitude } of decisions) {
      const copy = written.get(weight.name);
      if (!copy) throw new Error(`weight ${weight.name}: expected it in the written model, received none`);
      if (quantization) {
        const error = largestError(weight.tensor!.toFloat32(), copy.tensor!.toFloat32());
        if (!(error <= storageBound(quantization, magnitude))) {
          throw new Error(`weight ${weight.name}: expected an error within its bound, received ${error}`);
        }
        errors.set(weight.name, error);
      } else if (!isSameBytes(weight.byteLength, weight, copy)) {
        throw new Error(`weight ${weight.name}: expected its bytes unchanged, received others`);
      }
    }
    return errors;
  } finally {
    opened.close();
  }
}

function largestError(expected: Float32Array, actual: Float32Array): number {
  if (expected.length !== actual.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(expected[i]! - actual[i]!);
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

type Readable = Pick<Decision['weight'], 'read' | 'byteLength'>;

function isSameBytes(byteLength: number, a: Readable, b: Readable): boolean {
  if (b.byteLength !== byteLength) return false;
  for (let at = 0; at < byteLength; at += PIECE_BYTES) {
    const end = Math.min(at + PIECE_BYTES, byteLength);
    if (Buffer.compare(a.read(at, end), b.read(at, end)) !== 0) return false;
  }
  return true;
}

function report(decision: Decision, maxAbsError: number | undefined): TfjsWeightReport {
  const { weight, quantization, reason } = decision;
  const grid =
    quantization && quantization.dtype !== 'float16' ? { scale: quantization.scale, min: quantization.min } : {};
  return {
    name: weight.name,
    shape: weight.dims,
    action: quantization ? 'quantized' : 'kept',
    reason,
    storage: quantization?.dtype ?? weight.quantization?.dtype ?? weight.dtype,
    bytes: { before: weight.byteLength, after: storedBytes(decision) },
    ...grid,
    ...(maxAbsError === undefined ? {} : { maxAbsError }),
  };
}
