import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GossamerError, type Tensor } from '@gossamer/graph';
import type { DataSource, PortSpec } from '@gossamer/runtime';

/** The dtypes that samples have, in numpy's spelling. */
const descriptors: Partial<Record<Tensor['dtype'], string>> = {
  float32: '<f4',
  int64: '<i8',
  int32: '<i4',
  uint8: '|u1',
};

/** A tensor as a .npy file, version 1.0. Source: numpy.lib.format. */
export function npyBytes(tensor: Tensor): Uint8Array {
  const descriptor = descriptors[tensor.dtype];
  if (descriptor === undefined) {
    const known = Object.keys(descriptors).join(', ');
    throw new GossamerError('ERR_DTYPE', `npy: expected ${known}, received ${tensor.dtype}`);
  }
  const shape = tensor.dims.length === 1 ? `${tensor.dims[0]},` : tensor.dims.join(', ');
  const text = `{'descr': '${descriptor}', 'fortran_order': False, 'shape': (${shape}), }`;
  // Magic, version and length take 10 bytes; the header ends with a newline, and the data starts at a multiple of 64.
  const padded = text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11) + '\n';
  const header = Buffer.alloc(10 + padded.length);
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(padded.length, 8);
  header.write(padded, 10, 'latin1');
  return Buffer.concat([header, tensor.bytes()]);
}

/** Writes samples for `peers/quantize.py`: a .npy file for each input of each sample, and index.json. Returns the samples written. */
export async function writeSamples(
  data: DataSource,
  inputs: readonly PortSpec[],
  folder: string,
  limit: number,
): Promise<number> {
  const index: Record<string, string>[] = [];
  for await (const { feeds } of data.batches({ inputs, batchSize: 1, limit })) {
    const sample: Record<string, string> = {};
    Object.entries(feeds).forEach(([name, tensor], i) => {
      const file = `${index.length}-${i}.npy`;
      writeFileSync(join(folder, file), npyBytes(tensor));
      sample[name] = file;
    });
    index.push(sample);
  }
  writeFileSync(join(folder, 'index.json'), JSON.stringify(index));
  return index.length;
}
