import { type Model } from '@gossamer/graph';
import { pruneWeights, type PruneWeightsOptions, recover } from '@gossamer/prune';
import type { Learner } from '../training/learner.js';
import type { PrunedGraph } from './pruned-graph.js';
import type { RecoveryReport } from './recovery.js';

/** Elements of weights set to 0, and what stays trained on where `learn` is given. */
export async function pruneElements(
  model: Model,
  options: PruneWeightsOptions,
  learn: Learner | undefined,
): Promise<PrunedGraph> {
  const { pattern = 'unstructured', update = 'none' } = options;
  const criterion = options.criterion ?? (update === 'none' ? 'magnitude' : update);
  const { model: pruned, report } = await pruneWeights(model, options);
  const done: PrunedGraph = {
    ...{ model: pruned, pattern, criterion, warnings: report.warnings },
    left: new Map(report.left.map(({ name, reason }) => [name, reason])),
    rises: new Map(report.weights.flatMap(({ layers, rise }) => (rise === undefined ? [] : [[layers[0]!, rise]]))),
  };
  if (!learn) return done;
  let recovery: RecoveryReport | undefined;
  const learned = await recover(pruned, async (student, lesson) => {
    const result = await learn(student, lesson);
    recovery = { engine: result.engine, steps: result.steps, history: result.history };
    return result;
  });
  return {
    ...done,
    model: learned.model,
    warnings: [...done.warnings, ...learned.warnings],
    ...(recovery ? { recovery } : {}),
  };
}
