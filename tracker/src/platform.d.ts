/** What browsers have and the standard type library does not know yet, and what the build knows. */

/** Whether this is the build that says which element each vital is about. */
declare const ATTRIBUTES: boolean;

interface Navigator {
  readonly globalPrivacyControl?: boolean;
  readonly doNotTrack?: string | null;
  readonly userAgentData?: { readonly mobile: boolean; readonly platform: string };
}

interface Document {
  readonly prerendering?: boolean;
  readonly wasDiscarded?: boolean;
}

interface PerformanceNavigationTiming {
  readonly activationStart?: number;
}

interface Window {
  /** An array of waiting commands before the tracker runs, an object with `push` after. */
  bellrock?: unknown;
}

interface Window {
  /** https://www.w3.org/TR/fetch-later/ */
  fetchLater?(
    url: string,
    init: RequestInit & { activateAfter?: number },
  ): { readonly activated: boolean };
}
