import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, renameSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as wire from '../../wire/index.js';
import type { HostileCase, HostileFamily } from './hostile-case.js';
import { graph, initializer, model, tensor, tensorModel } from './onnx-parts.js';

const { StringStringEntryProto, TensorProto } = wire.onnxSchema;

type Entries = readonly (readonly [key: string, value: string])[];

/** A model of one float32 tensor of two elements with these external_data entries. */
function externalModel(entries: Entries): Uint8Array {
  return tensorModel(externalTensor('w', entries));
}

function externalTensor(name: string, entries: Entries): wire.ChunkList {
  const { key, value } = StringStringEntryProto.no;
  const fields = entries.map(([name, text]) =>
    wire.encodeMessage(
      TensorProto.no.external_data,
      wire.concatChunks(wire.encodeString(key, name), wire.encodeString(value, text)),
    ),
  );
  const data = wire.concatChunks(...fields, wire.encodeInt(TensorProto.no.data_location, 1));
  return tensor({ name, dims: [2], data });
}

/** The folder `job` with the model and 16 bytes in `w.bin`, and a secret beside the folder. */
function arrange(folder: string, entries: Entries): string {
  mkdirSync(join(folder, 'job/sub'), { recursive: true });
  writeFileSync(join(folder, 'secret'), 'secret bytes, not for the model');
  writeFileSync(
    join(folder, 'job/w.bin'),
    Uint8Array.from({ length: 16 }, (_, i) => i),
  );
  writeFileSync(join(folder, 'job/sub/w.bin'), new Uint8Array(16));
  writeFileSync(join(folder, 'job/model.onnx'), externalModel(entries));
  return join(folder, 'job/model.onnx');
}

function entriesCase(name: string, trusted: string, untrusted: string, entries: Entries): HostileCase {
  return { name, trusted, untrusted, make: (folder) => arrange(folder, entries) };
}

const location = (text: string, trusted: string, untrusted = trusted, shown = JSON.stringify(text)): HostileCase =>
  entriesCase(`location ${shown}`, trusted, untrusted, [
    ['location', text],
    ['length', '8'],
  ]);

const PATH = 'ERR_EXTERNAL_PATH';

const locations: readonly HostileCase[] = [
  location('w.bin', 'ok'),
  location('./w.bin', 'ok', PATH),
  location('sub/w.bin', 'ok', PATH),
  ...['/etc/passwd', '../secret', 'sub/../../secret', 'sub/../w.bin', '..', '..\\secret', 'C:\\x', 'C:x'].map((text) =>
    location(text, PATH),
  ),
  ...['\\\\?\\x', 'file:///etc/passwd', 'http://x/y', 'w.bin\0.png', '', '.', 'sub/', '//etc/passwd'].map((text) =>
    location(text, PATH),
  ),
  location('sub', 'ERR_NOT_A_FILE'),
  location('missing', 'ERR_FILE_NOT_FOUND'),
  location('W.BIN', 'ERR_FILE_NOT_FOUND'),
  location('w.bin\u0301', 'ERR_FILE_NOT_FOUND', PATH),
  location('x'.repeat(5000), PATH, PATH, 'of 5000 letters'),
  location('sub/'.repeat(2000) + 'x', 'ERR_FILE_NOT_FOUND', PATH, 'of 2000 folders'),
  location('model.onnx', PATH),
];

/** The location `data`, which `place` makes in the model's folder. */
function linked(
  name: string,
  trusted: string,
  untrusted: string,
  place: (job: string) => void,
  text = 'data',
): HostileCase {
  const make = (folder: string) => {
    const path = arrange(folder, [
      ['location', text],
      ['length', '8'],
    ]);
    place(join(folder, 'job'));
    return path;
  };
  return { name, trusted, untrusted, make };
}

const link = (name: string, target: string, trusted: string) =>
  linked(`a link to ${name}`, trusted, PATH, (job) => symlinkSync(target, join(job, 'data')));

/** A socket that stays when its listener is killed. */
function leaveSocket(job: string): void {
  const listen = "require('net').createServer().listen('data', () => process.kill(process.pid, 'SIGKILL'))";
  spawnSync(process.execPath, ['-e', listen], { cwd: job });
}

const links: readonly HostileCase[] = [
  link('a file beside it', 'w.bin', 'ok'),
  link('a file outside', '../secret', PATH),
  link('a device', '/dev/zero', PATH),
  link("the process's memory", '/proc/self/mem', PATH),
  link('nothing', 'nowhere', 'ERR_FILE_NOT_FOUND'),
  link('itself', 'data', PATH),
  link('the model', 'model.onnx', PATH),
  linked('a folder that is a link out', PATH, PATH, (job) => symlinkSync('..', join(job, 'up')), 'up/secret'),
  linked('a chain of 60 links', PATH, PATH, (job) => {
    for (let i = 0; i < 60; i++) symlinkSync(i === 59 ? 'w.bin' : `l${i + 1}`, join(job, i === 0 ? 'data' : `l${i}`));
  }),
  linked('a second name of the file', 'ok', PATH, (job) => linkSync(join(job, 'w.bin'), join(job, 'data'))),
  linked('a second name of a file outside', 'ok', PATH, (job) => linkSync(join(job, '../secret'), join(job, 'data'))),
  linked('a second name of the model', PATH, PATH, (job) => linkSync(join(job, 'model.onnx'), join(job, 'data'))),
  linked('a pipe', 'ERR_NOT_A_FILE', 'ERR_NOT_A_FILE', (job) => execFileSync('mkfifo', [join(job, 'data')])),
  linked('a socket', 'ERR_NOT_A_FILE', 'ERR_NOT_A_FILE', leaveSocket),
  linked('a file of no bytes', 'ERR_EXTERNAL_RANGE', 'ERR_EXTERNAL_RANGE', (job) =>
    writeFileSync(join(job, 'data'), ''),
  ),
];

const numbers: readonly HostileCase[] = [
  ...['-1', '1e3', '0x10', '9223372036854775808', 'NaN', '1 ', '', '01', '+1', '1.0'].flatMap((text) => [
    entriesCase(`offset ${JSON.stringify(text)}`, 'ERR_EXTERNAL_DATA', 'ERR_EXTERNAL_DATA', [
      ['location', 'w.bin'],
      ['offset', text],
    ]),
    entriesCase(`length ${JSON.stringify(text)}`, 'ERR_EXTERNAL_DATA', 'ERR_EXTERNAL_DATA', [
      ['location', 'w.bin'],
      ['length', text],
    ]),
  ]),
  ...(
    [
      ['offset 8, length 8', 'ok', '8', '8'],
      ['offset 9, length 8', 'ERR_EXTERNAL_RANGE', '9', '8'],
      ['offset 2^53 - 1', 'ERR_EXTERNAL_RANGE', '9007199254740991', '8'],
      ['length 2^53 - 1', 'ERR_EXTERNAL_RANGE', '0', '9007199254740991'],
      ['a length longer than the shape', 'ERR_EXTERNAL_RANGE', '0', '9'],
      ['a length shorter than the shape', 'ERR_EXTERNAL_RANGE', '0', '7'],
    ] as const
  ).map(([name, code, offset, length]) =>
    entriesCase(name, code, code, [
      ['location', 'w.bin'],
      ['offset', offset],
      ['length', length],
    ]),
  ),
];

const BAD = 'ERR_EXTERNAL_DATA';
const keyed = (name: string, code: string, ...entries: Entries) =>
  entriesCase(name, code, code, [['location', 'w.bin'], ...entries]);

const keys: readonly HostileCase[] = [
  entriesCase('no location', BAD, BAD, [['offset', '0']]),
  entriesCase('no entries at all', BAD, BAD, []),
  keyed('no length', 'ok'),
  keyed('the key __proto__', BAD, ['__proto__', 'x']),
  keyed('the key constructor', BAD, ['constructor', 'x']),
  keyed('a location given twice', BAD, ['location', 'sub/w.bin']),
  keyed('a basepath that leads away is not used', 'ok', ['basepath', '/etc']),
  keyed('a checksum that is none', BAD, ['checksum', 'zz']),
  keyed('the right checksum', 'ok', [
    'checksum',
    createHash('sha1').update(Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')).digest('hex'),
  ]),
  // Comparing it means to read the whole file: `ExternalData.verifyChecksum`, when a caller asks.
  keyed('a wrong checksum', 'ok', ['checksum', '0'.repeat(40)]),
  {
    name: 'two tensors whose bytes overlap',
    trusted: 'ok',
    untrusted: 'ok',
    make: (folder) => {
      const path = arrange(folder, []);
      const at = (name: string, offset: string) =>
        initializer(
          externalTensor(name, [
            ['location', 'w.bin'],
            ['offset', offset],
          ]),
        );
      writeFileSync(path, model(graph(at('a', '0'), at('b', '4'))));
      return path;
    },
  },
  {
    name: 'a data file of 1 TB without content',
    // An unedited model is copied together with its data files, all of them.
    skipsWriting: true,
    trusted: 'ok',
    untrusted: 'ok',
    make: (folder) => {
      const path = arrange(folder, [
        ['location', 'w.bin'],
        ['offset', String(2 ** 39)],
      ]);
      truncateSync(join(folder, 'job/w.bin'), 2 ** 40);
      return path;
    },
  },
];

/** A data file or the model that another program changes while the model is in use. */
function changing(name: string, outcome: string, meanwhile: (job: string) => void): HostileCase {
  const make = (folder: string) =>
    arrange(folder, [
      ['location', 'w.bin'],
      ['length', '8'],
    ]);
  const change = (folder: string) => meanwhile(join(folder, 'job'));
  return { name, make, trusted: outcome, untrusted: outcome, meanwhile: change, skipsWriting: true };
}

const races: readonly HostileCase[] = [
  changing('a data file cut short while the model is open', 'ERR_FILE_CHANGED', (job) =>
    truncateSync(join(job, 'w.bin'), 4),
  ),
  changing('a data file written to while the model is open', 'ERR_FILE_CHANGED', (job) =>
    writeFileSync(join(job, 'w.bin'), new Uint8Array(16).fill(9)),
  ),
  // What was opened stays open: the tensor is read from the file that was checked.
  changing('a data file replaced while the model is open', 'ok', (job) => {
    symlinkSync('../secret', join(job, 'link'));
    renameSync(join(job, 'link'), join(job, 'w.bin'));
  }),
];

export const externalCases: HostileFamily = {
  name: 'external data',
  format: 'onnx',
  cases: [...locations, ...links, ...numbers, ...keys, ...races],
};
