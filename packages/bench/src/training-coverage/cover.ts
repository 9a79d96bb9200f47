import { isGossamerError } from '@gossamer/graph';
import { type CoverageCase, TrainingProof } from '@gossamer/train/coverage';

const STEPS = 10;

/** What came of one model in training. */
export interface Coverage {
  readonly model: string;
  /** Why there is no training graph of it; then nothing else is. */
  readonly refused?: string;
  readonly parameters?: number;
  readonly nodes?: number;
  /** The engine that 'auto' takes, and what it says. */
  readonly engine?: string;
  readonly warnings?: readonly string[];
  /** Largest differences to the evaluator's gradients, by engine (see TrainingProof.gradientError). */
  readonly errors?: Readonly<Record<string, number>>;
  /** The evaluator's gradients beside a central difference. */
  readonly differenceError?: number;
  readonly losses?: readonly number[];
}

/** Puts a small model through training on every engine. */
export async function cover(item: CoverageCase): Promise<Coverage> {
  try {
    const proof = await TrainingProof.make(item);
    const auto = await proof.open('auto');
    const errors: Record<string, number> = {};
    for (const engine of ['native', 'ort'] as const) {
      const session = engine === auto.engine ? auto : engine === 'ort' ? await proof.open('ort') : undefined;
      if (!session) continue;
      errors[engine] = (await proof.gradientError(session)).error;
      if (session !== auto) await session.dispose();
    }
    const losses = await proof.losses(auto, STEPS);
    await auto.dispose();
    return {
      ...{ model: item.name, parameters: proof.parameters, nodes: proof.nodes, engine: auto.engine },
      ...{ warnings: auto.warnings, errors, differenceError: proof.differenceError(), losses },
    };
  } catch (error) {
    if (!isGossamerError(error)) throw error;
    return { model: item.name, refused: error.message };
  }
}

/** What making and opening a large training step takes. */
export interface MakingCost {
  readonly model: string;
  readonly parameters: number;
  readonly nodes: number;
  /** Training form and gradients; opening on engine native; seconds. */
  readonly makeSeconds: number;
  readonly openSeconds: number;
  /** Highest resident set of the process until then, which has made the models before. */
  readonly peakRssMb: number;
  readonly losses: readonly number[];
}

/** Makes a large training step, opens it on engine native and takes some steps. */
export async function makingCost(item: CoverageCase): Promise<MakingCost> {
  const model = await item.build();
  const start = performance.now();
  const proof = await TrainingProof.make({ ...item, build: () => model });
  const made = performance.now();
  const session = await proof.open('native');
  const opened = performance.now();
  const peakRssMb = process.resourceUsage().maxRSS / 1024;
  const losses = await proof.losses(session, STEPS);
  await session.dispose();
  return {
    ...{ model: item.name, parameters: proof.parameters, nodes: proof.nodes },
    ...{ makeSeconds: (made - start) / 1000, openSeconds: (opened - made) / 1000, peakRssMb, losses },
  };
}
