import { isGossamerError, runModel, type RunModelResult } from '@gossamer/compress';
import type { CommandContext, CommandResult } from '../command-context.js';
import { formatTable, plain } from '../console-text.js';
import { parseBindings } from '../parse-bindings.js';
import { workOptions } from './open-source.js';

type Flags = Readonly<Record<string, unknown>>;

/** Rows of tables without --verbose. */
const SHOWN = 20;

/** gossamer run MODEL [--inputs FILE...] [-o OUT.npz] */
export async function run(model: string, flags: Flags, context: CommandContext): Promise<CommandResult> {
  const output = flags['output'] as string | undefined;
  const runs = flags['runs'] as number | undefined;
  const inputs = flags['inputs'] as readonly string[] | undefined;
  const outputs = flags['outputs'] as readonly string[] | undefined;
  const { tensors: _tensors, ...result } = await runModel(model, {
    ...workOptions(flags, context),
    bind: parseBindings(flags['bind'] as string | undefined),
    seed: context.options.seed,
    force: context.options.force,
    profile: flags['profile'] === true,
    ...(inputs === undefined ? {} : { inputs }),
    ...(outputs === undefined ? {} : { outputs }),
    ...(output === undefined ? {} : { output }),
    ...(runs === undefined ? {} : { runs }),
  }).catch((error: unknown) => {
    sayLacking(error, context);
    throw error;
  });
  const files = result.inputs.map(({ from }) => from).filter((from) => from !== 'random');
  return {
    json: { output: output ?? null, ...result },
    text: describe(result, output, context.options.verbose),
    inputs: [model, ...new Set(files)],
    outputs: output === undefined ? [] : [output],
  };
}

interface Lack {
  readonly node: string;
  readonly operator: string;
  readonly reason: string;
}

/** All that the native engine lacks, by name, before the one line that names the first. */
function sayLacking(error: unknown, context: CommandContext): void {
  if (!isGossamerError(error) || error.code !== 'ERR_ENGINE_COVERAGE') return;
  const { nodes = [] } = (error.cause ?? {}) as { nodes?: readonly Lack[] };
  context.say(lackingTable(nodes, context.options.verbose));
}

/** One row for an operator and a reason. */
function lackingTable(lacking: readonly Lack[], isVerbose: boolean): string {
  const groups = new Map<string, string[]>();
  for (const { operator, reason, node } of lacking) {
    const key = JSON.stringify([operator, reason]);
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  const rows = Array.from(groups, ([key, nodes]) => {
    const [operator, reason] = JSON.parse(key) as [string, string];
    const more = nodes.length > 3 && !isVerbose ? `${nodes.slice(0, 3).join(', ')}, ...` : nodes.join(', ');
    return [operator, String(nodes.length), reason, more];
  });
  return formatTable(['not native', 'nodes', 'reason', 'names'], rows);
}

function describe(result: Omit<RunModelResult, 'tensors'>, output: string | undefined, isVerbose: boolean): string {
  const { latencyMs, split, lacking = [], profile } = result;
  const ms = (value: number) => `${value.toFixed(3)} ms`;
  const shape = (dims: readonly number[]) => `[${dims.join(', ')}]`;
  return [
    `${result.engine}, ${result.threads} threads: opened in ${ms(result.openMs)}, first run ${ms(result.firstMs)}`,
    ...(latencyMs
      ? [
          `${latencyMs.runs} runs: median ${ms(latencyMs.median)} (95 %: ${ms(latencyMs.low)} to ${ms(latencyMs.high)}), min ${ms(latencyMs.min)}`,
        ]
      : []),
    ...(split ? [`split: ${split.map(({ engine, nodes }) => `${engine} ${nodes} nodes`).join(', ')}`] : []),
    ...(lacking.length > 0 ? [lackingTable(lacking, isVerbose)] : []),
    '',
    formatTable(
      ['input', 'dtype', 'shape', 'from'],
      result.inputs.map(({ name, dtype, dims, from }) => [name, dtype, shape(dims), from]),
    ),
    '',
    formatTable(
      ['output', 'dtype', 'shape'],
      result.outputs.map(({ name, dtype, dims }) => [name, dtype, shape(dims)]),
    ),
    ...(profile ? ['', profileTables(profile, isVerbose)] : []),
    ...(output === undefined ? [] : ['', `written to ${plain(output)}`]),
    ...result.warnings.map((warning) => `warning: ${plain(warning)}`),
  ].join('\n');
}

/** Operators by the time they take together, then the slowest by themselves. */
function profileTables(profile: NonNullable<RunModelResult['profile']>, isVerbose: boolean): string {
  const total = profile.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const share = (milliseconds: number) => (total === 0 ? '0.0' : ((100 * milliseconds) / total).toFixed(1));
  const kinds = new Map<string, { count: number; milliseconds: number }>();
  for (const { operator, engine, milliseconds } of profile) {
    const key = engine === 'native' ? operator : `${engine}: ${operator}`;
    const known = kinds.get(key) ?? { count: 0, milliseconds: 0 };
    kinds.set(key, { count: known.count + 1, milliseconds: known.milliseconds + milliseconds });
  }
  const byTime = <T extends { milliseconds: number }>(a: T, b: T) => b.milliseconds - a.milliseconds;
  const kindRows = Array.from(kinds, ([operator, sums]) => ({ operator, ...sums })).sort(byTime);
  const rows = profile.toSorted(byTime).slice(0, isVerbose ? undefined : SHOWN);
  return [
    formatTable(
      ['operator', 'count', 'ms', '%'],
      kindRows.map(({ operator, count, milliseconds }) => [
        operator,
        String(count),
        milliseconds.toFixed(3),
        share(milliseconds),
      ]),
    ),
    '',
    formatTable(
      ['ms', '%', 'operator', 'node', 'note'],
      rows.map(({ milliseconds, operator, node, note }) => [
        milliseconds.toFixed(3),
        share(milliseconds),
        operator,
        node,
        note,
      ]),
    ),
    ...(rows.length < profile.length ? [`... and ${profile.length - rows.length} more (--verbose)`] : []),
  ].join('\n');
}
