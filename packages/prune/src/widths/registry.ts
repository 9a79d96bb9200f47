import { int8Grid } from './int8-grid.js';
import { floatGrid, type WidthGrid } from './width-grid.js';

/** Grids by name. */
export const WIDTH_GRIDS = {
  float: floatGrid,
  int8: int8Grid,
  none: (width) => width,
} satisfies Readonly<Record<string, WidthGrid>>;

export type WidthGridName = keyof typeof WIDTH_GRIDS;
