import { type Isa, isaInfo } from '@gossamer/kernels';
import { type CaseOutcome, type CaseResult, type EngineTimes, isMeasured } from '../cases/case-result.js';
import { readShapes } from '../cases/kernel-case.js';
import { failureTable } from '../cases/kernel-report.js';
import { chosen, measureJobs, type NamedJob } from '../cases/measure-cases.js';
import { caseId } from '../cases/run-job.js';
import type { SuiteFindings } from '../harness/suite-result.js';
import type { Suite, SuiteContext } from '../harness/suite.js';

/** Every instruction set that this machine has, on small products of each kind. */
export const instructionSets: Suite = {
  name: 'instruction-sets',
  about:
    'small products of each kind on engine native limited to each instruction set that this machine has: right, and how fast',
  isTimed: true,
  run: measureSets,
};

const SECONDS = 0.1;

async function measureSets(context: SuiteContext): Promise<SuiteFindings> {
  const { engines } = context;
  const isas = isaInfo().available;
  const cases = chosen(readShapes('instruction-sets'), context);
  const jobs = isas.flatMap((isa) =>
    cases.map((kernelCase): NamedJob => {
      const { name, group } = kernelCase;
      const job = { kind: 'kernel', kernelCase, threads: 1, engines, seconds: SECONDS, isa } as const;
      return { id: caseId(name, 1, isa), name, group, threads: 1, job };
    }),
  );
  const outcomes = await measureJobs(jobs, context);
  const measured = outcomes.filter(isMeasured);
  const wrong = measured.filter(isWrong);
  const failures = failureTable(outcomes);
  return {
    summary: summary(engines),
    claims: [
      {
        claim: 'on every instruction set the outputs are those of the peer, as far as rounding allows',
        measured: `${measured.length - wrong.length} of ${outcomes.length} cases, ${isas.length} instruction sets: ${isas.join(', ')}`,
        holds: wrong.length === 0 && measured.length === outcomes.length,
      },
    ],
    tables: [speedTable(measured, isas, engines), ...(failures ? [failures] : [])],
    data: { isas, cases: outcomes },
  };
}

function summary([subject, peer]: SuiteContext['engines']): string {
  return [
    `GOSSAMER_ISA limits the kernels of ${subject} to one instruction set and what lies below it; a kernel without a variant of its own for a set takes the next one down.`,
    `Each cell is the GOPS of ${subject} by its shortest time, call cost taken off where it could be told apart; a cell is marked where its outputs are not those of ${peer}, which always`,
    'runs as it likes. Other architectures run the C++ tests under an emulator (see docs/kernels.md).',
  ].join('\n');
}

const isWrong = ({ difference, facts }: CaseResult) => difference.relative > Number(facts['tolerance']);

/** By the shortest time, the least cost of a call taken off where it could be told apart. */
function bestGops({ facts, netRatio }: CaseResult, { us, callUs }: EngineTimes): number {
  const operations = 2 * Number(facts['m']) * Number(facts['n']) * Number(facts['k']);
  return operations / (us.min - (netRatio ? callUs!.min : 0)) / 1000;
}

function speedTable(measured: readonly CaseResult[], isas: readonly Isa[], [subject, peer]: SuiteContext['engines']) {
  const names = [...new Set(measured.map(({ name }) => name))];
  const cell = (result: CaseOutcome | undefined) => {
    if (!result || !isMeasured(result)) return '';
    const gops = bestGops(result, result.subject);
    return `${gops.toFixed(gops < 10 ? 1 : 0)}${isWrong(result) ? ' (wrong)' : ''}`;
  };
  return {
    title: `GOPS of ${subject} by instruction set, one thread`,
    columns: ['M x N x K', ...isas, peer],
    rows: names.map((name) => {
      const ofName = measured.filter((result) => result.name === name);
      const best = Math.max(...ofName.map((result) => bestGops(result, result.peer)));
      return [name, ...isas.map((isa) => cell(ofName.find(({ facts }) => facts['isa'] === isa))), best.toFixed(0)];
    }),
  };
}
