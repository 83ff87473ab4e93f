/**
 * The AI SDK 6 with `experimental_telemetry` and a model that is made up: a call and a stream at once, their tokens as marks.
 *
 * `npm install` here, then `deno run -A ai_6.ts` or `bun ai_6.ts`.
 *
 * @module
 */
import * as ci from "@cirron/sdk";
import { register } from "@cirron/sdk/otel";
import * as api from "@opentelemetry/api";
import { generateText, simulateReadableStream, stepCountIs, streamText, tool } from "ai-6";
import { MockLanguageModelV3 } from "ai-6/test";
import { z } from "zod";

ci.profile({ output: "none" });
register(api);

const usage = {
  inputTokens: { total: 3, noCache: 3, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 10, text: 10, reasoning: undefined },
};

/** Asks for a tool first, and answers with what that gave. */
function agent() {
  let calls = 0;
  return new MockLanguageModelV3({
    doGenerate: () =>
      Promise.resolve({
        warnings: [],
        usage,
        ...(calls++ === 0
          ? {
            finishReason: { unified: "tool-calls" as const, raw: undefined },
            content: [{
              type: "tool-call" as const,
              toolCallId: "call-1",
              toolName: "weather",
              input: '{"city":"Oslo"}',
            }],
          }
          : {
            finishReason: { unified: "stop" as const, raw: undefined },
            content: [{ type: "text" as const, text: "Rain in Oslo." }],
          }),
      }),
  });
}

function streaming() {
  return new MockLanguageModelV3({
    doStream: () =>
      Promise.resolve({
        stream: simulateReadableStream({
          chunkDelayInMs: 2,
          chunks: [
            { type: "text-start" as const, id: "1" },
            { type: "text-delta" as const, id: "1", delta: "Hel" },
            { type: "text-delta" as const, id: "1", delta: "lo" },
            { type: "text-end" as const, id: "1" },
            { type: "finish" as const, finishReason: { unified: "stop" as const, raw: undefined }, usage },
          ],
        }),
      }),
  });
}

const weather = tool({
  description: "The weather of a city",
  inputSchema: z.object({ city: z.string() }),
  execute: ({ city }) => ci.scope("look up", { attrs: { city } }, () => Promise.resolve("rain")),
});

const ask = (question: string) =>
  ci.scope(question, async () => {
    const { text } = await generateText({
      model: agent(),
      tools: { weather },
      stopWhen: stepCountIs(3),
      prompt: question,
      experimental_telemetry: { isEnabled: true },
    });
    return text;
  });

const stream = (name: string) =>
  ci.scope(name, async () => {
    let text = "";
    const { textStream } = streamText({
      model: streaming(),
      prompt: "Say hello",
      experimental_telemetry: { isEnabled: true },
    });
    for await (const part of textStream) text += part;
    return text;
  });

await Promise.all([ask("question 1"), ask("question 2"), stream("greeting")]);

ci.shutdown();
console.log(ci.trace({ format: "json" }));
