/**
 * elysia with `@elysiajs/opentelemetry`: a span for each request and each of its steps, that of the caller kept.
 *
 * `npm install` here, then `deno run -A elysia.ts` or `bun elysia.ts`.
 *
 * @module
 */
import * as ci from "@cirron/sdk";
import { register } from "@cirron/sdk/otel";
import { opentelemetry } from "@elysiajs/opentelemetry";
import * as api from "@opentelemetry/api";
import { Elysia } from "elysia";

ci.profile({ output: "none" });
// First: the plugin starts an SDK of its own where nothing is registered.
register(api);

const app = new Elysia().use(opentelemetry()).get(
  "/users/:id",
  ({ params: { id } }) =>
    ci.scope("query", { attrs: { id } }, async () => {
      await new Promise(resolve => setTimeout(resolve, 10));
      api.trace.getTracer("driver").startSpan("SELECT").end();
      return { id };
    }),
);

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const get = async (path: string, headers: Record<string, string>) =>
  await (await app.handle(new Request(`http://localhost${path}`, { headers }))).text();
await Promise.all([
  get("/users/1", { traceparent: TRACEPARENT }),
  ci.scope("our own client", async () => {
    const headers: Record<string, string> = {};
    api.propagation.inject(api.context.active(), headers);
    return await get("/users/2", headers);
  }),
]);

ci.shutdown();
console.log(ci.trace({ format: "json" }));
