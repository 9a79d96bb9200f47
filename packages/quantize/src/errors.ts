import { GossamerError } from '@gossamer/graph';

/** Codes of the errors this package throws (beside those of the packages below it). */
export type QuantizeErrorCode =
  /** An option has a wrong value, or two options exclude each other. */
  | 'ERR_QUANTIZE_OPTION'
  /** Static quantization without calibration data. */
  | 'ERR_CALIBRATION_DATA'
  /** The model is quantized already, and `requantize` was not given. */
  | 'ERR_ALREADY_QUANTIZED'
  /** A preset that another method makes, or none. */
  | 'ERR_PRESET';

/** Throws ERR_QUANTIZE_OPTION, or another code, for option `name`. */
export function badOption(
  name: string,
  expected: string,
  received: unknown,
  code: QuantizeErrorCode = 'ERR_QUANTIZE_OPTION',
): never {
  throw new GossamerError<QuantizeErrorCode>(
    code,
    `${name}: expected ${expected}, received ${received === undefined ? 'none' : (JSON.stringify(received) ?? String(received))}`,
  );
}
