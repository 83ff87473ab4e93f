/**
 * One request of OTLP over HTTP, and what came of it. https://opentelemetry.io/docs/specs/otlp/#otlphttp
 *
 * @module
 */
import { describeError } from "../../data/text_limits.ts";
import { type Answer, readAnswer } from "../../formats/otlp/response.ts";

/** What came of a request. */
export type Outcome =
  /** It was taken; of an answer that nobody can read, all of it. */
  | { readonly kind: "taken"; readonly answer: Answer | null }
  /** It may be sent again, not before so many milliseconds; null if that is not said. */
  | { readonly kind: "again"; readonly afterMs: number | null; readonly reason: string }
  /** It will not be taken. */
  | { readonly kind: "refused"; readonly reason: string };

/** Where requests go. */
export interface Endpoint {
  readonly url: string;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds until a request is given up. */
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
  /** Calls back in so many milliseconds, without keeping the program alive; gives what takes that back. */
  readonly later: (ms: number, run: () => void) => () => void;
}

/** Statuses after which the specification has a client try again. */
const RETRYABLE: readonly number[] = [429, 502, 503, 504];

/** Bytes of an answer that are read. */
const MOST_ANSWER_BYTES = 65_536;

/** Sends one request. Never rejects. */
export async function post(
  { url, contentType, headers, timeoutMs, fetch, later }: Endpoint,
  body: Uint8Array,
  encoding: "gzip" | null,
): Promise<Outcome> {
  const abort = new AbortController();
  // Not AbortSignal.timeout(): its timer would keep the program alive.
  const stop = later(timeoutMs, () => abort.abort());
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": contentType,
        ...(encoding === null ? {} : { "content-encoding": encoding }),
        ...headers,
      },
      body: body as Uint8Array<ArrayBuffer>,
      redirect: "error",
      signal: abort.signal,
    });
    const answer = await bodyOf(response);
    const { status } = response;
    if (status >= 200 && status < 300) {
      return { kind: "taken", answer: readAnswer(answer, response.headers.get("content-type") ?? "") };
    }
    const reason = `HTTP ${status}`;
    if (!RETRYABLE.includes(status)) return { kind: "refused", reason };
    return { kind: "again", afterMs: retryAfterMs(response.headers), reason };
  } catch (error) {
    const reason = abort.signal.aborted ? `no answer within ${timeoutMs} ms` : describeError(error);
    return { kind: "again", afterMs: null, reason };
  } finally {
    stop();
  }
}

async function bodyOf(response: Response): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
    parts.push(part.value);
    length += part.value.length;
    if (length > MOST_ANSWER_BYTES) {
      await reader?.cancel();
      break;
    }
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Seconds, or a moment: compared with the receiver's own clock, as it says in the same answer. */
function retryAfterMs(headers: Headers): number | null {
  const given = headers.get("retry-after");
  if (given === null) return null;
  if (/^\s*\d+\s*$/.test(given)) return Number(given) * 1000;
  const ms = Date.parse(given) - Date.parse(headers.get("date") ?? "");
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}
