import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { speechClips, speechStream } from './clips.js';
import { sileroSource, speechFrames } from './silero-source.js';
import { readWav } from './wav.js';

describe('readWav', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gossamer-wav-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const wav = (channels: number, samples: readonly number[]): string => {
    const bytes = Buffer.alloc(44 + 2 * samples.length);
    bytes.write('RIFF', 0).toString();
    bytes.write('WAVEfmt ', 8);
    bytes.writeUInt32LE(16, 16);
    bytes.writeUInt16LE(1, 20);
    bytes.writeUInt16LE(channels, 22);
    bytes.writeUInt32LE(16_000, 24);
    bytes.writeUInt16LE(16, 34);
    bytes.write('data', 36);
    bytes.writeUInt32LE(2 * samples.length, 40);
    samples.forEach((sample, i) => bytes.writeInt16LE(sample, 44 + 2 * i));
    const path = join(folder, `${channels}.wav`);
    writeFileSync(path, bytes);
    return path;
  };

  it('scales 16-bit samples to [-1, 1)', () => {
    expect(Array.from(readWav(wav(1, [0, 16384, -32768])))).toEqual([0, 0.5, -1]);
  });

  it('refuses stereo', () => {
    expect(() => readWav(wav(2, [0, 0]))).toThrow('expected PCM, mono, 16000 Hz');
  });
});

describe('the speech fixture', () => {
  it('holds ten clips, 34.4 s', () => {
    const seconds = (['cards', 'librivox'] as const).map((set) => {
      const clips = speechClips(set);
      expect(clips.length).toBe(5);
      return clips.reduce((sum, clip) => sum + clip.length, 0) / 16_000;
    });
    expect(seconds.map((s) => s.toFixed(2))).toEqual(['9.65', '24.73']);
  });

  it('gives the same stream twice, with noise in its second half only', () => {
    const stream = speechStream('cards');
    expect(Buffer.from(speechStream('cards').buffer).equals(Buffer.from(stream.buffer))).toBe(true);
    const [clip] = speechClips('cards');
    expect(stream.subarray(0, clip!.length)).toEqual(clip);
    expect(stream.subarray(stream.length / 2, stream.length / 2 + clip!.length)).not.toEqual(clip);
  });
});

describe('sileroSource', () => {
  it('feeds 512 new samples a step behind the 64 before them', async () => {
    for await (const { feeds, steps } of sileroSource('cards').batches()) {
      expect(steps!.length).toBe(speechFrames('cards'));
      expect(feeds['sr']!.dims).toEqual([]);
      const [first, second] = [steps![1]!['input']!.toFloat32(), steps![2]!['input']!.toFloat32()];
      expect(second.subarray(0, 64)).toEqual(first.subarray(512));
    }
    // At least 700 decisions are asked for.
    expect(speechFrames('librivox')).toBeGreaterThan(700);
  });
});
