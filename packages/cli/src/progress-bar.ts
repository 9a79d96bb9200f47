import type { Progress } from '@gossamer/compress';
import cliProgress from 'cli-progress';

/** Shows progress on stderr: a bar with the time left on a terminal, one line a stage elsewhere, nothing when quiet. */
export class ProgressBar {
  #bar: cliProgress.SingleBar | undefined;
  #stage = '';
  readonly #isShown: boolean;

  constructor(isQuiet: boolean) {
    this.#isShown = !isQuiet;
  }

  readonly report = ({ stage, done, total }: Progress): void => {
    if (!this.#isShown) return;
    if (stage !== this.#stage) {
      this.stop();
      this.#stage = stage;
      if (process.stderr.isTTY) this.#bar = this.#start(stage, total);
      else process.stderr.write(`${stage}\n`);
    }
    if (!this.#bar) return;
    if (total !== undefined && total !== this.#bar.getTotal()) this.#bar.setTotal(total);
    this.#bar.update(done);
  };

  /** Ends the bar, so that other text can be written. */
  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
    this.#stage = '';
  }

  #start(stage: string, total: number | undefined): cliProgress.SingleBar {
    const bar = new cliProgress.SingleBar({
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
      // Without a total there is nothing to estimate from.
      format: total === undefined ? `${stage} {value}` : `${stage} [{bar}] {percentage}% | {eta_formatted} left`,
      fps: 5,
      stopOnComplete: false,
    });
    bar.start(total ?? 0, 0);
    return bar;
  }
}
