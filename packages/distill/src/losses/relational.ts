import type { Value } from '@gossamer/graph';
import type { Emitter, Loss, LossContext } from '@gossamer/train';
import { type FeatureOptions, featurePair } from './feature-pair.js';

/** Keeps roots and quotients of samples that fall together finite. */
const EPSILON = 1e-12;

/**
 * Distances between samples, each divided by the mean of its batch: Huber's loss of their differences. The authors' weight is 25.
 *
 * Source: Park et al., "Relational Knowledge Distillation", CVPR 2019 (arXiv:1904.05068), equations 5 to 7.
 */
export function relationalDistance(options: FeatureOptions): Loss {
  return {
    name: 'relational-distance',
    build(context) {
      const { g } = context;
      const { student, teacher } = featurePair(context, options);
      const pairs = pairWeights(context);
      const total = atLeast(g, g.sum(pairs, [0, 1]));
      const relation = (value: Value) => {
        const distance = distances(g, flatten(g, value));
        return g.div(distance, atLeast(g, g.div(g.sum(g.mul(distance, pairs), [0, 1]), total)));
      };
      return g.div(g.sum(g.mul(huber(g, g.sub(relation(student), relation(teacher))), pairs), [0, 1]), total);
    },
  };
}

/**
 * Angles between samples: Huber's loss of the differences of the cosines at j of all triples (i, j, k). Time and memory grow with the cube of the batch.
 * The authors' weight is 50.
 *
 * Source: Park et al., CVPR 2019 (arXiv:1904.05068), equations 8 and 9.
 */
export function relationalAngle(options: FeatureOptions): Loss {
  return {
    name: 'relational-angle',
    build(context) {
      const { g, batch } = context;
      const { student, teacher } = featurePair(context, options);
      const difference = g.sub(cosines(g, flatten(g, student)), cosines(g, flatten(g, teacher)));
      const pairs = pairWeights(context);
      const triples = g.mul(g.reshape(pairs, [batch, batch, 1]), g.reshape(pairs, [batch, 1, batch]));
      const total = atLeast(g, g.sum(triples, [0, 1, 2]));
      return g.div(g.sum(g.mul(huber(g, difference), triples), [0, 1, 2]), total);
    },
  };
}

/** Weight of each pair of different samples, [batch, batch]. */
function pairWeights({ g, batch, sampleWeights }: LossContext): Value {
  const both = g.mul(g.reshape(sampleWeights, [batch, 1]), g.reshape(sampleWeights, [1, batch]));
  const different = Array.from({ length: batch * batch }, (_, i) => (i % (batch + 1) === 0 ? 0 : 1));
  return g.mul(both, g.constant(different, 'float32', [batch, batch]));
}

const flatten = (g: Emitter, value: Value): Value => {
  const batch = g.shape(value)[0]!;
  return g.reshape(value, [batch, g.size(value) / batch]);
};

const atLeast = (g: Emitter, value: Value): Value => g.op('Max', [value, g.constant(EPSILON)]);

/** Euclidean distances of the rows, [n, n]: |a|^2 + |b|^2 - 2 a b. */
function distances(g: Emitter, rows: Value): Value {
  const [n] = g.shape(rows) as [number];
  const squares = g.sum(g.mul(rows, rows), [1]);
  const sums = g.add(g.reshape(squares, [n, 1]), g.reshape(squares, [1, n]));
  return g.op('Sqrt', [atLeast(g, g.sub(sums, g.scale(g.matmul(rows, rows, false, true), 2)))]);
}

/** Cosine at j of the angle between i and k, [j, i, k]. */
function cosines(g: Emitter, rows: Value): Value {
  const [n, d] = g.shape(rows) as [number, number];
  const difference = g.sub(g.reshape(rows, [1, n, d]), g.reshape(rows, [n, 1, d]));
  const norm = g.op('Sqrt', [g.add(g.sum(g.mul(difference, difference), [2], 1), g.constant(EPSILON))]);
  const directions = g.div(difference, norm);
  return g.matmul(directions, directions, false, true);
}

/** x^2 / 2 where |x| <= 1, else |x| - 1 / 2. */
function huber(g: Emitter, x: Value): Value {
  const size = g.op('Abs', [x]);
  const small = g.op('Min', [size, g.constant(1)]);
  return g.sub(g.mul(small, size), g.scale(g.mul(small, small), 0.5));
}
