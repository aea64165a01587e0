package travel;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import java.util.ArrayList;
import java.util.List;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.tool.annotation.Tool;
import org.springframework.boot.CommandLineRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** Spring AI: two turns, tools, one of which fails and one of which asks another client. */
@SpringBootApplication
public class Travel {
    public static void main(String[] arguments) {
        // Threads of the HTTP client would keep the program alive.
        System.exit(SpringApplication.exit(SpringApplication.run(Travel.class, arguments)));
    }

    static class Tools {
        private final ChatClient guide;

        Tools(ChatClient guide) {
            this.guide = guide;
        }

        @Tool(name = "weather", description = "The weather in a city today.")
        public String weather(String city) {
            return "18 degrees and sunny in " + city;
        }

        @Tool(name = "book_hotel", description = "Books a hotel room in a city.")
        public String bookHotel(String city) {
            throw new IllegalStateException("no room is free in " + city);
        }

        @Tool(name = "ask_guide", description = "Asks a guide who knows the city.")
        public String askGuide(String question) {
            return guide.prompt().user(question).call().content();
        }
    }

    @Bean
    CommandLineRunner converse(ChatClient.Builder builder, ObservationRegistry registry) {
        return arguments -> {
            ChatClient guide = builder.clone().defaultSystem("You are a guide. Answer in one sentence.").build();
            ChatClient travel = builder.clone().defaultSystem("You are a travel agent.").build();
            List<Message> history = new ArrayList<>();
            for (String question : List.of("Plan a day in Paris.", "Thanks. And tomorrow?")) {
                history.add(new UserMessage(question));
                Observation.createNotStarted("travel request", registry).observe(() -> {
                    String said = travel.prompt().messages(history).tools(new Tools(guide)).call().content();
                    history.add(new AssistantMessage(said));
                });
            }
        };
    }
}
