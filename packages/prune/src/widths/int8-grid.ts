import { efficientGrid } from './efficient-grid.js';
import type { WidthCost, WidthGrid } from './width-grid.js';

/** Width, and microseconds of three convolutions 3x3 of it: docs/benchmarks/structured.md, "int8 widths", ONNX Runtime 1.30 on AVX-512 with VNNI. Every fourth was measured. */
const MEASURED: readonly (readonly [width: number, cost: number])[] = [
  [4, 98],
  [8, 103],
  [12, 145],
  [16, 109],
  [20, 151],
  [24, 177],
  [28, 189],
  [32, 200],
  [36, 277],
  [40, 293],
  [44, 314],
  [48, 333],
  [52, 436],
  [56, 475],
  [60, 491],
  [64, 517],
  [68, 672],
  [72, 690],
  [76, 725],
  [80, 782],
  [84, 951],
  [88, 979],
  [92, 1025],
  [96, 1062],
  [100, 1262],
  [104, 1303],
  [108, 1365],
  [112, 1386],
  [116, 1650],
  [120, 1687],
  [124, 1749],
  [128, 1792],
];

/** What widths cost in int8 in ONNX Runtime. */
export const INT8_COSTS: readonly WidthCost[] = MEASURED.map(([width, cost]) => ({ width, cost }));

/** int8 in ONNX Runtime: the nearest width that does more for its cost than narrower ones, which is mostly a multiple of 16. */
export const int8Grid: WidthGrid = efficientGrid(INT8_COSTS, 16);
