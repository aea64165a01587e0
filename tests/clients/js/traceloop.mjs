// OpenLLMetry for JavaScript: decorator functions and the instrumentation of the openai package.
import * as traceloop from '@traceloop/node-server-sdk';
import OpenAI from 'openai';
import * as common from './common.mjs';

traceloop.initialize({
  appName: process.env.OTEL_SERVICE_NAME,
  exporter: await common.exporter(),
  instrumentModules: { openAI: OpenAI },
  traceloopSyncEnabled: false,
  telemetryEnabled: false,
  disableBatch: true,
});

const traced = {
  agent: (name, input, run) => traceloop.withAgent({ name }, run, input),
  tool: (name, input, run) => traceloop.withTool({ name }, run, input),
};
const properties = { session_id: common.SESSION, user_id: common.USER };
await traceloop.withAssociationProperties(properties, () =>
  traceloop.withWorkflow({ name: 'trip' }, () => common.loop(new OpenAI(), traced)),
);
await traceloop.forceFlush();
