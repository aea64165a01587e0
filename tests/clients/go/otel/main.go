// The travel agent by hand on the Go SDK: OTLP over gRPC or HTTP (OTEL_EXPORTER_OTLP_PROTOCOL), spans in
// the words of the GenAI conventions.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const (
	model       = "stub-model"
	session     = "session-7"
	user        = "user-3"
	system      = "You are a travel agent."
	guideSystem = "You are a guide. Answer in one sentence."
)

var questions = []string{"Plan a day in Paris.", "Thanks. And tomorrow?"}

type call struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

type message struct {
	Role       string  `json:"role"`
	Content    *string `json:"content"`
	ToolCalls  []call  `json:"tool_calls,omitempty"`
	ToolCallID string  `json:"tool_call_id,omitempty"`
}

type reply struct {
	ID      string `json:"id"`
	Model   string `json:"model"`
	Choices []struct {
		Message      message `json:"message"`
		FinishReason string  `json:"finish_reason"`
	} `json:"choices"`
	Usage struct {
		In      int `json:"prompt_tokens"`
		Out     int `json:"completion_tokens"`
		Details struct {
			Cached int `json:"cached_tokens"`
		} `json:"prompt_tokens_details"`
		OutDetails struct {
			Reasoning int `json:"reasoning_tokens"`
		} `json:"completion_tokens_details"`
	} `json:"usage"`
}

type object = map[string]any

func text(s string) *string { return &s }

func function(name, description, argument string) object {
	return object{"type": "function", "function": object{
		"name":        name,
		"description": description,
		"parameters": object{
			"type":       "object",
			"properties": object{argument: object{"type": "string"}},
			"required":   []string{argument},
		},
	}}
}

var tools = []object{
	function("weather", "The weather in a city today.", "city"),
	function("book_hotel", "Books a hotel room in a city.", "city"),
	function("ask_guide", "Asks a guide who knows the city.", "question"),
}

// parts gives messages in the shape of the conventions, as JSON.
func parts(messages []message) string {
	var out []object
	for _, m := range messages {
		var of []object
		if m.ToolCallID != "" {
			of = append(of, object{"type": "tool_call_response", "id": m.ToolCallID, "response": *m.Content})
		} else if m.Content != nil {
			of = append(of, object{"type": "text", "content": *m.Content})
		}
		for _, c := range m.ToolCalls {
			of = append(of, object{"type": "tool_call", "id": c.ID, "name": c.Function.Name,
				"arguments": json.RawMessage(c.Function.Arguments)})
		}
		out = append(out, object{"role": m.Role, "parts": of})
	}
	data, _ := json.Marshal(out)
	return string(data)
}

type agent struct{ tracer trace.Tracer }

func (a agent) start(ctx context.Context, operation, name string, kind trace.SpanKind) (context.Context, trace.Span) {
	return a.tracer.Start(ctx, operation+" "+name, trace.WithSpanKind(kind), trace.WithAttributes(
		attribute.String("gen_ai.operation.name", operation),
		attribute.String("gen_ai.conversation.id", session),
		attribute.String("user.id", user)))
}

func (a agent) complete(ctx context.Context, messages []message, offered []object) (message, error) {
	ctx, span := a.start(ctx, "chat", model, trace.SpanKindClient)
	defer span.End()
	asked := object{"model": model, "messages": messages}
	if offered != nil {
		asked["tools"] = offered
	}
	body, _ := json.Marshal(asked)
	request, err := http.NewRequestWithContext(ctx, "POST", os.Getenv("OPENAI_BASE_URL")+"/chat/completions", bytes.NewReader(body))
	if err != nil {
		return message{}, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return message{}, err
	}
	defer answer.Body.Close()
	var got reply
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		return message{}, err
	}
	said := got.Choices[0].Message
	span.SetAttributes(
		attribute.String("gen_ai.provider.name", "openai"),
		attribute.String("gen_ai.request.model", model),
		attribute.String("gen_ai.response.model", got.Model),
		attribute.String("gen_ai.response.id", got.ID),
		attribute.StringSlice("gen_ai.response.finish_reasons", []string{got.Choices[0].FinishReason}),
		attribute.Int("gen_ai.usage.input_tokens", got.Usage.In),
		attribute.Int("gen_ai.usage.output_tokens", got.Usage.Out),
		attribute.Int("gen_ai.usage.cache_read.input_tokens", got.Usage.Details.Cached),
		attribute.Int("gen_ai.usage.reasoning.output_tokens", got.Usage.OutDetails.Reasoning),
		attribute.String("gen_ai.input.messages", parts(messages)),
		attribute.String("gen_ai.output.messages", parts([]message{said})))
	return said, nil
}

func (a agent) guide(ctx context.Context, question string) (string, error) {
	ctx, span := a.start(ctx, "invoke_agent", "guide", trace.SpanKindInternal)
	defer span.End()
	span.SetAttributes(attribute.String("gen_ai.agent.name", "guide"))
	said, err := a.complete(ctx, []message{{Role: "system", Content: text(guideSystem)}, {Role: "user", Content: &question}}, nil)
	if err != nil {
		return "", err
	}
	return *said.Content, nil
}

func (a agent) tool(ctx context.Context, c call) (string, error) {
	ctx, span := a.start(ctx, "execute_tool", c.Function.Name, trace.SpanKindInternal)
	defer span.End()
	span.SetAttributes(attribute.String("gen_ai.tool.name", c.Function.Name),
		attribute.String("gen_ai.tool.call.id", c.ID),
		attribute.String("gen_ai.tool.call.arguments", c.Function.Arguments))
	var arguments map[string]string
	if err := json.Unmarshal([]byte(c.Function.Arguments), &arguments); err != nil {
		return "", err
	}
	var result string
	var err error
	switch c.Function.Name {
	case "weather":
		result = "18 degrees and sunny in " + arguments["city"]
	case "book_hotel":
		err = errors.New("no room is free in " + arguments["city"])
	default:
		result, err = a.guide(ctx, arguments["question"])
	}
	if err != nil {
		span.RecordError(err)
		span.SetStatus(codes.Error, err.Error())
		return "", err
	}
	span.SetAttributes(attribute.String("gen_ai.tool.call.result", result))
	return result, nil
}

func (a agent) travel(ctx context.Context, history []message) ([]message, error) {
	ctx, span := a.start(ctx, "invoke_agent", "travel", trace.SpanKindInternal)
	defer span.End()
	span.SetAttributes(attribute.String("gen_ai.agent.name", "travel"))
	for {
		said, err := a.complete(ctx, history, tools)
		if err != nil {
			return nil, err
		}
		history = append(history, said)
		if len(said.ToolCalls) == 0 {
			return history, nil
		}
		for _, c := range said.ToolCalls {
			result, err := a.tool(ctx, c)
			if err != nil {
				result = "error: " + err.Error()
			}
			history = append(history, message{Role: "tool", Content: &result, ToolCallID: c.ID})
		}
	}
}

func exporter(ctx context.Context) (*otlptrace.Exporter, error) {
	if os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL") == "grpc" {
		return otlptracegrpc.New(ctx)
	}
	return otlptracehttp.New(ctx)
}

func run(ctx context.Context) error {
	to, err := exporter(ctx)
	if err != nil {
		return err
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(to))
	a := agent{provider.Tracer("clew-client")}
	history := []message{{Role: "system", Content: text(system)}}
	for _, question := range questions {
		history, err = a.travel(ctx, append(history, message{Role: "user", Content: &question}))
		if err != nil {
			return err
		}
	}
	return provider.Shutdown(ctx)
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
