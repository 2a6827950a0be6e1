/** What browsers have and the standard type library does not know yet. */

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
