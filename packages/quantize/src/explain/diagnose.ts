import type { LayerExplanation } from './explanation.js';

/** A layer that keeps this many dB needs no cure: its noise is a thousandth of its signal. */
const GOOD_DB = 30;

/** Ratios from which on a range wastes three bits or more. */
const WIDE = 8;

/** Share of inputs outside their range that is worth a word. */
const CLIPPED = 0.01;

/** Below this a layer without VNNI is cut off noticeably beside its 8-bit noise. */
const SATURATION_DB = 40;

interface Finding {
  readonly cause: string;
  readonly cure: string;
}

/** The causes of a layer's loss in plain words, and the cure; `taken`: what its report says was done. */
export function diagnose(
  facts: Omit<LayerExplanation, 'causes' | 'cure'>,
  taken: string | undefined,
): Pick<LayerExplanation, 'causes' | 'cure'> {
  const found = findings(facts);
  const causes = found.map(({ cause }) => cause);
  const loss = facts.sqnrAlone;
  const wasCured = taken !== undefined && /7 bits|most noise/.test(taken);
  if (wasCured) return { causes, cure: `taken: ${taken}` };
  if (loss === undefined || loss >= GOOD_DB) {
    const risk = found.find(({ cure }) => cure.includes('reduceRange'));
    return { causes, cure: risk ? `without VNNI: ${risk.cure}` : 'none needed' };
  }
  if (found.length > 0) return { causes, cure: [...new Set(found.map(({ cure }) => cure))].join('; ') };
  const cause = `its codes are few for values spread evenly: ${loss.toFixed(1)} dB alone`;
  return { causes: [cause], cure: 'more bits, smaller blocks, or keep it in float (keepFloat)' };
}

function findings({
  weights,
  input,
  clipped,
  deadChannels,
  saturation,
}: Omit<LayerExplanation, 'causes' | 'cure'>): Finding[] {
  const found: Finding[] = [];
  const add = (cause: string, cure: string) => found.push({ cause, cure });
  const bits = (ratio: number) => Math.floor(Math.log2(ratio));
  // Ranges of inputs matter where inputs are codes.
  if (input && clipped !== undefined) {
    const { channelRatio = 1, outlierRatio } = input;
    if (channelRatio >= WIDE && Number.isFinite(channelRatio)) {
      const waste = `per-tensor activations waste ${bits(channelRatio)} bits`;
      add(
        `one input channel is ${channelRatio.toFixed(0)} times the median: ${waste}`,
        'smooth it (SmoothQuant), or keep it in float',
      );
    } else if (outlierRatio >= WIDE && Number.isFinite(outlierRatio)) {
      const times = `the largest input is ${outlierRatio.toFixed(0)} times what 99.9 % stay below`;
      add(`${times}: the range wastes ${bits(outlierRatio)} bits`, "calibrator 'percentile', 'entropy' or 'mse'");
    }
  }
  if (clipped !== undefined && clipped >= CLIPPED) {
    add(
      `${(100 * clipped).toFixed(1)} % of its inputs lie outside their range`,
      "calibrator 'minmax', or more calibration data",
    );
  }
  if (weights && (weights.channelRatio ?? 1) >= WIDE && Number.isFinite(weights.channelRatio)) {
    const ratio = weights.channelRatio!;
    const waste = `one scale for all would waste ${bits(ratio)} bits`;
    add(
      `one output channel's weights are ${ratio.toFixed(0)} times the median: ${waste}`,
      "granularity 'perAxis' or 'perBlock'",
    );
  }
  if (weights && weights.outlierRatio >= WIDE && Number.isFinite(weights.outlierRatio)) {
    add(
      `its largest weight is ${weights.outlierRatio.toFixed(0)} times what 99.9 % stay below`,
      'clip search, or smaller blocks',
    );
  }
  if (saturation?.sqnrDb !== undefined && saturation.sqnrDb < SATURATION_DB) {
    const share = ((saturation.saturated ?? 0) * 100).toPrecision(2);
    add(
      `CPUs without VNNI cut ${share} % of its sums of two products off (${saturation.sqnrDb.toFixed(1)} dB)`,
      "reduceRange 'auto'",
    );
  }
  if (deadChannels !== undefined && deadChannels > 0) {
    add(`${deadChannels} of its output channels ${deadChannels === 1 ? 'is' : 'are'} 0 on all data`, 'prune them');
  }
  return found;
}
