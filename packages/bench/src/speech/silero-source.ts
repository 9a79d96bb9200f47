import { Tensor } from '@gossamer/graph';
import type { Batch, DataSource, Feeds } from '@gossamer/runtime';
import { batchSource } from '../batch-source.js';
import { sampleRate, speechStream, type SpeechSet } from './clips.js';

/** New samples in one step of Silero VAD v5 at 16 kHz. */
const hop = 512;
/** Samples of the step before that are fed again in front. */
const context = 64;

/**
 * A speech stream as one sequence of steps for Silero VAD v5: `input` f32 [1, 576], `sr` int64 16000. The model's state is carried from
 * step to step by whoever runs it. One sample is one whole stream; `speechFrames` tells its steps.
 */
export function sileroSource(set: SpeechSet): DataSource {
  const describe = `speech stream of ${set}, ${speechFrames(set)} frames of ${hop} samples`;
  return batchSource(describe, 1, () => [streamBatch(speechStream(set))]);
}

/** Steps of the stream of a set. */
export function speechFrames(set: SpeechSet): number {
  return Math.floor(speechStream(set).length / hop);
}

function streamBatch(stream: Float32Array): Batch {
  const padded = new Float32Array(context + stream.length);
  padded.set(stream, context);
  const steps = Array.from({ length: Math.floor(stream.length / hop) }, (_, step): Feeds => {
    const data = padded.slice(step * hop, step * hop + context + hop);
    return { input: Tensor.of('float32', [1, context + hop], data) };
  });
  return { feeds: { sr: Tensor.scalar('int64', BigInt(sampleRate)) }, steps, count: 1 };
}
