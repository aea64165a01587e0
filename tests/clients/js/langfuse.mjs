// Langfuse for JavaScript: its span processor, tracing functions and openai wrapper.
import { observeOpenAI } from '@langfuse/openai';
import { LangfuseSpanProcessor } from '@langfuse/otel';
import { propagateAttributes, startActiveObservation } from '@langfuse/tracing';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import OpenAI from 'openai';
import * as common from './common.mjs';

const processor = new LangfuseSpanProcessor({
  baseUrl: process.env.OTEL_EXPORTER_OTLP_ENDPOINT,
  publicKey: 'pk-test',
  secretKey: 'sk-test',
});
const provider = new NodeTracerProvider({ spanProcessors: [processor] });
provider.register();

const observed = (asType) => (name, input, run) =>
  startActiveObservation(
    name,
    async (observation) => {
      observation.update({ input });
      try {
        const output = await run(input);
        observation.update({ output });
        return output;
      } catch (error) {
        observation.update({ level: 'ERROR', statusMessage: error.message });
        throw error;
      }
    },
    { asType },
  );

await propagateAttributes({ sessionId: common.SESSION, userId: common.USER }, () =>
  common.loop(observeOpenAI(new OpenAI()), {
    agent: observed('agent'),
    tool: observed('tool'),
  }),
);
await processor.forceFlush();
await provider.shutdown();
