import { GossamerError } from '@gossamer/graph';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { RuntimeErrorCode } from '../error-codes.js';

/** The part of onnxruntime-node that is used. */
export interface OrtModule {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof Tensor;
  readonly env: { logLevel?: string };
}

/** Fatal only: warnings are about folds that are not done, and errors come back as exceptions. */
export const ORT_LOG_LEVEL = 4;

let loaded: Promise<OrtModule> | undefined;

/** Imports onnxruntime-node on first use; ERR_ENGINE_MISSING with the install command when it is not there. */
export function loadOrt(): Promise<OrtModule> {
  loaded ??= importOrt();
  return loaded;
}

async function importOrt(): Promise<OrtModule> {
  try {
    const ort = (await import('onnxruntime-node')) as unknown as OrtModule;
    // Fatal only: what fails comes back as an exception, and ONNX Runtime would print it as well.
    ort.env.logLevel = 'fatal';
    return ort;
  } catch (cause) {
    loaded = undefined;
    const reason = (cause as Error).message.split('\n')[0];
    const text = `engine ort: expected the package onnxruntime-node, received: ${reason}; npm install onnxruntime-node@1.30.0`;
    throw new GossamerError<RuntimeErrorCode>('ERR_ENGINE_MISSING', text, { cause });
  }
}
