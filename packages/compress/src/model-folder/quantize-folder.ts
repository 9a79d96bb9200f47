import { GossamerError } from '@gossamer/graph';
import type { FolderDtype } from '@gossamer/graph/folder';
import type { CompressErrorCode } from '../error-codes.js';
import { convert } from '../convert.js';
import { OnnxModel } from '../onnx-model.js';
import { quantize, type QuantizeOptions } from '../quantize.js';
import type { FolderOperation } from './folder-operation.js';
import type { FolderResult } from './folder-result.js';
import { type FolderInput, processFolder, type ProcessFolderOptions } from './process-folder.js';

export interface QuantizeFolderOptions extends ProcessFolderOptions {
  /**
   * As for one model; preset 'q4f16' too: 4 bits, and float16 for the rest (which 4 bits of the fp16 variant are as well). Static mode needs data for each part, which a folder has no place
   * for: refused.
   */
  readonly quantize: Omit<QuantizeOptions, 'signal' | 'onProgress' | 'data'>;
  /** The variant to call the result. Default: q8 for dynamic mode, q4 or q4f16 for 4 bits, else int8 or uint8. */
  readonly dtype?: FolderDtype;
}

/** Quantizes each part of a folder and names it as transformers.js does. The companions go along. Throws ERR_OPTION. */
export async function quantizeFolder(
  input: FolderInput,
  destination: string,
  options: QuantizeFolderOptions,
): Promise<FolderResult> {
  const { quantize: given, dtype, ...rest } = options;
  if (given.mode === 'static') {
    throw refuse(
      'mode: expected dynamic or weight-only for a folder (static needs data for each part), received static',
    );
  }
  const wantsHalf = given.preset === 'q4f16';
  const chosen: QuantizeOptions = wantsHalf ? { ...given, preset: 'q4' } : given;
  const isHalf = (from: FolderDtype) => wantsHalf || (from === 'fp16' && dtypeOf(chosen) === 'q4');
  const operation: FolderOperation = {
    dtype: (from) => {
      if (from !== 'fp32' && from !== 'fp16')
        throw refuse(`variant: expected fp32 or fp16 to quantize, received ${from}`);
      return dtype ?? (isHalf(from) ? 'q4f16' : dtypeOf(chosen));
    },
    make: async (source, work, from) => {
      const { model, report } = await quantize(source, { ...chosen, ...work });
      const { layers, warnings } = report;
      if (!isHalf(from)) return { model, layers, warnings };
      const half = await convert(model, { ...work, float16: true });
      const kept = half.kept.map(({ name, op, reason }) => ({ name, op, action: 'left-float32', reason }));
      const scheme = model.scheme;
      return {
        model: new OnnxModel(half.model.ir, source, scheme),
        layers: [...layers, ...kept],
        warnings: [...warnings, ...half.warnings],
      };
    },
  };
  return processFolder(input, destination, operation, rest);
}

const refuse = (text: string) => new GossamerError<CompressErrorCode>('ERR_OPTION', text);

/** What transformers.js calls the result. */
function dtypeOf({ preset, mode, bits, weights }: QuantizeOptions): FolderDtype {
  if (bits === 4 || weights?.endsWith('4') || (preset === 'q4' && bits === undefined && weights === undefined))
    return 'q4';
  if ((mode ?? (preset === 'q4' ? 'weight-only' : 'dynamic')) === 'dynamic' && weights === undefined) return 'q8';
  return weights === 'uint8' ? 'uint8' : 'int8';
}
