import { Tensor } from '@gossamer/graph';
import { levelTable } from './level-table.js';
import type { Scheme } from './scheme.js';

/** 8-bit floats: all finite values of the format, times a scale. Source: ONNX, "Float stored in 8 bits"; Micikevicius et al., arXiv:2209.05433. */
export function float8(format: 'float8e4m3fn' | 'float8e5m2'): Scheme {
  const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
  const values = Tensor.of(format, [codes.length], codes).toFloat32().filter(Number.isFinite);
  return levelTable(format, 8, Float32Array.from(new Set(values.map((value) => value + 0))).sort());
}
