import { crc32, deflateSync } from 'node:zlib';
import { errorCode } from '../../../testing/error-code.js';
import { Tensor } from '../../../ir/tensor.js';
import { imageSamples, SAMPLE_HEIGHT, SAMPLE_WIDTH } from '../../testing/image-samples.js';
import { evaluateOperator } from '../../testing/same-as-ort.js';

const code = (expected: string) => expect.objectContaining({ code: expected });

function decode(stream: Uint8Array, pixel_format = 'RGB'): { dims: readonly number[]; data: number[] } {
  const [image] = evaluateOperator('ImageDecoder', [Tensor.of('uint8', [stream.length], stream)], { pixel_format });
  return { dims: image!.dims, data: [...image!.bytes()] };
}

/** Text as bytes of Latin 1, and bytes as they are. */
const bytes = (...parts: readonly (string | ArrayLike<number>)[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'string' ? [...Buffer.from(part, 'latin1')] : Array.from(part))),
  );
const big = (value: number) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const little = (value: number, size = 4) => Array.from({ length: size }, (_, i) => (value >> (8 * i)) & 255);

describe('every format', () => {
  test.each(imageSamples())('$name', ({ stream, rgb }) => {
    const colours = decode(stream);
    expect([...colours.dims]).toEqual([SAMPLE_HEIGHT, SAMPLE_WIDTH, 3]);
    expect(colours.data).toEqual([...rgb]);
    const swapped = decode(stream, 'BGR').data;
    expect(swapped).toEqual([...rgb].map((_, i) => rgb[3 * Math.floor(i / 3) + 2 - (i % 3)]));
    const grey = decode(stream, 'Grayscale');
    expect([...grey.dims]).toEqual([SAMPLE_HEIGHT, SAMPLE_WIDTH, 1]);
    // Rec. 601 luma with weights of 16 bits.
    const luma = (i: number) => (rgb[3 * i]! * 19595 + rgb[3 * i + 1]! * 38470 + rgb[3 * i + 2]! * 7471 + 32768) >> 16;
    expect(grey.data).toEqual(Array.from({ length: SAMPLE_WIDTH * SAMPLE_HEIGHT }, (_, i) => luma(i)));
  });

  test('PNM as text, with comments and other largest values', () => {
    expect(decode(bytes('P1\n# two by two\n2 2\n01\n1 0')).data).toEqual([255, 0, 0, 255].flatMap((x) => [x, x, x]));
    expect(decode(bytes('P2 2 1 4 0 3'), 'Grayscale').data).toEqual([0, Math.round((3 * 255) / 4)]);
    expect(decode(bytes('P3 1 1 255\n1 # red\n2 3')).data).toEqual([1, 2, 3]);
    expect(decode(bytes('P5 2 1 65535\n', [255, 255, 128, 0]), 'Grayscale').data).toEqual([255, 128]);
  });

  test('BMP from the top, with 16 bits, masks and the header of 1988', () => {
    const info = (height: number, bits: number, compression: number, masks: readonly number[] = []) =>
      bytes(
        'BM',
        little(0),
        little(0),
        little(54 + masks.length),
        little(40),
        little(1),
        little(height),
        little(1, 2),
        little(bits, 2),
        little(compression),
        little(0),
        little(0),
        little(0),
        little(0),
        little(0),
        masks,
      );
    expect(decode(bytes(info(-2, 24, 0), [3, 2, 1, 0], [6, 5, 4, 0])).data).toEqual([1, 2, 3, 4, 5, 6]);
    expect(decode(bytes(info(2, 24, 0), [3, 2, 1, 0], [6, 5, 4, 0])).data).toEqual([4, 5, 6, 1, 2, 3]);
    // 5 bits each: 31, 0 and 16 of 31.
    expect(decode(bytes(info(1, 16, 0), little(0x7c10), [])).data).toEqual([255, 0, Math.floor((16 * 255) / 31)]);
    const masks = [...little(0xf800), ...little(0x07e0), ...little(0x001f)];
    expect(decode(bytes(info(1, 16, 3, masks), little(0x07e0))).data).toEqual([0, 255, 0]);
    const core = bytes(
      'BM',
      little(0),
      little(0),
      little(32),
      little(12),
      little(1, 2),
      little(1, 2),
      little(1, 2),
      little(1, 2),
    );
    expect(decode(bytes(core, [9, 8, 7], [3, 2, 1], [0x80, 0, 0, 0])).data).toEqual([1, 2, 3]);
  });
});

test('TIFF with the most significant byte first, grey from white', () => {
  const short = (value: number) => [value >> 8, value & 255];
  const field = (tag: number, value: number) => [...short(tag), ...short(3), ...big(1), ...short(value), 0, 0];
  const fields: readonly (readonly [number, number])[] = [
    [256, 3],
    [257, 1],
    [258, 4],
    [262, 0],
    [273, 8],
    [279, 2],
  ];
  const directory = [...short(fields.length), ...fields.flatMap(([tag, value]) => field(tag, value)), ...big(0)];
  const stream = (own: readonly number[]) => bytes('MM', short(42), big(10), [0x0f, 0x50], own);
  expect(decode(stream(directory), 'Grayscale').data).toEqual([255, 0, 170]);
  // A strip of 2^16 - 1 bytes, no photometric tag, and compression 4.
  const changed = (at: number, ...values: number[]) => directory.map((byte, i) => values[i - at] ?? byte);
  expect(() => decode(stream(changed(2 + 5 * 12 + 8, 255, 255)))).toThrow(code('ERR_EVAL_VALUE'));
  expect(() => decode(stream(changed(2 + 3 * 12, 9, 9)))).toThrow(code('ERR_EVAL_VALUE'));
  expect(() => decode(stream(changed(2 + 2 * 12, 1, 3)))).toThrow(code('ERR_EVAL_OP'));
});

const chunk = (type: string, data: ArrayLike<number>) => {
  const body = bytes(type, data);
  return bytes(big(data.length), body, big(crc32(body)));
};

/** A grey PNG of 8 bits over the given rows, filter bytes included. */
const png = (width: number, height: number, rows: Uint8Array, header = [8, 0, 0, 0, 0]) =>
  bytes(
    '\x89PNG\r\n\x1a\n',
    chunk('IHDR', [...big(width), ...big(height), ...header]),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', []),
  );

test('all filters of PNG', () => {
  const rows = [
    [0, 10, 20, 30],
    [1, 1, 2, 3],
    [2, 1, 2, 3],
    [3, 1, 2, 3],
    [4, 1, 2, 3],
  ];
  // Sub: 1, 3, 6. Up: 2, 5, 9. Average: 1 + (0 + 2) / 2 = 2, 2 + (2 + 5) / 2 = 5, 3 + (5 + 9) / 2 = 10. Paeth: 3, then 2 + 5, then 3 + 10.
  const expected = [10, 20, 30, 1, 3, 6, 2, 5, 9, 2, 5, 10, 3, 7, 13];
  expect(decode(png(3, 5, Uint8Array.from(rows.flat())), 'Grayscale').data).toEqual(expected);
});

describe('refused by name', () => {
  test.each([
    ['JPEG', bytes([0xff, 0xd8, 0xff, 0xe0], 'JFIF')],
    ['JPEG 2000', bytes([0, 0, 0, 12], 'jP  ', [13, 10])],
    ['WebP', bytes('RIFF', little(0), 'WEBPVP8 ')],
    [
      'BMP compression',
      bytes(
        'BM',
        little(0),
        little(0),
        little(54),
        little(40),
        little(1),
        little(1),
        little(1, 2),
        little(8, 2),
        little(1),
        new Uint8Array(40),
      ),
    ],
  ])('%s', (name, stream) => {
    expect(() => decode(stream)).toThrow(code('ERR_EVAL_OP'));
    expect(() => decode(stream)).toThrow(name);
  });

  test('other pixel formats and inputs', () => {
    const { stream } = imageSamples()[0]!;
    expect(() => decode(stream, 'CMYK')).toThrow(code('ERR_EVAL_OP'));
    const square = Tensor.of('uint8', [1, stream.length], stream);
    expect(() => evaluateOperator('ImageDecoder', [square])).toThrow(code('ERR_EVAL_INPUT'));
  });
});

describe('hostile streams', () => {
  const value = 'ERR_EVAL_VALUE';
  const cases: readonly [string, string, Uint8Array][] = [
    [value, 'nothing', bytes()],
    [value, 'an unknown format', bytes('GIF89a')],
    [value, 'a signature alone', bytes('\x89PNG\r\n\x1a\n')],
    [value, 'a chunk as long as can be', bytes('\x89PNG\r\n\x1a\n', big(0xffffffff), 'IHDR', new Uint8Array(20))],
    [value, 'another checksum', png(1, 1, bytes([0, 0])).map((byte, i) => (i === 20 ? byte + 1 : byte))],
    [value, 'a size of 0', png(0, 1, bytes([0]))],
    [value, 'fewer rows', png(4, 4, bytes([0, 0, 0, 0, 0]))],
    [value, 'more rows', png(1, 1, new Uint8Array(1000))],
    [value, 'filter 5', png(1, 1, bytes([5, 0]))],
    [value, 'a colour type that may not have its depth', png(1, 1, bytes([0, 0]), [4, 2, 0, 0, 0])],
    [value, 'a colour outside the palette', png(1, 1, bytes([0, 1]), [8, 3, 0, 0, 0])],
    [
      value,
      'an unknown critical chunk',
      bytes('\x89PNG\r\n\x1a\n', chunk('IHDR', [...big(1), ...big(1), 8, 0, 0, 0, 0]), chunk('ABCD', [])),
    ],
    ['ERR_EVAL_BUDGET', 'a PNG of 2^62 pixels', png(2 ** 31 - 1, 2 ** 31 - 1, bytes([0, 0]))],
    [
      'ERR_EVAL_BUDGET',
      'a BMP of 2^62 pixels',
      bytes(
        'BM',
        little(0),
        little(0),
        little(54),
        little(40),
        little(2 ** 31 - 1),
        little(2 ** 31 - 1),
        little(1, 2),
        little(24, 2),
        new Uint8Array(40),
      ),
    ],
    [value, 'a PPM without pixels', bytes('P6 60000 60000 255\n')],
    [value, 'a PPM of NaN pixels', bytes(`P6 ${'9'.repeat(400)} 0 255\n`)],
    [value, 'a text PPM that stops', bytes('P3 2 2 255\n1 2 3 4 5 6 7 8 9 0 1 x')],
    [value, 'a sample above the largest value', bytes('P2 1 1 10 11')],
  ];

  test.each(cases)('%s: %s', (expected, _, stream) => {
    expect(() => decode(stream)).toThrow(code(expected));
  });

  test('a bomb is not unpacked beyond what its header says', () => {
    const bomb = png(100, 100, new Uint8Array(64_000_000));
    const before = process.memoryUsage().arrayBuffers;
    expect(() => decode(bomb)).toThrow(code(value));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  test('3,000 damaged streams give an image or a coded error', () => {
    let state = 1;
    const random = (below: number) => (state = (state * 48271) % 2147483647) % below;
    const streams = imageSamples().map(({ stream }) => stream);
    const codes = new Set<string | undefined>();
    for (let i = 0; i < 3000; i++) {
      const whole = streams[random(streams.length)]!;
      const stream = whole.slice(0, random(4) === 0 ? random(whole.length) : whole.length);
      for (let k = random(4); k > 0 && stream.length > 0; k--) stream[random(stream.length)] = random(256);
      codes.add(errorCode(() => decode(stream)));
    }
    expect([...codes].sort()).toEqual(['ERR_EVAL_BUDGET', 'ERR_EVAL_OP', value, undefined]);
  });
});
