import { GossamerError } from '@gossamer/graph';
import { verify } from '@gossamer/runtime';
import type { SavableModel } from './savable-model.js';

/**
 * The error for a result that ONNX Runtime does not open: ERR_ORT_LOAD where it refuses the input model too, whose fault it then is;
 * else ERR_GATE, ours.
 */
export async function gateFailure(
  reason: string,
  reference: SavableModel | undefined,
  signal: AbortSignal | undefined,
): Promise<GossamerError> {
  if (reference?.path !== undefined && reference.path.endsWith('.onnx')) {
    const { loads, error } = await verify(reference.path, { level: 'load', ...(signal ? { signal } : {}) });
    const why = error?.message ?? 'an unknown failure';
    if (!loads) {
      return new GossamerError(
        'ERR_ORT_LOAD',
        `input: expected a model ONNX Runtime opens (or no gate: verify 'none'), received one it refuses: ${why}`,
      );
    }
  }
  return new GossamerError(
    'ERR_GATE',
    `output: expected a model ONNX Runtime opens, received one it refuses: ${reason}`,
  );
}
