import type { Node, WeightView } from '@gossamer/graph';
import { choosePositions } from './choose-positions.js';
import type { RowBlock, RowReader, RowRequest } from './row-reader.js';
import type { FloatArray } from './meant-part.js';

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** Elements of a block of vectors: 1 MiB; more where those are few vectors, for each block goes over all sums. */
const BLOCK = 1 << 18;
const MIN_ROWS = 512;

/** Conv: the patch under the kernel at each output position, input channel by input channel of the group; zeros in the padding. */
export function convRows(view: WeightView): RowReader {
  const { node, shape, groups } = view;
  const kernel = shape.slice(2);
  const columns = product(shape.slice(1));
  const placesOf = ({ dims }: FloatArray) => windowPlaces(node, kernel, dims.slice(2));
  const window = [kernel, ...['strides', 'dilations', 'pads'].map((name) => node.ints(name, []))];
  return {
    inputIndex: 0,
    groups,
    matrices: groups,
    columns,
    key: `conv ${groups} ${columns} ${window.join(' ')} ${node.string('auto_pad', '')}`,
    positions: (input) => placesOf(input).total,
    read: (input, request) => images(input, groups, columns, placesOf(input), request),
  };
}

/** ConvTranspose: the input channels of the group at each input position. */
export function transposedConvRows(view: WeightView): RowReader {
  const { shape, groups } = view;
  const columns = shape[0]! / groups;
  return {
    inputIndex: 0,
    groups,
    matrices: groups,
    columns,
    key: `transposed ${groups} ${columns}`,
    positions: ({ dims }) => product(dims.slice(2)),
    read: (input, request) => {
      const total = product(input.dims.slice(2));
      return images(input, groups, columns, { total, taps: 1, at: (position) => [position] }, request);
    },
  };
}

/** Positions of a window, and where in an image's channel its taps lie: -1 in the padding. The list is only good until the next call. */
interface WindowPlaces {
  readonly total: number;
  readonly taps: number;
  at(position: number): ArrayLike<number>;
}

function* images(
  { dims, data }: FloatArray,
  groups: number,
  columns: number,
  places: WindowPlaces,
  { first, perImage, seed }: RowRequest,
): Generator<RowBlock> {
  const [count, channels] = [dims[0]!, dims[1]!];
  const pixels = product(dims.slice(2));
  const { total, taps } = places;
  const own = channels / groups;
  const all = count * Math.min(total, perImage);
  const capacity = Math.min(all, Math.max(MIN_ROWS, Math.floor(BLOCK / columns)));
  const fresh = () => Array.from({ length: groups }, () => new Float32Array(capacity * columns));
  let [blocks, rows] = [fresh(), 0];
  for (let image = 0; image < count; image++) {
    for (const position of choosePositions(total, perImage, seed, first + image)) {
      const offsets = places.at(position);
      for (let channel = 0; channel < channels; channel++) {
        const block = blocks[Math.floor(channel / own)]!;
        const base = (image * channels + channel) * pixels;
        const to = rows * columns + (channel % own) * taps;
        for (let tap = 0; tap < taps; tap++) if (offsets[tap]! >= 0) block[to + tap] = data[base + offsets[tap]!]!;
      }
      if (++rows < capacity) continue;
      yield* filled(blocks, rows, columns);
      [blocks, rows] = [fresh(), 0];
    }
  }
  yield* filled(blocks, rows, columns);
}

function* filled(blocks: readonly Float32Array[], rows: number, columns: number): Generator<RowBlock> {
  if (rows === 0) return;
  for (const [group, data] of blocks.entries()) yield { group, rows, data: data.subarray(0, rows * columns) };
}

/** Source: ONNX operator Conv, version 11: output sizes, and auto_pad. */
function windowPlaces(node: Node, kernel: readonly number[], sizes: readonly number[]): WindowPlaces {
  const strides = node.ints('strides', undefined) ?? sizes.map(() => 1);
  const dilations = node.ints('dilations', undefined) ?? sizes.map(() => 1);
  const spans = kernel.map((size, axis) => (size - 1) * dilations[axis]! + 1);
  const mode = node.string('auto_pad', 'NOTSET');
  const given = node.ints('pads', undefined) ?? [...sizes, ...sizes].map(() => 0);
  const isSame = mode.startsWith('SAME');
  const isGiven = mode === 'NOTSET' || mode === '';
  const out = sizes.map((size, axis) => {
    if (isSame) return Math.ceil(size / strides[axis]!);
    const pads = isGiven ? given[axis]! + given[axis + sizes.length]! : 0;
    return Math.max(0, Math.floor((size + pads - spans[axis]!) / strides[axis]!) + 1);
  });
  const begins = sizes.map((size, axis) => {
    if (isGiven) return given[axis]!;
    if (!isSame) return 0;
    const pads = Math.max(0, (out[axis]! - 1) * strides[axis]! + spans[axis]! - size);
    return mode === 'SAME_LOWER' ? Math.ceil(pads / 2) : Math.floor(pads / 2);
  });
  const taps = product(kernel);
  const offsets = new Int32Array(taps);
  const at = (position: number) => {
    for (let tap = 0; tap < taps; tap++) {
      let [place, rest, inKernel, step] = [0, position, tap, 1];
      for (let axis = sizes.length - 1; axis >= 0; axis--) {
        const index =
          (rest % out[axis]!) * strides[axis]! - begins[axis]! + (inKernel % kernel[axis]!) * dilations[axis]!;
        if (index < 0 || index >= sizes[axis]!) {
          place = -1;
          break;
        }
        place += index * step;
        step *= sizes[axis]!;
        rest = Math.floor(rest / out[axis]!);
        inKernel = Math.floor(inKernel / kernel[axis]!);
      }
      offsets[tap] = place;
    }
    return offsets;
  };
  return { total: product(out), taps, at };
}
