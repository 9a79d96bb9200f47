import type { Verification } from '@gossamer/runtime';
import { type Bytes, bytesOf } from './bytes.js';
import { fileBytes } from './file-bytes.js';
import { loadModel, type OnnxModel } from './onnx-model.js';

/** What was done to one layer, and why. */
export interface LayerResult {
  readonly name: string;
  readonly op: string;
  readonly action: string;
  readonly reason: string;
  /** Nodes behind the layer that its kernel computes along. */
  readonly merged?: readonly string[];
  /** Bytes of the layer's constants. */
  readonly bytes?: { readonly before: number; readonly after: number };
}

/** What a compressing command reports about the file it wrote. */
export interface CompressionResult {
  readonly output: string;
  readonly status: 'done' | 'budget-unmet';
  readonly bytes: Bytes;
  readonly layers: readonly LayerResult[];
  readonly warnings: readonly string[];
  /** What the gate measured; undefined when it was skipped. */
  readonly verification: Verification | undefined;
  /** Wall seconds of making the file and of the gate, and the peak memory of this process, in MB. */
  readonly cost: { readonly makeSeconds: number; readonly gateSeconds: number; readonly peakRssMb: number };
}

/** Sizes of a model in a file and of the file made of it, data files included. */
export async function compareFiles(before: OnnxModel, after: string): Promise<Bytes> {
  return bytesOf(fileBytes(before) ?? 0, fileBytes(await loadModel(after)) ?? 0);
}
