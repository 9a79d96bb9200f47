import { decodeTensor, encodeTensor, formOf, type TensorSpec } from '@gossamer/encode';
import { GossamerError } from '@gossamer/graph';
import { decodeTensor as decodeNative } from '@gossamer/kernels';
import { median } from '@gossamer/runtime';
import type { SuiteContext } from '../harness/suite.js';
import type { PartFindings } from '../harness/suite-of-parts.js';
import { type SeededRandom, seededRandom } from '../seeded-random.js';

const RUNS = 5;

interface Sample {
  readonly name: string;
  readonly spec: TensorSpec;
  readonly bytes: Uint8Array;
}

const rounded = (random: SeededRandom, deviation: number) =>
  Math.max(-127, Math.min(127, Math.round(deviation * random.normal())));

/** Weights as nets have them: normal floats, int8 with 30 levels of deviation, and int8 of which one in ten is not 0. */
function samples(elements: number): Sample[] {
  const random = seededRandom(5);
  const make: Readonly<Record<string, (n: number) => Float32Array | Int8Array>> = {
    float32: (n) => Float32Array.from({ length: n }, () => 0.02 * random.normal()),
    int8: (n) => Int8Array.from({ length: n }, () => rounded(random, 30)),
    'int8, 10 % not 0': (n) => Int8Array.from({ length: n }, () => (random.next() < 0.1 ? rounded(random, 3) : 0)),
  };
  return Object.entries(make).map(([name, draw]) => {
    const data = draw(elements);
    const dtype = data instanceof Float32Array ? 'float32' : 'int8';
    const bytes = new Uint8Array(data.buffer);
    return { name: `${name}, 2^${Math.log2(elements)}`, spec: { dtype, dims: [1024, elements / 1024] }, bytes };
  });
}

/** The decoder in C++ beside the one in TypeScript. */
export function decodeSpeed({ signal }: SuiteContext): PartFindings {
  const found = [2 ** 19, 2 ** 23].flatMap(samples).map(({ name, spec, bytes }) => {
    const stream = encodeTensor({ ...spec, bytes });
    const decoders = { typescript: () => decodeTensor(stream, spec), native: () => nativeBytes(stream, spec) };
    const times: Record<string, number[]> = { typescript: [], native: [] };
    for (let run = 0; run < RUNS; run++) {
      for (const [engine, decode] of Object.entries(decoders)) {
        signal.throwIfAborted();
        const start = process.cpuUsage();
        const decoded = decode();
        times[engine]!.push(process.cpuUsage(start).user);
        if (Buffer.compare(decoded, bytes) !== 0) throw new Error(`${name}: ${engine} gives other bytes`);
      }
    }
    const speed = (engine: string) => bytes.length / median(times[engine]!);
    return {
      ...{ name, form: formOf(stream), share: stream.length / bytes.length },
      ...{ typescript: speed('typescript'), native: speed('native') },
    };
  });
  return {
    claims: [],
    tables: [
      {
        title: `Decoding, MB of tensor a second of processor time, medians of ${RUNS}`,
        columns: ['tensor', 'form', 'of its size', 'TypeScript', 'native', 'faster'],
        rows: found.map(({ name, form, share, typescript, native }) => [
          ...[name, form, share.toFixed(3), typescript.toPrecision(3), native.toPrecision(3)],
          `${(native / typescript).toFixed(1)}x`,
        ]),
      },
    ],
    data: { speed: found },
  };
}

function nativeBytes(stream: Uint8Array, { dtype, dims }: TensorSpec): Uint8Array {
  const bytes = decodeNative(stream, dtype, dims);
  if (!bytes) throw new GossamerError('ERR_SUITE', 'decoding: expected the native module, received none');
  return bytes;
}
