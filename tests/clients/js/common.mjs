// What all JavaScript clients share: tools, questions, and an OTLP provider from the environment.
export const SESSION = 'session-7';
export const USER = 'user-3';
export const SYSTEM = 'You are a travel agent.';
export const GUIDE_SYSTEM = 'You are a guide. Answer in one sentence.';
export const QUESTIONS = ['Plan a day in Paris.', 'Thanks. And tomorrow?'];
export const MODEL = 'stub-model';

export const weather = ({ city }) => `18 degrees and sunny in ${city}`;
export const bookHotel = ({ city }) => {
  throw new Error(`no room is free in ${city}`);
};

const schema = (name, description, argument) => ({
  type: 'function',
  function: {
    name,
    description,
    parameters: {
      type: 'object',
      properties: { [argument]: { type: 'string' } },
      required: [argument],
    },
  },
});

export const TOOLS = [
  schema('weather', 'The weather in a city today.', 'city'),
  schema('book_hotel', 'Books a hotel room in a city.', 'city'),
  schema('ask_guide', 'Asks a guide who knows the city.', 'question'),
];

export async function exporter() {
  const protocol = process.env.OTEL_EXPORTER_OTLP_PROTOCOL;
  const kind = { 'http/json': 'http', 'http/protobuf': 'proto', grpc: 'grpc' }[protocol];
  const { OTLPTraceExporter } = await import(`@opentelemetry/exporter-trace-otlp-${kind}`);
  return new OTLPTraceExporter(); // endpoint and compression come from the environment
}

// Registers a global provider; the caller awaits shutdown(). Line 2.x of the SDK.
export async function tracerProvider() {
  const { resourceFromAttributes } = await import('@opentelemetry/resources');
  const { BatchSpanProcessor } = await import('@opentelemetry/sdk-trace-base');
  const { NodeTracerProvider } = await import('@opentelemetry/sdk-trace-node');
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': process.env.OTEL_SERVICE_NAME }),
    spanProcessors: [new BatchSpanProcessor(await exporter())],
  });
  provider.register();
  return provider;
}

// The same for line 3.x.
export async function tracerProvider3() {
  const { context, trace } = await import('@opentelemetry/api');
  const hooks = await import('@opentelemetry/context-async-hooks');
  const { resourceFromAttributes } = await import('@opentelemetry/resources');
  const { BatchSpanProcessor, TracerProvider } = await import('@opentelemetry/sdk-trace');
  context.setGlobalContextManager(new hooks.AsyncLocalStorageContextManager());
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': process.env.OTEL_SERVICE_NAME }),
    spanProcessors: [new BatchSpanProcessor({ exporter: await exporter() })],
  });
  trace.setGlobalTracerProvider(provider);
  return provider;
}

// The agent loop of the clients that instrument the `openai` package only. traced.X(name, arguments,
// function) runs the function inside a span of that kind.
export async function loop(client, traced) {
  const complete = async (messages, tools) => {
    const body = { model: MODEL, messages, ...(tools ? { tools } : {}) };
    return (await client.chat.completions.create(body)).choices[0].message;
  };
  const guide = async ({ question }) => {
    const messages = [
      { role: 'system', content: GUIDE_SYSTEM },
      { role: 'user', content: question },
    ];
    return (await complete(messages)).content;
  };
  const functions = {
    weather: async (input) => weather(input),
    book_hotel: async (input) => bookHotel(input),
    ask_guide: (input) => traced.agent('guide', input, guide),
  };
  const messages = [{ role: 'system', content: SYSTEM }];
  const turn = async ({ question }) => {
    messages.push({ role: 'user', content: question });
    for (;;) {
      const message = await complete(messages, TOOLS);
      messages.push(message);
      if (!message.tool_calls?.length) return message.content;
      for (const call of message.tool_calls) {
        const { name, arguments: text } = call.function;
        let content;
        try {
          content = await traced.tool(name, JSON.parse(text), functions[name]);
        } catch (error) {
          content = `error: ${error.message}`;
        }
        messages.push({ role: 'tool', tool_call_id: call.id, content });
      }
    }
  };
  for (const question of QUESTIONS) await traced.agent('travel', { question }, turn);
}
