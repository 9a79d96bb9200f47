import {
  assertWritable,
  compareFiles,
  type CompressionResult,
  type DataSource,
  explain,
  type Explanation,
  loadModel,
  type OnnxModel,
  peakRssMb,
  quantize,
  type QuantizeResult,
} from '@gossamer/compress';
import { GossamerError } from '@gossamer/graph';
import { describeExplanation } from '../describe-explanation.js';
import type { CommandContext, CommandResult } from '../command-context.js';
import { describe } from './describe-quantized.js';
import { ExitCode } from '../exit-code.js';
import * as folder from './model-folder.js';
import { allotBits, describeBits } from './allot-bits.js';
import { gateOptions, openSource } from './open-source.js';
import * as quantizeAware from './quantize-aware.js';
import { quantizeOptions } from './quantize-options.js';

type Flags = Readonly<Record<string, unknown>>;

const MODES = ['static', 'dynamic', 'weight-only', 'qat'];

/** gossamer quantize MODEL -o OUT --mode static|dynamic|weight-only|qat */
export async function run(model: string, flags: Flags, context: CommandContext): Promise<CommandResult> {
  const mode = flags['mode'] as string | undefined;
  if (mode !== undefined && !MODES.includes(mode)) {
    throw new GossamerError('ERR_OPTION', `--mode: expected ${MODES.join(', ')}, received ${JSON.stringify(mode)}`);
  }
  if (mode === 'qat') return quantizeAware.run(model, flags, context);
  quantizeAware.refuseTraining(flags);
  if (flags['format'] === 'tfjs') return (await import('./quantize-tfjs.js')).run(model, flags, context);
  if (folder.isFolder(model)) {
    return folder.quantize(model, flags, context, await quantizeOptions(flags, undefined, context));
  }
  const output = flags['output'] as string;
  const { force, verbose } = context.options;
  if (flags['explain'] === true && flags['data'] === undefined) {
    throw new GossamerError('ERR_OPTION', '--explain: expected --data to look at, received none');
  }
  const source = await loadModel(model);
  assertWritable(source, output, force);
  const spec = flags['data'] as string | undefined;
  const data = spec === undefined ? undefined : await openSource(spec, flags, context);
  const start = performance.now();
  const allotted = await allotBits(source, data, flags, context);
  const options = await quantizeOptions(flags, data, context);
  const result = await quantize(source, allotted ? { ...options, ...allotted.options } : options);
  const made = performance.now();
  const verification = await result.model.save(output, gateOptions(flags, context));
  const gateSeconds = verification?.seconds ?? 0;
  const bytes = await compareFiles(source, output);
  const isOver = allotted?.budget !== undefined && bytes.after > allotted.budget;
  const report: CompressionResult & Pick<QuantizeResult['report'], 'samples' | 'equalized' | 'biases'> = {
    output,
    status: isOver ? 'budget-unmet' : 'done',
    bytes,
    layers: result.report.layers,
    samples: result.report.samples,
    ...(result.report.equalized ? { equalized: result.report.equalized } : {}),
    ...(result.report.biases ? { biases: result.report.biases } : {}),
    warnings: [
      ...source.ir.warnings,
      ...new Set([...(allotted?.warnings ?? []), ...result.report.warnings]),
      ...(verification?.warnings ?? []),
      ...(isOver ? [`--budget: expected at most ${allotted.budget} bytes, received ${bytes.after}`] : []),
      ...(data?.latencyOnly ? ['calibrated on random data: ranges, and so quality, are meaningless'] : []),
    ],
    verification,
    // Writing the file belongs to making it; the gate runs in a child process in between.
    cost: {
      makeSeconds: (performance.now() - start) / 1000 - gateSeconds,
      gateSeconds,
      peakRssMb: peakRssMb(),
    },
  };
  context.say(`quantized in ${((made - start) / 1000).toFixed(2)} s, gate ${gateSeconds.toFixed(2)} s`);
  const explanation = await explainResult(source, result, flags, data, context);
  const parts = [describe(report, verbose)];
  if (allotted) parts.push(describeBits(allotted));
  if (explanation) parts.push(describeExplanation(explanation));
  const text = parts.join('\n\n');
  const json = { ...report, ...(allotted ? { bits: allotted.report } : {}), ...(explanation ? { explanation } : {}) };
  return { json, text, inputs: [model], outputs: [output], exitCode: isOver ? ExitCode.budget : ExitCode.done };
}

/** What --explain asks for; undefined without it. */
async function explainResult(
  source: OnnxModel,
  { model, equalized, report }: QuantizeResult,
  flags: Flags,
  data: DataSource | undefined,
  { options: { threads }, signal, onProgress }: CommandContext,
): Promise<Explanation | undefined> {
  if (flags['explain'] !== true || !data) return undefined;
  const how = { ...(threads === undefined ? {} : { threads }), signal, onProgress };
  const optimize = flags['optimize'] !== false && !equalized;
  return explain(equalized ?? source, model, data, { ...how, report, optimize });
}
