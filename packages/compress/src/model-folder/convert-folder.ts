import { GossamerError } from '@gossamer/graph';
import type { FolderDtype } from '@gossamer/graph/folder';
import { convert, type ConvertOptions } from '../convert.js';
import type { CompressErrorCode } from '../error-codes.js';
import { requireEqualOutputs } from '../optimize.js';
import type { FolderResult } from './folder-result.js';
import { type FolderInput, processFolder, type ProcessFolderOptions } from './process-folder.js';

export interface ConvertFolderOptions
  extends ProcessFolderOptions, Pick<ConvertOptions, 'opset' | 'float16' | 'float32'> {
  /** Make one `decoder_model_merged` of `decoder_model` and `decoder_with_past_model`, which it replaces. Default false. */
  readonly mergeDecoders?: boolean;
}

/**
 * Converts each part of a folder: a newer opset, float16 (`_fp16`) or back, two decoders merged into one. The companions go along. Throws
 * ERR_OPTION for float16 of a variant that has no such form, and float32 of one that is not in float16.
 */
export async function convertFolder(
  input: FolderInput,
  destination: string,
  options: ConvertFolderOptions = {},
): Promise<FolderResult> {
  const { opset, float16 = false, float32 = false, mergeDecoders = false, ...rest } = options;
  const operation = {
    mergeDecoders,
    dtype: (from: FolderDtype) => (float16 ? halfOf(from) : float32 ? singleOf(from) : from),
    make: async (source: Parameters<typeof convert>[0], work: Parameters<typeof convert>[1]) => {
      const { model, kept, warnings, isExact } = await convert(source, {
        ...work,
        float16,
        float32,
        ...(opset === undefined ? {} : { opset }),
      });
      return { model, layers: kept, warnings, ...(isExact ? { accept: requireEqualOutputs } : {}) };
    },
  };
  return processFolder(input, destination, operation, { ...rest, allowTooNew: true });
}

const HALVES: Partial<Record<FolderDtype, FolderDtype>> = { fp32: 'fp16', q4: 'q4f16', q2: 'q2f16', q1: 'q1f16' };
const SINGLES: Partial<Record<FolderDtype, FolderDtype>> = { fp16: 'fp32', q4f16: 'q4', q2f16: 'q2', q1f16: 'q1' };

/** The float16 form of a variant. */
export const halfOf = (from: FolderDtype): FolderDtype => formOf('float16', HALVES, from);

/** The float32 form of a variant. */
const singleOf = (from: FolderDtype): FolderDtype => formOf('float32', SINGLES, from);

function formOf(type: string, forms: Partial<Record<FolderDtype, FolderDtype>>, from: FolderDtype): FolderDtype {
  const form = forms[from];
  if (form) return form;
  throw new GossamerError<CompressErrorCode>(
    'ERR_OPTION',
    `${type}: expected a variant ${Object.keys(forms).join(', ')}, received ${from}`,
  );
}
