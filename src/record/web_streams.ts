/**
 * Follows web streams, and responses that stream. Runtimes read them from within, so another stream takes the place of the one
 * that is followed: it asks that one for a chunk when it is asked itself, and keeps none.
 *
 * @module
 */
import { isStreamed } from "../runtime/response_body.ts";
import type { StreamScope } from "./stream_scope.ts";

/** Whether `value` is a `Response`, of the class itself: what a subclass knows besides would be lost. */
export function isResponse(value: object): value is Response {
  return isOf(value, "Response");
}

/** Whether `value` is a `ReadableStream`, of the class itself. */
export function isPlainWebStream(value: object): value is ReadableStream<unknown> {
  return isOf(value, "ReadableStream");
}

// By its tag first: to name the class makes a runtime load it.
function isOf(value: object, name: "Response" | "ReadableStream"): boolean {
  return (value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] === name
    && Object.getPrototypeOf(value) === globalThis[name]?.prototype;
}

/** A response of the same status, headers and address whose body is followed; undefined if there is none to follow. */
export function followResponse(response: Response, scope: StreamScope): Response | undefined {
  if (!isStreamed(response) || response.bodyUsed || response.body === null) return undefined;
  // What was fetched and is empty has a stream in Deno, which nobody reads.
  if (response.headers.get("content-length") === "0") return undefined;
  const body = followWebStream(response.body, scope);
  return body === undefined ? undefined : responseLike(response, body);
}

function responseLike(response: Response, body: ReadableStream): Response {
  const { status, statusText, headers, url, type, redirected } = response;
  const made = new Response(body, { status, statusText, headers });
  // These no constructor takes: they tell where a response comes from.
  const known = { url, type, redirected };
  for (const [key, value] of Object.entries(known)) {
    if (made[key as keyof typeof known] !== value) {
      Object.defineProperty(made, key, { get: () => value, configurable: true });
    }
  }
  if (Object.hasOwn(made, "url")) {
    Object.defineProperty(made, "clone", {
      value: () => responseLike(response, Response.prototype.clone.call(made).body!),
      configurable: true,
      writable: true,
    });
  }
  return made;
}

/** A stream of the same chunks; undefined if somebody reads the other one already. */
export function followWebStream(
  stream: ReadableStream<unknown>,
  scope: StreamScope,
): ReadableStream<unknown> | undefined {
  if (stream.locked) return undefined;
  scope.begin();
  const source = new FollowedSource(stream, scope);
  // The stream itself may be gone while it is read: Deno's server keeps what is behind it.
  scope.watch(source);
  return source.isBytes
    ? new ReadableStream({
      type: "bytes",
      pull: controller => source.pullBytes(controller),
      cancel: reason => source.cancel(reason),
    })
    : new ReadableStream({
      pull: controller => source.pull(controller),
      cancel: reason => source.cancel(reason),
    }, { highWaterMark: 0 });
}

/** Takes chunks out of a stream as they are asked for. */
class FollowedSource {
  /** Whether a reader may bring memory of its own. */
  readonly isBytes: boolean;
  readonly #stream: ReadableStream<unknown>;
  readonly #scope: StreamScope;
  #reader: ReadableStreamDefaultReader<unknown> | null = null;
  #bytesReader: ReadableStreamBYOBReader | null = null;

  constructor(stream: ReadableStream<unknown>, scope: StreamScope) {
    this.#stream = stream;
    this.#scope = scope;
    this.isBytes = this.#tryBytes();
    if (!this.isBytes) this.#reader = stream.getReader();
  }

  // Without `async` and `await`: every promise more is felt where chunks are small.
  pull(controller: ReadableStreamDefaultController<unknown>): Promise<void> {
    return this.#scope.run(this.#readPlain).then(({ done, value }) => {
      if (!done) return controller.enqueue(value);
      this.#scope.stop();
      controller.close();
    }, this.#fail);
  }

  pullBytes(controller: ReadableByteStreamController): Promise<void> {
    const request = controller.byobRequest;
    if (request === null) return this.pull(controller as never);
    const { buffer, byteOffset, byteLength } = request.view!;
    const into = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
    return this.#scope.run(() => this.#byobReader().read(into)).then(({ done, value }) => {
      if (done) {
        this.#scope.stop();
        controller.close();
      }
      if (value === undefined) request.respond(0);
      else request.respondWithNewView(value);
    }, this.#fail);
  }

  cancel(reason: unknown): Promise<void> {
    const reader = this.#bytesReader ?? this.#plainReader();
    return this.#scope.run(() => reader.cancel(reason)).then(() => this.#scope.stop(), this.#fail);
  }

  readonly #readPlain = (): Promise<ReadableStreamReadResult<unknown>> => this.#plainReader().read();

  readonly #fail = (error: unknown): never => {
    this.#scope.fail(error);
    throw error;
  };

  #tryBytes(): boolean {
    try {
      this.#bytesReader = this.#stream.getReader({ mode: "byob" });
      return true;
    } catch {
      return false;
    }
  }

  // A stream has one reader at a time, and each kind reads in its own way.
  #plainReader(): ReadableStreamDefaultReader<unknown> {
    this.#bytesReader?.releaseLock();
    this.#bytesReader = null;
    return this.#reader ??= this.#stream.getReader();
  }

  #byobReader(): ReadableStreamBYOBReader {
    this.#reader?.releaseLock();
    this.#reader = null;
    return this.#bytesReader ??= this.#stream.getReader({ mode: "byob" });
  }
}
