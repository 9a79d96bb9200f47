import type { DataFreeOptions } from '../../data-free-options.js';
import { AdversarialMaker } from './adversarial-maker.js';
import { AutoencoderMaker } from './autoencoder-maker.js';
import { DecoderMaker } from './decoder-maker.js';
import { FewShotGanMaker } from './few-shot-gan-maker.js';
import { RealSamples } from './real-samples.js';
import type { MakerContext, SampleMaker } from './sample-maker.js';

/** The maker that the options ask for: of the teacher alone, or of real samples. */
export async function openMaker(context: MakerContext, options: DataFreeOptions): Promise<SampleMaker> {
  const { generator, samples, inputMean: mean = 0, inputDeviation: deviation = 1, adversarial = 1 } = options;
  if (samples === undefined) {
    const Maker = generator === 'vae' ? DecoderMaker : AdversarialMaker;
    return Maker.open(context, { mean, deviation, adversarial });
  }
  const { shape, batch, seed, student } = context;
  const real = new RealSamples(samples, student.form.inputs[0]!, shape, batch / 2, seed);
  return generator === 'vae' ? AutoencoderMaker.open(context, real) : FewShotGanMaker.open(context, real);
}
