import fs from 'node:fs';
import fsPromises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { isGossamerError } from '@gossamer/graph';
import type { openData as OpenData } from './open-data.js';
import { npyBytes } from './testing/npy-bytes.js';
import { zipArchive } from './testing/zip-archive.js';

type Call = (...args: unknown[]) => unknown;
type Calls = Record<string, Call>;

const FAULTS = ['EIO', 'EINTR', 'EMFILE', 'EACCES', 'short', 'end'] as const;
type Fault = (typeof FAULTS)[number];

const CALLBACKS = ['open', 'read', 'fstat', 'close'];
const PROMISES = ['open', 'stat', 'readFile', 'readdir'];
const HANDLE = ['read', 'readFile', 'stat', 'close'];

/** The call that fails, and how; the calls made so far. */
const state: { at: number; fault: Fault; calls: string[] } = { at: 0, fault: 'EIO', calls: [] };

function isPossible(fault: Fault, call: string): boolean {
  if (fault === 'short' || fault === 'end') return call === 'read';
  if (fault === 'EMFILE') return /^(open|readFile|readdir)$/.test(call);
  return fault !== 'EACCES' || /^(open|stat|readFile|readdir)$/.test(call);
}

const failure = (name: string) =>
  Object.assign(new Error(`${state.fault}: injected, ${name}`), { code: state.fault, syscall: name });

/** The arguments of a read with half the length, or none. */
const fewer = (args: unknown[], lengthAt: number) =>
  args.map((value, i) => (i === lengthAt ? (state.fault === 'end' ? 0 : Math.max(1, Number(value) >> 1)) : value));

/** Wraps a function of `node:fs` that takes a callback; what hangs on it (for promisify) stays. */
function withCallback(original: Call, name: string): Call {
  const call = (...args: unknown[]): unknown => {
    if (state.calls.push(name) !== state.at) return original(...args);
    if (state.fault === 'short' || state.fault === 'end') return original(...fewer(args, 3));
    const done = args.pop() as (error: Error) => void;
    if (name === 'close') return original(...args, () => done(failure(name)));
    return process.nextTick(() => done(failure(name)));
  };
  return Object.defineProperties(call, Object.getOwnPropertyDescriptors(original)) as Call;
}

function withPromise(target: Calls, name: string, after: (result: unknown) => void = () => undefined): void {
  const original = target[name]!.bind(target);
  target[name] = async (...args: unknown[]) => {
    const isDue = state.calls.push(name) === state.at;
    if (isDue && state.fault !== 'short' && state.fault !== 'end') {
      if (name === 'close') await original();
      throw failure(name);
    }
    const result = await original(...(isDue ? fewer(args, 2) : args));
    after(result);
    return result;
  };
}

const folder = fs.mkdtempSync(join(tmpdir(), 'gossamer-faults-'));
const originals = new Map<Calls, Map<string, Call>>();
let openData: typeof OpenData;

beforeAll(async () => {
  for (const [target, names] of [
    [fs, CALLBACKS],
    [fsPromises, PROMISES],
  ] as unknown as [Calls, string[]][]) {
    originals.set(target, new Map(names.map((name) => [name, target[name]!])));
    for (const name of names) {
      if (target === (fs as unknown as Calls)) target[name] = withCallback(target[name]!, name);
      else
        withPromise(
          target,
          name,
          (result) => name === 'open' && HANDLE.forEach((of) => withPromise(result as Calls, of)),
        );
    }
  }
  // Only now: some modules take the functions when they are loaded.
  ({ openData } = await import('./open-data.js'));
});

afterAll(() => {
  for (const [target, kept] of originals) for (const [name, original] of kept) target[name] = original;
  fs.rmSync(folder, { recursive: true });
});

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const values = Float32Array.from({ length: 600 }, (_, i) => i - 7.5);

function write(name: string, bytes: Uint8Array): string {
  fs.writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

const npz = (name: string, deflate: boolean) => {
  const x = { name: 'x.npy', data: npyBytes('<f4', [6, 100], bytesOf(values)), deflate };
  const labels = { name: 'labels.npy', data: npyBytes('|u1', [6], Uint8Array.of(1, 2, 3, 4, 5, 6)), deflate };
  return `npz:${write(name, zipArchive([x, labels]))}`;
};

function idx(zipped: boolean): string {
  const pixels = Buffer.concat([Buffer.from([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 8, 0, 0, 0, 8]), Buffer.alloc(192, 77)]);
  const labels = Buffer.from([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]);
  const pack = (bytes: Uint8Array) => (zipped ? gzipSync(bytes) : bytes);
  return `idx:${write(`images-${zipped}`, pack(pixels))},${write(`labels-${zipped}`, pack(labels))}`;
}

/** Everything that the data say. */
async function contentOf(spec: string): Promise<string> {
  const data = await openData(spec);
  const inputs = spec.startsWith('idx') ? [{ name: 'x', dtype: 'float32', shape: ['n', 8, 8] } as const] : undefined;
  const found: string[] = [];
  for await (const { feeds, labels, count } of data.batches({ batchSize: 2, ...(inputs ? { inputs } : {}) })) {
    found.push(`${count} ${[...feeds['x']!.toFloat32()].join()} ${labels?.toIntegers().join()}`);
  }
  return found.join('\n');
}

const openFiles = () =>
  process.platform !== 'linux'
    ? []
    : fs.readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return fs.readlinkSync(join('/proc/self/fd', fd)).startsWith(folder);
        } catch {
          return false;
        }
      });

test.each([
  ['a stored npz', () => npz('stored.npz', false)],
  ['a compressed npz', () => npz('deflated.npz', true)],
  ['idx files', () => idx(false)],
  ['gzipped idx files', () => idx(true)],
])(
  'every file call of reading %s fails in turn: a code or the right samples, and no file stays open',
  async (what, make) => {
    const spec = make();
    Object.assign(state, { at: 0, calls: [] });
    const expected = await contentOf(spec);
    const { calls } = state;
    const wrong: string[] = [];
    let [faults, failed] = [0, 0];
    for (const fault of FAULTS) {
      for (let at = 1; at <= calls.length; at++) {
        if (!isPossible(fault, calls[at - 1]!)) continue;
        faults++;
        Object.assign(state, { at, fault, calls: [] });
        try {
          if ((await contentOf(spec)) !== expected)
            wrong.push(`${fault} in call ${at}, ${calls[at - 1]}: other samples`);
        } catch (error) {
          failed++;
          if (!isGossamerError(error)) wrong.push(`${fault} in call ${at}, ${calls[at - 1]}: ${String(error)}`);
        }
      }
    }
    Object.assign(state, { at: 0 });
    expect(wrong).toEqual([]);
    // A check must be able to fail: most faults are noticed.
    expect(failed).toBeGreaterThan(faults / 2);
    // Files are closed in the background.
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(openFiles()).toEqual([]);
    const notes = process.env['GOSSAMER_FAULT_NOTES'];
    const note = { what: `reading samples: ${what}`, calls: calls.length, faults, errors: failed };
    if (notes !== undefined) fs.appendFileSync(notes, `${JSON.stringify(note)}\n`);
  },
);
