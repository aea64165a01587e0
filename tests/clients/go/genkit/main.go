// Genkit for Go over an OpenAI-compatible server: two turns in flows, tools, one of which fails and one of
// which asks a second prompt. Its spans go to the provider that the program sets.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/firebase/genkit/go/ai"
	"github.com/firebase/genkit/go/genkit"
	"github.com/firebase/genkit/go/plugins/compat_oai"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

type city struct {
	City string `json:"city"`
}

type ask struct {
	Question string `json:"question"`
}

func run(ctx context.Context) error {
	to, err := otlptracehttp.New(ctx)
	if err != nil {
		return err
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(to))
	otel.SetTracerProvider(provider)

	plugin := &compat_oai.OpenAICompatible{Provider: "stub", APIKey: "test", BaseURL: os.Getenv("OPENAI_BASE_URL")}
	g := genkit.Init(ctx, genkit.WithPlugins(plugin))
	model := plugin.DefineModel("stub", "stub-model", ai.ModelOptions{Supports: &compat_oai.BasicText})

	weather := genkit.DefineTool(g, "weather", "The weather in a city today.",
		func(_ *ai.ToolContext, in city) (string, error) { return "18 degrees and sunny in " + in.City, nil })
	book := genkit.DefineTool(g, "book_hotel", "Books a hotel room in a city.",
		func(_ *ai.ToolContext, in city) (string, error) {
			return "", errors.New("no room is free in " + in.City)
		})
	guide := genkit.DefineFlow(g, "guide", func(ctx context.Context, question string) (string, error) {
		said, err := genkit.Generate(ctx, g, ai.WithModel(model),
			ai.WithSystem("You are a guide. Answer in one sentence."), ai.WithPrompt(question))
		if err != nil {
			return "", err
		}
		return said.Text(), nil
	})
	askGuide := genkit.DefineTool(g, "ask_guide", "Asks a guide who knows the city.",
		func(ctx *ai.ToolContext, in ask) (string, error) { return guide.Run(ctx, in.Question) })

	functions := map[string]ai.Tool{"weather": weather, "book_hotel": book, "ask_guide": askGuide}
	var history []*ai.Message
	travel := genkit.DefineFlow(g, "travel", func(ctx context.Context, question string) (string, error) {
		history = append(history, ai.NewUserTextMessage(question))
		for {
			said, err := genkit.Generate(ctx, g, ai.WithModel(model), ai.WithSystem("You are a travel agent."),
				ai.WithMessages(history...), ai.WithTools(weather, book, askGuide), ai.WithReturnToolRequests(true))
			if err != nil {
				return "", err
			}
			history = append(history, said.Message)
			if len(said.ToolRequests()) == 0 {
				return said.Text(), nil
			}
			var parts []*ai.Part
			for _, asked := range said.ToolRequests() {
				result, err := functions[asked.Name].RunRaw(ctx, asked.Input)
				if err != nil {
					result = "error: " + err.Error()
				}
				parts = append(parts, ai.NewToolResponsePart(&ai.ToolResponse{Name: asked.Name, Ref: asked.Ref, Output: result}))
			}
			history = append(history, ai.NewMessage(ai.RoleTool, nil, parts...))
		}
	})
	for _, question := range []string{"Plan a day in Paris.", "Thanks. And tomorrow?"} {
		if _, err := travel.Run(ctx, question); err != nil {
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
