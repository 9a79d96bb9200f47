import { blocks } from './forms/blocks.js';
import { bytes } from './forms/bytes.js';
import { constant } from './forms/constant.js';
import { integers } from './forms/integers.js';
import { masked } from './forms/masked.js';
import { planes } from './forms/planes.js';
import { raw } from './forms/raw.js';
import { scaled } from './forms/scaled.js';
import { scaledAxis } from './forms/scaled-axis.js';
import { table } from './forms/table.js';
import type { TensorForm } from './plain-tensor.js';

/** Every form by the number that stands for it in a file: never reordered. */
export const TENSOR_FORMS: readonly TensorForm[] = [
  raw,
  constant,
  integers,
  scaled,
  scaledAxis,
  table,
  planes,
  masked,
  bytes,
  blocks,
];
