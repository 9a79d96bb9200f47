import { badOption } from '../errors.js';
import type { WeightGrid } from '../grid/weight-grid.js';
import { integer } from '../schemes/integer.js';

/** A way to store the matrices of a layer. */
export interface WeightOption {
  /** As it was asked for. */
  readonly name: string;
  /** 'int2' to 'int8', 'uint2' to 'uint8', or 'float32'. */
  readonly weights: string;
  /** Weights along the input axis that share a scale; 0: all of a row. */
  readonly blockSize: number;
  /** Undefined: weights stay as they are. */
  readonly fit: ((rows: number, columns: number, data: Float32Array) => WeightGrid) | undefined;
  /** Bytes of codes, scales and zero points of one matrix. */
  bytes(rows: number, columns: number): number;
}

export interface OptionLayout {
  /** Of options that do not name their own. */
  readonly blockSize: number;
  /** Search the clip of the least squared error. */
  readonly clip: boolean;
}

const INTEGER = /^(u?)int([2-8])(?:\/(\d+))?$/;

/**
 * The option called `name`, with its block size behind a slash where that is not the layout's: 'uint3/64'. Grids are those of
 * the integer schemes.
 */
export function weightOption(name: string, layout: OptionLayout): WeightOption {
  if (name === 'float32')
    return { name, weights: name, blockSize: 0, fit: undefined, bytes: (rows, columns) => 4 * rows * columns };
  const [, unsigned, digits, ownBlock] =
    INTEGER.exec(name) ??
    badOption('candidates', 'int2 to int8, uint2 to uint8 (perhaps with a block size: int4/32) or float32', name);
  const bits = Number(digits);
  const blockSize = ownBlock === undefined ? layout.blockSize : Number(ownBlock);
  const isSigned = unsigned === '';
  const scheme = integer(bits, isSigned);
  const block = (columns: number) => (blockSize > 0 ? Math.min(blockSize, columns) : columns);
  return {
    ...{ name, weights: `${unsigned}int${bits}`, blockSize },
    fit: (rows, columns, data) =>
      scheme.fit(data, { rows, columns, granularity: blockSize > 0 ? blockSize : 'row', clip: layout.clip, seed: 0 }),
    bytes(rows, columns) {
      const scales = rows * Math.ceil(columns / block(columns));
      return Math.ceil((rows * columns * bits) / 8) + 4 * scales + (isSigned ? 0 : Math.ceil((scales * bits) / 8));
    },
  };
}
