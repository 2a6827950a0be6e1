/**
 * The typed client of the HTTP API. Enters: requests in the API's own words. Leaves: its answers, or a
 * `Problem` whose text is ready to show. `SignedOut` is thrown where there is no valid session.
 */
import { SCHEME } from "./ll32.ts";
import type { Unit } from "./timers.ts";

const PREFIX = "/api/v1";

export type Condition = readonly ["is" | "is_not", string, readonly string[]];
export type DateRange = string | readonly [string, string];

export interface Test {
  readonly name: string;
  readonly control: string;
  readonly groups: Readonly<Record<string, number>>;
}

export interface Site {
  readonly key: string;
  readonly currency: string;
  readonly dimensions: readonly string[];
  readonly labels: readonly string[];
  readonly timers: readonly string[];
  readonly tests: readonly Test[];
}

export interface Viewer {
  readonly name: string;
  readonly role: string;
}

/** What every question about a site has in common. */
export interface Selection {
  readonly site: string;
  readonly date_range: DateRange;
  readonly filters: readonly Condition[];
  readonly include: { readonly bots: boolean };
}

export interface QueryRequest extends Selection {
  readonly metrics: readonly string[];
  readonly dimensions: readonly string[];
  readonly order_by?: readonly (readonly [string, "asc" | "desc"])[];
  readonly pagination?: { readonly limit: number };
}

export interface Meta {
  readonly left_out?: { readonly impressions: number; readonly reason: string } | null;
  readonly warnings?: readonly string[];
}

export interface QueryResult {
  readonly results: readonly {
    readonly dimensions: readonly (string | null)[];
    readonly metrics: readonly (number | null)[];
  }[];
  readonly meta: Meta;
  readonly query: { readonly date_range: readonly [string, string] };
}

export interface HistogramRequest extends Selection {
  readonly timer: string;
  readonly by: "group" | null;
}

export interface HistogramSeries {
  /** null where the histogram is not by group. */
  readonly group: string | null;
  readonly count: number;
  readonly mean: number | null;
  readonly quantiles: Readonly<Record<string, number | null>>;
  readonly cells: readonly {
    readonly cell: number;
    readonly lower: number;
    readonly upper: number | null;
    readonly count: number;
  }[];
}

export interface HistogramResult {
  readonly scheme: string;
  readonly timer: string;
  readonly unit: Unit;
  readonly series: readonly HistogramSeries[];
  readonly meta: Meta;
}

/** An answer that is an error, in the terms of RFC 9457. */
export class Problem extends Error {
  constructor(
    readonly title: string,
    readonly detail: string,
    readonly status: number,
    readonly field: string | null,
  ) {
    super(detail || title);
  }
}

export class SignedOut extends Error {}

export function query(request: QueryRequest): Promise<QueryResult> {
  return post<QueryResult>("/query", request);
}

export async function histogram(request: HistogramRequest): Promise<HistogramResult> {
  const result = await post<HistogramResult>("/histogram", request);
  if (result.scheme !== SCHEME) {
    throw new Problem(
      "Unknown histogram scheme",
      `The server's histograms are in the scheme ${result.scheme}, this page reads ${SCHEME}: reload the page.`,
      0,
      null,
    );
  }
  return result;
}

export function viewer(): Promise<Viewer> {
  return call<Viewer>("GET", "/me");
}

export async function sites(): Promise<readonly Site[]> {
  return (await call<{ sites: readonly Site[] }>("GET", "/sites")).sites;
}

/** Signs in; a refused name or password is a `Problem`, as every other refusal. */
export async function signIn(name: string, password: string): Promise<void> {
  const response = await send("POST", "/login", { name, password });
  if (!response.ok) throw await problemOf(response);
}

export async function signOut(): Promise<void> {
  await send("POST", "/logout");
}

/** The address of a site's stream of live events. */
export function liveAddress(site: string): string {
  return `${PREFIX}/live?site=${encodeURIComponent(site)}`;
}

function post<Answer>(path: string, body: unknown): Promise<Answer> {
  return call<Answer>("POST", path, body);
}

async function call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await send(method, path, body);
  if (response.status === 401) throw new SignedOut("signed out");
  if (!response.ok) throw await problemOf(response);
  return (await response.json()) as Answer;
}

async function send(method: string, path: string, body?: unknown): Promise<Response> {
  const request: RequestInit = { method, headers: { Accept: "application/json" } };
  if (body !== undefined) {
    request.headers = { ...request.headers, "Content-Type": "application/json" };
    request.body = JSON.stringify(body);
  }
  try {
    return await fetch(PREFIX + path, request);
  } catch {
    throw new Problem(
      "No connection",
      "The server does not answer. Check that bellrock is running and that this machine is online.",
      0,
      null,
    );
  }
}

async function problemOf(response: Response): Promise<Problem> {
  const body = await response.json().catch(() => ({}));
  const { title, detail, field } = body as Partial<Record<"title" | "detail" | "field", string>>;
  const fallback = `The server answered ${response.status} ${response.statusText}`.trim();
  return new Problem(title ?? fallback, detail ?? "", response.status, field ?? null);
}
