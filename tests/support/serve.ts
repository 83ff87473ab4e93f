/**
 * Serves the checkout's files over HTTP on loopback, as deno.land and raw.githubusercontent.com do.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, posix } from "node:path";
import { CHECKOUT } from "./runtimes.ts";

/** A running server. */
export interface CheckoutServer {
  /** Host and port, as `--allow-import` wants them. */
  readonly host: string;
  /** The URL of the checkout, with a slash at the end. */
  readonly url: string;
  /** Paths asked for, in order. */
  readonly asked: readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves the package's TypeScript files and nothing else. */
export async function serveCheckout(): Promise<CheckoutServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = posix.normalize(decodeURIComponent(new URL(request.url ?? "/", "http://x.test").pathname));
    asked.push(path);
    const isPublished = /^\/(mod\.ts|polars\.ts|(src|ffi)\/[\w./]+\.ts)$/.test(path);
    (isPublished ? readFile(join(CHECKOUT, path)) : Promise.reject(new Error("not published"))).then(
      text => response.writeHead(200, { "content-type": "application/typescript" }).end(text),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>(resolve => void server.listen(0, "127.0.0.1", () => resolve()));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}/`,
    asked,
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
