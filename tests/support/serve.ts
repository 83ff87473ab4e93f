/**
 * Serves the checkout's files over HTTP on loopback, as deno.land and raw.githubusercontent.com do.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, posix } from "node:path";
import { ENTRIES } from "../../tools/entries.ts";
import { CHECKOUT } from "./checkout.ts";

/** A running server. */
export interface CheckoutServer {
  /** Host and port, as `--allow-import` wants them. */
  readonly host: string;
  /** The URL of the checkout, with a slash at the end. No two servers share one. */
  readonly url: string;
  /** Paths asked for, in order, as seen from the checkout. */
  readonly asked: readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves the package's TypeScript files and nothing else. */
export async function serveCheckout(): Promise<CheckoutServer> {
  const asked: string[] = [];
  // Deno caches by URL for good, and a port comes back in a later run, with other files. (`--reload` with the server's
  // URL does not help: Deno 2.9.6 reloads nothing for a prefix that ends in a slash.)
  const prefix = `/${randomUUID()}`;
  const server = createServer((request, response) => {
    const whole = posix.normalize(decodeURIComponent(new URL(request.url ?? "/", "http://x.test").pathname));
    const path = whole.startsWith(`${prefix}/`) ? whole.slice(prefix.length) : `(outside)${whole}`;
    asked.push(path);
    const isPublished = ENTRIES.includes(path.slice(1)) || /^\/(src|ffi)\/[\w./]+\.ts$/.test(path);
    (isPublished ? readFile(join(CHECKOUT, path)) : Promise.reject(new Error("not published"))).then(
      text => response.writeHead(200, { "content-type": "application/typescript" }).end(text),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>(resolve => void server.listen(0, "127.0.0.1", () => resolve()));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}${prefix}/`,
    asked,
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
