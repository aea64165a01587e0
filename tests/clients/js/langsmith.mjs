// LangSmith for JavaScript in its OpenTelemetry mode: traceable functions and the wrapped openai client.
import { Client } from 'langsmith';
import { initializeOTEL } from 'langsmith/experimental/otel/setup';
import { traceable } from 'langsmith/traceable';
import { wrapOpenAI } from 'langsmith/wrappers';
import OpenAI from 'openai';
import * as common from './common.mjs';

const provider = await common.tracerProvider();
initializeOTEL({ globalTracerProvider: provider });
const client = new Client();
const metadata = { session_id: common.SESSION, user_id: common.USER };

const traced = (run_type) => (name, input, run) =>
  traceable(run, { name, run_type, metadata, client })(input);

const openai = wrapOpenAI(new OpenAI(), { metadata, client });
await common.loop(openai, { agent: traced('chain'), tool: traced('tool') });
await client.awaitPendingTraceBatches();
await provider.shutdown();
