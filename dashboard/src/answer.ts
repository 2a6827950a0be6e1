/** The hook behind everything that is asked of the API: keeps the last answer while the next is on its way. */
import { useEffect, useState } from "preact/hooks";

export interface Answer<Value> {
  /** The newest answer to this question; null until there is one. */
  readonly value: Value | null;
  readonly error: Error | null;
}

/**
 * Asks again whenever `question` or `tick` changes. A new tick keeps the old value until the new one is
 * there; a new question does not, since the old value would answer another. Late answers are dropped.
 */
export function useAnswer<Value>(
  question: string,
  tick: number,
  ask: () => Promise<Value>,
): Answer<Value> {
  const [kept, keep] = useState<Answer<Value> & { question: string }>(() => nothing(question));
  // biome-ignore lint/correctness/useExhaustiveDependencies: `ask` is what `question` and `tick` say
  useEffect(() => {
    let late = false;
    ask().then(
      (value) => late || keep({ question, value, error: null }),
      (error: Error) =>
        late ||
        keep((old) => ({ ...(old.question === question ? old : nothing(question)), error })),
    );
    return () => {
      late = true;
    };
  }, [question, tick]);
  return kept.question === question ? kept : nothing(question);
}

function nothing<Value>(question: string): Answer<Value> & { question: string } {
  return { question, value: null, error: null };
}
