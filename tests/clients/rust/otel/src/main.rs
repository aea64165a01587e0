//! The travel agent by hand on the Rust SDK: OTLP over gRPC or HTTP (OTEL_EXPORTER_OTLP_PROTOCOL), spans in
//! the words of the GenAI conventions.

use opentelemetry::trace::{SpanKind, Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Array, Context, KeyValue, StringValue, Value as Attribute};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use serde_json::{json, Value};
use std::error::Error;

const MODEL: &str = "stub-model";
const SESSION: &str = "session-7";
const USER: &str = "user-3";
const SYSTEM: &str = "You are a travel agent.";
const GUIDE_SYSTEM: &str = "You are a guide. Answer in one sentence.";
const QUESTIONS: [&str; 2] = ["Plan a day in Paris.", "Thanks. And tomorrow?"];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn function(name: &str, description: &str, argument: &str) -> Value {
    json!({"type": "function", "function": {
        "name": name, "description": description,
        "parameters": {"type": "object", "properties": {argument: {"type": "string"}}, "required": [argument]},
    }})
}

fn tools() -> Value {
    json!([
        function("weather", "The weather in a city today.", "city"),
        function("book_hotel", "Books a hotel room in a city.", "city"),
        function("ask_guide", "Asks a guide who knows the city.", "question"),
    ])
}

/// Messages in the shape of the conventions, as JSON.
fn parts(messages: &[Value]) -> String {
    let shaped = messages.iter().map(|m| {
        let mut of = Vec::new();
        if let Some(id) = m.get("tool_call_id") {
            of.push(json!({"type": "tool_call_response", "id": id, "response": m["content"]}));
        } else if m["content"].is_string() {
            of.push(json!({"type": "text", "content": m["content"]}));
        }
        for call in m["tool_calls"].as_array().into_iter().flatten() {
            let arguments = call["function"]["arguments"].as_str().unwrap_or("{}");
            let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
            of.push(json!({"type": "tool_call", "id": call["id"], "name": call["function"]["name"], "arguments": arguments}));
        }
        json!({"role": m["role"], "parts": of})
    });
    Value::Array(shaped.collect()).to_string()
}

struct Agent {
    tracer: SdkTracer,
    url: String,
}

impl Agent {
    fn start(&self, around: &Context, operation: &str, name: &str, kind: SpanKind) -> Context {
        let builder = self
            .tracer
            .span_builder(format!("{operation} {name}"))
            .with_kind(kind)
            .with_attributes([
                KeyValue::new("gen_ai.operation.name", operation.to_owned()),
                KeyValue::new("gen_ai.conversation.id", SESSION),
                KeyValue::new("user.id", USER),
            ]);
        let span = self.tracer.build_with_context(builder, around);
        around.with_span(span)
    }

    fn complete(&self, around: &Context, messages: &[Value], offered: Option<Value>) -> Result<Value> {
        let context = self.start(around, "chat", MODEL, SpanKind::Client);
        let mut asked = json!({"model": MODEL, "messages": messages});
        if let Some(tools) = offered {
            asked["tools"] = tools;
        }
        let url = format!("{}/chat/completions", self.url);
        let got: Value = ureq::post(&url).send_json(&asked)?.body_mut().read_json()?;
        let (choice, usage) = (&got["choices"][0], &got["usage"]);
        let said = choice["message"].clone();
        let text = |v: &Value| v.as_str().unwrap_or("").to_owned();
        let reasons: Vec<StringValue> = vec![text(&choice["finish_reason"]).into()];
        let span = context.span();
        span.set_attributes([
            KeyValue::new("gen_ai.provider.name", "openai"),
            KeyValue::new("gen_ai.request.model", MODEL),
            KeyValue::new("gen_ai.response.model", text(&got["model"])),
            KeyValue::new("gen_ai.response.id", text(&got["id"])),
            KeyValue::new("gen_ai.response.finish_reasons", Attribute::Array(Array::String(reasons))),
            KeyValue::new("gen_ai.input.messages", parts(messages)),
            KeyValue::new("gen_ai.output.messages", parts(std::slice::from_ref(&said))),
        ]);
        let counts = [
            ("gen_ai.usage.input_tokens", &usage["prompt_tokens"]),
            ("gen_ai.usage.output_tokens", &usage["completion_tokens"]),
            ("gen_ai.usage.cache_read.input_tokens", &usage["prompt_tokens_details"]["cached_tokens"]),
            ("gen_ai.usage.reasoning.output_tokens", &usage["completion_tokens_details"]["reasoning_tokens"]),
        ];
        for (key, count) in counts {
            span.set_attribute(KeyValue::new(key, count.as_i64().unwrap_or(0)));
        }
        span.end();
        Ok(said)
    }

    fn guide(&self, around: &Context, question: &str) -> Result<String> {
        let context = self.start(around, "invoke_agent", "guide", SpanKind::Internal);
        context.span().set_attribute(KeyValue::new("gen_ai.agent.name", "guide"));
        let messages = [
            json!({"role": "system", "content": GUIDE_SYSTEM}),
            json!({"role": "user", "content": question}),
        ];
        let said = self.complete(&context, &messages, None)?;
        context.span().end();
        Ok(said["content"].as_str().unwrap_or("").to_owned())
    }

    fn tool(&self, around: &Context, call: &Value) -> Result<String> {
        let name = call["function"]["name"].as_str().unwrap_or("");
        let text = call["function"]["arguments"].as_str().unwrap_or("{}");
        let arguments: Value = serde_json::from_str(text)?;
        let context = self.start(around, "execute_tool", name, SpanKind::Internal);
        let span = context.span();
        span.set_attributes([
            KeyValue::new("gen_ai.tool.name", name.to_owned()),
            KeyValue::new("gen_ai.tool.call.id", call["id"].as_str().unwrap_or("").to_owned()),
            KeyValue::new("gen_ai.tool.call.arguments", text.to_owned()),
        ]);
        let city = arguments["city"].as_str().unwrap_or("");
        let result = match name {
            "weather" => Ok(format!("18 degrees and sunny in {city}")),
            "book_hotel" => Err(format!("no room is free in {city}").into()),
            _ => self.guide(&context, arguments["question"].as_str().unwrap_or("")),
        };
        match &result {
            Ok(text) => span.set_attribute(KeyValue::new("gen_ai.tool.call.result", text.clone())),
            Err(error) => {
                span.record_error(error.as_ref());
                span.set_status(Status::error(error.to_string()));
            }
        }
        span.end();
        result
    }

    fn travel(&self, history: &mut Vec<Value>) -> Result<()> {
        let context = self.start(&Context::new(), "invoke_agent", "travel", SpanKind::Internal);
        context.span().set_attribute(KeyValue::new("gen_ai.agent.name", "travel"));
        loop {
            let said = self.complete(&context, history, Some(tools()))?;
            history.push(said.clone());
            let Some(calls) = said["tool_calls"].as_array() else {
                break;
            };
            for call in calls {
                let result = self.tool(&context, call).unwrap_or_else(|e| format!("error: {e}"));
                history.push(json!({"role": "tool", "tool_call_id": call["id"], "content": result}));
            }
        }
        context.span().end();
        Ok(())
    }
}

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _inside = runtime.enter();
    let exporter = if std::env::var("OTEL_EXPORTER_OTLP_PROTOCOL").as_deref() == Ok("grpc") {
        SpanExporter::builder().with_tonic().build()?
    } else {
        SpanExporter::builder().with_http().build()?
    };
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    let agent = Agent {
        tracer: provider.tracer("clew-client"),
        url: std::env::var("OPENAI_BASE_URL")?,
    };
    let mut history = vec![json!({"role": "system", "content": SYSTEM})];
    for question in QUESTIONS {
        history.push(json!({"role": "user", "content": question}));
        agent.travel(&mut history)?;
    }
    provider.shutdown()?;
    Ok(())
}
