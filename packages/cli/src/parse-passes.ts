import type { OptimizeOptions } from '@gossamer/compress';

/** The value of --passes: a pipeline, none, or names of passes with commas between. */
export function parsePasses(text: string): NonNullable<OptimizeOptions['passes']> {
  return text === 'default' || text === 'onnxruntime' || text === 'none' ? text : text.split(',');
}
