import { efficientGrid } from './efficient-grid.js';
import type { WidthCost, WidthGrid } from './width-grid.js';

/** Width, and microseconds of three convolutions 3x3 of it: docs/benchmarks/structured.md, "int8 widths", ONNX Runtime 1.30 on AVX-512 with VNNI. Every fourth was measured. */
const MEASURED: readonly (readonly [width: number, cost: number])[] = [
  [4, 134],
  [8, 123],
  [12, 192],
  [16, 140],
  [20, 191],
  [24, 221],
  [28, 240],
  [32, 252],
  [36, 331],
  [40, 350],
  [44, 380],
  [48, 407],
  [52, 493],
  [56, 545],
  [60, 577],
  [64, 596],
  [68, 750],
  [72, 780],
  [76, 849],
  [80, 864],
  [84, 1054],
  [88, 1098],
  [92, 1134],
  [96, 1163],
  [100, 1390],
  [104, 1446],
  [108, 1502],
  [112, 1530],
  [116, 1778],
  [120, 1816],
  [124, 1876],
  [128, 1923],
];

/** What widths cost in int8 in ONNX Runtime. */
export const INT8_COSTS: readonly WidthCost[] = MEASURED.map(([width, cost]) => ({ width, cost }));

/** int8 in ONNX Runtime: the nearest width that does more for its cost than narrower ones, which is mostly a multiple of 16. */
export const int8Grid: WidthGrid = efficientGrid(INT8_COSTS, 16);
