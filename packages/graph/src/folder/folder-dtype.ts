import { folderError } from './error-codes.js';

/**
 * Variants of a part by the name transformers.js has for them (its option `dtype`), with what the file name ends in before `.onnx`.
 * Source: huggingface/transformers.js, packages/transformers/src/utils/dtypes.js, DEFAULT_DTYPE_SUFFIX_MAPPING.
 */
export const DTYPE_SUFFIXES = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
  bnb4: '_bnb4',
  q2: '_q2',
  q2f16: '_q2f16',
  q1: '_q1',
  q1f16: '_q1f16',
} as const;

/** How the weights of a variant are stored, as transformers.js says it. */
export type FolderDtype = keyof typeof DTYPE_SUFFIXES;

export const FOLDER_DTYPES = Object.keys(DTYPE_SUFFIXES) as readonly FolderDtype[];

/** The variant called `name`; throws ERR_FOLDER_PART when transformers.js knows none. */
export function parseFolderDtype(name: string): FolderDtype {
  if (Object.hasOwn(DTYPE_SUFFIXES, name)) return name as FolderDtype;
  throw folderError('ERR_FOLDER_PART', `dtype: expected one of ${FOLDER_DTYPES.join(', ')}, received ${name}`);
}

/** The name of the file that holds this variant of a part. */
export function partFileName(part: string, dtype: FolderDtype): string {
  return `${part}${DTYPE_SUFFIXES[dtype]}.onnx`;
}

/** Part and variant that a file name stands for: the longest suffix counts. */
export function parsePartFile(fileName: string): { readonly part: string; readonly dtype: FolderDtype } {
  const stem = fileName.replace(/\.onnx$/, '');
  let found: FolderDtype = 'fp32';
  for (const dtype of FOLDER_DTYPES) {
    const suffix = DTYPE_SUFFIXES[dtype];
    if (stem.length > suffix.length && stem.endsWith(suffix) && suffix.length > DTYPE_SUFFIXES[found].length) {
      found = dtype;
    }
  }
  return { part: stem.slice(0, stem.length - DTYPE_SUFFIXES[found].length), dtype: found };
}
