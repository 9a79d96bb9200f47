import type { SuiteFindings } from './suite-result.js';
import type { SuiteContext } from './suite.js';

/** What one part of a suite found. */
export type PartFindings = Omit<SuiteFindings, 'summary'>;

/** A suite made of parts, one behind the other: those that `--only` names, else all. */
export async function suiteOfParts(
  parts: Readonly<Record<string, (context: SuiteContext) => PartFindings | Promise<PartFindings>>>,
  summary: string,
  context: SuiteContext,
): Promise<SuiteFindings> {
  const found: PartFindings[] = [];
  for (const [name, measure] of Object.entries(parts)) {
    if (context.only?.includes(name) ?? true) found.push(await measure(context));
  }
  return {
    summary,
    claims: found.flatMap(({ claims }) => claims),
    tables: found.flatMap(({ tables }) => tables),
    warnings: found.flatMap(({ warnings = [] }) => warnings),
    data: Object.assign({}, ...found.map(({ data }) => data)) as Record<string, unknown>,
  };
}
