import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isGossamerError } from '@gossamer/graph';
import type { TfjsQuantizeOptions, TfjsQuantizeResult } from '@gossamer/graph/tfjs';
import type { Verification, VerifyOptions } from '@gossamer/runtime';
import type { WorkOptions } from './progress.js';
import type { VerifyLevel } from './save-gate.js';

export interface QuantizeTfjsOptions extends Omit<TfjsQuantizeOptions, 'accept'>, WorkOptions {
  /** 'load' opens the result in ONNX Runtime (as the import reads it), 'full' also compares outputs. Default 'full'. */
  readonly verify?: VerifyLevel;
  /** Inputs to compare outputs on; default: random ones. */
  readonly data?: VerifyOptions['data'];
  readonly threads?: number;
}

export interface QuantizeTfjsResult extends TfjsQuantizeResult {
  /** Undefined where it was skipped, or the model cannot be imported (a warning says why). */
  readonly verification: Verification | undefined;
}

/**
 * Stores the weights of a TF.js model (the path of its model.json) as uint8, uint16 or float16 in a new folder: a TF.js model again, see
 * `quantizeTfjsModel`. Before the folder appears both models are imported and their outputs compared in ONNX Runtime.
 */
export async function quantizeTfjs(
  path: string,
  folder: string,
  options: QuantizeTfjsOptions,
): Promise<QuantizeTfjsResult> {
  const { quantizeTfjsModel } = await import('@gossamer/graph/tfjs');
  let proof: Proof = {};
  const result = await quantizeTfjsModel(path, folder, {
    ...options,
    accept: async (draft) => {
      if (options.verify === 'none') return;
      options.onProgress?.({ stage: 'verify', done: 0, total: 1 });
      proof = await compareImports(path, draft, options);
      options.onProgress?.({ stage: 'verify', done: 1, total: 1 });
    },
  });
  const warnings = [...result.warnings, ...(proof.warnings ?? []), ...(proof.verification?.warnings ?? [])];
  return { ...result, warnings, verification: proof.verification };
}

interface Proof {
  readonly verification?: Verification;
  readonly warnings?: readonly string[];
}

async function compareImports(before: string, after: string, options: QuantizeTfjsOptions): Promise<Proof> {
  const { loadTfjsModel } = await import('@gossamer/graph/tfjs');
  const { saveModel } = await import('@gossamer/graph/onnx');
  const { verify } = await import('@gossamer/runtime');
  const place = await mkdtemp(join(tmpdir(), 'gossamer-tfjs-'));
  try {
    const trust = options.trust ?? 'trusted';
    const reference = await loadTfjsModel(before, { trust });
    const path = join(place, 'model.onnx');
    await saveModel(await loadTfjsModel(after), path, { fsync: false });
    const verification = await verify(path, {
      level: options.verify ?? 'full',
      reference,
      ...(options.data ? { data: options.data } : {}),
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
    if (verification.loads) return { verification };
    const reason = verification.error?.message ?? 'an unknown failure';
    return { verification, warnings: [`outputs not compared: ONNX Runtime refuses the import: ${reason}`] };
  } catch (error) {
    // TF.js runs what the import refuses, too; the weights were read back all the same.
    if (!isGossamerError(error) || !error.code.startsWith('ERR_TFJS_')) throw error;
    return { warnings: [`outputs not compared: ${error.message}`] };
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
