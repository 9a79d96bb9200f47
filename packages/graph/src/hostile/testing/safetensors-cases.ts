import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileCase, type HostileCase, type HostileFamily } from './hostile-case.js';

function withLength(length: bigint, rest: Uint8Array | string): Uint8Array {
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(length);
  return Buffer.concat([head, typeof rest === 'string' ? Buffer.from(rest, 'latin1') : rest]);
}

/** A file of this header (latin1 stands for its bytes) and `dataBytes` zeros. */
function file(header: string, dataBytes = 0): Uint8Array {
  const text = Buffer.from(header, 'latin1');
  return withLength(BigInt(text.byteLength), Buffer.concat([text, Buffer.alloc(dataBytes)]));
}

const header = (name: string, expected: string, text: string, dataBytes = 0) =>
  fileCase(name, expected, () => file(text, dataBytes));

const entry = (name: string, shape: string, start: number | string, end: number | string, dtype = 'U8') =>
  `"${name}":{"dtype":"${dtype}","shape":${shape},"data_offsets":[${start},${end}]}`;

const lengths: readonly HostileCase[] = [
  fileCase('an empty file', 'ERR_TRUNCATED', () => new Uint8Array(0)),
  fileCase('7 bytes', 'ERR_TRUNCATED', () => new Uint8Array(7)),
  fileCase('a length and no header', 'ERR_TRUNCATED', () => withLength(2n, '')),
  fileCase('a header of 2^64 - 1 bytes', 'ERR_HEADER_LENGTH', () => withLength(2n ** 64n - 1n, '{}')),
  fileCase('a header of 2^63 bytes', 'ERR_HEADER_LENGTH', () => withLength(2n ** 63n, '{}')),
  fileCase('a header longer than the file', 'ERR_TRUNCATED', () => withLength(3n, '{}')),
  fileCase('a header of no bytes', 'ERR_SAFETENSORS_HEADER', () => withLength(0n, '{}')),
  fileCase('a pickle', 'ERR_NOT_SAFETENSORS', () => Buffer.from('80027d7100285801000000', 'hex')),
  fileCase('a zip archive', 'ERR_NOT_SAFETENSORS', () => Buffer.from('504b030414000808080000000000', 'hex')),
  header('a header that does not begin with {', 'ERR_NOT_SAFETENSORS', '[1,2]'),
  header('a header that begins with a space', 'ERR_NOT_SAFETENSORS', ' {}'),
];

/** Headers that end in a hole of zeros: as large as the limit allows, or larger. */
function hole(name: string, expected: string, length: number, text: string): HostileCase {
  const make = (folder: string) => {
    const path = join(folder, 'model.safetensors');
    const descriptor = openSync(path, 'w');
    writeSync(descriptor, withLength(BigInt(length), text));
    ftruncateSync(descriptor, 8 + length);
    closeSync(descriptor);
    return path;
  };
  return { name, make, trusted: expected, untrusted: expected };
}

/** A header of `count` times one letter between two texts, written in pieces so that this process stays small. */
function filled(
  name: string,
  expected: string,
  before: string,
  letter: string,
  count: number,
  after: string,
): HostileCase {
  const make = (folder: string) => {
    const path = join(folder, 'model.safetensors');
    const descriptor = openSync(path, 'w');
    writeSync(descriptor, withLength(BigInt(before.length + count + after.length), before));
    const piece = Buffer.alloc(1_000_000, letter);
    for (let at = 0; at < count; at += piece.byteLength) writeSync(descriptor, piece);
    writeSync(descriptor, after);
    closeSync(descriptor);
    return path;
  };
  return { name, make, trusted: expected, untrusted: expected };
}

/** A header of so many entries, written piece by piece: what making it takes would be measured with what reading it takes. */
function listed(
  name: string,
  expected: string,
  count: number,
  [before, after]: readonly [string, string],
  item: (index: number) => string,
  dataBytes = 0,
): HostileCase {
  const make = (folder: string) => {
    const path = join(folder, 'model.safetensors');
    const descriptor = openSync(path, 'w');
    let [at, piece] = [writeSync(descriptor, withLength(0n, before)), ''];
    for (let i = 0; i < count; i++) {
      piece += `${i > 0 ? ',' : ''}${item(i)}`;
      if (i % 1000 !== 999 && i !== count - 1) continue;
      at += writeSync(descriptor, piece);
      piece = '';
    }
    at += writeSync(descriptor, after);
    for (let left = dataBytes; left > 0; left -= 1_000_000)
      writeSync(descriptor, Buffer.alloc(Math.min(left, 1_000_000)));
    writeSync(descriptor, withLength(BigInt(at - 8), ''), 0, 8, 0);
    closeSync(descriptor);
    return path;
  };
  return { name, make, trusted: expected, untrusted: expected };
}

const many = (count: number, expected: string) =>
  listed(
    `${count.toLocaleString('en')} tensors`,
    expected,
    count,
    ['{', '}'],
    (i) => entry(`t${i}`, '[]', i, i + 1),
    count,
  );

const bombs: readonly HostileCase[] = [
  hole('a header of 100,000,001 bytes', 'ERR_HEADER_LENGTH', 100_000_001, '{'),
  hole('a header of 100,000,000 zeros', 'ERR_SAFETENSORS_HEADER', 100_000_000, '{'),
  filled('a header of 99 MB of spaces', 'ok', '{', ' ', 99_000_000, '}'),
  filled('a name of 90 MB', 'ERR_STRING_LENGTH', '{"', 'n', 90_000_000, '":{}}'),
  filled('a metadata value of 90 MB', 'ERR_STRING_LENGTH', '{"__metadata__":{"k":"', 'n', 90_000_000, '"}}'),
  many(100_000, 'ok'),
  many(250_000, 'ERR_ENTRY_BUDGET'),
  listed('1,000,000 metadata entries', 'ERR_ENTRY_BUDGET', 1e6, ['{"__metadata__":{', '}}'], (i) => `"${i}":""`),
  fileCase('JSON nested 1,000,000 deep', 'ERR_SAFETENSORS_HEADER', () => file(`{"a":${'['.repeat(1_000_000)}`)),
  fileCase('a shape nested 1,000,000 deep', 'ERR_SAFETENSORS_HEADER', () =>
    file(`{"a":{"shape":${'['.repeat(1_000_000)}`),
  ),
  fileCase('a shape of 1,000,000 dimensions', 'ERR_SAFETENSORS_HEADER', () =>
    file(`{${entry('a', `[${'1,'.repeat(999_999)}1]`, 0, 1)}}`, 1),
  ),
];

const BAD = 'ERR_SAFETENSORS_HEADER';

const json: readonly HostileCase[] = [
  header('an empty object', 'ok', '{}'),
  header('an object that does not end', BAD, '{'),
  header('a comma too many', BAD, `{${entry('a', '[]', 0, 1)},}`, 1),
  header('text after the object', BAD, '{}x'),
  header('a NUL after the object', BAD, '{}\0'),
  header('a tensor that is a number', BAD, '{"a":1}'),
  header('a tensor that is null', BAD, '{"a":null}'),
  header('a tensor without a dtype', BAD, '{"a":{"shape":[],"data_offsets":[0,0]}}'),
  header('a tensor with a key too many', BAD, '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}}'),
  header('a dtype given twice', BAD, '{"a":{"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]}}'),
  header('metadata that are not strings', BAD, '{"__metadata__":{"a":1}}'),
  header('metadata that are nested', BAD, '{"__metadata__":{"a":{"b":"c"}}}'),
  header('a tensor name given twice', 'ERR_DUPLICATE_NAME', `{${entry('a', '[]', 0, 1)},${entry('a', '[]', 1, 2)}}`, 2),
  header(
    'a tensor name given twice, once escaped',
    'ERR_DUPLICATE_NAME',
    `{${entry('a', '[]', 0, 1)},${entry('\\u0061', '[]', 1, 2)}}`,
    2,
  ),
  header('a metadata key given twice', 'ERR_DUPLICATE_NAME', '{"__metadata__":{"a":"1","a":"2"}}'),
  header('metadata given twice', 'ERR_DUPLICATE_NAME', '{"__metadata__":{},"__metadata__":{}}'),
  header('a name that is not UTF-8', 'ERR_BAD_UTF8', `{${entry('\xff', '[]', 0, 1)}}`, 1),
  header('a name with a lone surrogate', BAD, `{${entry('\\ud800', '[]', 0, 1)}}`, 1),
  header('a name with a line break', BAD, `{${entry('a\n', '[]', 0, 1)}}`, 1),
  header('a name with an escape that JSON lacks', BAD, `{${entry('\\x41', '[]', 0, 1)}}`, 1),
  header('a name that ends in a backslash', BAD, '{"a\\'),
  ...['__proto__', 'constructor', ''].map((name) =>
    header(`a tensor called ${JSON.stringify(name)}`, 'ok', `{${entry(name, '[]', 0, 1)}}`, 1),
  ),
  header('an unknown dtype', 'ERR_DTYPE', `{${entry('a', '[]', 0, 1, 'F7')}}`, 1),
  header('a dtype that ONNX lacks', 'ERR_DTYPE', `{${entry('a', '[4]', 0, 3, 'F6_E1M4')}}`, 3),
  header('the dtype __proto__', 'ERR_DTYPE', `{${entry('a', '[]', 0, 1, '__proto__')}}`, 1),
];

const numbers: readonly HostileCase[] = [
  '-1',
  '1.0',
  '1e2',
  '01',
  '+1',
  'NaN',
  '"1"',
  'true',
  '9007199254740992',
  '0x1',
  '',
].map((text) =>
  header(`a dimension of ${text === '' ? 'nothing' : text}`, BAD, `{${entry('a', `[${text},1]`, 0, 1)}}`, 1),
);

const OFFSETS = 'ERR_SAFETENSORS_OFFSETS';

const ranges: readonly HostileCase[] = [
  header('a range in reverse', OFFSETS, `{${entry('a', '[0]', 2, 0)}}`, 2),
  header('a range past the end', OFFSETS, `{${entry('a', '[4]', 0, 4)}}`, 2),
  header('a range of 2^49 bytes', OFFSETS, `{${entry('a', `[${2 ** 49}]`, 0, 2 ** 49)}}`, 2),
  header('two tensors that overlap', OFFSETS, `{${entry('a', '[2]', 0, 2)},${entry('b', '[2]', 1, 3)}}`, 3),
  header('two tensors of one range', OFFSETS, `{${entry('a', '[2]', 0, 2)},${entry('b', '[2]', 0, 2)}}`, 2),
  header('a hole between two tensors', OFFSETS, `{${entry('a', '[1]', 0, 1)},${entry('b', '[1]', 2, 3)}}`, 3),
  header('a hole before the first tensor', OFFSETS, `{${entry('a', '[1]', 1, 2)}}`, 2),
  header('bytes after the last tensor', OFFSETS, `{${entry('a', '[1]', 0, 1)}}`, 2),
  header('bytes without a tensor', OFFSETS, '{}', 1),
  header('one offset', BAD, '{"a":{"dtype":"U8","shape":[],"data_offsets":[0]}}'),
  header('three offsets', BAD, '{"a":{"dtype":"U8","shape":[],"data_offsets":[0,0,0]}}'),
  header(
    'tensors in another order than their data',
    'ok',
    `{${entry('b', '[1]', 1, 2)},${entry('a', '[1]', 0, 1)}}`,
    2,
  ),
  header('a shape larger than the range', 'ERR_TENSOR_DATA', `{${entry('a', '[3]', 0, 2)}}`, 2),
  header('a shape smaller than the range', 'ERR_TENSOR_DATA', `{${entry('a', '[1]', 0, 2)}}`, 2),
  header('a shape whose product overflows', 'ERR_TENSOR_SHAPE', `{${entry('a', '[4294967296,4294967296]', 0, 0)}}`),
  header('a shape whose bits overflow', 'ERR_TENSOR_SHAPE', `{${entry('a', '[4503599627370496]', 0, 0)}}`),
  header('an odd count of 4-bit elements', 'ERR_TENSOR_DATA', `{${entry('a', '[3]', 0, 2, 'F4')}}`, 2),
];

export const safetensorsCases: HostileFamily = {
  name: 'safetensors',
  format: 'safetensors',
  cases: [...lengths, ...json, ...numbers, ...ranges],
};

export const safetensorsBombs: HostileFamily = {
  name: 'safetensors bombs',
  format: 'safetensors',
  isolated: true,
  cases: bombs,
};
