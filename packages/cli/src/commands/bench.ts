import { bench } from '@gossamer/compress';
import { GossamerError } from '@gossamer/graph';
import type { CommandContext, CommandResult } from '../command-context.js';
import { parseBindings } from '../parse-bindings.js';
import { openSource, workOptions } from './open-source.js';

type Flags = Readonly<Record<string, unknown>>;

/** gossamer bench MODEL, gossamer bench --suite NAME, or gossamer bench --compare A B */
export async function run(model: string | undefined, flags: Flags, context: CommandContext): Promise<CommandResult> {
  const suite = flags['suite'] as string | undefined;
  const files = flags['compare'] as readonly string[] | undefined;
  const given = [model, suite, files].filter((value) => value !== undefined).length;
  if (given !== 1) {
    const received = given === 0 ? 'none' : given === 2 ? 'both' : 'all three';
    throw new GossamerError('ERR_OPTION', `bench: expected a model, --suite or --compare, received ${received}`);
  }
  refuseForeign(model !== undefined ? 'model' : suite !== undefined ? 'suite' : 'compare', flags);
  if (suite !== undefined) return runSuite(suite, flags, context);
  if (files !== undefined) return compareResults(files);
  return benchModel(model!, flags, context);
}

/** Which options belong to one form of the command alone. */
const FORMS: Readonly<Record<string, 'model' | 'suite'>> = {
  ...{ peer: 'suite', filter: 'suite', out: 'suite', resume: 'suite' },
  ...{ data: 'model', preprocess: 'model', bind: 'model', runs: 'model', requantize: 'model' },
};

function refuseForeign(form: 'model' | 'suite' | 'compare', flags: Flags): void {
  for (const [option, owner] of Object.entries(FORMS)) {
    if (flags[option] === undefined || owner === form) continue;
    const wanted = owner === 'suite' ? '--suite' : 'a model';
    throw new GossamerError(
      'ERR_OPTION',
      `--${option}: expected with ${wanted} only, received with ${FORM_NAMES[form]}`,
    );
  }
}

const FORM_NAMES = { model: 'a model', suite: '--suite', compare: '--compare' } as const;

async function benchModel(model: string, flags: Flags, context: CommandContext): Promise<CommandResult> {
  const threads = flags['threads'] as readonly number[] | undefined;
  if (threads !== undefined && threads.length > 1) {
    throw new GossamerError('ERR_OPTION', `--threads: expected one number for a model, received ${threads.join(',')}`);
  }
  const spec = flags['data'] as string | undefined;
  const runs = flags['runs'] as number | undefined;
  const result = await bench(model, {
    ...workOptions(flags, context),
    bind: parseBindings(flags['bind'] as string | undefined),
    seed: context.options.seed,
    ...(spec === undefined ? {} : { data: await openSource(spec, flags, context) }),
    ...(runs === undefined ? {} : { runs }),
  });
  const { median, p95, min } = result.latencyMs;
  const lines = [
    `${result.engine}, ${result.threads} threads: median ${median.toFixed(3)} ms, p95 ${p95.toFixed(3)} ms, min ${min.toFixed(3)} ms over ${result.runs} runs`,
    `peak memory ${result.peakRssMb} MB`,
    ...result.warnings.map((warning) => `warning: ${warning}`),
  ];
  return { json: { ...result }, text: lines.join('\n'), inputs: [model] };
}

/** The harness is a package of its own, which the command does not need otherwise. */
function missingHarness(cause: unknown): never {
  if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
  throw new GossamerError(
    'ERR_PEER_MISSING',
    'bench: expected the package @gossamer/bench for suites (npm install @gossamer/bench), received none',
    { cause },
  );
}

const loadHarness = () => import('@gossamer/bench').catch(missingHarness);

async function runSuite(name: string, flags: Flags, context: CommandContext): Promise<CommandResult> {
  const { runSuite: execute } = await loadHarness();
  const text = (key: string) => flags[key] as string | undefined;
  const [filter, out] = [text('filter'), text('out')];
  const threads = flags['threads'] as readonly number[] | undefined;
  const result = await execute(name, {
    ...{ signal: context.signal, say: context.say, onProgress: context.onProgress },
    engines: [text('engine') ?? 'native', text('peer') ?? 'ort'],
    resume: flags['resume'] === true,
    ...(filter === undefined ? {} : { filter: filter.split(',').filter((item) => item !== '') }),
    ...(out === undefined ? {} : { out }),
    ...(threads === undefined ? {} : { threads }),
  });
  return { json: { ...result }, text: result.markdown };
}

async function compareResults(files: readonly string[]): Promise<CommandResult> {
  if (files.length !== 2) {
    throw new GossamerError('ERR_OPTION', `--compare: expected two results files, received ${files.length}`);
  }
  const { compareFiles } = await loadHarness();
  const { markdown, ...result } = compareFiles(files[0]!, files[1]!);
  return { json: { ...result }, text: markdown, inputs: files };
}
