export { type CaseComparison, compareFiles, type ResultsComparison } from './compare/compare-files.js';
export type { CaseOutcome, CaseResult, EngineTimes, FailedCase } from './cases/case-result.js';
export { environment, type Environment } from './harness/environment.js';
export { pairedLatency, type PairedLatency, type PairedOptions } from './harness/paired-latency.js';
export {
  type Claim,
  type SuiteFindings,
  type SuiteResult,
  type Table,
  toMarkdown,
  writeReport,
} from './harness/report.js';
export { type MeasuredRun, type MeasureOptions, runMeasured } from './harness/run-measured.js';
export type { Suite, SuiteContext } from './harness/suite.js';
export { ocrDictionary } from './ocr/dictionary.js';
export { lineSource } from './ocr/line-source.js';
export { type OcrTensor, type RenderedLine, renderLines, type RenderOptions } from './ocr/render-lines.js';
export { runSuite, type RunSuiteOptions, SUITES } from './run-suite.js';
export { speechClips, type SpeechSet, speechStream } from './speech/clips.js';
export { sileroSource, speechFrames } from './speech/silero-source.js';
export { type WakeWordModel, wakeWordModel, wakeWordSources } from './speech/wake-word-sources.js';
