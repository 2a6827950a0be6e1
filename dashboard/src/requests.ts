/**
 * One answer per question and tick: panels, tiles and tables that ask the same thing share it, so that
 * what stands side by side on a page comes from the same moment.
 */
import {
  type HistogramRequest,
  type HistogramResult,
  histogram,
  type QueryRequest,
  type QueryResult,
  query,
} from "./api.ts";

let generation = -1;
const answers = new Map<string, Promise<unknown>>();

export function askQuery(request: QueryRequest, tick: number): Promise<QueryResult> {
  return shared(`query ${JSON.stringify(request)}`, tick, () => query(request));
}

export function askHistogram(request: HistogramRequest, tick: number): Promise<HistogramResult> {
  return shared(`histogram ${JSON.stringify(request)}`, tick, () => histogram(request));
}

function shared<Answer>(key: string, tick: number, ask: () => Promise<Answer>): Promise<Answer> {
  if (tick !== generation) answers.clear();
  generation = tick;
  const known = answers.get(key) as Promise<Answer> | undefined;
  if (known) return known;
  const answer = ask();
  answers.set(key, answer);
  // A refusal is not kept: asking again may succeed.
  answer.catch(() => answers.delete(key));
  return answer;
}
