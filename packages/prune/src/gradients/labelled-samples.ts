import { isInteger, type Model, type Tensor } from '@gossamer/graph';
import { type DataSource, modelInputs } from '@gossamer/runtime';
import { arrayDataset, collectDataset, type Dataset } from '@gossamer/train';
import { drawLabels, type DrawOptions } from './draw-labels.js';

export interface LabelOptions extends DrawOptions {
  /** Draws the labels that the data lack. Default: the model itself. */
  readonly teacher?: Model;
}

export interface LabelledSamples {
  readonly dataset: Dataset;
  readonly warnings: readonly string[];
}

/**
 * The samples of a source with what a loss needs: its `labels`; else its targets, as `labels` where they are integers; else, for each row of the first output, a class drawn from the
 * distribution that a teacher gives there, by the seed. Throws what collectDataset throws.
 */
export async function labelledSamples(
  model: Model,
  source: DataSource,
  options: LabelOptions = {},
): Promise<LabelledSamples> {
  const { limit, signal } = options;
  const dataset = await collectDataset(source, {
    inputs: modelInputs(model),
    ...(limit === undefined ? {} : { limit }),
    ...(signal ? { signal } : {}),
  });
  const targets = dataset.arrays.get('targets');
  if (dataset.arrays.has('labels')) return { dataset, warnings: [] };
  if (targets) return { dataset: isInteger(targets.dtype) ? renamed(dataset) : dataset, warnings: [] };
  const whose = options.teacher ? 'a teacher' : 'the model itself';
  return {
    dataset: joined(dataset, await drawLabels(options.teacher ?? model, source, options)),
    warnings: [`data: expected labels, received none; they are drawn from what ${whose} predicts`],
  };
}

/** Classes that the data call targets are labels. */
function renamed(dataset: Dataset): Dataset {
  return {
    length: dataset.length,
    arrays: new Map([...dataset.arrays].map(([name, array]) => [name === 'targets' ? 'labels' : name, array])),
    read: (indices, { labels, ...into }) => dataset.read(indices, labels ? { ...into, targets: labels } : into),
  };
}

function joined(dataset: Dataset, labels: Tensor): Dataset {
  const drawn = arrayDataset({ labels });
  return {
    length: dataset.length,
    arrays: new Map([...dataset.arrays, ...drawn.arrays]),
    read(indices, { labels: into, ...others }) {
      dataset.read(indices, others);
      if (into) drawn.read(indices, { labels: into });
    },
  };
}
