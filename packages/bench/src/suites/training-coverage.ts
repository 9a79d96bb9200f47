import { ZOO_CASES } from '@gossamer/train/coverage';
import type { Claim, SuiteFindings } from '../harness/suite-result.js';
import type { Suite, SuiteContext } from '../harness/suite.js';
import { cover, type Coverage, makingCost, type MakingCost } from '../training-coverage/cover.js';
import { LARGE_CASES } from '../training-coverage/large-cases.js';
import { realCases } from '../training-coverage/real-cases.js';

/** Which models can be trained, and whether their gradients are right. */
export const trainingCoverage: Suite = {
  name: 'training-coverage',
  about:
    'puts the zoo and the real models through training: gradients on native and ort beside exact ones, steps of Adam',
  run: measure,
};

/** Seconds that making and opening a training step of a thousand nodes may take. */
const SECONDS = 10;

async function measure({ filter, say, signal }: SuiteContext): Promise<SuiteFindings> {
  const wanted = ({ name }: { readonly name: string }) => filter?.some((text) => name.includes(text)) ?? true;
  const costs: MakingCost[] = [];
  for (const item of LARGE_CASES.filter(wanted)) {
    signal.throwIfAborted();
    say(item.name);
    costs.push(await makingCost(item));
  }
  const models: Coverage[] = [];
  for (const item of [...ZOO_CASES, ...realCases()].filter(wanted)) {
    signal.throwIfAborted();
    say(item.name);
    models.push(await cover(item));
  }
  return {
    summary: SUMMARY,
    claims: [...models.flatMap(modelClaims), ...costs.map(costClaim)],
    tables: [
      {
        title: 'Models',
        columns: [
          ...['model', 'parameters trained', 'nodes', 'engine', 'largest gradient error (native, ort)'],
          ...['central difference', 'loss, ten steps later', 'refused because'],
        ],
        rows: models.map(row),
      },
      {
        title: 'Making a training step of real size',
        columns: [
          'model',
          'parameters',
          'nodes',
          'form and gradients, s',
          'open, s',
          'peak MB',
          'loss, ten steps later',
        ],
        rows: costs.map((cost) => [
          cost.model,
          ...[cost.parameters, cost.nodes].map(String),
          ...[cost.makeSeconds, cost.openSeconds].map((seconds) => seconds.toFixed(2)),
          cost.peakRssMb.toFixed(0),
          spellLosses(cost.losses),
        ]),
      },
    ],
    data: { models, costs },
  };
}

const SUMMARY = `Each model becomes a training form with small sizes; the loss is the mean square of its float outputs from random targets. A gradient's error is its largest difference
to the reference evaluator's in float64, of the largest element of that array (at least 1e-3 of the largest gradient of all). "central difference" holds
the evaluator's gradients to the loss itself. An activation whose input lies within rounding of a kink (ReLU, Clip, MaxPool) may take the other side in float32:
then its gradient differs by a whole sample. Adam runs on one batch, with step 1e-3 unless the model is BERT (1e-4).`;

function modelClaims({ model, losses }: Coverage): Claim[] {
  if (!losses) return [];
  const [first, last] = ends(losses);
  return [{ claim: `${model}: ten steps lower the loss`, measured: spellLosses(losses), holds: last < first }];
}

function costClaim({ model, makeSeconds, openSeconds }: MakingCost): Claim {
  const seconds = makeSeconds + openSeconds;
  return {
    claim: `${model}: made and opened in ${SECONDS} s`,
    measured: `${seconds.toFixed(2)} s`,
    holds: seconds <= SECONDS,
  };
}

function row({
  model,
  refused,
  parameters,
  nodes,
  engine,
  errors,
  differenceError,
  losses,
  warnings,
}: Coverage): string[] {
  if (refused !== undefined) return [model, '', '', '', '', '', '', refused];
  return [
    model,
    ...[parameters, nodes, engine].map(String),
    Object.entries(errors ?? {})
      .map(([, error]) => error.toExponential(1))
      .join(', '),
    differenceError?.toExponential(1) ?? '',
    losses ? spellLosses(losses) : '',
    warnings?.join('; ') ?? '',
  ];
}

const ends = (losses: readonly number[]): [number, number] => [losses[0]!, losses.at(-1)!];
const spellLosses = (losses: readonly number[]): string =>
  ends(losses)
    .map((loss) => loss.toPrecision(4))
    .join(' -> ');
