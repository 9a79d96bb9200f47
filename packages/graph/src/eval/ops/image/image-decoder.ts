import type { EvalTensor } from '../../eval-value.js';
import { defineKernel, type KernelCall } from '../../kernel.js';
import { decodeBmp } from './bmp.js';
import type { Image } from './image.js';
import { decodePng } from './png.js';
import { decodePnm } from './pnm.js';
import { decodeTiff } from './tiff.js';

interface Format {
  readonly name: string;
  /** What the first bytes look like, one character each. */
  readonly signature: RegExp;
  readonly decode?: (stream: Uint8Array) => Image;
}

/** The formats of the standard. What JPEG, JPEG 2000 and WebP decode to depends on the decoder. */
const FORMATS: readonly Format[] = [
  { name: 'PNG', signature: /^\x89PNG\r\n\x1a\n/, decode: decodePng },
  { name: 'BMP', signature: /^BM/, decode: decodeBmp },
  { name: 'PNM', signature: /^P[1-6][\s#]/, decode: decodePnm },
  { name: 'JPEG', signature: /^\xff\xd8\xff/ },
  { name: 'JPEG 2000', signature: /^(?:\0\0\0\x0cjP {2}|\xff\x4f\xff\x51)/ },
  { name: 'TIFF', signature: /^(?:II\*\0|MM\0\*)/, decode: decodeTiff },
  { name: 'WebP', signature: /^RIFF[^]{4}WEBP/ },
];

/** Weights of red, green and blue in grey, times 2^16. Source: ITU-R BT.601, rounded as Pillow (the standard's reference) does. */
const LUMA = [19595, 38470, 7471] as const;

/** Samples in the order of `pixel_format`: grey spread to three channels, or colours weighed into one. */
function arrange(call: KernelCall, { width, height, channels, data }: Image, format: string): EvalTensor {
  const wanted = format === 'Grayscale' ? 1 : 3;
  const target = call.allocate('uint8', [height, width, wanted]);
  const to = target.data as Uint8Array;
  const step = channels === 1 ? 0 : 1;
  const isReversed = format === 'BGR';
  for (let i = 0; i < width * height; i++) {
    const [red, green, blue] = [data[i * channels]!, data[i * channels + step]!, data[i * channels + 2 * step]!];
    if (wanted === 1) to[i] = (red * LUMA[0] + green * LUMA[1] + blue * LUMA[2] + 0x8000) >> 16;
    else {
      to[i * 3 + (isReversed ? 2 : 0)] = red;
      to[i * 3 + 1] = green;
      to[i * 3 + (isReversed ? 0 : 2)] = blue;
    }
  }
  return target;
}

/** Decodes and names what cannot be: unknown streams and broken ones are errors here, where the standard gives an empty image. */
function decode(call: KernelCall): EvalTensor {
  const { data: stream, dims } = call.tensor(0);
  if (!(stream instanceof Uint8Array) || dims.length !== 1) {
    call.fail('ERR_EVAL_INPUT', 'input 0', 'a vector of uint8', `${call.tensor(0).dtype}[${dims.join(',')}]`);
  }
  const pixels = call.node.string('pixel_format', 'RGB');
  if (!['RGB', 'BGR', 'Grayscale'].includes(pixels)) {
    call.fail('ERR_EVAL_OP', 'pixel_format', 'RGB, BGR or Grayscale', pixels);
  }
  const start = String.fromCharCode(...stream.subarray(0, 12));
  const format = FORMATS.find(({ signature }) => signature.test(start));
  const known = 'a PNG, BMP, PNM or TIFF stream';
  if (!format) call.fail('ERR_EVAL_VALUE', 'input 0', known, 'bytes of no known format');
  if (!format.decode) {
    call.fail('ERR_EVAL_OP', 'input 0', `${known}, decoded alike by all decoders`, format.name);
  }
  call.charge(stream.length);
  return arrange(call, format.decode(stream), pixels);
}

export const imageDecoder = defineKernel({ op: 'ImageDecoder', run: (call) => [decode(call)] });
