import { GossamerError, type Value } from '@gossamer/graph';
import { type Emitter, type Loss, type LossContext, weightedMean } from '@gossamer/train';
import type { DistillErrorCode } from '../error-codes.js';
import { divergence } from './divergence.js';
import { teacherInput } from './teacher-input.js';

/** Values of one attention layer, each [batch, heads, positions, width of a head], by name. */
export interface AttentionNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
}

export interface AttentionRelationsOptions {
  readonly student: AttentionNames;
  readonly teacher: AttentionNames;
  /** Shape of the teacher's three values. Heads and positions are the student's; heads may have another width. */
  readonly teacherShape: readonly number[];
}

/**
 * Deep self-attention distillation: the divergence of the attention distributions softmax(Q K^T / sqrt(d)) and of the value relations
 * softmax(V V^T / sqrt(d)), teacher || student, averaged over heads and positions. Meant for the last layer alone.
 *
 * Source: Wang et al., "MiniLM", NeurIPS 2020 (arXiv:2002.10957), equations 6 to 10.
 */
export function attentionRelations(options: AttentionRelationsOptions): Loss {
  return {
    name: 'attention-relations',
    build(context) {
      const { g } = context;
      const of = (names: AttentionNames, get: (name: string) => Value) => {
        const [query, key, value] = [names.query, names.key, names.value].map(get) as [Value, Value, Value];
        return [relation(g, query, key), relation(g, value, value)] as const;
      };
      const student = of(options.student, (name) => checked(context, name, options));
      const teacher = of(options.teacher, (name) => teacherInput(context, name, options.teacherShape));
      const parts = student.map((logQ, i) => rowsOf(context, teacher[i]!, logQ));
      return g.add(parts[0]!, parts[1]!);
    },
  };
}

function checked({ g, value }: LossContext, name: string, { teacherShape }: AttentionRelationsOptions): Value {
  const found = value(name);
  const shape = g.shape(found);
  if (shape.length === 4 && shape.slice(0, 3).join() === teacherShape.slice(0, 3).join()) return found;
  throw new GossamerError<DistillErrorCode>(
    'ERR_DISTILL_OPTIONS',
    `attention-relations: expected ${name} of [${teacherShape.slice(0, 3).join()}, width], received [${shape.join()}]`,
  );
}

/** Logs of the distributions softmax(a b^T / sqrt(width)), [batch, heads, positions, positions]. */
function relation(g: Emitter, a: Value, b: Value): Value {
  const width = g.shape(a).at(-1)!;
  return g.op('LogSoftmax', [g.scale(g.matmul(a, b, false, true), 1 / Math.sqrt(width))], { axis: -1 });
}

function rowsOf(context: LossContext, logP: Value, logQ: Value): Value {
  const { g, batch } = context;
  const width = g.shape(logP).at(-1)!;
  const rows = g.size(logP) / width;
  const each = divergence(g, g.reshape(logP, [rows, width]), g.reshape(logQ, [rows, width]));
  return weightedMean(context, g.reshape(each, [batch, rows / batch]));
}
