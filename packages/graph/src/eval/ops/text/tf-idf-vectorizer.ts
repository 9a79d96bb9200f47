import type { EvalTensor } from '../../eval-value.js';
import { defineKernel, type KernelCall } from '../../kernel.js';

/** A prefix of n-grams: what may follow, and which n-gram ends here. */
interface Prefix {
  readonly next: Map<string, Prefix>;
  /** Its place in the pool; undefined when no n-gram ends here. */
  gram: number | undefined;
}

interface Pool {
  readonly root: Prefix;
  readonly grams: number;
}

/** The n-grams of the pool with lengths in [shortest, longest]; those of length n + 1 begin at ngram_counts[n]. */
function readPool(call: KernelCall, shortest: number, longest: number): Pool {
  const { node } = call;
  const integers = node.attributes.get('pool_int64s')?.as('ints').map(String);
  const items = integers ?? node.strings('pool_strings', []);
  const starts = node.ints('ngram_counts', []);
  const root: Prefix = { next: new Map(), gram: undefined };
  let gram = 0;
  call.charge(items.length);
  starts.forEach((start, i) => {
    const [length, end] = [i + 1, starts[i + 1] ?? items.length];
    if (!(start >= 0 && start <= end && end <= items.length && (end - start) % length === 0)) {
      call.fail('ERR_EVAL_VALUE', 'ngram_counts', `starts of whole ${length}-grams in the pool`, `${start} to ${end}`);
    }
    for (let at = start; at < end; at += length) {
      let place = root;
      for (const item of items.slice(at, at + length)) {
        const known = place.next.get(item);
        if (known) place = known;
        else place.next.set(item, (place = { next: new Map(), gram: undefined }));
      }
      if (place.gram !== undefined) call.fail('ERR_EVAL_VALUE', 'pool', 'distinct n-grams', `one at ${at} again`);
      if (length >= shortest && length <= longest) place.gram = gram;
      gram++;
    }
  });
  return { root, grams: gram };
}

/** How often each n-gram of the pool stands in a row, its items up to `skips` + 1 apart (equally far); 1-grams count once. */
function countGrams(call: KernelCall, row: readonly string[], pool: Pool, skips: number): Float64Array {
  const counts = new Float64Array(pool.grams);
  let steps = 0;
  // Items further apart than the row is long meet nothing.
  for (let distance = 1; distance <= Math.min(skips + 1, Math.max(1, row.length - 1)); distance++) {
    for (let start = 0; start < row.length; start++) {
      let place: Prefix | undefined = pool.root;
      for (let at = start; at < row.length; at += distance) {
        steps++;
        place = place.next.get(row[at]!);
        if (!place) break;
        const isSingle = at === start;
        if (place.gram !== undefined && (!isSingle || distance === 1)) counts[place.gram]!++;
      }
    }
  }
  call.charge(steps);
  return counts;
}

/** What a count adds to the output: TF the count, IDF the weight once, TFIDF the count times the weight of the n-gram. */
const MODES: Readonly<Record<string, (count: number, weight: number) => number>> = {
  TF: (count) => count,
  IDF: (count, weight) => Math.min(count, 1) * weight,
  TFIDF: (count, weight) => count * weight,
};

function vectorize(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const { node } = call;
  if (x.dims.length < 1 || x.dims.length > 2) {
    call.fail('ERR_EVAL_SHAPE', 'input 0', 'a shape [C] or [N, C]', `[${x.dims.join(',')}]`);
  }
  const mode = node.string('mode', '');
  const weigh = Object.hasOwn(MODES, mode) ? MODES[mode] : undefined;
  if (!weigh) call.fail('ERR_EVAL_OP', 'mode', Object.keys(MODES).join(', '), mode);
  const pool = readPool(call, node.int('min_gram_length', 1), node.int('max_gram_length', 1));
  const places = node.ints('ngram_indexes', []);
  const weights = node.floats('weights', []);
  if (places.length !== pool.grams || places.some((place) => place < 0)) {
    call.fail('ERR_EVAL_VALUE', 'ngram_indexes', `${pool.grams} places >= 0`, `${places.length}`);
  }
  if (weights.length > 0 && weights.length !== pool.grams) {
    call.fail('ERR_EVAL_VALUE', 'weights', `${pool.grams} numbers`, `${weights.length}`);
  }
  const width = places.reduce((most, place) => Math.max(most, place), -1) + 1;
  const dims = [...x.dims.slice(0, -1), width];
  const values = new Float64Array(call.reserve(dims));
  const items = Array.from(x.data as ArrayLike<unknown>, String);
  const [rows, columns] = [x.dims.length === 2 ? x.dims[0]! : 1, x.dims.at(-1)!];
  for (let row = 0; row < rows; row++) {
    const own = items.slice(row * columns, (row + 1) * columns);
    countGrams(call, own, pool, node.int('max_skip_count', 0)).forEach((count, gram) => {
      values[row * width + places[gram]!]! += weigh(count, weights[gram] ?? 1);
    });
  }
  return call.result('float32', dims, values);
}

export const tfIdfVectorizer = defineKernel({ op: 'TfIdfVectorizer', run: (call) => [vectorize(call)] });
