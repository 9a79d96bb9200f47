import type { Tensor } from '@gossamer/graph';
import { ctcGreedyDecode } from './ctc-decode.js';
import { editDistance } from './edit-distance.js';
import { type Metric, metricInputError, type MetricOptions, pickOutput, required } from './metric.js';

/**
 * Character or word error rate of greedily decoded CTC outputs: edit distance over reference length, both summed over all samples.
 * Targets are text [samples] (then `alphabet` gives the text of each class), or classes [samples, length] filled up with -1.
 * Characters are Unicode code points; words are what white space separates.
 */
export function errorRate(name: 'cer' | 'wer', options: MetricOptions): Metric {
  let samples = 0;
  let distance = 0;
  let length = 0;
  let exact = 0;
  return {
    name,
    better: 'lower',
    needs: 'targets',
    update(outputs, batch) {
      const decoded = ctcGreedyDecode(pickOutput(name, outputs, options.output), options, batch.count);
      const expected = references(name, required(name, 'targets', batch), options);
      if (expected.length !== batch.count || decoded.length !== batch.count) {
        throw metricInputError(name, `${batch.count} targets and outputs`, `${expected.length} and ${decoded.length}`);
      }
      expected.forEach((reference, i) => {
        const hypothesis = spell(name, decoded[i]!, options, typeof reference === 'string');
        const edits = editDistance(units(name, reference), units(name, hypothesis));
        samples++;
        distance += edits;
        length += units(name, reference).length;
        if (edits === 0) exact++;
      });
    },
    result: () => ({
      metric: name,
      value: distance / length,
      samples,
      details: { edits: distance, referenceLength: length, exact },
    }),
  };
}

type Sequence = string | readonly number[];

function references(name: string, targets: Tensor, { alphabet }: MetricOptions): Sequence[] {
  if (targets.dtype === 'string') return targets.strings().map((bytes) => new TextDecoder().decode(bytes));
  const [samples = 0, width = 0] = targets.dims;
  const values = targets.toFloat64();
  return Array.from({ length: samples }, (_, i) => {
    const classes = [...values.subarray(i * width, (i + 1) * width)].filter((value) => value >= 0);
    return name === 'wer' && alphabet ? text(classes, alphabet) : classes;
  });
}

function spell(name: string, classes: readonly number[], { alphabet }: MetricOptions, wantsText: boolean): Sequence {
  if (!wantsText) return classes;
  if (!alphabet) throw metricInputError(name, 'an alphabet, since targets are text', 'none');
  return text(classes, alphabet);
}

function text(classes: readonly number[], alphabet: readonly string[]): string {
  return classes.map((symbol) => alphabet[symbol] ?? '\ufffd').join('');
}

function units(name: string, sequence: Sequence): readonly (string | number)[] {
  if (name === 'cer') return [...sequence];
  if (typeof sequence !== 'string') throw metricInputError(name, 'an alphabet, to know where words end', 'none');
  return sequence.split(/\s+/).filter((word) => word !== '');
}
