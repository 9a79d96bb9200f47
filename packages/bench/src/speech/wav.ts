import { readFileSync } from 'node:fs';
import { GossamerError } from '@gossamer/graph';

/** Reads 16-bit mono PCM at 16,000 Hz as samples in [-1, 1). Throws `ERR_DATA_FILE` for any other kind of WAV file. */
export function readWav(path: string): Float32Array {
  const bytes = readFileSync(path);
  let at = 12;
  while (at + 8 <= bytes.length) {
    const id = bytes.toString('latin1', at, at + 4);
    const length = bytes.readUInt32LE(at + 4);
    if (id === 'fmt ') requireFormat(path, bytes, at + 8);
    if (id === 'data') return decode(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length + (length % 2);
  }
  throw new GossamerError('ERR_DATA_FILE', `${path}: expected a WAV file with a data chunk, received none`);
}

function requireFormat(path: string, bytes: Buffer, at: number): void {
  const facts = [
    bytes.readUInt16LE(at),
    bytes.readUInt16LE(at + 2),
    bytes.readUInt32LE(at + 4),
    bytes.readUInt16LE(at + 14),
  ];
  if (facts.join() === '1,1,16000,16') return;
  throw new GossamerError(
    'ERR_DATA_FILE',
    `${path}: expected PCM, mono, 16000 Hz, 16 bit (1, 1, 16000, 16), received ${facts.join(', ')}`,
  );
}

function decode(bytes: Buffer): Float32Array {
  const samples = new Float32Array(bytes.length >> 1);
  for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(2 * i) / 32768;
  return samples;
}
