import { GossamerError } from '@gossamer/graph';
import { type FolderDtype, parseFolderDtype } from '@gossamer/graph/folder';
import type { CompressErrorCode } from '../error-codes.js';
import { convert } from '../convert.js';
import { OnnxModel } from '../onnx-model.js';
import { quantize, type QuantizeOptions } from '../quantize.js';
import type { FolderOperation } from './folder-operation.js';
import type { FolderResult } from './folder-result.js';
import { type FolderInput, processFolder, type ProcessFolderOptions } from './process-folder.js';

export interface QuantizeFolderOptions extends ProcessFolderOptions {
  /**
   * As for one model. 4 bits of the fp16 variant are q4f16. Static mode needs data for each part, which a folder has no place
   * for: refused.
   */
  readonly quantize: Omit<QuantizeOptions, 'signal' | 'onProgress' | 'data'>;
  /** The variant to call the result. Default: that of the preset; q8 for dynamic mode, q4, q4f16 or bnb4 for 4 bits, q2 for 2, fp16 for float16, else int8 or uint8. */
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
  const name = dtypeOf(given);
  const unnamed =
    dtype === undefined && isUnnamed(given)
      ? [`${given.weights}: transformers.js has no name for it, written as ${name}`]
      : [];
  const isHalf = (from: FolderDtype) => from === 'fp16' && name === 'q4';
  const operation: FolderOperation = {
    dtype: (from) => {
      if (from !== 'fp32' && from !== 'fp16')
        throw refuse(`variant: expected fp32 or fp16 to quantize, received ${from}`);
      return dtype ?? (isHalf(from) ? 'q4f16' : name);
    },
    make: async (source, work, from) => {
      const { model, report } = await quantize(source, { ...given, ...work });
      const layers = report.layers;
      const warnings = [...report.warnings, ...unnamed];
      if (!isHalf(from)) return { model, layers, warnings };
      const half = await convert(model, { ...work, float16: true });
      const kept = half.kept.map(({ name: node, op, reason }) => ({ name: node, op, action: 'left-float', reason }));
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
function dtypeOf({ preset, mode, bits, weights, target }: QuantizeOptions): FolderDtype {
  if (preset !== undefined && weights === undefined && bits === undefined) return parseFolderDtype(preset);
  const isBlocks = bits === 4 || (target === 'webgpu' && mode === undefined && weights === undefined);
  const named = WEIGHT_NAMES[isBlocks ? 'int4' : (weights ?? '')];
  if (named) return named;
  return weights === undefined && mode !== 'weight-only' ? 'q8' : 'int8';
}

const isUnnamed = ({ weights }: QuantizeOptions): boolean =>
  weights !== undefined && weights !== 'int8' && WEIGHT_NAMES[weights] === undefined;

/** Variants by the codes of most layers; what is not here goes as int8, with a warning. */
const WEIGHT_NAMES: Readonly<Record<string, FolderDtype>> = {
  float16: 'fp16',
  uint8: 'uint8',
  ...{ int4: 'q4', uint4: 'q4', nf4: 'bnb4', fp4: 'bnb4' },
  ...{ int2: 'q2', uint2: 'q2' },
};
