import type { Spread } from './value-spread.js';

/** What an x64 CPU without VNNI does to a layer of uint8 x int8 products. */
export interface SaturationRisk {
  /** Pairs of products that can leave int16 with the codes that calibration saw in each channel. */
  readonly pairsAtRisk: number;
  readonly pairs: number;
  /** Share of the pairs added on the data that were cut off; undefined where the layer's shape is not counted. */
  readonly saturated: number | undefined;
  /** Signal over what is cut off the layer's result, in dB; Infinity where nothing is. */
  readonly sqnrDb: number | undefined;
}

/** One layer before and after quantization. */
export interface LayerExplanation {
  readonly name: string;
  readonly op: string;
  /** Of the float weights; undefined where they are inside a control-flow body that was not looked at. */
  readonly weights: Spread | undefined;
  /** Of what the layer reads; undefined where calibration could not see it. */
  readonly input: Spread | undefined;
  /** Share of the inputs outside the range of their codes; undefined where they are no codes. */
  readonly clipped: number | undefined;
  /** Output channels that were 0 on all data. */
  readonly deadChannels: number | undefined;
  /** Signal over noise of the layer's result in dB: with only this layer quantized, and with all before it too. Infinity: untouched. */
  readonly sqnrAlone: number | undefined;
  readonly sqnrCumulated: number | undefined;
  readonly saturation: SaturationRisk | undefined;
  /** What costs quality, in words; empty: nothing stands out. */
  readonly causes: readonly string[];
  /** What was done about it, or what would help; 'none needed' where the layer loses little. */
  readonly cure: string;
}
