import { GossamerError } from '@gossamer/graph';
import type sharpFactory from 'sharp';
import type { OutputInfo, Sharp as Pipeline } from 'sharp';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { Interpolation, ResolvedPreprocess } from './preprocess.js';

export type Sharp = typeof sharpFactory;

export interface ImageTensor {
  readonly height: number;
  readonly width: number;
  /** In the layout asked for. */
  readonly values: Float32Array;
}

/** Imports sharp; ERR_PEER_MISSING with the install command when it is not there. */
export async function loadSharp(): Promise<Sharp> {
  try {
    return (await import('sharp')).default;
  } catch (cause) {
    const text = 'images: expected the package sharp, which is not installed: npm install sharp';
    throw new GossamerError<RuntimeErrorCode>('ERR_PEER_MISSING', text, { cause });
  }
}

const KERNELS = {
  nearest: 'nearest',
  bilinear: 'linear',
  bicubic: 'cubic',
  lanczos: 'lanczos3',
} as const satisfies Record<Interpolation, string>;

/** Decodes one picture. Transparent pixels are laid on black, orientation tags are not applied. Throws ERR_DATA_FILE. */
export async function decodeImage(sharp: Sharp, path: string, preprocess: ResolvedPreprocess): Promise<ImageTensor> {
  try {
    const gray = preprocess.colors === 'GRAY';
    let image = sharp(path)
      .flatten({ background: '#000' })
      .toColourspace(gray ? 'b-w' : 'srgb');
    image = resize(image, preprocess);
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    const cropped = preprocess.crop ?? [info.height, info.width];
    return toTensor(path, data, info, cropped, preprocess);
  } catch (cause) {
    if (cause instanceof GossamerError) throw cause;
    const text = `${path}: expected a picture, received ${(cause as Error).message}`;
    throw new GossamerError<RuntimeErrorCode>('ERR_DATA_FILE', text, { cause });
  }
}

function resize(image: Pipeline, { resize: size, interpolation }: ResolvedPreprocess): Pipeline {
  if (size === undefined) return image;
  const kernel = KERNELS[interpolation];
  if (typeof size === 'number') return image.resize({ width: size, height: size, fit: 'outside', kernel });
  return image.resize({ width: size[1], height: size[0], fit: 'fill', kernel });
}

function toTensor(
  path: string,
  data: Uint8Array,
  info: OutputInfo,
  [height, width]: readonly [number, number] | readonly number[],
  preprocess: ResolvedPreprocess,
): ImageTensor {
  const rows = height!;
  const columns = width!;
  if (rows > info.height || columns > info.width) {
    const text = `${path}: expected at least ${rows} x ${columns} to crop from, received ${info.height} x ${info.width}`;
    throw new GossamerError<RuntimeErrorCode>('ERR_DATA_FILE', text);
  }
  const { layout, colors, scale, mean, std } = preprocess;
  const channels = mean.length;
  const top = Math.floor((info.height - rows) / 2);
  const left = Math.floor((info.width - columns) / 2);
  const values = new Float32Array(rows * columns * channels);
  for (let c = 0; c < channels; c++) {
    const source = colors === 'BGR' ? channels - 1 - c : c;
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        const byte = data[((top + y) * info.width + left + x) * info.channels + source]!;
        const at = layout === 'NCHW' ? (c * rows + y) * columns + x : (y * columns + x) * channels + c;
        values[at] = (byte * scale - mean[c]!) / std[c]!;
      }
    }
  }
  return { height: rows, width: columns, values };
}
