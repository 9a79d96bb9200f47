import { efficientGrid } from './efficient-grid.js';
import type { WidthCost, WidthGrid } from './width-grid.js';

/** Width, and microseconds of three convolutions 3x3 of it: docs/benchmarks/structured.md, "int8 widths", ONNX Runtime 1.30 on AVX-512 with VNNI. Every fourth was measured. */
const MEASURED: readonly (readonly [width: number, cost: number])[] = [
  [4, 173],
  [8, 168],
  [12, 244],
  [16, 178],
  [20, 219],
  [24, 269],
  [28, 274],
  [32, 293],
  [36, 371],
  [40, 404],
  [44, 427],
  [48, 451],
  [52, 558],
  [56, 586],
  [60, 615],
  [64, 643],
  [68, 830],
  [72, 859],
  [76, 895],
  [80, 922],
  [84, 1090],
  [88, 1137],
  [92, 1183],
  [96, 1210],
  [100, 1464],
  [104, 1505],
  [108, 1558],
  [112, 1622],
  [116, 1840],
  [120, 1926],
  [124, 1960],
  [128, 2026],
];

/** What widths cost in int8 in ONNX Runtime. */
export const INT8_COSTS: readonly WidthCost[] = MEASURED.map(([width, cost]) => ({ width, cost }));

/** int8 in ONNX Runtime: the nearest width that does more for its cost than narrower ones, which is mostly a multiple of 16. */
export const int8Grid: WidthGrid = efficientGrid(INT8_COSTS, 16);
