import { GossamerError } from '@gossamer/graph';
import type { FolderDtype } from '@gossamer/graph/folder';
import { convert, type ConvertOptions } from '../convert.js';
import type { CompressErrorCode } from '../error-codes.js';
import { requireEqualOutputs } from '../optimize.js';
import type { FolderResult } from './folder-result.js';
import { type FolderInput, processFolder, type ProcessFolderOptions } from './process-folder.js';

export interface ConvertFolderOptions extends ProcessFolderOptions, Pick<ConvertOptions, 'opset' | 'float16'> {
  /** Make one `decoder_model_merged` of `decoder_model` and `decoder_with_past_model`, which it replaces. Default false. */
  readonly mergeDecoders?: boolean;
}

/**
 * Converts each part of a folder: a newer opset, float16 (`_fp16`), two decoders merged into one. The companions go along. Throws ERR_OPTION
 * for float16 of a variant that is quantized.
 */
export async function convertFolder(
  input: FolderInput,
  destination: string,
  options: ConvertFolderOptions = {},
): Promise<FolderResult> {
  const { opset, float16 = false, mergeDecoders = false, ...rest } = options;
  const operation = {
    mergeDecoders,
    dtype: (from: FolderDtype) => (float16 ? halfOf(from) : from),
    make: async (source: Parameters<typeof convert>[0], work: Parameters<typeof convert>[1]) => {
      const { model, kept, warnings, isExact } = await convert(source, {
        ...work,
        float16,
        ...(opset === undefined ? {} : { opset }),
      });
      const layers = kept.map(({ name, op, reason }) => ({ name, op, action: 'left-float32', reason }));
      return { model, layers, warnings, ...(isExact ? { accept: requireEqualOutputs } : {}) };
    },
  };
  return processFolder(input, destination, operation, rest);
}

/** The float16 form of a variant. */
export function halfOf(from: FolderDtype): FolderDtype {
  const halves: Partial<Record<FolderDtype, FolderDtype>> = { fp32: 'fp16', q4: 'q4f16', q2: 'q2f16', q1: 'q1f16' };
  const half = halves[from];
  if (half) return half;
  throw new GossamerError<CompressErrorCode>(
    'ERR_OPTION',
    `float16: expected a variant ${Object.keys(halves).join(', ')}, received ${from}`,
  );
}
