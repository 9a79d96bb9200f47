import type { Node } from '@gossamer/graph';
import type { GroupRule } from './rule.js';
import { branches } from './rules/branches.js';
import { convolution } from './rules/convolution.js';
import { elementwise, parametric } from './rules/elementwise.js';
import { concat, split } from './rules/join.js';
import { channelNormalization, featureNormalization, groupNormalization } from './rules/normalization.js';
import { pooling } from './rules/pooling.js';
import { gemm, matMul } from './rules/product.js';
import { quantized } from './rules/quantized.js';
import { depthToSpace, spaceToDepth } from './rules/rearrange.js';
import { recurrent } from './rules/recurrent.js';
import { alongAxis, reduction } from './rules/reduction.js';
import { gather, slice } from './rules/select.js';
import { expand, flatten, pad, reshape, resize, tile, transpose } from './rules/shape.js';

const RULES: readonly GroupRule[] = [
  alongAxis,
  branches,
  channelNormalization,
  concat,
  convolution,
  depthToSpace,
  elementwise,
  expand,
  featureNormalization,
  flatten,
  gather,
  gemm,
  groupNormalization,
  matMul,
  pad,
  parametric,
  pooling,
  quantized,
  recurrent,
  reduction,
  reshape,
  resize,
  slice,
  spaceToDepth,
  split,
  tile,
  transpose,
];

const BY_KIND = new Map(RULES.flatMap((rule) => rule.ops.map((op) => [op, rule] as const)));

/** The rule of a node's operator; undefined: its axes are frozen. */
export function findGroupRule(node: Node): GroupRule | undefined {
  return BY_KIND.get(node.kind);
}
