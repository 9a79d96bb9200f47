import type { DataFreeOptions } from '../../distill-data-free.js';
import { AdversarialMaker } from './adversarial-maker.js';
import type { MakerContext, SampleMaker } from './sample-maker.js';

/** The maker that the options ask for. */
export async function openMaker(context: MakerContext, options: DataFreeOptions): Promise<SampleMaker> {
  const { inputMean: mean = 0, inputDeviation: deviation = 1, adversarial = 0 } = options;
  return AdversarialMaker.open(context, { mean, deviation, adversarial });
}
