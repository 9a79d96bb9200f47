import {
  assertWritable,
  compareFiles,
  loadAnyModel,
  peakRssMb,
  prune,
  type PruneOptions,
  type RecoveryOptions,
} from '@gossamer/compress';
import { GossamerError } from '@gossamer/graph';
import type { CommandContext, CommandResult } from '../command-context.js';
import { accuracyGoal } from './accuracy-goal.js';
import { describePruned, describePreview } from './describe-pruned.js';
import * as folder from './model-folder.js';
import { gateOptions, openSource } from './open-source.js';
import type { PruneJson } from './prune-json.js';
import { refuseFlags } from './refuse-flags.js';
import { given, TEACHER_NAMES, TRAINING_NAMES } from './train.js';
import { parseBindings } from '../parse-bindings.js';

type Flags = Readonly<Record<string, unknown>>;

/** gossamer prune MODEL -o OUT [--pattern P] [--sparsity S] [--criterion C], or --preview in the place of -o */
export async function pruneModel(model: string, flags: Flags, context: CommandContext): Promise<CommandResult> {
  const output = flags['output'] as string | undefined;
  const { seed, threads, run, verbose } = context.options;
  const byThreshold = flags['threshold'] === undefined ? {} : { criterion: 'threshold' };
  const common = { seed, ...(threads === undefined ? {} : { threads }) };
  const bind = parseBindings(flags['bind'] as string | undefined);
  const choice = { ...byThreshold, ...given(flags, NAMES), ...common, bind } as PruneOptions;
  const isPreview = flags['preview'] === true;
  if (isPreview) refuseFlags(flags, ['output', 'accuracy', 'evalData'], 'with --preview, which writes nothing');
  else if (output === undefined) {
    throw new GossamerError('ERR_OPTION', '--output: expected a file to write, or --preview, received none');
  }
  const recovery = recoveryOf(flags);

  if (folder.isFolder(model)) return folder.prune(model, flags, context, choice);
  const source = await loadAnyModel(model);
  if (output !== undefined) assertWritable(source, output, context.options.force);
  const spec = flags['data'] as string | undefined;
  const data = spec === undefined ? undefined : await openSource(spec, flags, context);
  const accuracy = await accuracyGoal(flags, context);
  const start = performance.now();
  const result = await prune(source, {
    ...choice,
    ...(data ? { data } : {}),
    ...(accuracy ? { accuracy } : {}),
    ...(recovery && !isPreview
      ? { recovery: { ...recovery, ...(flags['distill'] === true ? { teacher: source } : {}) } }
      : {}),
    ...(run === undefined ? {} : { run }),
    signal: context.signal,
    onProgress: context.onProgress,
  });
  const { report } = result;
  if (output === undefined) {
    const json = { status: 'preview', ...report, warnings: [...source.ir.warnings, ...report.warnings] };
    return { json, text: describePreview(json), inputs: [model] };
  }
  const verification = await result.model.save(output, gateOptions(flags, context));
  const gateSeconds = verification?.seconds ?? 0;
  const json: PruneJson = {
    ...report,
    output,
    status: 'done',
    bytes: await compareFiles(source, output),
    ...(result.recovery ? { recovery: result.recovery } : {}),
    ...(result.accuracy ? { accuracy: result.accuracy } : {}),
    warnings: [...source.ir.warnings, ...report.warnings, ...(verification?.warnings ?? [])],
    verification,
    cost: { makeSeconds: (performance.now() - start) / 1000 - gateSeconds, gateSeconds, peakRssMb: peakRssMb() },
  };
  return { json: { ...json }, text: describePruned(json, verbose), inputs: [model], outputs: [output] };
}

/** Flags whose name and meaning are those of the SDK option. */
const NAMES = Object.fromEntries(
  [
    ...['pattern', 'sparsity', 'threshold', 'criterion', 'update', 'allocation'],
    ...['of', 'widths', 'grid', 'allowInexact', 'samples', 'include', 'exclude'],
  ].map((name) => [name, name]),
);

/** Flags of a recovery, by option. */
const RECOVERY_NAMES = { ...TRAINING_NAMES, ...TEACHER_NAMES, rounds: 'rounds', sparsifier: 'sparsifier' };

/** What --finetune asks for; undefined without it. Throws ERR_OPTION for flags that nothing would read. */
function recoveryOf(flags: Flags): RecoveryOptions | undefined {
  if (flags['finetune'] === undefined) {
    refuseFlags(flags, [...Object.values(RECOVERY_NAMES), 'distill'], 'without --finetune');
    return undefined;
  }
  if (flags['distill'] !== true) refuseFlags(flags, Object.values(TEACHER_NAMES), 'without --distill');
  if (flags['preview'] === true) refuseFlags(flags, ['finetune'], 'with --preview, which changes nothing');
  if (flags['data'] === undefined) {
    throw new GossamerError('ERR_OPTION', '--data: expected samples to train on with --finetune, received none');
  }
  const { epochs: _, ...names } = RECOVERY_NAMES;
  const bind = parseBindings(flags['bind'] as string | undefined);
  const epochs = flags['steps'] === undefined ? { epochs: flags['finetune'] } : {};
  return { ...given(flags, names), ...epochs, bind } as RecoveryOptions;
}
