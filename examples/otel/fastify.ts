/**
 * fastify with `@fastify/otel`: spans for requests, hooks and handlers, that of the caller kept.
 *
 * `npm install` here, then `deno run -A fastify.ts` or `bun fastify.ts`.
 *
 * @module
 */
import * as ci from "@cirron/sdk";
import { register } from "@cirron/sdk/otel";
import { FastifyOtelInstrumentation } from "@fastify/otel";
import * as api from "@opentelemetry/api";
import Fastify from "fastify";

ci.profile({ output: "none" });
register(api);

const app = Fastify();
await app.register(new FastifyOtelInstrumentation().plugin());
app.get("/users/:id", async request => {
  const { id } = request.params as { id: string };
  return await ci.scope("query", { attrs: { id } }, async () => {
    await new Promise(resolve => setTimeout(resolve, 10));
    api.trace.getTracer("driver").startSpan("SELECT").end();
    return { id };
  });
});

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
await Promise.all([
  app.inject({ url: "/users/1", headers: { traceparent: TRACEPARENT } }),
  ci.scope("our own client", async () => {
    const headers: Record<string, string> = {};
    api.propagation.inject(api.context.active(), headers);
    return await app.inject({ url: "/users/2", headers });
  }),
]);
await app.close();

ci.shutdown();
console.log(ci.trace({ format: "json" }));
