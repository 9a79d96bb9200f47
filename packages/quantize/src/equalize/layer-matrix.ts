import { fromWeightMatrix, toWeightMatrix, type WeightView } from '@gossamer/graph';

/** A weight as matrices together with the channels that its rows make and its columns take. */
export interface LayerMatrix {
  readonly view: WeightView;
  readonly groups: number;
  readonly rows: number;
  readonly columns: number;
  /** [groups, rows, columns]; may be written, and is then stored by `storeMatrix`. */
  readonly data: Float32Array;
  /** Index on the output's channel axis that a row makes. */
  rowChannel(group: number, row: number): number;
  /** Index on the input's channel axis that a column reads. */
  columnChannel(group: number, column: number): number;
}

/** The weight of `view`, read once. O(elements). */
export function layerMatrix(view: WeightView): LayerMatrix {
  const { groups, rows, columns, data } = toWeightMatrix(view);
  const positions = view.shape.slice(2).reduce((a, b) => a * b, 1);
  const base = { view, groups, rows, columns, data: data.slice() };
  if (view.op === 'Conv' || view.op === 'FusedConv') {
    const own = columns / positions;
    return {
      ...base,
      rowChannel: (group, row) => group * rows + row,
      columnChannel: (group, column) => group * own + Math.floor(column / positions),
    };
  }
  if (view.op === 'ConvTranspose') {
    const own = rows / positions;
    return {
      ...base,
      rowChannel: (group, row) => group * own + Math.floor(row / positions),
      columnChannel: (group, column) => group * columns + column,
    };
  }
  return { ...base, rowChannel: (_, row) => row, columnChannel: (_, column) => column };
}

/** How many channels a layer makes. */
export function outputChannels({ groups, rows, rowChannel }: LayerMatrix): number {
  return rowChannel(groups - 1, rows - 1) + 1;
}

/** How many channels a layer takes. */
export function inputChannels({ groups, columns, columnChannel }: LayerMatrix): number {
  return columnChannel(groups - 1, columns - 1) + 1;
}

/** Calls `visit` for every row: where it begins in `data`, the channel it makes, and the channel that each of its columns reads. */
export function eachRow(
  { groups, rows, columns, rowChannel, columnChannel }: LayerMatrix,
  visit: (first: number, output: number, inputs: Int32Array) => void,
): void {
  for (let group = 0; group < groups; group++) {
    const inputs = Int32Array.from({ length: columns }, (_, column) => columnChannel(group, column));
    for (let row = 0; row < rows; row++) visit((group * rows + row) * columns, rowChannel(group, row), inputs);
  }
}

/** Writes `data` back into the model. */
export function storeMatrix({ view, data }: LayerMatrix): void {
  view.write(fromWeightMatrix(view, data));
}

/** Why a weight cannot be rewritten for one reader alone; undefined when it can. */
export function refuseWeight({
  source,
  chain,
  isQuantized,
  stored,
  consumers,
  inputIndex,
}: WeightView): string | undefined {
  if (isQuantized) return 'its weight is quantized';
  if (stored.dtype !== 'float32' || chain.some(({ op }) => op === 'Cast')) return 'its weight is not stored in float32';
  if (
    consumers.length > 1 ||
    source.isOutput ||
    chain.some(({ output }) => output.uses.length > 1 || output.isOutput)
  ) {
    return `its weight ${source.name} has several readers`;
  }
  if (inputIndex === 0) return 'its weight is the left factor';
  return undefined;
}
