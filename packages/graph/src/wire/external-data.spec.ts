import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../testing/error-code.js';
import { useTempDir } from '../testing/temp-dir.js';
import * as wire from './index.js';

const { TensorProto } = wire.onnxSchema;

type Entries = readonly (readonly [key: string, value: string])[];

function tensor(entries: Entries): wire.WireMessage {
  const fields = entries.map(([key, value]) =>
    wire.encodeMessage(
      TensorProto.no.external_data,
      wire.concatChunks(wire.encodeString(1, key), wire.encodeString(2, value)),
    ),
  );
  const list = wire.concatChunks(...fields, wire.encodeInt(TensorProto.no.data_location, 1));
  return wire.openWire(new wire.MemorySource(wire.toBytes(list)), TensorProto);
}

const at = (location: string, offset = '0', length = '4') =>
  tensor([
    ['location', location],
    ['offset', offset],
    ['length', length],
  ]);

describe('readExternalReference', () => {
  it('reads the five keys of the standard', () => {
    const sha1 = 'A'.repeat(40);
    const entries: Entries = [
      ['basepath', '/etc'],
      ['location', 'w.bin'],
      ['offset', '4096'],
      ['length', '0'],
      ['checksum', sha1],
    ];
    expect(wire.readExternalReference(tensor(entries))).toEqual({
      location: 'w.bin',
      offset: 4096,
      length: 0,
      checksum: 'a'.repeat(40),
      basepath: '/etc',
    });
    expect(wire.isExternal(tensor(entries))).toBe(true);
    expect(wire.readExternalReference(tensor([['location', 'w']]))).toMatchObject({ offset: 0, length: undefined });
  });

  it.each([
    '-1',
    '1e3',
    '0x10',
    '9223372036854775808',
    '9007199254740992',
    'NaN',
    '1 ',
    ' 1',
    '',
    '01',
    '+1',
    '1.0',
    '１',
  ])('refuses the number %j', (text) => {
    expect(errorCode(() => wire.readExternalReference(at('w', text)))).toBe('ERR_EXTERNAL_DATA');
    expect(errorCode(() => wire.readExternalReference(at('w', '0', text)))).toBe('ERR_EXTERNAL_DATA');
  });

  it('refuses unknown, repeated and missing keys', () => {
    for (const key of ['__proto__', 'constructor', '__class__', 'Location', '', 'offset ']) {
      expect(
        errorCode(() =>
          wire.readExternalReference(
            tensor([
              ['location', 'w'],
              [key, '0'],
            ]),
          ),
        ),
      ).toBe('ERR_EXTERNAL_DATA');
    }
    expect(
      errorCode(() =>
        wire.readExternalReference(
          tensor([
            ['location', 'w'],
            ['location', 'w'],
          ]),
        ),
      ),
    ).toBe('ERR_EXTERNAL_DATA');
    expect(errorCode(() => wire.readExternalReference(tensor([['offset', '0']])))).toBe('ERR_EXTERNAL_DATA');
    expect(
      errorCode(() =>
        wire.readExternalReference(
          tensor([
            ['location', 'w'],
            ['checksum', 'zz'],
          ]),
        ),
      ),
    ).toBe('ERR_EXTERNAL_DATA');
  });
});

describe('ExternalData', () => {
  const root = useTempDir();
  const path = (...parts: string[]) => join(root(), 'job', ...parts);

  beforeEach(() => {
    mkdirSync(path('sub'), { recursive: true });
    writeFileSync(path('model.onnx'), 'model bytes');
    writeFileSync(path('w.bin'), '0123456789');
    writeFileSync(path('sub/w.bin'), 'abcdefghij');
    writeFileSync(join(root(), 'secret'), 'secret bytes');
  });

  const code = (trust: wire.ExternalTrust, location: string, offset?: string, length?: string, needed = 4) =>
    errorCode(() => new wire.ExternalData(path('model.onnx'), trust).resolve(at(location, offset, length), needed));

  it('finds the bytes of plain references', () => {
    for (const [trust, location, expected] of [
      ['trusted', 'w.bin', '2345'],
      ['untrusted', 'w.bin', '2345'],
      ['trusted', './w.bin', '2345'],
      ['trusted', 'sub/w.bin', 'cdef'],
    ] as const) {
      const data = new wire.ExternalData(path('model.onnx'), trust);
      const { source, start, end } = data.resolve(at(location, '2'), 4);
      expect(Buffer.from(source.read(start, end)).toString()).toBe(expected);
      data.close();
      expect(errorCode(() => source.read(start, end))).toBe('ERR_SOURCE_CLOSED');
    }
  });

  it.each([
    '/etc/passwd',
    '../secret',
    'sub/../../secret',
    'sub/../w.bin',
    '..',
    '..\\secret',
    'C:\\x',
    'C:x',
    '\\\\?\\x',
    'file:///etc/passwd',
    'http://x/y',
    'w.bin\0.png',
    '',
    '.',
    './',
    'sub/',
    '//etc/passwd',
  ])('refuses the location %j in both modes', (location) => {
    expect(code('trusted', location)).toBe('ERR_EXTERNAL_PATH');
    expect(code('untrusted', location)).toBe('ERR_EXTERNAL_PATH');
  });

  it('refuses directories, missing files and special files', () => {
    for (const trust of ['trusted', 'untrusted'] as const) {
      expect(code(trust, 'sub')).toBe('ERR_NOT_A_FILE');
      expect(code(trust, 'missing')).toBe('ERR_FILE_NOT_FOUND');
    }
    expect(code('trusted', 'w.bin/x')).toBe('ERR_FILE_NOT_FOUND');
    execFileSync('mkfifo', [path('pipe')]);
    expect(code('trusted', 'pipe')).toBe('ERR_NOT_A_FILE');
    expect(code('untrusted', 'pipe')).toBe('ERR_NOT_A_FILE');
    expect(code('trusted', 'x'.repeat(5000))).toBe('ERR_EXTERNAL_PATH');
  });

  it('refuses the model itself, under whatever name', () => {
    expect(code('trusted', 'model.onnx')).toBe('ERR_EXTERNAL_PATH');
    expect(code('untrusted', 'model.onnx')).toBe('ERR_EXTERNAL_PATH');
    linkSync(path('model.onnx'), path('other'));
    symlinkSync('model.onnx', path('another'));
    expect(code('trusted', 'other')).toBe('ERR_EXTERNAL_PATH');
    expect(code('trusted', 'another')).toBe('ERR_EXTERNAL_PATH');
  });

  it('follows links that stay inside when trusted, none when untrusted', () => {
    symlinkSync('w.bin', path('inside'));
    symlinkSync('../secret', path('outside'));
    symlinkSync('/dev/zero', path('device'));
    symlinkSync('/proc/self/mem', path('memory'));
    symlinkSync('nowhere', path('dangling'));
    symlinkSync('loop', path('loop'));
    symlinkSync('sub', path('folder'));
    symlinkSync('..', path('up'));
    expect(code('trusted', 'inside')).toBeUndefined();
    expect(code('trusted', 'folder/w.bin')).toBeUndefined();
    expect(code('trusted', 'dangling')).toBe('ERR_FILE_NOT_FOUND');
    for (const name of ['outside', 'device', 'memory', 'loop', 'up/secret', 'up/job/../secret']) {
      expect(code('trusted', name)).toBe('ERR_EXTERNAL_PATH');
    }
    for (const name of ['inside', 'outside', 'device', 'memory', 'dangling', 'loop', 'folder', 'up']) {
      expect(code('untrusted', name)).toBe('ERR_EXTERNAL_PATH');
    }
  });

  it('allows hard links when trusted, refuses them when untrusted', () => {
    linkSync(path('w.bin'), path('hard'));
    expect(code('trusted', 'hard')).toBeUndefined();
    expect(code('untrusted', 'hard')).toBe('ERR_EXTERNAL_PATH');
    expect(code('untrusted', 'w.bin')).toBe('ERR_EXTERNAL_PATH');
  });

  it('reads a model that is a link into a store of blobs, as the Hugging Face cache lays it out', () => {
    mkdirSync(path('blobs'));
    mkdirSync(path('snapshots/abc'), { recursive: true });
    writeFileSync(path('blobs/1111'), 'model');
    writeFileSync(path('blobs/2222'), 'weights...');
    symlinkSync('../../blobs/1111', path('snapshots/abc/model.onnx'));
    symlinkSync('../../blobs/2222', path('snapshots/abc/model.onnx_data'));
    symlinkSync('../../../secret', path('snapshots/abc/leak'));
    const data = new wire.ExternalData(path('snapshots/abc/model.onnx'), 'trusted');
    const { source, start, end } = data.resolve(at('model.onnx_data'), 4);
    expect(Buffer.from(source.read(start, end)).toString()).toBe('weig');
    expect(errorCode(() => data.resolve(at('leak'), 4))).toBe('ERR_EXTERNAL_PATH');
    const untrusted = new wire.ExternalData(path('snapshots/abc/model.onnx'), 'untrusted');
    expect(errorCode(() => untrusted.resolve(at('model.onnx_data'), 4))).toBe('ERR_EXTERNAL_PATH');
    data.close();
  });

  it('keeps to a plain file name when untrusted', () => {
    for (const name of ['sub/w.bin', './w.bin', 'w bin', 'w\u0301.bin', 'é', 'a:b', 'w.bin\n']) {
      expect(code('untrusted', name)).toBe('ERR_EXTERNAL_PATH');
    }
  });

  it('checks range and length before anything is read', () => {
    const bounds = (offset: string, length: string, needed: number) => code('trusted', 'w.bin', offset, length, needed);
    expect(bounds('6', '4', 4)).toBeUndefined();
    expect(bounds('10', '0', 0)).toBeUndefined();
    expect(bounds('7', '4', 4)).toBe('ERR_EXTERNAL_RANGE');
    expect(bounds('11', '0', 0)).toBe('ERR_EXTERNAL_RANGE');
    expect(bounds('9007199254740991', '4', 4)).toBe('ERR_EXTERNAL_RANGE');
    expect(bounds('0', '9007199254740991', 9007199254740991)).toBe('ERR_EXTERNAL_RANGE');
    expect(bounds('0', '5', 4)).toBe('ERR_EXTERNAL_RANGE');
    expect(bounds('0', '3', 4)).toBe('ERR_EXTERNAL_RANGE');
    const noLength = tensor([['location', 'w.bin']]);
    const data = new wire.ExternalData(path('model.onnx'), 'trusted');
    expect(data.resolve(noLength, 10)).toMatchObject({ start: 0, end: 10 });
    expect(errorCode(() => data.resolve(noLength, 11))).toBe('ERR_EXTERNAL_RANGE');
    // Tensors may share bytes.
    expect(data.resolve(at('w.bin', '2'), 4).source).toBe(data.resolve(at('w.bin', '3'), 4).source);
    data.close();
  });

  it('does not trust basepath', () => {
    const entries: Entries = [
      ['location', 'secret'],
      ['basepath', '..'],
      ['length', '4'],
    ];
    const data = new wire.ExternalData(path('model.onnx'), 'trusted');
    expect(errorCode(() => data.resolve(tensor(entries), 4))).toBe('ERR_FILE_NOT_FOUND');
  });

  it('has none for a model in memory', () => {
    expect(errorCode(() => new wire.ExternalData(undefined, 'trusted').resolve(at('w.bin'), 4))).toBe(
      'ERR_EXTERNAL_DATA',
    );
  });

  it('compares the checksum when asked', () => {
    const data = new wire.ExternalData(path('model.onnx'), 'trusted');
    const reference = (checksum: string) =>
      wire.readExternalReference(
        tensor([
          ['location', 'w.bin'],
          ['checksum', checksum],
        ]),
      );
    const sha1 = createHash('sha1').update('0123456789').digest('hex');
    expect(errorCode(() => data.verifyChecksum(reference(sha1)))).toBeUndefined();
    expect(errorCode(() => data.verifyChecksum(reference('0'.repeat(40))))).toBe('ERR_EXTERNAL_CHECKSUM');
    data.close();
  });

  it('notices a data file that is truncated or replaced between reads', () => {
    const data = new wire.ExternalData(path('model.onnx'), 'trusted');
    const { source } = data.resolve(at('w.bin'), 4);
    writeFileSync(path('w.bin'), '012345678');
    expect(errorCode(() => source.read(0, 4))).toBe('ERR_FILE_CHANGED');
    data.close();
  });

  it('reads from more data files than it keeps open, and notices one that was swapped while closed', () => {
    const count = 100;
    for (let i = 0; i < count; i++) writeFileSync(path(`t${i}`), `t${String(i).padStart(3, '0')}`);
    const data = new wire.ExternalData(path('model.onnx'), 'trusted');
    const ranges = Array.from({ length: count }, (_, i) => data.resolve(at(`t${i}`), 4));
    for (const [i, { source }] of ranges.entries()) {
      expect(Buffer.from(source.read(0, 4)).toString()).toBe(`t${String(i).padStart(3, '0')}`);
    }
    writeFileSync(path('evil'), 'evil');
    renameSync(path('evil'), path('t0'));
    expect(errorCode(() => ranges[0]!.source.read(0, 4))).toBe('ERR_FILE_CHANGED');
    unlinkSync(path('t1'));
    expect(errorCode(() => ranges[1]!.source.read(0, 4))).toBe('ERR_FILE_NOT_FOUND');
    data.close();
  });
});
