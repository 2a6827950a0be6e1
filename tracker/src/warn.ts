/**
 * Tells the people who build the page what is wrong; visitors and their pages never notice.
 *
 * `what` names the option, command or field; what each has to be is in the README, not in every visitor's
 * download.
 */
export function warn(what: string, value?: unknown): void {
  console.warn(`bellrock: cannot use ${what}:`, value);
}

/** What `action` gives; undefined if it fails, which is warned about where `what` names it. */
export function attempt<T>(action: () => T, what?: string): T | undefined {
  try {
    return action();
  } catch (error) {
    if (what) warn(what, error);
    return undefined;
  }
}
