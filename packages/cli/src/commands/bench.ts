import { bench } from '@gossamer/compress';
import { GossamerError } from '@gossamer/graph';
import type { CommandContext, CommandResult } from '../command-context.js';
import { parseBindings } from '../parse-bindings.js';
import { openSource, workOptions } from './open-source.js';

/** gossamer bench MODEL, or gossamer bench --suite NAME */
export async function run(
  model: string | undefined,
  flags: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<CommandResult> {
  const suite = flags['suite'] as string | undefined;
  if ((model === undefined) === (suite === undefined)) {
    throw new GossamerError(
      'ERR_OPTION',
      'bench: expected a model or --suite, received ' + (suite ? 'both' : 'neither'),
    );
  }
  if (suite !== undefined) return runSuite(suite, context);
  const spec = flags['data'] as string | undefined;
  const runs = flags['runs'] as number | undefined;
  const result = await bench(model!, {
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
  return { json: { ...result }, text: lines.join('\n'), inputs: [model!] };
}

/** The harness is a package of its own, which the command does not need otherwise. */
function missingHarness(cause: unknown): never {
  if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
  throw new GossamerError(
    'ERR_PEER_MISSING',
    '--suite: expected the package @gossamer/bench (npm install @gossamer/bench), received none',
    { cause },
  );
}

async function runSuite(name: string, context: CommandContext): Promise<CommandResult> {
  const { runSuite: execute } = await import('@gossamer/bench').catch(missingHarness);
  const result = await execute(name, { signal: context.signal, say: context.say });
  return { json: { ...result }, text: result.markdown };
}
