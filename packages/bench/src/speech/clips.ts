import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryFolder } from '../package-folder.js';
import { seededRandom } from '../seeded-random.js';
import { readWav } from './wav.js';

/** The recordings of `fixtures/speech`: `cards` to calibrate with, `librivox` to judge with. They share no voice. */
export type SpeechSet = 'cards' | 'librivox';

/** Samples a second of every clip. */
export const sampleRate = 16_000;

/** The recordings of one set, in the order of their file names; samples in [-1, 1) at 16 kHz. */
export function speechClips(set: SpeechSet): Float32Array[] {
  const folder = join(repositoryFolder(), 'fixtures', 'speech', set);
  const files = readdirSync(folder).filter((file) => file.endsWith('.wav'));
  return files.sort().map((file) => readWav(join(folder, file)));
}

/**
 * One long recording: the set's clips one after the other, each followed by a second of room noise, the whole once as recorded and once
 * with noise 10 dB below the speech. Speech, pauses, onsets and doubtful frames in one stream; deterministic.
 */
export function speechStream(set: SpeechSet): Float32Array {
  const random = seededRandom(set === 'cards' ? 1 : 2);
  const clips = speechClips(set);
  const parts: Float32Array[] = [];
  for (const signalToNoise of [Infinity, 10]) {
    for (const clip of clips) {
      const level = signalToNoise === Infinity ? 0 : rootMeanSquare(clip) / 10 ** (signalToNoise / 20);
      parts.push(clip.map((sample) => clamp(sample + level * random.normal())));
      // 0.001 of full scale is -60 dB: a quiet room.
      parts.push(Float32Array.from({ length: sampleRate }, () => Math.max(level, 0.001) * random.normal()));
    }
  }
  return concatenate(parts);
}

function rootMeanSquare(samples: Float32Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

function clamp(sample: number): number {
  return Math.min(1, Math.max(-1, sample));
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
