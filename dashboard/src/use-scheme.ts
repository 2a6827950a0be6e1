/** The colour scheme in use, and how to choose another. */
import { useEffect, useState } from "preact/hooks";
import {
  applyScheme,
  type Choice,
  onSystemChange,
  type Scheme,
  schemeOf,
  storeChoice,
  storedChoice,
} from "./theme.ts";

export interface Theme {
  readonly choice: Choice;
  readonly scheme: Scheme;
  choose(choice: Choice): void;
}

export function useScheme(): Theme {
  const [choice, setChoice] = useState(storedChoice);
  const [scheme, setScheme] = useState(() => schemeOf(choice));
  useEffect(() => {
    const follow = () => setScheme(schemeOf(choice));
    follow();
    return onSystemChange(follow);
  }, [choice]);
  useEffect(() => applyScheme(scheme), [scheme]);
  const choose = (next: Choice) => {
    storeChoice(next);
    setChoice(next);
  };
  return { choice, scheme, choose };
}
